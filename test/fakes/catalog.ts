/** Glue's tables, the manifests and the ledger's publications in memory, and the lake as symlink readers see it. */
import type {
  Catalog,
  CatalogTable,
  IcebergStore,
  Manifests,
  PreviewPorts,
  Previews,
  Publications,
  Refreshes,
  StoredManifest,
  StoredPartition,
  StoredTable,
} from '../../lambdas/catalog-ports.ts';
import type { CompiledConfig, TableConfig } from '../../lambdas/contract.ts';
import type { TableColumns } from '../../lambdas/domain/catalog/columns.ts';
import type { Description } from '../../lambdas/domain/catalog/description.ts';
import { keyOfValues, MAX_BATCH, type WantedPartition } from '../../lambdas/domain/catalog/plan.ts';
import type { Preview } from '../../lambdas/domain/catalog/preview.ts';
import type { Publication } from '../../lambdas/domain/catalog/publication.ts';
import type { Unnamed } from '../../lambdas/domain/catalog/unnamed.ts';
import type { Change, ObjectStats } from '../../lambdas/domain/lakefs.ts';
import { FakeLakefs } from './lakefs.ts';
import { makeWorld, type World } from './ports.ts';

type Values = readonly string[];

export class FakeCatalog implements Catalog {
  readonly tables = new Map<string, StoredTable>();
  readonly partitions = new Map<string, Map<string, StoredPartition>>();
  /** Calls by name. */
  readonly calls: string[] = [];
  #version = 0;

  of(database: string, table: string): Map<string, StoredPartition> {
    const id = `${database}.${table}`;
    const found = this.partitions.get(id) ?? new Map<string, StoredPartition>();
    this.partitions.set(id, found);
    return found;
  }
  async getTable(database: string, name: string): Promise<StoredTable | undefined> {
    this.calls.push('GetTable');
    return structuredClone(this.tables.get(`${database}.${name}`));
  }
  async *listTables(database: string): AsyncIterable<StoredTable> {
    this.calls.push('GetTables');
    for (const table of this.tables.values()) if (table.database === database) yield structuredClone(table);
  }
  async createTable(table: CatalogTable): Promise<'created' | 'exists'> {
    this.calls.push('CreateTable');
    const id = `${table.database}.${table.name}`;
    if (this.tables.has(id)) return 'exists';
    this.#put(table);
    return 'created';
  }
  async updateTable(table: CatalogTable, versionId: string): Promise<'updated' | 'stale'> {
    this.calls.push('UpdateTable');
    if (this.tables.get(`${table.database}.${table.name}`)?.versionId !== versionId) return 'stale';
    this.#put(table);
    return 'updated';
  }
  async *listPartitions(database: string, table: string): AsyncIterable<StoredPartition> {
    this.calls.push('GetPartitions');
    yield* [...this.of(database, table).values()].toReversed();
  }
  async getPartitions(database: string, table: string, values: readonly Values[]): Promise<readonly StoredPartition[]> {
    this.#count('BatchGetPartition', values.length, MAX_BATCH.get);
    return values.flatMap((each) => this.of(database, table).get(keyOfValues(each)) ?? []);
  }
  async createPartitions(
    table: CatalogTable,
    partitions: readonly WantedPartition[],
  ): Promise<readonly WantedPartition[]> {
    this.#count('BatchCreatePartition', partitions.length, MAX_BATCH.create);
    return partitions.filter((partition) => this.#write(table, partition, false));
  }
  async updatePartitions(
    table: CatalogTable,
    partitions: readonly WantedPartition[],
  ): Promise<readonly WantedPartition[]> {
    this.#count('BatchUpdatePartition', partitions.length, MAX_BATCH.update);
    return partitions.filter((partition) => this.#write(table, partition, true));
  }
  async removePartitions(database: string, table: string, values: readonly Values[]): Promise<void> {
    this.#count('BatchDeletePartition', values.length, MAX_BATCH.remove);
    for (const each of values) {
      this.#fits(database, table, each);
      this.of(database, table).delete(keyOfValues(each));
    }
  }
  async removeTable(database: string, name: string): Promise<void> {
    this.calls.push('DeleteTable');
    this.tables.delete(`${database}.${name}`);
    this.partitions.delete(`${database}.${name}`);
  }
  async removeDatabase(database: string): Promise<void> {
    this.calls.push('DeleteDatabase');
    for (const id of [...this.tables.keys()]) if (id.startsWith(`${database}.`)) this.tables.delete(id);
    for (const id of [...this.partitions.keys()]) if (id.startsWith(`${database}.`)) this.partitions.delete(id);
  }
  /** @returns whether it could not be: what is to be created is there, or what is to be updated is not. */
  #write(table: CatalogTable, { values, location, prefix, files }: WantedPartition, mustExist: boolean): boolean {
    this.#fits(table.database, table.name, values);
    const of = this.of(table.database, table.name);
    const key = keyOfValues(values);
    if (of.has(key) !== mustExist) return true;
    const noted = files === undefined ? {} : { files };
    of.set(key, { values, location, prefix, ...noted, storage: { ...table.storage, location } });
    return false;
  }
  /** Glue refuses one that has not a value for each key of its table. */
  #fits(database: string, table: string, values: Values): void {
    const keys = this.tables.get(`${database}.${table}`)?.partitionKeys;
    if (keys !== undefined && keys.length !== values.length)
      throw new Error(`${String(values.length)} values for ${String(keys.length)} keys`);
  }
  #put(table: CatalogTable): void {
    this.#version += 1;
    const stored = { ...structuredClone(table), versionId: String(this.#version) };
    this.tables.set(`${table.database}.${table.name}`, stored);
  }
  #count(call: string, size: number, limit: number): void {
    if (size === 0 || size > limit) throw new Error(`${call} with ${String(size)} entries`);
    this.calls.push(call);
  }
}

