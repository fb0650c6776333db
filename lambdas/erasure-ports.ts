/** What erasures need from outside besides what garbage collection does. */
import type { Previews } from './catalog-ports.ts';
import type { CollectionPorts } from './collection-ports.ts';
import type { StorageFacts } from './domain/erasure.ts';
import type { Erasure } from './domain/erasure-record.ts';
import type { EpochMs } from './domain/run.ts';
import type { Destination, ExportQueue, Exports } from './export-ports.ts';
import type { Backups, Snapshots } from './snapshot-ports.ts';

/** What S3 keeps besides the newest version of an object. Throws BL4001 and BL4002. */
export interface ObjectVersions {
  /** How the bucket treats what lies at the address. A question that may not be asked is answered `unknown`. */
  facts(address: string): Promise<StorageFacts>;
  /** Every version and delete marker of exactly this object, with the time since which it is what it is. */
  of(address: string): Promise<readonly { readonly since: EpochMs; readonly isMarker: boolean }[]>;
}

/** The ledger's entries about erasures. Never forgotten. */
export interface Erasures {
  get(repository: string, id: string): Promise<Erasure | undefined>;
  /** Newest first. */
  list(repository: string): AsyncIterable<Erasure>;
  /** Creates at version 1, else writes where the stored version is `next.version - 1`. */
  put(next: Erasure): Promise<{ outcome: 'written' } | { outcome: 'stale'; erasure: Erasure | undefined }>;
}

export interface ErasurePorts extends Omit<CollectionPorts, 'jobs' | 'snapshots' | 'previews'> {
  readonly versions: ObjectVersions;
  readonly erasures: Erasures;
  readonly backups: Backups;
  readonly snapshots: Snapshots;
  readonly previews: Previews;
  readonly exports: Pick<Exports, 'get'>;
  readonly exportQueue: Pick<ExportQueue, 'wake'>;
  readonly destination: Pick<Destination, 'list' | 'checksumOf' | 'remove'>;
}
