/** A world with backups, and the records of restores in memory. */
import type { RestoreRecord } from '../../lambdas/domain/restore.ts';
import type { RestorePorts, Restores } from '../../lambdas/restore-ports.ts';
import { FakePublications } from './catalog.ts';
import { makeSnapshotWorld, type SnapshotWorld } from './snapshots.ts';

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

export interface RestoreWorld extends SnapshotWorld, Pick<RestorePorts, 'publications'> {
  readonly publications: FakePublications;
  readonly restores: FakeRestores;
}

export const makeRestoreWorld = async (): Promise<RestoreWorld> => ({
  ...(await makeSnapshotWorld()),
  publications: new FakePublications(),
  restores: new FakeRestores(),
});