export class FakeManifests implements Manifests {
  readonly objects = new Map<string, { readonly content: string; readonly writtenAt: number }>();
  readonly calls: string[] = [];
  readonly #now: () => number;
  constructor(now: () => number) {
    this.#now = now;
  }
  uri(key: string): string {
    return `s3://manifests/${key}`;
  }
  async put(key: string, content: string): Promise<void> {
    this.calls.push('PUT');
    this.objects.set(key, { content, writtenAt: this.#now() });
  }
  async get(key: string): Promise<string | undefined> {
    this.calls.push('GET');
    return this.objects.get(key)?.content;
  }
  async *list(prefix: string): AsyncIterable<StoredManifest> {
    this.calls.push('LIST');
    for (const [key, { content, writtenAt }] of [...this.objects].sort(([a], [b]) => (a < b ? -1 : 1)))
      if (key.startsWith(prefix)) yield { key, sizeBytes: content.length, writtenAt };
  }
  async remove(key: string): Promise<void> {
    this.calls.push('DELETE');
    this.objects.delete(key);
  }
}

export class FakeIceberg implements IcebergStore {
  readonly objects = new Map<string, { readonly content: Uint8Array; readonly writtenAt: number }>();
  /** Whether all refreshes are those of one process, which keeps what it has put. */
  recalls = false;
  readonly #recalled = new Map<string, Uint8Array>();
  readonly calls: string[] = [];
  readonly #now: () => number;
  constructor(now: () => number) {
    this.#now = now;
  }
  uri(key: string): string {
    return `s3://manifests/iceberg/${key}`;
  }
  keyOf(uri: string): string | undefined {
    return uri.startsWith(this.uri('')) ? uri.slice(this.uri('').length) : undefined;
  }
  async put(key: string, content: Uint8Array): Promise<void> {
    this.calls.push('iceberg PUT');
    this.objects.set(key, { content: Uint8Array.from(content), writtenAt: this.#now() });
    this.#recalled.set(key, Uint8Array.from(content));
  }
  recall(key: string): Uint8Array | undefined {
    return this.recalls ? this.#recalled.get(key) : undefined;
  }
  async get(key: string): Promise<Uint8Array | undefined> {
    this.calls.push('iceberg GET');
    return this.objects.get(key)?.content;
  }
  async *list(prefix: string): AsyncIterable<StoredManifest> {
    this.calls.push('iceberg LIST');
    for (const [key, { content, writtenAt }] of [...this.objects].sort(([a], [b]) => (a < b ? -1 : 1)))
      if (key.startsWith(prefix)) yield { key, sizeBytes: content.length, writtenAt };
  }
  async remove(key: string): Promise<void> {
    this.calls.push('iceberg DELETE');
    this.objects.delete(key);
  }
}

export class FakePublications implements Publications {
  readonly columns = new Map<string, TableColumns>();
  async putColumns({ name }: { name: string }, digest: string, columns: TableColumns): Promise<void> {
    this.columns.set(`${name} ${digest}`, structuredClone(columns));
  }
  async getColumns({ name }: { name: string }, digest: string): Promise<TableColumns | undefined> {
    return structuredClone(this.columns.get(`${name} ${digest}`));
  }
  readonly descriptions = new Map<string, readonly Description[]>();
  async putDescriptions(
    { repository, branch }: Pick<Publication, 'repository' | 'branch'>,
    digest: string,
    descriptions: readonly Description[],
  ): Promise<void> {
    this.descriptions.set(`${repository}/${branch} ${digest}`, structuredClone(descriptions));
  }
  async getDescriptions(
    { repository, branch }: Pick<Publication, 'repository' | 'branch'>,
    digest: string,
  ): Promise<readonly Description[] | undefined> {
    return structuredClone(this.descriptions.get(`${repository}/${branch} ${digest}`));
  }
  readonly unnamed = new Map<string, Unnamed>();
  async putUnnamed({ name }: { name: string }, unnamed: Unnamed): Promise<void> {
    this.unnamed.set(name, structuredClone(unnamed));
  }
  async getUnnamed(
    { name }: { name: string },
    { since, count }: { since: number; count: number },
  ): Promise<Unnamed | undefined> {
    const found = this.unnamed.get(name);
    return found?.since === since && found.digests.length === count ? structuredClone(found) : undefined;
  }
  readonly entries = new Map<string, Publication>();
  async get(repository: string, branch: string): Promise<Publication | undefined> {
    return structuredClone(this.entries.get(`${repository}/${branch}`));
  }
  async put(
    next: Publication,
  ): Promise<{ outcome: 'written' } | { outcome: 'stale'; publication: Publication | undefined }> {
    const id = `${next.repository}/${next.branch}`;
    const stored = this.entries.get(id);
    if ((stored?.version ?? 0) !== next.version - 1) return { outcome: 'stale', publication: structuredClone(stored) };
    this.entries.set(id, structuredClone(next));
    return { outcome: 'written' };
  }
}

export class FakePreviews implements Previews {
  readonly entries = new Map<string, Preview>();
  async get(name: string): Promise<Preview | undefined> {
    return structuredClone(this.entries.get(name));
  }
  async *list(): AsyncIterable<Preview> {
    for (const preview of this.entries.values()) if (preview.state !== 'DROPPED') yield structuredClone(preview);
  }
  async put(next: Preview): Promise<{ outcome: 'written' | 'stale' }> {
    if ((this.entries.get(next.name)?.version ?? 0) !== next.version - 1) return { outcome: 'stale' };
    this.entries.set(next.name, structuredClone(next));
    return { outcome: 'written' };
  }
}

/** The same objects, by keys below a folder. */
const below = (manifests: FakeManifests, folder: string): Manifests => ({
  uri: (key) => manifests.uri(`${folder}${key}`),
  put: (key, content) => manifests.put(`${folder}${key}`, content),
  get: (key) => manifests.get(`${folder}${key}`),
  async *list(prefix) {
    for await (const found of manifests.list(`${folder}${prefix}`))
      yield { ...found, key: found.key.slice(folder.length) };
  },
  remove: (key) => manifests.remove(`${folder}${key}`),
});

/** The lake with addresses in S3, with `after` and `delimiter`, and with a count of calls as pages of 1,000. */
export class FakeLake extends FakeLakefs {
  readonly calls: string[] = [];
  override async *listObjects(
    repository: string,
    ref: string,
    options: { prefix?: string; after?: string },
  ): AsyncIterable<ObjectStats> {
    let given = 0;
    for await (const object of super.listObjects(repository, ref, options)) {
      if (options.after !== undefined && object.path <= options.after) continue;
      if (given % 1000 === 0) this.calls.push('list');
      given += 1;
      yield { ...object, physicalAddress: object.physicalAddress.replace('mem://', 's3://lake/data/') };
    }
    if (given === 0) this.calls.push('list');
  }
  override async *diff(
    repository: string,
    left: string,
    right: string,
    options: { type: 'two_dot' | 'three_dot'; prefix?: string; delimiter?: string; after?: string },
  ): AsyncIterable<Change> {
    const { prefix = '', delimiter } = options;
    let given = 0;
    let last: string | undefined;
    for await (const change of super.diff(repository, left, right, options)) {
      const end = delimiter === undefined ? -1 : change.path.indexOf(delimiter, prefix.length);
      const path = end < 0 ? change.path : change.path.slice(0, end + 1);
      if (path === last) continue;
      last = path;
      if (given % 1000 === 0) this.calls.push('diff');
      given += 1;
      yield end < 0 ? change : { type: 'prefix_changed', path, isPrefix: true };
    }
    if (given === 0) this.calls.push('diff');
  }
}

export class FakeRefreshes implements Refreshes {
  readonly woken: string[] = [];
  async wake(target: { repository: string; branch: string }): Promise<void> {
    this.woken.push(`${target.repository}/${target.branch}`);
  }
}

export interface CatalogWorld extends Omit<World, 'lakefs'>, Omit<PreviewPorts, keyof World> {
  readonly previews: FakePreviews;
  readonly lakefs: FakeLake;
  readonly catalog: FakeCatalog;
  readonly manifests: FakeManifests;
  readonly iceberg: FakeIceberg;
  readonly publications: FakePublications;
  readonly refreshes: FakeRefreshes;
  /** Commits to the target at once, and says that the commit is verified. */
  change(files: Readonly<Record<string, string | Uint8Array | null>>): Promise<string>;
  /** Puts the target back to an earlier commit by a new one, as a rollback does. */
  rollBack(commit: string): Promise<string>;
}

export const publish = (database: string, tableName: string) => ({
  ...{ database, tableName, target: 'main', format: 'parquet' as const },
  ...{ columns: [{ name: 'id', type: 'bigint' }], partitionTypes: {} },
});

export const PUBLISHED: readonly TableConfig[] = [
  {
    ...{ name: 'sales', path: 'sales/', partitionColumns: ['dt'], overwrite: 'partition', appendOnly: false },
    publish: publish('db', 'sales'),
  },
  {
    ...{ name: 'deep', path: 'deep/', partitionColumns: ['dt', 'hh'], overwrite: 'partition', appendOnly: false },
    publish: publish('db', 'deep'),
  },
  {
    ...{ name: 'stock', path: 'stock/', partitionColumns: [], overwrite: 'table', appendOnly: false },
    publish: publish('db', 'stock'),
  },
];

export const makeCatalogWorld = async (tables: readonly TableConfig[] = PUBLISHED): Promise<CatalogWorld> => {
  const base = await makeWorld();
  const lakefs = new FakeLake();
  await lakefs.createRepository({ name: 'lake', storageNamespace: 's3://bucket/lake', defaultBranch: 'main' });
  const config = await base.config.load();
  const published: CompiledConfig = {
    ...config,
    repositories: config.repositories.map((repository) => ({ ...repository, tables })),
  };
  const verify = async (commit: string): Promise<void> => {
    const target = await base.ledger.getTarget('lake', 'main');
    const now = base.clock.now();
    await base.ledger.putTarget({
      ...{ schemaVersion: 1, version: (target?.version ?? 0) + 1, repository: 'lake', branch: 'main' },
      ...{ verifiedCommit: commit, verifiedAt: now, updatedAt: now },
    });
  };
  const commit = async (metaRange?: string): Promise<string> => {
    const answer = await lakefs.commit('lake', 'main', { message: 'change', metadata: {} }, metaRange);
    const id = answer.outcome === 'committed' ? answer.commit.id : (await lakefs.getBranch('lake', 'main'))?.commitId;
    await verify(id ?? '');
    return id ?? '';
  };
  const manifests = new FakeManifests(base.clock.now);
  const world: CatalogWorld = {
    ...base,
    previews: new FakePreviews(),
    previewDatabases: 'branchline_preview_',
    previewManifests: (name) => below(manifests, `previews/${name}/`),
    lakefs,
    config: { load: async () => published },
    catalog: new FakeCatalog(),
    manifests,
    iceberg: new FakeIceberg(base.clock.now),
    publications: new FakePublications(),
    refreshes: new FakeRefreshes(),
    pause: async (ms) => base.clock.advance(ms),
    async change(files) {
      for (const [path, content] of Object.entries(files)) {
        if (content === null) await lakefs.deleteObjects('lake', 'main', [path]);
        else
          await lakefs.putObject(
            'lake',
            'main',
            path,
            typeof content === 'string' ? new TextEncoder().encode(content) : content,
          );
      }
      return commit();
    },
    async rollBack(id) {
      return commit((await lakefs.getCommit('lake', id))?.metaRangeId);
    },
  };
  return world;
};

/**
 * What a reader of a symlink table finds: by partition values the files that its manifest lists. A missing manifest is no rows,
 * without an error; an empty line, a hidden name, a file that comes twice would be a fault of ours.
 */
export const readSymlinks = (
  world: Pick<CatalogWorld, 'catalog' | 'manifests'>,
  database: string,
  table: string,
): Readonly<Record<string, string>> => {
  const stored = world.catalog.tables.get(`${database}.${table}`);
  if (stored === undefined) return {};
  const parts =
    stored.partitionKeys.length === 0
      ? [{ values: [], location: stored.storage.location }]
      : [...world.catalog.of(database, table).values()];
  const rows = parts.map(({ values, location }) => {
    const folder = location.replace('s3://manifests/', '');
    const manifests = [...world.manifests.objects].filter(([key]) => key.startsWith(folder));
    return [keyOfValues(values), manifests.map(([, { content }]) => content).join('\n')] as const;
  });
  return Object.fromEntries(rows.filter(([, files]) => files !== '').sort(([a], [b]) => (a < b ? -1 : 1)));
};
