/** What looking at a second region needs from outside besides `LakePorts`. */
import type { ReplicationRecord } from './domain/replication.ts';
import type { LakePorts } from './ports.ts';
import type { Listing } from './restore-ports.ts';
import type { Backups, Snapshots } from './snapshot-ports.ts';

export interface Replications {
  get(repository: string): Promise<ReplicationRecord | undefined>;
  /** Creates at version 1, else writes where the stored version is `next.version - 1`. */
  put(
    next: ReplicationRecord,
  ): Promise<{ outcome: 'written' } | { outcome: 'stale'; record: ReplicationRecord | undefined }>;
}

export interface ReplicationPorts extends LakePorts {
  readonly replications: Replications;
  readonly snapshots: Pick<Snapshots, 'list'>;
  /** Of the first region. Both sides are only ever listed. */
  readonly backups: Pick<Backups, 'get' | 'put' | 'uri'>;
  readonly source: Listing;
  readonly replica: Listing;
}
