/** What garbage collection needs from outside besides `Ports`. */
import type { Catalog, IcebergReader, Previews, Publications } from './catalog-ports.ts';
import type { CollectionRecord } from './domain/collection.ts';
import type { EpochMs } from './domain/run.ts';
import type { Ports } from './ports.ts';
import type { Restores } from './restore-ports.ts';
import type { Rollbacks } from './rollback-ports.ts';
import type { Rotations } from './rotation-ports.ts';
import type { Snapshots } from './snapshot-ports.ts';

export interface Collections {
  get(repository: string): Promise<CollectionRecord | undefined>;
  /** Creates at version 1, else writes where the stored version is `next.version - 1`. */
  put(
    next: CollectionRecord,
  ): Promise<{ outcome: 'written' } | { outcome: 'stale'; record: CollectionRecord | undefined }>;
}

export interface LakeObject {
  /** `s3://bucket/key` */
  readonly address: string;
  readonly sizeBytes: number;
  readonly writtenAt: EpochMs;
}

/** S3 below the storage namespaces, past lakeFS: what is really there. Throws BL4001 and BL4002. */
export interface LakeStorage {
  /** Folders directly below `s3://bucket/prefix/`, each with a slash at its end. */
  folders(below: string): Promise<readonly string[]>;
  /** Everything below `s3://bucket/prefix/`. */
  list(below: string): AsyncIterable<LakeObject>;
  exists(address: string): Promise<boolean>;
  /** `undefined` where there is none. */
  read(address: string): Promise<string | undefined>;
}

export interface CollectionPorts extends Ports {
  readonly collections: Collections;
  readonly storage: LakeStorage;
  readonly snapshots: Pick<Snapshots, 'list'>;
  readonly rollbacks: Pick<Rollbacks, 'list'>;
  readonly restores: Pick<Restores, 'list'>;
  readonly rotations: Pick<Rotations, 'get'>;
  readonly publications: Pick<Publications, 'get' | 'getDescriptions'>;
  readonly previews: Pick<Previews, 'list'>;
  readonly catalog: Pick<Catalog, 'getTable'>;
  readonly iceberg: IcebergReader;
  /** Names of lakeFS's two jobs; absent where no jar was given. */
  readonly jobs?: { readonly mark: string; readonly sweep: string };
}
