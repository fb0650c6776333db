/** Tables for Spark: their partitions lie where lakeFS has them. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { SparkTable, TableConfig } from '../../../../lambdas/contract.ts';
import { COMPARE_EVERY_MS, PUBLICATION_LEASE_MS } from '../../../../lambdas/domain/catalog/publication.ts';
import { catalog, type VerifyAnswer } from '../../../../lambdas/usecases/catalog.ts';
import { cleanManifests } from '../../../../lambdas/usecases/clean-manifests.ts';
import { makePreview } from '../../../../lambdas/usecases/make-preview.ts';
import { refreshCatalog } from '../../../../lambdas/usecases/refresh-catalog.ts';
import { type CatalogWorld, makeCatalogWorld, PUBLISHED } from '../../../fakes/catalog.ts';
import { parquetFile } from '../../domain/parquet/files.ts';

const EVER = Number.POSITIVE_INFINITY;
let world: CatalogWorld;
const refresh = (more: { compare?: boolean } = {}) =>
  refreshCatalog(world, { repository: 'lake', target: 'main', until: EVER, ...more });
const withSpark = (
  spark: SparkTable | undefined,
  tables: readonly TableConfig[] = PUBLISHED.filter(({ name }) => name !== 'deep'),
): TableConfig[] =>
  tables.map(({ publish, ...table }) => ({
    ...table,
    ...(publish === undefined ? {} : { publish: { ...publish, ...(spark === undefined ? {} : { spark }) } }),
  }));
const configure = async (tables: readonly TableConfig[]): Promise<void> => {
  const config = await world.config.load();
  const next = { ...config, repositories: config.repositories.map((repository) => ({ ...repository, tables })) };
  world = { ...world, config: { load: async () => next } };
};
const locations = (table = 'sales_spark', database = 'db'): Record<string, string> =>
  Object.fromEntries(
    [...world.catalog.of(database, table).values()].map(({ values, location }) => [values.join(), location]),
  );
const glueTable = (name: string) => world.catalog.tables.get(`db.${name}`);
const record = (table = 'sales_spark') => world.publications.entries.get('lake/main')?.tables[table];
const forget = (): void => {
  for (const port of [world.lakefs, world.catalog, world.manifests]) port.calls.length = 0;
};
const verify = async (table: string): Promise<VerifyAnswer> =>
  (await catalog(world, { action: 'verify', table })) as VerifyAnswer;

beforeEach(async () => {
  world = await makeCatalogWorld(withSpark({ scheme: 'lakefs' }));
});

describe('a table for Spark', () => {
  it('names the directories of the target’s partitions, and the formats of the files', async () => {
    const commit = await world.change({
      'sales/dt=1/a': 'a',
      'sales/dt=a%20b/a': 'b',
      'stock/a': 'c',
      'sales/dt=3/_x': 'd',
    });
    expect((await refresh()).outcome).toBe('published');
    expect(locations()).toEqual({ 1: 'lakefs://lake/main/sales/dt=1/', 'a b': 'lakefs://lake/main/sales/dt=a%20b/' });
    expect(glueTable('sales_spark')).toMatchObject({
      partitionKeys: [{ name: 'dt', type: 'string' }],
      storage: {
        location: 'lakefs://lake/main/sales/',
        columns: [{ name: 'id', type: 'bigint' }],
        inputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat',
        outputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat',
        serde: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe',
      },
      parameters: { 'branchline.commit': commit, 'branchline.table': 'sales_spark' },
    });
    expect(glueTable('stock_spark')?.storage.location).toBe('lakefs://lake/main/stock/');
    expect(glueTable('stock_spark')?.parameters['branchline.commit']).toBe(commit);
    expect([...world.manifests.objects.keys()].filter((key) => key.includes('_spark'))).toEqual([]);
  });

  it.each([
    ['orc', 'org.apache.hadoop.hive.ql.io.orc.OrcInputFormat', 'org.apache.hadoop.hive.ql.io.orc.OrcSerde'],
    ['json', 'org.apache.hadoop.mapred.TextInputFormat', 'org.apache.hive.hcatalog.data.JsonSerDe'],
    ['csv', 'org.apache.hadoop.mapred.TextInputFormat', 'org.apache.hadoop.hive.serde2.OpenCSVSerde'],
  ] as const)('of %s files has their format', async (format, inputFormat, serde) => {
    const [sales] = withSpark({ scheme: 's3a' });
    if (sales?.publish === undefined) throw new Error('no table');
    await configure([{ ...sales, publish: { ...sales.publish, format } }]);
    await world.change({ 'sales/dt=1/a': 'a' });
    await refresh();
    expect(glueTable('sales_spark')?.storage).toMatchObject({ location: 's3a://lake/main/sales/', inputFormat, serde });
    expect(locations()).toEqual({ 1: 's3a://lake/main/sales/dt=1/' });
  });

  it('follows partitions that come and go', async () => {
    await world.change({ 'sales/dt=1/a': 'a', 'sales/dt=2/a': 'b' });
    await refresh();
    const commit = await world.change({ 'sales/dt=1/a': null, 'sales/dt=2/b': 'c', 'sales/dt=3/a': 'd' });
    await refresh();
    expect(Object.keys(locations())).toEqual(['2', '3']);
    expect(glueTable('sales_spark')?.parameters['branchline.commit']).toBe(commit);
    expect(record()).toMatchObject({ commit, partitions: 2, refresh: { added: 1, changed: 0, removed: 1 } });
  });

  it('costs no call at all while only files change', async () => {
    await world.change({ 'sales/dt=1/a': 'a', 'sales/dt=2/a': 'b' });
    await refresh();
    await configure(withSpark(undefined));
    forget();
    await world.change({ 'sales/dt=1/b': 'c' });
    await refresh();
    const alone = [...world.lakefs.calls, ...world.catalog.calls, ...world.manifests.calls].filter(
      (call) => !/DeleteTable/.test(call),
    );
    // The removal of the tables for Spark looks at each of them once.
    const removals = 2;
    await configure(withSpark({ scheme: 'lakefs' }));
    await refresh({ compare: true });
    forget();
    const commit = await world.change({ 'sales/dt=1/c': 'd' });
    expect((await refresh()).outcome).toBe('published');
    const both = [...world.lakefs.calls, ...world.catalog.calls, ...world.manifests.calls];
    expect(both.length).toBe(alone.length - removals);
    expect(record()?.commit).toBe(commit);
  });

  it('costs six calls to Glue and none to lakeFS, whatever the table holds, when a partition comes', async () => {
    await world.change(
      Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`sales/dt=${String(i)}/a`, `x${String(i)}`])),
    );
    await refresh();
    await world.change({ 'sales/dt=new/a': 'y' });
    forget();
    const touched: string[] = [];
    const create = world.catalog.createPartitions.bind(world.catalog);
    world.catalog.createPartitions = (table, partitions) => {
      touched.push(...partitions.map(({ location }) => `${table.name} ${location}`));
      return create(table, partitions);
    };
    await refresh();
    expect(touched.at(-1)).toBe('sales_spark lakefs://lake/main/sales/dt=new/');
    // Before the last write the table is read again: the first one gave it a version that nobody told.
    const glue = ['BatchCreatePartition', 'BatchGetPartition', 'GetTable', 'GetTable', 'UpdateTable', 'UpdateTable'];
    expect(world.catalog.calls.toSorted()).toEqual([...glue, ...glue].toSorted());
    expect(world.lakefs.calls.toSorted()).toEqual(['diff', 'diff', 'list']);
  });

  it('is found as it is by a later invocation, which knows nothing of the earlier one', async () => {
    await world.change({ 'sales/dt=1/a': 'a' });
    await refresh();
    const put = world.publications.put.bind(world.publications);
    // The invocation dies when the readers' table is done, before the one for Spark is.
    world.publications.put = async (next) => {
      if (next.tables['sales']?.commit === next.tables['sales_spark']?.commit) return put(next);
      await put(next);
      throw new Error('died');
    };
    const commit = await world.change({ 'sales/dt=2/a': 'b' });
    await expect(refresh()).rejects.toThrow('died');
    world.publications.put = put;
    expect(Object.keys(locations())).toEqual(['1']);
    world.clock.advance(PUBLICATION_LEASE_MS + 1_000);
    expect((await refresh()).outcome).toBe('published');
    expect(Object.keys(locations())).toEqual(['1', '2']);
    expect(record()?.commit).toBe(commit);
  });

  it('has a drift put right by the daily comparison, and by repair', async () => {
    await world.change({ 'sales/dt=1/a': 'a', 'sales/dt=2/a': 'b' });
    await refresh();
    const partitions = world.catalog.of('db', 'sales_spark');
    const right = structuredClone([...partitions]);
    const [, second] = right;
    if (second === undefined) throw new Error('no partition');
    partitions.delete('["1"]');
    partitions.set('["2"]', { ...second[1], location: 'lakefs://lake/other/sales/dt=2/' });
    partitions.set('["9"]', { ...second[1], values: ['9'] });
    expect((await verify('sales_spark')).verified[0]).toMatchObject({
      outcome: 'different',
      counts: { 'partition-missing': 1, 'partition-different': 1, 'partition-foreign': 1 },
    });
    expect((await verify('sales')).outcome).toBe('right');
    world.clock.advance(COMPARE_EVERY_MS);
    await refresh();
    expect([...partitions].toSorted()).toEqual(right.toSorted());
    expect(record()?.drift?.what).toBe('1 partitions were missing, 1 different, 1 foreign');
    expect((await verify('sales_spark')).outcome).toBe('right');
    expect((await verify('stock_spark')).outcome).toBe('right');
  });

  it('made for somebody else is left alone, and readers’ table goes on', async () => {
    await world.catalog.createTable({
      ...{ database: 'db', name: 'sales_spark', partitionKeys: [], parameters: {} },
      storage: { ...{ location: 's3://x/', columns: [], inputFormat: '', outputFormat: '', serde: '' } },
    });
    const commit = await world.change({ 'sales/dt=1/a': 'a' });
    expect((await refresh()).outcome).toBe('failed');
    expect(record()?.failure?.code).toBe('BL7001');
    expect(record('sales')?.commit).toBe(commit);
    expect(glueTable('sales_spark')?.storage.location).toBe('s3://x/');
  });

  it('cannot show a partition of two directories: that is told, until it is one', async () => {
    await world.change({ 'sales/dt=1/a': 'a', 'sales/dt=a b/a': 'b' });
    await refresh();
    await world.change({ 'sales/dt=a%20b/a': 'c' });
    expect((await refresh()).outcome).toBe('failed');
    expect(record()?.failure).toMatchObject({
      code: 'BL7009',
      message: expect.stringContaining('sales/dt=a b/ and sales/dt=a%20b/ are one partition'),
    });
    expect(record('sales')?.failure).toBeUndefined();
    const commit = await world.change({ 'sales/dt=a b/a': null });
    expect((await refresh()).outcome).toBe('published');
    expect(locations()).toEqual({ 1: 'lakefs://lake/main/sales/dt=1/', 'a b': 'lakefs://lake/main/sales/dt=a%20b/' });
    expect(record()).toMatchObject({ commit });
    expect(record()?.failure).toBeUndefined();
  });

  it('is shown beside an Iceberg table too, and is none of it', async () => {
    const [sales] = withSpark({ scheme: 'lakefs' });
    if (sales?.publish === undefined) throw new Error('no table');
    await configure([{ ...sales, publish: { ...sales.publish, publisher: 'both', historySeconds: 600, columns: [] } }]);
    const file = parquetFile([{ name: 'Id', type: 'INT64', data: [1n] }]);
    await world.change({ 'sales/dt=1/a': file });
    expect((await refresh()).outcome).toBe('published');
    expect([...world.catalog.tables.keys()].toSorted()).toEqual(['db.sales', 'db.sales_spark', 'db.sales_symlink']);
    forget();
    await world.change({ 'sales/dt=1/b': parquetFile([{ name: 'Id', type: 'INT64', data: [2n] }]) });
    const parameters = glueTable('sales_spark')?.parameters;
    expect((await refresh()).outcome).toBe('published');
    expect(glueTable('sales_spark')?.parameters).toEqual(parameters);
    expect(locations()).toEqual({ 1: 'lakefs://lake/main/sales/dt=1/' });
    await world.change({ 'sales/dt=2/a': file });
    await refresh();
    expect(Object.keys(locations())).toEqual(['1', '2']);
  });
});

describe('its columns', () => {
  it('are those of the table beside it, and no file is read for them', async () => {
    const [sales] = withSpark({ scheme: 'lakefs' });
    if (sales?.publish === undefined) throw new Error('no table');
    await configure([{ ...sales, publish: { ...sales.publish, columns: [] } }]);
    const read: string[] = [];
    const range = world.lakefs.getObjectRange.bind(world.lakefs);
    world.lakefs.getObjectRange = (repository, ref, path, bytes) => {
      read.push(path);
      return range(repository, ref, path, bytes);
    };
    const file = (...names: string[]) => parquetFile(names.map((name) => ({ name, type: 'INT64', data: [1n] })));
    await world.change({ 'sales/dt=1/a': file('id') });
    await refresh();
    await world.change({ 'sales/dt=1/b': file('id', 'more') });
    await refresh();
    const names = glueTable('sales_spark')?.storage.columns.map(({ name }) => name);
    expect(names).toEqual(['id', 'more']);
    expect([...world.catalog.of('db', 'sales_spark').values()][0]?.storage.columns.map(({ name }) => name)).toEqual(
      names,
    );
    expect(read).toEqual(['sales/dt=1/a', 'sales/dt=1/b']);
    expect((await verify('sales_spark')).outcome).toBe('right');
  });
});

describe('taken out of the configuration', () => {
  it('goes from Glue, with its partitions, and nothing else does', async () => {
    await world.change({ 'sales/dt=1/a': 'a', 'stock/a': 'b' });
    await refresh();
    await configure(withSpark(undefined));
    await world.change({ 'notes/a': 'x' });
    expect((await refresh()).outcome).toBe('published');
    expect([...world.catalog.tables.keys()]).toEqual(['db.sales', 'db.stock']);
    expect(world.catalog.partitions.has('db.sales_spark')).toBe(false);
    expect(record()?.spark).toBeUndefined();
    forget();
    await world.change({ 'notes/a': 'y' });
    await refresh();
    expect(world.catalog.calls).toEqual([]);
  });

  it('goes although the first removal died, and stays where it is not ours', async () => {
    await world.change({ 'sales/dt=1/a': 'a' });
    await refresh();
    await configure(withSpark(undefined));
    const remove = world.catalog.removeTable.bind(world.catalog);
    world.catalog.removeTable = async (...args) => {
      await remove(...args);
      throw new Error('died');
    };
    await world.change({ 'notes/a': 'x' });
    await expect(refresh()).rejects.toThrow('died');
    world.catalog.removeTable = remove;
    const stock = glueTable('stock_spark');
    if (stock === undefined) throw new Error('no table');
    world.catalog.tables.set('db.stock_spark', { ...stock, parameters: {} });
    world.clock.advance(PUBLICATION_LEASE_MS + 1_000);
    expect((await refresh()).outcome).toBe('published');
    expect([...world.catalog.tables.keys()].toSorted()).toEqual(['db.sales', 'db.stock', 'db.stock_spark']);
  });

  it('together with its table stays, as that does', async () => {
    await world.change({ 'sales/dt=1/a': 'a', 'stock/a': 'b' });
    await refresh();
    await configure(withSpark({ scheme: 'lakefs' }).filter(({ name }) => name === 'stock'));
    await world.change({ 'stock/a': 'c' });
    await refresh();
    expect([...world.catalog.tables.keys()]).toContain('db.sales_spark');
  });

  it('has no manifests to be looked for', async () => {
    await world.change({ 'sales/dt=1/a': 'a', 'stock/a': 'b' });
    await refresh();
    forget();
    await cleanManifests(world, { until: EVER });
    expect(world.manifests.calls).toEqual(['LIST', 'LIST']);
  });
});

describe('with another scheme', () => {
  it('every partition is told anew, once', async () => {
    await world.change({ 'sales/dt=1/a': 'a', 'stock/a': 'b' });
    await refresh();
    await configure(withSpark({ scheme: 's3a' }));
    expect((await refresh()).outcome).toBe('published');
    expect(locations()).toEqual({ 1: 's3a://lake/main/sales/dt=1/' });
    expect(glueTable('stock_spark')?.storage.location).toBe('s3a://lake/main/stock/');
    expect(record()?.drift).toBeUndefined();
  });
});

describe('pinned', () => {
  beforeEach(() => configure(withSpark({ scheme: 'lakefs', pin: true })));

  it('its partitions lie at the commit that last changed them, and others stay where they are', async () => {
    const one = await world.change({ 'sales/dt=1/a': 'a', 'sales/dt=2/a': 'b', 'stock/a': 'c' });
    await refresh();
    const two = await world.change({ 'sales/dt=2/b': 'd' });
    await refresh();
    expect(locations()).toEqual({ 1: `lakefs://lake/${one}/sales/dt=1/`, 2: `lakefs://lake/${two}/sales/dt=2/` });
    expect(glueTable('sales_spark')).toMatchObject({
      storage: { location: `lakefs://lake/${two}/sales/` },
      parameters: { 'branchline.commit': two },
    });
    expect(glueTable('stock_spark')?.storage.location).toBe(`lakefs://lake/${one}/stock/`);
    const three = await world.change({ 'stock/a': 'e' });
    await refresh();
    expect(glueTable('stock_spark')?.storage.location).toBe(`lakefs://lake/${three}/stock/`);
    for (const table of ['sales_spark', 'stock_spark']) expect((await verify(table)).outcome).toBe('right');
  });

  it('the daily comparison leaves them where they are, and finds what somebody edited', async () => {
    const one = await world.change({ 'sales/dt=1/a': 'a', 'sales/dt=2/a': 'b', 'stock/a': 'c' });
    await refresh();
    const two = await world.change({ 'sales/dt=2/b': 'd' });
    await refresh();
    const before = locations();
    world.clock.advance(COMPARE_EVERY_MS);
    expect((await refresh()).outcome).toBe('published');
    expect(locations()).toEqual(before);
    expect([record()?.drift, record('stock_spark')?.drift]).toEqual([undefined, undefined]);
    const partitions = world.catalog.of('db', 'sales_spark');
    const second = partitions.get('["2"]');
    if (second === undefined) throw new Error('no partition');
    partitions.set('["2"]', { ...second, location: `lakefs://lake/${one}/sales/dt=2/` });
    expect((await verify('sales_spark')).verified[0]?.counts).toEqual({ 'partition-different': 1 });
    world.clock.advance(COMPARE_EVERY_MS);
    await refresh();
    expect(locations()['2']).toBe(`lakefs://lake/${two}/sales/dt=2/`);
    expect(record()?.drift?.what).toBe('0 partitions were missing, 1 different, 0 foreign');
  });
});

describe('a preview', () => {
  it('has tables for Spark at the commit of the ref', async () => {
    const base = await world.change({ 'sales/dt=1/a': 'a', 'stock/a': 'b' });
    await refresh();
    await world.lakefs.createBranch('lake', 'run-x', base);
    await world.lakefs.putObject('lake', 'run-x', 'sales/dt=2/a', new TextEncoder().encode('new'));
    const answer = await world.lakefs.commit('lake', 'run-x', { message: 'work', metadata: {} });
    const commit = answer.outcome === 'committed' ? answer.commit.id : '';
    const { preview } = await makePreview(world, { ref: 'run-x' }, EVER);
    expect(preview.commit).toBe(commit);
    expect(locations('sales_spark', preview.database)).toEqual({
      1: `lakefs://lake/${commit}/sales/dt=1/`,
      2: `lakefs://lake/${commit}/sales/dt=2/`,
    });
    expect(Object.keys(locations())).toEqual(['1']);
    expect(world.catalog.tables.get(`${preview.database}.stock_spark`)?.storage.location).toBe(
      `lakefs://lake/${commit}/stock/`,
    );
  });
});
