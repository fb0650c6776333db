/** What restoring needs from outside besides `Ports`. */
import type { Publications } from './catalog-ports.ts';
import type { StoreState } from './domain/database-restore.ts';
import type { RestoreRecord } from './domain/restore.ts';
import type { Ports } from './ports.ts';
import type { Backups } from './snapshot-ports.ts';

/** The ledger's records of restores. Every write is conditional on what was read. */
export interface Restores {
  get(repository: string, id: string): Promise<RestoreRecord | undefined>;
  /** Of one repository, newest first. */
  list(repository: string): AsyncIterable<RestoreRecord>;
  /** Creates at version 1, else writes where the stored version is `next.version - 1`. */
  put(next: RestoreRecord): Promise<{ outcome: 'written' } | { outcome: 'stale'; restore: RestoreRecord | undefined }>;
}

/** lakeFS's metadata store, where it is ours. Reads only. */
export interface MetadataStores {
  look(): Promise<StoreState>;
}

/** A bucket of which only names and sizes are asked: everything below `s3://bucket/prefix`. */
export interface Listing {
  list(below: string): AsyncIterable<{ readonly address: string; readonly sizeBytes: number }>;
}

export interface RestorePorts extends Ports {
  readonly backups: Backups;
  readonly publications: Publications;
  readonly restores: Restores;
  /** Absent where the store is somebody else's. */
  readonly metadataStores?: MetadataStores;
  /** In a second region: the replicated backups of the first one, and the storage that was replicated. Absent elsewhere. */
  readonly replica?: { readonly backups: Backups; readonly storage: Listing };
  /** Waits so many milliseconds. */
  readonly pause: (ms: number) => Promise<void>;
}
