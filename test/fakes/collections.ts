/**
 * A lake whose storage can be looked at, and lakeFS's two jobs as they were seen to work: what the job does not know of, it marks, be it
 * served by a branch or not.
 */
import type { CollectionPorts, Collections, LakeObject, LakeStorage } from '../../lambdas/collection-ports.ts';
import { COLLECTION_ARGUMENT, COLLECTION_FOLDER, type GarbageCollectionConfig } from '../../lambdas/contract.ts';
import type { CollectionRecord } from '../../lambdas/domain/collection.ts';
import type { Commit } from '../../lambdas/domain/lakefs.ts';
import { type CatalogWorld, makeCatalogWorld } from './catalog.ts';
import type { FakeGlue } from './ports.ts';
import { FakeRestores } from './restores.ts';
import type { FakeRollbacks } from './rollbacks.ts';
import { FakeRotations } from './rotations.ts';
import { FakeSnapshots } from './snapshots.ts';

const ROOT = 's3://bucket/lake/';
const DAY = 86_400_000;

interface Stored {
  readonly content: string;
  readonly at: number;
}

export class FakeStorage implements LakeStorage {
  readonly objects = new Map<string, Stored>();
  async folders(below: string): Promise<readonly string[]> {
    const names = [...this.objects.keys()]
      .filter((address) => address.startsWith(below) && address.slice(below.length).includes('/'))
      .map((address) => `${below}${address.slice(below.length).split('/')[0] ?? ''}/`);
    return [...new Set(names)].sort();
  }
  async *list(below: string): AsyncIterable<LakeObject> {
    for (const [address, { content, at }] of [...this.objects].sort(([a], [b]) => (a < b ? -1 : 1)))
      if (address.startsWith(below)) yield { address, sizeBytes: content.length, writtenAt: at };
  }
  async exists(address: string): Promise<boolean> {
    return this.objects.has(address);
  }
  async read(address: string): Promise<string | undefined> {
    return this.objects.get(address)?.content;
  }
}

export class FakeCollections implements Collections {
  readonly entries = new Map<string, CollectionRecord>();
  /** Every image that the stream would carry, in order. */
  readonly stream: { before: CollectionRecord | undefined; after: CollectionRecord }[] = [];
  async get(repository: string): Promise<CollectionRecord | undefined> {
    return structuredClone(this.entries.get(repository));
  }
  async put(
    next: CollectionRecord,
  ): Promise<{ outcome: 'written' } | { outcome: 'stale'; record: CollectionRecord | undefined }> {
    const stored = this.entries.get(next.repository);
    if ((stored?.version ?? 0) !== next.version - 1) return { outcome: 'stale', record: structuredClone(stored) };
    this.stream.push(structuredClone({ before: stored, after: next }));
    this.entries.set(next.repository, structuredClone(next));
    return { outcome: 'written' };
  }
}

export const COLLECTING: GarbageCollectionConfig = {
  ...{ everySeconds: 0, repositories: ['lake'], sweep: 'approval', approveWithinSeconds: 7 * 86_400 },
  ...{ minAgeSeconds: 86_400, tags: 'keep', staleAfterSeconds: 30 * 86_400 },
};

export interface CollectionWorld extends Omit<CatalogWorld, keyof CollectionPorts>, CollectionPorts {
  readonly lakefs: CatalogWorld['lakefs'];
  readonly clock: CatalogWorld['clock'];
  readonly ledger: CatalogWorld['ledger'];
  readonly glue: FakeGlue;
  readonly storage: FakeStorage;
  readonly collections: FakeCollections;
  readonly snapshots: FakeSnapshots;
  readonly rollbacks: FakeRollbacks;
  readonly restores: FakeRestores;
  readonly rotations: FakeRotations;
  readonly catalog: CatalogWorld['catalog'];
  readonly iceberg: CatalogWorld['iceberg'];
  readonly publications: CatalogWorld['publications'];
  readonly previews: CatalogWorld['previews'];
  /** As by another deployment. */
  collecting: GarbageCollectionConfig | undefined;
  /** What the storage holds of data. */
  data(): string[];
}

