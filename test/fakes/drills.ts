/** A world in which the ways back are rehearsed. */
import type { StoredManifest } from '../../lambdas/catalog-ports.ts';
import type { CompiledConfig } from '../../lambdas/contract.ts';
import { type Drill, type DrillKind, drillOfName, isScratchOf } from '../../lambdas/domain/drill.ts';
import { BranchlineError } from '../../lambdas/domain/errors.ts';
import type { Repository } from '../../lambdas/domain/lakefs.ts';
import type { DrillPorts, Drills, LakeFiles, ScratchRepositories, ScratchStorage } from '../../lambdas/drill-ports.ts';
import type { FakeLakefs } from './lakefs.ts';
import { makeWorld, type World } from './ports.ts';
import { FakeRestores } from './restores.ts';
import { FakeRotations } from './rotations.ts';
import { FakeBackups, type SnapshotWorld, snapshotWorldOf } from './snapshots.ts';

export class FakeDrills implements Drills {
  readonly entries = new Map<string, Drill>();
  /** Every image that the stream would carry, in order. */
  readonly stream: { before: Drill | undefined; after: Drill }[] = [];
  async get(_kind: DrillKind, id: string): Promise<Drill | undefined> {
    return structuredClone(this.entries.get(id));
  }
  async *list(kind: DrillKind): AsyncIterable<Drill> {
    const found = [...this.entries.values()].filter(({ drillKind }) => drillKind === kind);
    for (const drill of found.sort((a, b) => (a.id < b.id ? 1 : -1))) yield structuredClone(drill);
  }
  async put(next: Drill): Promise<{ outcome: 'written' } | { outcome: 'stale'; drill: Drill | undefined }> {
    const stored = this.entries.get(next.id);
    if ((stored?.version ?? 0) !== next.version - 1) return { outcome: 'stale', drill: structuredClone(stored) };
    this.entries.set(next.id, structuredClone(next));
    this.stream.push(structuredClone({ before: stored, after: next }));
    return { outcome: 'written' };
  }
}

class FakeScratch implements ScratchRepositories {
  readonly #lakefs: FakeLakefs;
  constructor(lakefs: FakeLakefs) {
    this.#lakefs = lakefs;
  }
  async *list(): AsyncIterable<Repository> {
    for (const { repository } of [...this.#lakefs.repositories.values()])
      if (drillOfName(repository.name) !== undefined) yield repository;
  }
  async remove(drill: Pick<Drill, 'id' | 'storageNamespace'>, name: string): Promise<'removed' | 'absent'> {
    const repository = await this.#lakefs.getRepository(name);
    if (repository === undefined) return 'absent';
    if (!isScratchOf(drill, repository)) throw new BranchlineError('BL8804', name);
    this.#lakefs.deleteRepository(name);
    return 'removed';
  }
}

/** What lies in the buckets, by URI. */
export class FakeStorage implements ScratchStorage {
  readonly files = new Set<string>();
  async *list(root: string, prefix: string): AsyncIterable<StoredManifest> {
    for (const uri of [...this.files])
      if (uri.startsWith(`${root}/${prefix}`)) yield { key: uri.slice(root.length + 1), sizeBytes: 1, writtenAt: 0 };
  }
  async remove(root: string, key: string): Promise<void> {
    this.files.delete(`${root}/${key}`);
  }
}

/** lakeFS's own files, in the same buckets. */
export class FakeLakeFiles implements LakeFiles {
  readonly #storage: FakeStorage;
  constructor(storage: FakeStorage) {
    this.#storage = storage;
  }
  async *list(below: string): AsyncIterable<{ readonly address: string }> {
    for (const address of [...this.#storage.files]) if (address.startsWith(below)) yield { address };
  }
  async copy(from: string, to: string): Promise<void> {
    if (!this.#storage.files.has(from)) throw new BranchlineError('BL4001', `${from} is not there`);
    this.#storage.files.add(to);
  }
}

export interface DrillWorld extends Omit<DrillPorts, 'lakefs' | 'clock' | 'ledger'> {
  readonly lakefs: FakeLakefs;
  readonly clock: World['clock'];
  readonly ledger: World['ledger'];
  readonly rollbacks: World['rollbacks'];
  readonly drills: FakeDrills;
  readonly storage: FakeStorage;
  readonly restores: FakeRestores;
  readonly rotations: FakeRotations;
  readonly backups: SnapshotWorld['backups'];
  /** Of the lake itself. */
  readonly lakeBackups: SnapshotWorld['backups'];
}

export const DRILL_ROOT = 's3://bucket/branchline-drills';

/** The lake of `makeWorld`; every repository that is made leaves a file in its storage namespace, as lakeFS does. */
export const makeDrillWorld = async (everySeconds = 0): Promise<DrillWorld> => {
  const world = await makeWorld();
  const config: CompiledConfig = {
    ...(await world.config.load()),
    drills: { everySeconds, places: [{ repository: 'lake', root: DRILL_ROOT }] },
  };
  const storage = new FakeStorage();
  const { lakefs } = world;
  const create = lakefs.createRepository.bind(lakefs);
  lakefs.createRepository = async (repository) => {
    storage.files.add(`${repository.storageNamespace}/_lakefs/dummy`);
    return create(repository);
  };
  return {
    ...snapshotWorldOf(world),
    lakeBackups: new FakeBackups(),
    lakeFiles: new FakeLakeFiles(storage),
    config: { load: async () => config },
    drills: new FakeDrills(),
    storage,
    scratch: new FakeScratch(lakefs),
    restores: new FakeRestores(),
    rotations: new FakeRotations(),
  };
};
