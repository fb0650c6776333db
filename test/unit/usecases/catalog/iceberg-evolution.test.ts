/** What becomes of ids of columns and of partitionings where the configuration of an Iceberg table changes, and what is read for it. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { TableConfig } from '../../../../lambdas/contract.ts';
import { type ManifestFile, readManifest, readManifestList } from '../../../../lambdas/domain/iceberg/manifest-file.ts';
import { currentSnapshot, type TableMetadata } from '../../../../lambdas/domain/iceberg/metadata.ts';
import { refreshCatalog } from '../../../../lambdas/usecases/refresh-catalog.ts';
import { type CatalogWorld, makeCatalogWorld, publish } from '../../../fakes/catalog.ts';
import { metadataOf, rowsOf } from '../../../fakes/iceberg.ts';
import { parquetFile } from '../../domain/parquet/files.ts';

type Types = Readonly<Record<string, string>>;

let world: CatalogWorld;
let footers: string[];

const configure = async (columns: Types, partitionColumns: readonly string[], partitionTypes: Types = {}) => {
  const config = await world.config.load();
  const table: TableConfig = {
    ...{ name: 'sales', path: 'sales/', partitionColumns, overwrite: 'partition', appendOnly: false },
    publish: {
      ...{ ...publish('db', 'sales'), partitionTypes, publisher: 'iceberg', historySeconds: 86_400 },
      columns: Object.entries(columns).map(([name, type]) => ({ name, type })),
    },
  };
  const repositories = config.repositories.map((each) => ({ ...each, tables: [table] }));
  world = { ...world, config: { load: async () => ({ ...config, repositories }) } };
};

const refresh = async (): Promise<TableMetadata> => {
  world.clock.advance(60_000);
  const request = { repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY };
  expect((await refreshCatalog(world, request)).outcome).toBe('published');
  const metadata = metadataOf(world, 'db', 'sales');
  if (metadata === undefined) throw new Error('no table');
  return metadata;
};

/** Name → id, in the order of the schema. */
const idsOf = (metadata: TableMetadata): readonly (readonly [string, number, unknown])[] =>
  metadata.schemas
    .find((schema) => schema['schema-id'] === metadata['current-schema-id'])
    ?.fields.map(({ name, id, type }) => [name, id, type] as const) ?? [];

const manifestsIn = (metadata: TableMetadata): readonly ManifestFile[] =>
  readManifestList(bytesAt(currentSnapshot(metadata)?.['manifest-list'])).manifests;
const bytesAt = (uri = ''): Buffer =>
  Buffer.from(world.iceberg.objects.get(world.iceberg.keyOf(uri) ?? '')?.content ?? []);
const entriesOf = (metadata: TableMetadata) =>
  manifestsIn(metadata).flatMap((manifest) => readManifest(bytesAt(manifest.manifest_path), manifest).entries);

const lowerBoundsOf = (metadata: TableMetadata, column: string): readonly string[] => {
  const id = idsOf(metadata).find(([name]) => name === column)?.[1];
  return entriesOf(metadata).flatMap(({ data_file: { lower_bounds: bounds } }) =>
    bounds.filter(({ key }) => key === id).map(({ value }) => Buffer.from(value).toString('hex')),
  );
};

/** Of the newest snapshot: spec of each manifest, and files in all. */
const manifestsOf = (metadata: TableMetadata) => {
  const manifests = manifestsIn(metadata);
  return {
    specs: [...new Set(manifests.map((manifest) => manifest.partition_spec_id))],
    files: manifests.reduce((sum, each) => sum + each.added_files_count + each.existing_files_count, 0),
  };
};

beforeEach(async () => {
  world = await makeCatalogWorld([]);
  footers = [];
  const read = world.lakefs.getObjectRange.bind(world.lakefs);
  world.lakefs.getObjectRange = async (repository, ref, path, range) => {
    footers.push(path);
    return read(repository, ref, path, range);
  };
});

