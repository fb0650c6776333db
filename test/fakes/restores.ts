/** The records of restores in memory. */
import type { RestoreRecord } from '../../lambdas/domain/restore.ts';
import type { Restores } from '../../lambdas/restore-ports.ts';

export class FakeRestores implements Restores {
  readonly entries = new Map<string, RestoreRecord>();
  async get(repository: string, id: string): Promise<RestoreRecord | undefined> {
    return structuredClone(this.entries.get(`${repository}/${id}`));
  }
  async *list(repository: string): AsyncIterable<RestoreRecord> {
    const found = [...this.entries.values()].filter((entry) => entry.repository === repository);
    for (const entry of found.sort((a, b) => (a.id < b.id ? 1 : -1))) yield structuredClone(entry);
  }
  async put(
    next: RestoreRecord,
  ): Promise<{ outcome: 'written' } | { outcome: 'stale'; restore: RestoreRecord | undefined }> {
    const key = `${next.repository}/${next.id}`;
    const stored = this.entries.get(key);
    if ((stored?.version ?? 0) !== next.version - 1) return { outcome: 'stale', restore: stored };
    this.entries.set(key, structuredClone(next));
    return { outcome: 'written' };
  }
}
