/** The ledger's requests in memory. */
import type { RequestRecord } from '../../lambdas/domain/request.ts';
import type { RequestFilter, Requests } from '../../lambdas/request-ports.ts';

export class FakeRequests implements Requests {
  readonly entries = new Map<string, RequestRecord>();
  /** Every image that the stream would carry, in order. */
  readonly stream: { before: RequestRecord | undefined; after: RequestRecord }[] = [];

  async *list({ repository, target }: RequestFilter): AsyncIterable<RequestRecord> {
    const found = [...this.entries.values()]
      .filter((request) => repository === undefined || request.repository === repository)
      .filter((request) => target === undefined || request.target === target)
      .sort((a, b) => (a.id < b.id ? 1 : -1));
    for (const request of found) yield structuredClone(request);
  }
  async put(
    next: RequestRecord,
  ): Promise<{ outcome: 'written' } | { outcome: 'stale'; request: RequestRecord | undefined }> {
    const stored = this.entries.get(next.id);
    if ((stored?.version ?? 0) !== next.version - 1) return { outcome: 'stale', request: structuredClone(stored) };
    this.entries.set(next.id, structuredClone(next));
    this.stream.push(structuredClone({ before: stored, after: next }));
    return { outcome: 'written' };
  }
}