describe('columns', () => {
  const BEGINNING = { id: 'int', v: 'string', amount: 'decimal(5,2)' };

  it('that come, widen, move, leave and come back keep their ids', async () => {
    await configure(BEGINNING, ['dt']);
    await world.change({ 'sales/dt=1/a': rowsOf(1) });
    expect(idsOf(await refresh())).toEqual([
      ['id', 1, 'int'],
      ['v', 2, 'string'],
      ['amount', 3, 'decimal(5, 2)'],
      ['dt', 4, 'string'],
    ]);
    await configure({ note: 'string', amount: 'decimal(9,2)', id: 'bigint' }, ['dt']);
    expect(idsOf(await refresh())).toEqual([
      ['note', 5, 'string'],
      ['amount', 3, 'decimal(9, 2)'],
      ['id', 1, 'long'],
      ['dt', 4, 'string'],
    ]);
    await configure({ id: 'bigint', v: 'string' }, ['dt']);
    const last = await refresh();
    expect(idsOf(last)).toEqual([
      ['id', 1, 'long'],
      ['v', 2, 'string'],
      ['dt', 4, 'string'],
    ]);
    expect(last['last-column-id']).toBe(5);
    expect(last.schemas).toHaveLength(3);
    expect(last.schemas.flatMap(({ fields }) => fields).every(({ required }) => !required)).toBe(true);
  });

  it('that come back wider than they left have wide bounds', async () => {
    await configure({ n: 'int' }, []);
    await world.change({ 'sales/n': parquetFile([{ name: 'n', data: [7, 9], type: 'INT32' }]) });
    await refresh();
    await configure({ id: 'bigint' }, []);
    await refresh();
    await configure({ n: 'bigint' }, []);
    expect(lowerBoundsOf(await refresh(), 'n')).toEqual(['0700000000000000']);
  });

  it('that change while the first publication is under way get nothing of what was put aside for others', async () => {
    await configure({ id: 'bigint', v: 'string' }, ['dt']);
    const paths = Array.from({ length: 1100 }, (_, i) => `sales/dt=${String(i).padStart(4, '0')}/a`);
    await world.change(Object.fromEntries(paths.map((path, i) => [path, rowsOf(i)])));
    const start = world.clock.now();
    let looks = 0;
    const clock = { now: () => start + looks++ };
    const request = { repository: 'lake', target: 'main', until: start + 600 };
    expect((await refreshCatalog({ ...world, clock }, request)).outcome).toBe('unfinished');
    expect([...world.iceberg.objects.keys()].some((key) => key.includes('/aside/'))).toBe(true);
    await configure({ v: 'string', id: 'bigint' }, ['dt']);
    const after = await refresh();
    // Of other columns it would be a bound of the wrong one, and hide rows.
    expect(new Set(lowerBoundsOf(after, 'id').map((hex) => hex.length))).toEqual(new Set([16]));
    expect(lowerBoundsOf(after, 'v').every((hex) => hex.startsWith('76'))).toBe(true);
  });

  it.each([
    ['of another type', 'date'],
    ['that would become narrower', 'smallint'],
    ['of another scale', 'decimal(9,3)'],
  ])('%s are others, with ids that nothing had', async (_, type) => {
    const before = type.startsWith('decimal') ? 'decimal(9,2)' : 'bigint';
    await configure({ id: before }, []);
    await world.change({ 'sales/a': rowsOf(1) });
    expect(idsOf(await refresh())[0]?.[1]).toBe(1);
    await configure({ id: type }, []);
    const after = await refresh();
    expect(idsOf(after)[0]?.[1]).toBe(2);
    // The name is in the files; the mapping gives it to the column that is there now.
    expect(JSON.parse(after.properties['schema.name-mapping.default'] ?? '')).toEqual([
      { 'field-id': 2, names: ['id'] },
      // No column of the table.
      { 'field-id': 1_000_000_000, names: ['v'] },
    ]);
  });
});

