/** The ledger's rollbacks in memory. */
import { isUnfinished, type Rollback } from '../../lambdas/domain/rollback.ts';
import type { RollbackFilter, Rollbacks } from '../../lambdas/rollback-ports.ts';

export class FakeRollbacks implements Rollbacks {
  readonly entries = new Map<string, Rollback>();
  /** Every image that the stream would carry, in order. */
  readonly stream: { before: Rollback | undefined; after: Rollback }[] = [];

  async get(id: string): Promise<Rollback | undefined> {
    return structuredClone(this.entries.get(id));
  }
  async put(next: Rollback): Promise<{ outcome: 'written' } | { outcome: 'stale'; rollback: Rollback | undefined }> {
    const stored = this.entries.get(next.id);
    if ((stored?.version ?? 0) !== next.version - 1) return { outcome: 'stale', rollback: structuredClone(stored) };
    this.entries.set(next.id, structuredClone(next));
    this.stream.push(structuredClone({ before: stored, after: next }));
    return { outcome: 'written' };
  }
  async *list({ unfinished, repository, target }: RollbackFilter): AsyncIterable<Rollback> {
    const found = [...this.entries.values()]
      .filter((rollback) => unfinished === undefined || isUnfinished(rollback))
      .filter((rollback) => repository === undefined || rollback.repository === repository)
      .filter((rollback) => target === undefined || rollback.target === target)
      .sort((a, b) => b.requestedAt - a.requestedAt);
    for (const rollback of found) yield structuredClone(rollback);
  }
}
