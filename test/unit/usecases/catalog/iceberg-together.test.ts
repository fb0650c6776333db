/** Several Iceberg tables of one promotion: written first, then shown back to back; which snapshots belong together is said by a view. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { CatalogPorts } from '../../../../lambdas/catalog-ports.ts';
import type { TableConfig } from '../../../../lambdas/contract.ts';
import { PUBLICATION_LEASE_MS } from '../../../../lambdas/domain/catalog/publication.ts';
import { sqlOfView } from '../../../../lambdas/domain/catalog/published-view.ts';
import { refreshCatalog } from '../../../../lambdas/usecases/refresh-catalog.ts';
import { type CatalogWorld, makeCatalogWorld } from '../../../fakes/catalog.ts';
import { ICEBERG_TABLES, metadataOf, rowsOf } from '../../../fakes/iceberg.ts';
import { Died, dying } from '../../../property/dying.ts';

let world: CatalogWorld;
const request = { repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY };
const VIEW = 'db.published_lake_main';
const view = () => sqlOfView(world.catalog.tables.get(VIEW)?.view ?? '');
const snapshots = () =>
  ['sales', 'deep', 'stock'].map((table) => metadataOf(world, 'db', table)?.['current-snapshot-id']);

beforeEach(async () => {
  world = await makeCatalogWorld(ICEBERG_TABLES);
  await world.change({ 'sales/dt=1/a': rowsOf(1), 'deep/dt=1/hh=1/a': rowsOf(2), 'stock/a': rowsOf(3) });
  expect((await refreshCatalog(world, request)).outcome).toBe('published');
});

/** Calls that write, of Glue and of the store, in their order. */
const recorded = (): { readonly ports: CatalogPorts; readonly calls: string[] } => {
  const calls: string[] = [];
  const record = <T extends object>(port: T, name: string): T =>
    new Proxy(port, {
      get(target, key) {
        const method: unknown = Reflect.get(target, key);
        if (typeof method !== 'function') return method;
        return (...args: unknown[]) => {
          if (/^(put|updateTable|createTable)$/.test(String(key))) calls.push(`${name}.${String(key)}`);
          return Reflect.apply(method, target, args) as unknown;
        };
      },
    });
  return {
    ports: { ...world, catalog: record(world.catalog, 'glue'), iceberg: record(world.iceberg, 's3') },
    calls,
  };
};