describe('another layout', () => {
  const COLUMNS = { id: 'bigint', v: 'string' };

  beforeEach(async () => {
    await configure(COLUMNS, ['dt']);
    await world.change({
      'sales/dt=1/hh=1/a': rowsOf(1),
      'sales/dt=2/hh=1/a': rowsOf(2),
      'sales/dt=2/hh=2/a': rowsOf(3),
    });
    await refresh();
    footers.length = 0;
  });

  it('is a new partitioning, under which all files are listed; none of them is read again', async () => {
    await configure(COLUMNS, ['dt', 'hh'], { hh: 'int' });
    const metadata = await refresh();
    expect(metadata['default-spec-id']).toBe(1);
    expect(metadata['partition-specs'].map(({ fields }) => fields.map(({ name }) => name))).toEqual([
      ['dt'],
      ['dt', 'hh'],
    ]);
    expect(metadata['last-partition-id']).toBe(1001);
    expect(manifestsOf(metadata)).toEqual({ specs: [1], files: 3 });
    expect(metadata.snapshots).toHaveLength(2);
    const { summary } = currentSnapshot(metadata) ?? {};
    expect(summary).toMatchObject({ 'added-data-files': '3', 'deleted-data-files': '3', 'total-records': '6' });
    expect(footers).toEqual([]);
  });

  it('that was there before is the same partitioning again', async () => {
    await configure(COLUMNS, []);
    expect((await refresh())['default-spec-id']).toBe(1);
    await configure(COLUMNS, ['dt']);
    const metadata = await refresh();
    expect(metadata['default-spec-id']).toBe(0);
    expect(metadata['partition-specs']).toHaveLength(2);
    expect(manifestsOf(metadata)).toEqual({ specs: [0], files: 3 });
    expect(footers).toEqual([]);
  });

  it('by a column of another type leaves no partitioning with the name of a column that is not its source', async () => {
    const named = (metadata: TableMetadata) =>
      metadata['partition-specs'].map(({ fields }) =>
        fields.map(({ name, 'source-id': id }) => `${name} ${String(id)}`),
      );
    await configure(COLUMNS, ['dt'], { dt: 'int' });
    expect(named(await refresh())).toEqual([['dt_1000 3'], ['dt 4']]);
    await world.change({ 'sales/dt=3/hh=1/a': rowsOf(7) });
    expect(manifestsOf(await refresh())).toEqual({ specs: [1], files: 4 });
    await configure(COLUMNS, ['dt']);
    const metadata = await refresh();
    expect(named(metadata)).toEqual([['dt 3'], ['dt_1001 4']]);
    expect(metadata['default-spec-id']).toBe(0);
  });

  it('whose values do not fit a type leaves those out, and says so', async () => {
    await world.change({ 'sales/dt=none/hh=1/a': rowsOf(4) });
    await refresh();
    await configure(COLUMNS, ['dt'], { dt: 'int' });
    const metadata = await refresh();
    expect(metadata['default-spec-id']).toBe(1);
    expect(manifestsOf(metadata)).toEqual({ specs: [1], files: 3 });
  });

  it('that comes together with a wider column widens what is known of it', async () => {
    await configure({ n: 'int', v: 'string' }, ['dt']);
    await world.change({ 'sales/dt=1/hh=1/n': parquetFile([{ name: 'n', data: [7, 9], type: 'INT32' }]) });
    await refresh();
    footers.length = 0;
    await configure({ n: 'bigint', v: 'string' }, ['dt', 'hh']);
    const metadata = await refresh();
    expect(footers).toEqual([]);
    expect(lowerBoundsOf(metadata, 'n')).toEqual(['0700000000000000']);
  });

  it.each([
    ['int', 'bigint', '7'],
    ['decimal(4,2)', 'decimal(9,2)', '-1.5'],
  ])('stays one where %s becomes %s', async (narrow, wide, value) => {
    await configure(COLUMNS, ['dt'], { dt: narrow });
    await world.change({ [`sales/dt=${value}/a`]: rowsOf(4), 'sales/dt=2/hh=1/a': rowsOf(5) });
    const before = await refresh();
    await configure(COLUMNS, ['dt'], { dt: wide });
    const after = await refresh();
    expect(after['default-spec-id']).toBe(before['default-spec-id']);
    expect(manifestsOf(after).files).toBe(4);
    await world.change({ [`sales/dt=${value}/a`]: rowsOf(6) });
    expect(manifestsOf(await refresh()).files).toBe(4);
  });

  it('shows what changed with it', async () => {
    await configure(COLUMNS, ['dt', 'hh']);
    await world.change({ 'sales/dt=1/hh=1/a': rowsOf(5), 'sales/dt=2/hh=2/a': null });
    expect(manifestsOf(await refresh())).toEqual({ specs: [1], files: 2 });
    expect(footers).toEqual(['sales/dt=1/hh=1/a']);
    await world.change({ 'sales/dt=3/hh=1/a': rowsOf(6) });
    expect(manifestsOf(await refresh())).toEqual({ specs: [1], files: 3 });
  });
});
