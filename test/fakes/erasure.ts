/** A lake that is collected and exported, and what S3 keeps of it besides the newest versions. */
import type { ExportConfig } from '../../lambdas/contract.ts';
import type { StorageFacts } from '../../lambdas/domain/erasure.ts';
import type { ErasurePorts, ObjectVersions } from '../../lambdas/erasure-ports.ts';
import { type CollectionWorld, makeCollectionWorld } from './collections.ts';
import { FakeDestination, FakeExports } from './exports.ts';

export class FakeVersions implements ObjectVersions {
  settings: StorageFacts = { bucket: 'bucket', versioning: 'off', replicatesTo: [] };
  async facts(): Promise<StorageFacts> {
    return this.settings;
  }
}

export interface ErasureWorld extends CollectionWorld, Omit<ErasurePorts, keyof CollectionWorld> {
  readonly versions: FakeVersions;
  readonly destination: FakeDestination;
  readonly exports: FakeExports;
  /** As by another deployment. */
  exporting: readonly ExportConfig[];
}

export const makeErasureWorld = async (...exporting: ExportConfig[]): Promise<ErasureWorld> => {
  const base = await makeCollectionWorld();
  const { config } = base;
  const world: ErasureWorld = Object.assign(base, {
    versions: new FakeVersions(),
    destination: new FakeDestination((address) => base.storage.objects.get(address)?.content ?? ''),
    exports: new FakeExports(),
    exporting,
  });
  return Object.assign(world, {
    config: { load: async () => ({ ...(await config.load()), exports: world.exporting }) },
  });
};