describe('a commit that changes several tables', () => {
  it('is written for all of them before it is shown for any, and shown without a write between', async () => {
    await world.change({ 'sales/dt=1/b': rowsOf(4), 'deep/dt=1/hh=2/a': rowsOf(5), 'stock/a': rowsOf(6) });
    const { ports, calls } = recorded();
    expect((await refreshCatalog(ports, request)).outcome).toBe('published');
    const written = calls.lastIndexOf('s3.put');
    expect(calls.slice(0, written)).not.toContain('glue.updateTable');
    // Three tables, and the view.
    expect(calls.slice(written + 1)).toEqual(Array.from({ length: 4 }, () => 'glue.updateTable'));
  });

  it('is not recorded as published before all show it', async () => {
    const before = world.publications.entries.get('lake/main')?.commit;
    const said = view();
    await world.change({ 'sales/dt=1/b': rowsOf(4), 'deep/dt=1/hh=2/a': rowsOf(5), 'stock/a': rowsOf(6) });
    const failing = {
      ...world.catalog,
      getTable: world.catalog.getTable.bind(world.catalog),
      createTable: world.catalog.createTable.bind(world.catalog),
      updateTable: async (...[table, version]: Parameters<typeof world.catalog.updateTable>) =>
        table.name === 'deep' ? ('stale' as const) : world.catalog.updateTable(table, version),
    };
    const ports = { ...world, catalog: Object.assign(Object.create(world.catalog), failing) as typeof world.catalog };
    expect((await refreshCatalog(ports, request)).outcome).toBe('failed');
    const publication = world.publications.entries.get('lake/main');
    expect(publication?.commit).toBe(before);
    expect(publication?.tables['deep']?.failure?.code).toBe('BL7003');
    // The others show it: one table that cannot be refreshed must not keep them from it. The view says what belonged together last.
    expect(publication?.tables['sales']?.commit).not.toBe(before);
    expect(view()).toBe(said);
    expect((await refreshCatalog(world, request)).outcome).toBe('published');
    expect(view()).not.toBe(said);
  });

  it('of more tables than are switched at a time, one of them new, is shown whole after a crash at any call', async () => {
    const count = 12;
    const many = (of: number): readonly TableConfig[] =>
      Array.from({ length: of }, (_, i) => {
        const [table] = ICEBERG_TABLES;
        if (table?.publish === undefined) throw new Error('no table');
        const name = `t${String(i)}`;
        return { ...table, name, path: `${name}/`, publish: { ...table.publish, tableName: name } };
      });
    const files = (of: number, serial: number) =>
      Object.fromEntries(Array.from({ length: of }, (_, i) => [`t${String(i)}/dt=1/a`, rowsOf(serial + i)]));
    const shownBy = (): readonly (string | undefined)[] =>
      Array.from({ length: count + 1 }, (_, i) => {
        const metadata = metadataOf(world, 'db', `t${String(i)}`);
        const id = metadata?.['current-snapshot-id'];
        return metadata?.snapshots?.find((each) => each['snapshot-id'] === id)?.summary['branchline.commit'];
      });
    for (let at = 0; ; at += 1) {
      world = await makeCatalogWorld(many(count));
      const first = await world.change(files(count, 1));
      expect((await refreshCatalog(world, request)).outcome).toBe('published');
      const config = await world.config.load();
      const repositories = config.repositories.map((each) => ({ ...each, tables: many(count + 1) }));
      world = { ...world, config: { load: async () => ({ ...config, repositories }) } };
      const second = await world.change(files(count + 1, 100));
      const said = view();
      const look = async (): Promise<void> => {
        // The view goes with all tables that it names, or stays.
        if (view() === said) return;
        expect(shownBy().slice(0, count)).toEqual(Array.from({ length: count }, () => second));
      };
      const ports = dying<CatalogPorts>(world, ['catalog'], look, { at, after: at % 2 === 1 });
      const ended = await refreshCatalog(ports, request).catch((error: unknown) => {
        if (!(error instanceof Died)) throw error;
        return undefined;
      });
      expect(
        shownBy()
          .slice(0, count)
          .every((commit) => commit === first || commit === second),
      ).toBe(true);
      if (ended === undefined) {
        world.clock.advance(2 * PUBLICATION_LEASE_MS);
        expect((await refreshCatalog(world, request)).outcome).toMatch(/^(published|up-to-date)$/);
      }
      expect(shownBy()).toEqual(Array.from({ length: count + 1 }, () => second));
      for (let i = 0; i <= count; i += 1) expect(view()).toContain(`'t${String(i)}', '${second}'`);
      if (ended !== undefined) break;
      expect(at).toBeLessThan(200);
    }
  }, 120_000);

  it('is done anew for a table that somebody else wrote to meanwhile', async () => {
    const commit = await world.change({ 'sales/dt=1/b': rowsOf(4), 'stock/a': rowsOf(6) });
    let races = 0;
    const racing = Object.assign(Object.create(world.catalog) as typeof world.catalog, {
      async updateTable(...[table, version]: Parameters<typeof world.catalog.updateTable>) {
        const stored = world.catalog.tables.get('db.sales');
        if (table.name === 'sales' && races === 0 && stored !== undefined) {
          races += 1;
          const previous = stored.parameters['metadata_location'] ?? '';
          const key = world.iceberg.keyOf(previous) ?? '';
          const copy = `${key}.copy`;
          await world.iceberg.put(copy, (await world.iceberg.get(key)) ?? new Uint8Array());
          const parameters = { ...stored.parameters, metadata_location: world.iceberg.uri(copy) };
          await world.catalog.updateTable({ ...stored, parameters }, stored.versionId);
        }
        return world.catalog.updateTable(table, version);
      },
    });
    expect((await refreshCatalog({ ...world, catalog: racing }, request)).outcome).toBe('published');
    expect(races).toBe(1);
    expect(world.publications.entries.get('lake/main')?.commit).toBe(commit);
    expect(world.catalog.tables.get('db.sales')?.parameters['branchline.commit']).toBe(commit);
  });
});

describe('the view', () => {
  it('names the snapshot of each table that belongs to the commit, also of those that it left alone', async () => {
    const [sales, deep] = snapshots();
    const commit = await world.change({ 'stock/a': rowsOf(6) });
    await refreshCatalog(world, request);
    const [, , stock] = snapshots();
    expect(view()).toBe(
      'SELECT CAST(database_name AS varchar) database_name, CAST(table_name AS varchar) table_name, CAST(commit_id AS varchar) commit_id, CAST(snapshot_id AS bigint) snapshot_id ' +
        `FROM (VALUES ('db', 'sales', '${commit}', ${String(sales)}), ('db', 'deep', '${commit}', ${String(deep)}), ('db', 'stock', '${commit}', ${String(stock)})) ` +
        'AS t (database_name, table_name, commit_id, snapshot_id)',
    );
    expect(world.catalog.tables.get(VIEW)).toMatchObject({
      parameters: { presto_view: 'true', 'branchline.commit': commit },
      storage: { columns: [{ name: 'database_name' }, {}, {}, { name: 'snapshot_id', type: 'bigint' }] },
    });
  });

  it('is left alone where it says so already, and where its name is somebody else’s', async () => {
    const stored = world.catalog.tables.get(VIEW);
    if (stored === undefined) throw new Error('no view');
    await refreshCatalog(world, { ...request, compare: true });
    expect(world.catalog.tables.get(VIEW)).toEqual(stored);
    const foreign = { ...stored, parameters: {} };
    world.catalog.tables.set(VIEW, foreign);
    const commit = await world.change({ 'stock/a': rowsOf(6) });
    expect((await refreshCatalog(world, request)).publication?.commit).toBe(commit);
    expect(world.catalog.tables.get(VIEW)).toEqual(foreign);
  });

  it('is not made for one table', async () => {
    world = await makeCatalogWorld(ICEBERG_TABLES.slice(0, 1));
    await world.change({ 'sales/dt=1/a': rowsOf(1) });
    await refreshCatalog(world, request);
    expect([...world.catalog.tables.keys()]).toEqual(['db.sales']);
  });
});