export const makeCollectionWorld = async (
  collecting: Partial<GarbageCollectionConfig> = {},
): Promise<CollectionWorld> => {
  const base = await makeCatalogWorld();
  const config = await base.config.load();
  const storage = new FakeStorage();
  base.lakefs.now = base.clock.now;
  base.lakefs.addressOf = (serial) => `${ROOT}data/f${String(serial % 3)}/${String(serial)}`;
  base.lakefs.onPut = (address, content) => storage.objects.set(address, { content, at: base.clock.now() });
  const glue = base.glue as FakeGlue;
  const world: CollectionWorld = {
    ...base,
    glue,
    storage,
    collections: new FakeCollections(),
    snapshots: new FakeSnapshots(),
    rollbacks: base.rollbacks,
    restores: new FakeRestores(),
    rotations: new FakeRotations(),
    jobs: { mark: 'gc-mark', sweep: 'gc-sweep' },
    collecting: { ...COLLECTING, ...collecting },
    config: { load: async () => ({ ...config, garbageCollection: world.collecting }) },
    data: () => [...storage.objects.keys()].filter((address) => address.startsWith(`${ROOT}data/`)).sort(),
  };
  glue.addJob('gc-mark');
  glue.addJob('gc-sweep');
  return world;
};

/** Addresses that lakeFS's job keeps: what heads of branches and young commits show, and what it knows to be uncommitted. */
const known = async ({ lakefs, clock }: CollectionWorld, repository: string): Promise<Set<string>> => {
  const repo = lakefs.repositories.get(repository);
  const kept = new Set<string>();
  const days = repo?.gc?.defaultRetentionDays ?? 28;
  for (const [name, { head }] of repo?.branches ?? []) {
    let id: string | undefined = head;
    for (let isHead = true; id !== undefined; isHead = false) {
      const commit: Commit | undefined = repo?.commits.get(id);
      if (commit === undefined || (!isHead && clock.now() - commit.creationDate > days * DAY)) break;
      for (const { address } of lakefs.tree(repository, id).values()) kept.add(address);
      id = commit.parents[0];
    }
    const listed = new Set<string>();
    for await (const { path } of lakefs.listStaged(repository, name)) listed.add(path);
    for await (const { path, physicalAddress } of lakefs.listObjects(repository, name, {}))
      if (listed.has(path)) kept.add(physicalAddress);
  }
  return kept;
};

/** lakeFS's jobs do what they were begun for. @param end how Glue says that they ended. */
export const work = async (world: CollectionWorld, end = 'SUCCEEDED', receipts = true): Promise<number> => {
  let count = 0;
  for (const { id, state, jobName, arguments: given } of [...world.glue.jobRuns.values()]) {
    if (state !== 'RUNNING' || !jobName.startsWith('gc-')) continue;
    count += 1;
    if (end === 'SUCCEEDED' && receipts) {
      const collection = given[COLLECTION_ARGUMENT.collection] ?? '';
      const root = `${given[COLLECTION_ARGUMENT.namespace] ?? ''}/`;
      const put = (key: string, content: string): void => {
        world.storage.objects.set(`${root}${COLLECTION_FOLDER}${key}`, { content, at: world.clock.now() });
      };
      if (jobName === 'gc-mark') await mark(world, given, put);
      else {
        const list = await world.storage.read(`${root}${COLLECTION_FOLDER}${collection}/marked/part-0`);
        for (const line of list?.split('\n') ?? []) world.storage.objects.delete(`${root}${line}`);
        put(`${collection}-sweep.json`, JSON.stringify({ mark_id: given[COLLECTION_ARGUMENT.markId] }));
      }
    }
    world.glue.end(id, end, end === 'SUCCEEDED' ? undefined : 'out of memory');
  }
  return count;
};

const mark = async (
  world: CollectionWorld,
  given: Readonly<Record<string, string>>,
  put: (key: string, content: string) => void,
): Promise<void> => {
  const collection = given[COLLECTION_ARGUMENT.collection] ?? '';
  const minAge = Number(given[COLLECTION_ARGUMENT.minAge]);
  const root = `${given[COLLECTION_ARGUMENT.namespace] ?? ''}/`;
  const kept = await known(world, given[COLLECTION_ARGUMENT.repository] ?? '');
  const lines = [...world.storage.objects]
    .filter(([address]) => address.startsWith(`${root}data/`) && !kept.has(address))
    .filter(([, { at }]) => world.clock.now() - at >= minAge * 1000)
    .map(([address]) => address.slice(root.length))
    .sort();
  put(`${collection}/marked/part-0`, lines.map((line) => `${line}\n`).join(''));
  put(`${collection}/marked/_SUCCESS`, '');
  put(`${collection}-mark.json`, JSON.stringify({ mark_id: `list-of-${collection}`, objects: lines.length }));
};
