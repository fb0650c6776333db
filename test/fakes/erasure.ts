/** A lake that is collected and exported, and what S3 keeps of it besides the newest versions. */
import type { ExportConfig } from '../../lambdas/contract.ts';
import type { StorageFacts } from '../../lambdas/domain/erasure.ts';
import type { Erasure } from '../../lambdas/domain/erasure-record.ts';
import type { ErasurePorts, Erasures, ObjectVersions } from '../../lambdas/erasure-ports.ts';
import { FakeManifests } from './catalog.ts';
import { type CollectionWorld, makeCollectionWorld } from './collections.ts';
import { FakeDestination, FakeExportQueue, FakeExports } from './exports.ts';

export class FakeVersions implements ObjectVersions {
  settings: StorageFacts = { bucket: 'bucket', versioning: 'off', replicatesTo: [] };
  /** By address what is kept besides the newest version. */
  readonly kept = new Map<string, readonly { since: number; isMarker: boolean }[]>();
  async facts(): Promise<StorageFacts> {
    return this.settings;
  }
  async of(address: string): Promise<readonly { since: number; isMarker: boolean }[]> {
    return this.kept.get(address) ?? [];
  }
}

export class FakeErasures implements Erasures {
  readonly entries = new Map<string, Erasure>();
  /** Every image that the stream would carry, in order. */
  readonly stream: { before: Erasure | undefined; after: Erasure }[] = [];
  async get(repository: string, id: string): Promise<Erasure | undefined> {
    return structuredClone(this.entries.get(`${repository}/${id}`));
  }
  async *list(repository: string): AsyncIterable<Erasure> {
    for (const entry of [...this.entries.values()].toReversed())
      if (entry.repository === repository) yield structuredClone(entry);
  }
  async put(next: Erasure): Promise<{ outcome: 'written' } | { outcome: 'stale'; erasure: Erasure | undefined }> {
    const key = `${next.repository}/${next.id}`;
    const stored = this.entries.get(key);
    if ((stored?.version ?? 0) !== next.version - 1) return { outcome: 'stale', erasure: structuredClone(stored) };
    this.stream.push(structuredClone({ before: stored, after: next }));
    this.entries.set(key, structuredClone(next));
    return { outcome: 'written' };
  }
}

export interface ErasureWorld extends Omit<CollectionWorld, 'jobs'>, Omit<ErasurePorts, keyof CollectionWorld> {
  readonly jobs: { readonly mark: string; readonly sweep: string };
  readonly versions: FakeVersions;
  readonly erasures: FakeErasures;
  readonly backups: FakeManifests;
  readonly destination: FakeDestination;
  readonly exports: FakeExports;
  readonly exportQueue: FakeExportQueue;
  /** As by another deployment. */
  exporting: readonly ExportConfig[];
}

export const makeErasureWorld = async (...exporting: ExportConfig[]): Promise<ErasureWorld> => {
  const base = await makeCollectionWorld();
  const { config } = base;
  const world = Object.assign(base, {
    jobs: { mark: 'gc-mark', sweep: 'gc-sweep' },
    versions: new FakeVersions(),
    erasures: new FakeErasures(),
    backups: new FakeManifests(base.clock.now),
    destination: new FakeDestination((address) => base.storage.objects.get(address)?.content ?? ''),
    exports: new FakeExports(),
    exportQueue: new FakeExportQueue(),
    exporting,
  });
  return Object.assign(world, {
    config: { load: async () => ({ ...(await config.load()), exports: world.exporting }) },
  });
};
