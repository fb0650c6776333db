/** What snapshots need from outside besides `Ports`. */
import type { Manifests } from './catalog-ports.ts';
import type { EpochMs } from './domain/run.ts';
import type { DatabaseBackup, Snapshot } from './domain/snapshot.ts';
import type { Ports } from './ports.ts';

export interface SnapshotFilter {
  readonly repository?: string;
  readonly target?: string;
}

/** The ledger's entries about snapshots. Every write is conditional on what was read. */
export interface Snapshots {
  get(repository: string, id: string): Promise<Snapshot | undefined>;
  /** Newest first, without those that are pruned. */
  list(filter: SnapshotFilter): AsyncIterable<Snapshot>;
  /** Creates at version 1, else writes where the stored version is `next.version - 1`. */
  put(next: Snapshot): Promise<{ outcome: 'written' } | { outcome: 'stale'; snapshot: Snapshot | undefined }>;
}

/** The backup bucket. Keys are relative to the root of all backups. */
export type Backups = Manifests;

/** Backups of lakeFS's metadata store, where the server is ours. */
export interface Databases {
  /** The same name always means the same backup: a repeat finds it. */
  backUp(name: string, at: EpochMs): Promise<DatabaseBackup>;
  remove(backup: DatabaseBackup): Promise<void>;
}

export interface SnapshotPorts extends Ports {
  readonly snapshots: Snapshots;
  readonly backups: Backups;
  readonly databases?: Databases;
  /** Waits so many milliseconds. */
  readonly pause: (ms: number) => Promise<void>;
}
