/** Tables that the repository describes itself. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { DescriptorSettings } from '../../../../lambdas/contract.ts';
import type { Publication } from '../../../../lambdas/domain/catalog/publication.ts';
import { catalogEventsOf } from '../../../../lambdas/domain/catalog-events.ts';
import { catalog, type StatusAnswer } from '../../../../lambdas/usecases/catalog.ts';
import { makePreview } from '../../../../lambdas/usecases/make-preview.ts';
import { refreshCatalog } from '../../../../lambdas/usecases/refresh-catalog.ts';
import { wakeRefreshes } from '../../../../lambdas/usecases/wake-refreshes.ts';
import { type CatalogWorld, makeCatalogWorld, PUBLISHED, readSymlinks } from '../../../fakes/catalog.ts';

const SETTINGS: DescriptorSettings = { database: 'db', target: 'main', format: 'json' };
const FILE = '_lakefs_tables/animals.yaml';

let world: CatalogWorld;

const withSettings = async (settings: DescriptorSettings | undefined): Promise<void> => {
  const config = await world.config.load();
  const repositories = config.repositories.map(({ lakefsTables: _, ...each }) => ({
    ...each,
    ...(settings === undefined ? {} : { lakefsTables: settings }),
  }));
  world = { ...world, config: { load: async () => ({ ...config, repositories }) } };
};

beforeEach(async () => {
  world = await makeCatalogWorld([]);
  await withSettings(SETTINGS);
});

const animals = (more: readonly string[] = [], keys = ['year'], path = 'animals/'): string =>
  [
    ...['name: animals', 'type: hive', `path: ${path}`, `partition_columns: ${JSON.stringify(keys)}`],
    ...[
      'schema:',
      '  type: struct',
      '  fields:',
      '    - {name: year, type: integer}',
      '    - {name: page, type: string}',
    ],
    ...more.map((field) => `    - ${field}`),
  ].join('\n');

const refresh = (options: { until?: number; compare?: boolean } = {}) =>
  refreshCatalog(world, { repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY, ...options });

const entry = (): Publication => {
  const found = world.publications.entries.get('lake/main');
  if (found === undefined) throw new Error('nothing is published');
  return found;
};

const shown = (name = 'animals') => world.catalog.tables.get(`db.${name}`);
const partitions = (name = 'animals'): string[] => Object.keys(readSymlinks(world, 'db', name));

describe('a description', () => {
  it('shows its table with the commit that brings it, and never shows itself', async () => {
    const commit = await world.change({ [FILE]: animals(), 'animals/year=2025/a': 'a', 'animals/year=2026/a': 'b' });
    expect((await refresh()).outcome).toBe('published');
    expect(shown()).toMatchObject({
      partitionKeys: [{ name: 'year', type: 'int' }],
      storage: { columns: [{ name: 'page', type: 'string' }], serde: 'org.apache.hive.hcatalog.data.JsonSerDe' },
      parameters: { 'branchline.commit': commit, 'branchline.table': 'animals' },
    });
    expect(partitions()).toEqual(['["2025"]', '["2026"]']);
    const manifests = [...world.manifests.objects.values()].map(({ content }) => content).join('\n');
    expect(manifests.split('\n')).toHaveLength(2);
  });

  it('that has not changed is neither read nor listed again', async () => {
    await world.change({ [FILE]: animals(), 'animals/year=2025/a': 'a' });
    await refresh();
    world.clock.advance(10_000);
    await world.change({ 'animals/year=2025/b': 'b' });
    const reads: string[] = [];
    const { lakefs } = world;
    const getObject = lakefs.getObject.bind(lakefs);
    lakefs.getObject = async (...of) => {
      reads.push(of[2]);
      return getObject(...of);
    };
    const listObjects = lakefs.listObjects.bind(lakefs);
    lakefs.listObjects = (...of) => {
      reads.push(of[2].prefix ?? '');
      return listObjects(...of);
    };
    expect((await refresh()).outcome).toBe('published');
    expect(reads).toEqual(['animals/year=2025/']);
    expect((await refresh()).outcome).toBe('up-to-date');
    // A full comparison lists them, and reads what it does not know.
    reads.length = 0;
    await refresh({ compare: true });
    expect(reads).toEqual(['_lakefs_tables/', 'animals/', 'animals/']);
  });

  it('that changes brings columns to the table and to every partition', async () => {
    await world.change({ [FILE]: animals(), 'animals/year=2025/a': 'a' });
    await refresh();
    world.clock.advance(10_000);
    await world.change({ [FILE]: animals(['{name: Legs, type: long}']) });
    expect((await refresh()).outcome).toBe('published');
    const columns = [
      { name: 'page', type: 'string' },
      { name: 'legs', type: 'bigint' },
    ];
    expect(shown()?.storage.columns).toEqual(columns);
    for (const { storage } of world.catalog.of('db', 'animals').values()) expect(storage.columns).toEqual(columns);
  });

  it('that changes the layout has the whole table laid out anew', async () => {
    await world.change({ [FILE]: animals(), 'animals/year=2025/page=1/a': 'a', 'other/year=2024/a': 'b' });
    await refresh();
    expect(partitions()).toEqual(['["2025"]']);
    world.clock.advance(10_000);
    await world.change({ [FILE]: animals(['{name: legs, type: long}'], ['year', 'page']) });
    await refresh();
    expect(partitions()).toEqual(['["2025","1"]']);
    world.clock.advance(10_000);
    await world.change({ [FILE]: animals([], ['year'], 'other') });
    await refresh();
    expect(partitions()).toEqual(['["2024"]']);
    expect(shown()?.partitionKeys).toEqual([{ name: 'year', type: 'int' }]);
  });

  it('that breaks takes nothing away: its table goes on as it was described, and others do not notice', async () => {
    world = await makeCatalogWorld(PUBLISHED);
    await withSettings(SETTINGS);
    await world.change({ [FILE]: animals(), 'animals/year=2025/a': 'a', 'stock/a': 'x' });
    await refresh();
    const before = entry();
    world.clock.advance(10_000);
    await world.change({ [FILE]: 'name: [', 'animals/year=2026/a': 'b', 'stock/a': 'y' });
    expect((await refresh()).outcome).toBe('published');
    expect(partitions()).toEqual(['["2025"]', '["2026"]']);
    const verified = (await world.ledger.getTarget('lake', 'main'))?.verifiedCommit;
    expect(entry().commit).toBe(verified);
    const refused = { code: 'BL7010', message: expect.stringContaining(`${FILE}: it is no YAML`), table: 'animals' };
    const status = (await catalog(world, { action: 'status' })) as StatusAnswer;
    expect(status.refused).toEqual([expect.objectContaining({ ...refused, file: FILE })]);
    expect(catalogEventsOf(before, entry())).toEqual([
      expect.objectContaining({
        type: 'Table Description Refused',
        detail: expect.objectContaining({ file: FILE, table: 'animals', repository: 'lake', target: 'main' }),
      }),
    ]);
    // Told once, and for as long as it is so.
    const told = entry();
    world.clock.advance(10_000);
    await world.change({ 'stock/a': 'z' });
    await refresh();
    expect(catalogEventsOf(told, entry())).toEqual([]);
    expect(entry().described?.refused?.[FILE]?.since).toBe(told.described?.refused?.[FILE]?.since);
    world.clock.advance(10_000);
    await world.change({ [FILE]: animals() });
    await refresh();
    expect(entry().described?.refused).toBeUndefined();
  });

  it('that never could be read shows nothing, and is told', async () => {
    await world.change({ [FILE]: 'type: hive\nname: animals\n', 'animals/year=2025/a': 'a' });
    expect((await refresh()).outcome).toBe('published');
    expect(world.catalog.tables.size).toBe(0);
    expect(entry().described?.refused?.[FILE]).toMatchObject({ code: 'BL7010' });
    expect((await refresh()).outcome).toBe('up-to-date');
  });

  it('of a name that is taken is refused, and the one that is shown stays', async () => {
    world = await makeCatalogWorld(PUBLISHED);
    await withSettings(SETTINGS);
    await world.change({ [FILE]: animals(), 'animals/year=2025/a': 'a' });
    await refresh();
    world.clock.advance(10_000);
    await world.change({
      '_lakefs_tables/a.yaml': animals([], ['year'], 'others').replace('name: animals', 'name: Animals'),
      '_lakefs_tables/b.yaml': animals([], [], 'b').replace('name: animals', 'name: SALES'),
      '_lakefs_tables/c.yaml': animals([], [], 'stock/c').replace('name: animals', 'name: c'),
    });
    expect((await refresh()).outcome).toBe('published');
    expect(partitions()).toEqual(['["2025"]']);
    const codes = Object.entries(entry().described?.refused ?? {}).map(([file, { code }]) => `${file} ${code}`);
    expect(codes.toSorted()).toEqual(['a', 'b', 'c'].map((name) => `_lakefs_tables/${name}.yaml BL7011`));
    // The other takes its place when it is free: when a person has taken what is left out of Glue.
    world.clock.advance(10_000);
    await world.change({ [FILE]: null, 'others/year=1/a': 'o' });
    expect((await refresh()).outcome).toBe('failed');
    expect(entry().tables['Animals']?.failure?.code).toBe('BL7001');
    world.catalog.tables.delete('db.animals');
    world.catalog.partitions.delete('db.animals');
    expect((await refresh()).outcome).toBe('published');
    expect(partitions()).toEqual(['["1"]']);
  });

  it('that is removed leaves its table as it is, marked; and takes it up again when it comes back', async () => {
    const first = await world.change({ [FILE]: animals(), 'animals/year=2025/a': 'a' });
    await refresh();
    const before = entry();
    world.clock.advance(10_000);
    const removed = await world.change({ [FILE]: null, 'animals/year=2025/a': null, 'animals/year=2026/a': 'b' });
    expect((await refresh()).outcome).toBe('published');
    expect(entry().commit).toBe(removed);
    expect(partitions()).toEqual(['["2025"]']);
    expect(shown()?.parameters['branchline.commit']).toBe(first);
    expect(entry().tables['animals']).toMatchObject({
      commit: first,
      path: 'animals/',
      left: { since: world.clock.now() },
    });
    const status = (await catalog(world, { action: 'status' })) as StatusAnswer;
    expect(status.tables).toEqual([]);
    expect(status.left).toEqual([
      {
        repository: 'lake',
        target: 'main',
        table: 'animals',
        shownAs: ['db.animals'],
        commit: first,
        since: world.clock.now(),
      },
    ]);
    expect(catalogEventsOf(before, entry()).map(({ type }) => type)).toEqual(['Table Left']);
    expect((await refresh()).outcome).toBe('up-to-date');
    world.clock.advance(10_000);
    await world.rollBack(first);
    await refresh();
    expect(partitions()).toEqual(['["2025"]']);
    expect(entry().tables['animals']?.left).toBeUndefined();
    expect(entry().tables['animals']?.commit).toBe((await world.ledger.getTarget('lake', 'main'))?.verifiedCommit);
  });

  it('with the settings taken out, all of them are left; and given again they are taken up', async () => {
    await world.change({ [FILE]: animals(), 'animals/year=2025/a': 'a' });
    await refresh();
    await withSettings(undefined);
    expect((await refresh()).outcome).toBe('nothing-to-publish');
    await withSettings(SETTINGS);
    await world.change({ 'animals/year=2025/a': 'b' });
    expect((await refresh()).outcome).toBe('published');
  });
});

describe('whoever looks what is to be done', () => {
  it('knows of commits whose descriptions nobody has read', async () => {
    await world.change({ [FILE]: animals(), 'animals/year=2025/a': 'a' });
    world.clock.advance(90_000);
    expect(await wakeRefreshes(world)).toEqual({ woken: 1, lagSeconds: 90 });
    await refresh();
    expect(await wakeRefreshes(world)).toEqual({ woken: 0, lagSeconds: 0 });
    expect(await catalog(world, { action: 'refresh' })).toMatchObject({ outcome: 'up-to-date' });
    expect(await catalog(world, { action: 'verify', table: 'animals' })).toMatchObject({ outcome: 'right' });
    await expect(catalog(world, { action: 'verify', table: 'plants' })).rejects.toMatchObject({ code: 'BL7005' });
  });

  it('a list that was lost in the ledger is read anew', async () => {
    await world.change({ [FILE]: animals(), 'animals/year=2025/a': 'a' });
    await refresh();
    world.publications.descriptions.clear();
    world.clock.advance(10_000);
    await world.change({ 'animals/year=2026/a': 'b' });
    expect((await refresh()).outcome).toBe('published');
    expect(partitions()).toEqual(['["2025"]', '["2026"]']);
    expect(world.publications.descriptions.size).toBe(1);
  });

  it('what was begun by an earlier description is ended by it', async () => {
    await world.change({ [FILE]: animals(), 'animals/year=2025/a': 'a' });
    await refresh();
    world.clock.advance(10_000);
    const half = await world.change({ 'animals/year=2025/a': 'b' });
    const { catalog: glue } = world;
    const update = glue.updatePartitions.bind(glue);
    glue.updatePartitions = async () => {
      throw new Error('died');
    };
    await expect(refresh()).rejects.toThrow('died');
    glue.updatePartitions = update;
    world.clock.advance(400_000);
    await world.change({ [FILE]: animals([], [], 'animals/'), 'animals/b': 'c' });
    const seen: string[] = [];
    const updateTable = glue.updateTable.bind(glue);
    glue.updateTable = async (table, version) => {
      const keys = table.partitionKeys.map(({ name }) => name).join(',');
      seen.push(`${keys} ${table.parameters['branchline.commit'] === half ? 'half' : 'other'}`);
      return updateTable(table, version);
    };
    expect((await refresh()).outcome).toBe('published');
    expect(seen[0]).toBe('year half');
    expect(shown()?.partitionKeys).toEqual([]);
  });
});

describe('a preview', () => {
  it('shows the tables that its commit describes, and tells what it does not', async () => {
    const base = await world.change({ [FILE]: animals(), 'animals/year=2025/a': 'a' });
    await refresh();
    await world.lakefs.createBranch('lake', 'run-x', base);
    const put = (path: string, content: string) =>
      world.lakefs.putObject('lake', 'run-x', path, new TextEncoder().encode(content));
    await put('_lakefs_tables/plants.yaml', animals([], [], 'plants').replace('name: animals', 'name: plants'));
    await put('plants/a', 'p');
    await put('_lakefs_tables/broken.yaml', 'name: [');
    await world.lakefs.commit('lake', 'run-x', { message: 'work', metadata: {} });
    const made = await makePreview(world, { ref: 'run-x', name: 'mine' }, Number.POSITIVE_INFINITY);
    expect(made.outcome).toBe('ready');
    expect(made.preview.tables).toEqual(['animals', 'plants']);
    expect(made.preview.paths).toEqual(['animals/', 'plants/']);
    expect(made.refused).toEqual([
      { file: '_lakefs_tables/broken.yaml', code: 'BL7010', message: expect.stringContaining('it is no YAML') },
    ]);
    expect(readSymlinks(world, 'branchline_preview_mine', 'plants')).not.toEqual({});
    expect(readSymlinks(world, 'branchline_preview_mine', 'animals')).toEqual(readSymlinks(world, 'db', 'animals'));
    // Readers of the target know nothing of it.
    expect(entry().described?.refused).toBeUndefined();
    expect(shown('plants')).toBeUndefined();
    const at = makePreview(world, { ref: base, tables: ['plants'] }, Number.POSITIVE_INFINITY);
    await expect(at).rejects.toMatchObject({ code: 'BL7005' });
  });
});
