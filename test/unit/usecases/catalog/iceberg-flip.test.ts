/** The one call that switches an Iceberg table, with somebody in the way of it: what is shown, and what it costs. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { StoredTable } from '../../../../lambdas/catalog-ports.ts';
import { parseMetadata, writeMetadata } from '../../../../lambdas/domain/iceberg/metadata.ts';
import { refreshCatalog } from '../../../../lambdas/usecases/refresh-catalog.ts';
import { type CatalogWorld, type FakeCatalog, makeCatalogWorld } from '../../../fakes/catalog.ts';
import { ICEBERG_TABLES, metadataOf, readIceberg, rowsOf } from '../../../fakes/iceberg.ts';
import { readDirectly } from '../../../property/direct.ts';

const request = { repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY };
let world: CatalogWorld;
let first = '';

beforeEach(async () => {
  world = await makeCatalogWorld(ICEBERG_TABLES.slice(0, 1));
  first = await world.change({ 'sales/dt=1/a': rowsOf(1) });
  expect((await refreshCatalog(world, request)).outcome).toBe('published');
});

const stored = (): StoredTable => {
  const found = world.catalog.tables.get('db.sales');
  if (found === undefined) throw new Error('no table');
  return found;
};
const metadataFiles = (): number =>
  [...world.iceberg.objects.keys()].filter((key) => key.endsWith('.metadata.json')).length;

/** Something happens once, where the table is about to be switched. */
const atTheSwitch = (happens: (catalog: FakeCatalog) => Promise<void> | void, answers?: 'late'): FakeCatalog => {
  let isDone = false;
  return Object.assign(Object.create(world.catalog) as FakeCatalog, {
    createTable: world.catalog.createTable.bind(world.catalog),
    async updateTable(...[table, version]: Parameters<FakeCatalog['updateTable']>) {
      if (isDone) return world.catalog.updateTable(table, version);
      isDone = true;
      if (answers === 'late') expect(await world.catalog.updateTable(table, version)).toBe('updated');
      await happens(world.catalog);
      return world.catalog.updateTable(table, version);
    },
  });
};

const refreshWith = async (catalog: FakeCatalog): Promise<{ readonly commit: string; readonly outcome: string }> => {
  const commit = await world.change({ 'sales/dt=2/a': rowsOf(2) });
  const { outcome } = await refreshCatalog({ ...world, catalog }, request);
  return { commit, outcome };
};

describe('a table that somebody put back to an earlier state of ours', () => {
  it('is compared in full by the next refresh, which shows all of the commit', async () => {
    await world.change({ 'sales/dt=3/a': rowsOf(3) });
    expect((await refreshCatalog(world, request)).outcome).toBe('published');
    const { versionId, ...table } = stored();
    const previous = table.parameters['previous_metadata_location'] ?? '';
    const parameters = { ...table.parameters, metadata_location: previous };
    await world.catalog.updateTable({ ...table, parameters }, versionId);
    const { commit, outcome } = await refreshWith(world.catalog);
    expect(outcome).toBe('published');
    expect(readIceberg(world, 'db', 'sales')).toEqual(readDirectly(world, 'sales', commit));
    const { drift } = world.publications.entries.get('lake/main')?.tables['sales'] ?? {};
    expect(drift?.what).toBe('it was put back to another snapshot');
  });
});

