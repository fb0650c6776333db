/** Snapshots, backups and database backups in memory, beside the world of runs. */
import type { StoredManifest } from '../../lambdas/catalog-ports.ts';
import type { DatabaseBackup, Snapshot } from '../../lambdas/domain/snapshot.ts';
import type { Backups, Databases, SnapshotFilter, SnapshotPorts, Snapshots } from '../../lambdas/snapshot-ports.ts';
import { makeWorld, type World } from './ports.ts';

const copy = <T>(value: T): T => structuredClone(value);

export class FakeSnapshots implements Snapshots {
  readonly entries = new Map<string, Snapshot>();
  /** Every image that the stream would carry, in order. */
  readonly stream: { before: Snapshot | undefined; after: Snapshot }[] = [];
  async get(repository: string, id: string): Promise<Snapshot | undefined> {
    return copy(this.entries.get(`${repository}/${id}`));
  }
  async *list({ repository, target }: SnapshotFilter): AsyncIterable<Snapshot> {
    const found = [...this.entries.values()]
      .filter(({ state }) => state !== 'PRUNED')
      .filter((entry) => repository === undefined || entry.repository === repository)
      .filter((entry) => target === undefined || entry.target === target)
      .sort((a, b) => b.startedAt - a.startedAt);
    for (const entry of found) yield copy(entry);
  }
  async put(next: Snapshot): Promise<{ outcome: 'written' } | { outcome: 'stale'; snapshot: Snapshot | undefined }> {
    const key = `${next.repository}/${next.id}`;
    const stored = this.entries.get(key);
    if ((stored?.version ?? 0) !== next.version - 1) return { outcome: 'stale', snapshot: copy(stored) };
    this.entries.set(key, copy(next));
    this.stream.push({ before: copy(stored), after: copy(next) });
    return { outcome: 'written' };
  }
}

export class FakeBackups implements Backups {
  readonly files = new Map<string, string>();
  uri(key: string): string {
    return `s3://backup/backups/${key}`;
  }
  async put(key: string, content: string): Promise<void> {
    this.files.set(key, content);
  }
  async get(key: string): Promise<string | undefined> {
    return this.files.get(key);
  }
  async *list(prefix: string): AsyncIterable<StoredManifest> {
    for (const [key, content] of [...this.files].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (key.startsWith(prefix)) yield { key, sizeBytes: content.length, writtenAt: 0 };
    }
  }
  async remove(key: string): Promise<void> {
    this.files.delete(key);
  }
}

export class FakeDatabases implements Databases {
  readonly backups = new Map<string, DatabaseBackup>();
  async backUp(name: string, at: number): Promise<DatabaseBackup> {
    const made: DatabaseBackup = this.backups.get(name) ?? {
      kind: 'rds',
      arn: `arn:aws:rds:eu-west-1:111122223333:snapshot:${name}`,
      restorableTo: at,
    };
    this.backups.set(name, made);
    return made;
  }
  async remove(backup: DatabaseBackup): Promise<void> {
    for (const [name, { arn }] of [...this.backups]) if (arn === backup.arn) this.backups.delete(name);
  }
}

export interface SnapshotWorld extends Omit<SnapshotPorts, keyof World>, World {
  readonly snapshots: FakeSnapshots;
  readonly backups: FakeBackups;
  readonly databases: FakeDatabases;
}

/** The lake of `makeWorld`, with what snapshots need. */
export const makeSnapshotWorld = async (): Promise<SnapshotWorld> => snapshotWorldOf(await makeWorld());

/** Waiting moves the clock. */
export const snapshotWorldOf = (world: World): SnapshotWorld => {
  return {
    ...world,
    snapshots: new FakeSnapshots(),
    backups: new FakeBackups(),
    databases: new FakeDatabases(),
    pause: async (ms) => world.clock.advance(ms),
  };
};
