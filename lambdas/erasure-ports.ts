/** What erasures need from outside besides what garbage collection does. */
import type { CollectionPorts } from './collection-ports.ts';
import type { StorageFacts } from './domain/erasure.ts';
import type { Destination, Exports } from './export-ports.ts';

/** What S3 keeps besides the newest version of an object. Throws BL4001 and BL4002. */
export interface ObjectVersions {
  /** How the bucket treats what lies at the address. A question that may not be asked is answered `unknown`. */
  facts(address: string): Promise<StorageFacts>;
}

export interface ErasurePorts extends Omit<CollectionPorts, 'jobs'> {
  readonly versions: ObjectVersions;
  readonly exports: Pick<Exports, 'get'>;
  readonly destination: Pick<Destination, 'list' | 'checksumOf'>;
}