describe('a table that is switched while somebody', () => {
  it('loses the answer of the call: it is made again, found done, and nothing is written twice', async () => {
    const before = metadataFiles();
    const { commit, outcome } = await refreshWith(atTheSwitch(() => undefined, 'late'));
    expect(outcome).toBe('published');
    expect(metadataFiles()).toBe(before + 1);
    expect(metadataOf(world, 'db', 'sales')?.snapshots).toHaveLength(2);
    expect(readIceberg(world, 'db', 'sales')).toEqual(readDirectly(world, 'sales', commit));
  });

  it('writes a comment to Glue is switched all the same, and the comment stays', async () => {
    const { commit, outcome } = await refreshWith(
      atTheSwitch(async (catalog) => {
        const { versionId, ...table } = stored();
        await catalog.updateTable({ ...table, parameters: { ...table.parameters, owner: 'somebody' } }, versionId);
      }),
    );
    expect(outcome).toBe('published');
    expect(stored().parameters).toMatchObject({ owner: 'somebody', 'branchline.commit': commit });
    expect(metadataOf(world, 'db', 'sales')?.snapshots).toHaveLength(2);
  });

  it('commits a snapshot of its own is compared in full: ours follows the foreign one, which is told', async () => {
    const foreign = 4711;
    const { commit, outcome } = await refreshWith(
      atTheSwitch(async (catalog) => {
        const { versionId, ...table } = stored();
        const metadata = metadataOf(world, 'db', 'sales');
        const last = metadata?.snapshots?.at(-1);
        if (metadata === undefined || last === undefined) throw new Error('no snapshot');
        const sequence = metadata['last-sequence-number'] + 1;
        const theirs = {
          ...last,
          ...{ 'snapshot-id': foreign, 'parent-snapshot-id': last['snapshot-id'], 'sequence-number': sequence },
          summary: { operation: 'replace' },
        };
        const key = 'lake/main/sales/metadata/theirs.metadata.json';
        const next = {
          ...metadata,
          ...{ 'last-sequence-number': sequence, 'current-snapshot-id': foreign },
          snapshots: [...(metadata.snapshots ?? []), theirs],
        };
        await world.iceberg.put(key, Buffer.from(writeMetadata(next)));
        const parameters = { ...table.parameters, metadata_location: world.iceberg.uri(key) };
        await catalog.updateTable({ ...table, parameters }, versionId);
      }),
    );
    expect(outcome).toBe('published');
    const metadata = metadataOf(world, 'db', 'sales');
    expect(metadata?.snapshots?.map((each) => each['parent-snapshot-id'])).toEqual([
      undefined,
      metadata?.snapshots?.[0]?.['snapshot-id'],
      foreign,
    ]);
    expect(stored().parameters['previous_metadata_location']).toMatch(/theirs\.metadata\.json$/);
    expect(world.publications.entries.get('lake/main')?.tables['sales']?.foreign?.snapshot).toBe(String(foreign));
    expect(readIceberg(world, 'db', 'sales')).toEqual(readDirectly(world, 'sales', commit));
  });

  it('drops it is made anew', async () => {
    const { commit, outcome } = await refreshWith(atTheSwitch((catalog) => catalog.removeTable('db', 'sales')));
    expect(outcome).toBe('published');
    expect(readIceberg(world, 'db', 'sales')).toEqual(readDirectly(world, 'sales', commit));
  });

  it('drops it and makes another of that name is left alone, and told', async () => {
    const theirs: StoredTable = { ...stored(), parameters: { table_type: 'ICEBERG', metadata_location: 's3://x/y' } };
    const { outcome } = await refreshWith(
      atTheSwitch(async (catalog) => {
        await catalog.removeTable('db', 'sales');
        await catalog.createTable(theirs);
      }),
    );
    expect(outcome).toBe('failed');
    expect(stored().parameters).toEqual(theirs.parameters);
    expect(world.publications.entries.get('lake/main')?.tables['sales']).toMatchObject({
      commit: first,
      failure: { code: 'BL7001' },
    });
  });

  it('puts it back to the state before is compared in full, and shows the commit', async () => {
    const second = await world.change({ 'sales/dt=3/a': rowsOf(3) });
    expect((await refreshCatalog(world, request)).publication?.commit).toBe(second);
    const { commit, outcome } = await refreshWith(
      atTheSwitch(async (catalog) => {
        const { versionId, ...table } = stored();
        const previous = table.parameters['previous_metadata_location'] ?? '';
        await catalog.updateTable(
          { ...table, parameters: { ...table.parameters, metadata_location: previous } },
          versionId,
        );
      }),
    );
    expect(outcome).toBe('published');
    expect(readIceberg(world, 'db', 'sales')).toEqual(readDirectly(world, 'sales', commit));
    expect(parseMetadata(writeMetadata(metadataOf(world, 'db', 'sales') as never))['last-sequence-number']).toBe(2);
  });
});
