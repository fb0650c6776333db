/** A table that is there becomes another kind: its readers find its rows at every moment, whatever dies. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { CatalogPorts } from '../../../../lambdas/catalog-ports.ts';
import type { CompiledConfig, TableConfig } from '../../../../lambdas/contract.ts';
import { PUBLICATION_LEASE_MS } from '../../../../lambdas/domain/catalog/publication.ts';
import { catalog } from '../../../../lambdas/usecases/catalog.ts';
import type { TableStatus } from '../../../../lambdas/usecases/catalog-status.ts';
import type { SwitchAnswer } from '../../../../lambdas/usecases/catalog-switch.ts';
import { cleanManifests } from '../../../../lambdas/usecases/clean-manifests.ts';
import { refreshCatalog } from '../../../../lambdas/usecases/refresh-catalog.ts';
import { type CatalogWorld, makeCatalogWorld, PUBLISHED, readSymlinks } from '../../../fakes/catalog.ts';
import { metadataOf, readIceberg, rowsOf } from '../../../fakes/iceberg.ts';
import { Died, dying } from '../../../property/dying.ts';

const DAY = 24 * 3_600_000;
const EVER = Number.POSITIVE_INFINITY;
const PORTS = ['catalog', 'iceberg', 'manifests', 'publications', 'lakefs'] as const;
const request = { repository: 'lake', target: 'main', until: EVER };

type Publish = 'symlink' | 'iceberg' | 'both';
const tablesAs = (publisher: Publish): readonly TableConfig[] =>
  PUBLISHED.map((table) => ({
    ...table,
    ...(table.publish === undefined || publisher === 'symlink'
      ? {}
      : { publish: { ...table.publish, publisher, historySeconds: 3600 } }),
  }));

let world: CatalogWorld;
/** A deployment with another `publish`. */
const configure = async (publisher: Publish): Promise<void> => {
  const before = await world.config.load();
  const next: CompiledConfig = {
    ...before,
    repositories: before.repositories.map((each) => ({ ...each, tables: tablesAs(publisher) })),
  };
  world = { ...world, config: { load: async () => next } };
};
const refresh = (ports: CatalogPorts = world, compare = false) => refreshCatalog(ports, { ...request, compare });
const ask = async (table?: string, more: { dryRun?: true; to?: Publish } = {}): Promise<SwitchAnswer> =>
  (await catalog(world, { action: 'switch', ...(table === undefined ? {} : { table }), ...more })) as SwitchAnswer;
const status = async (table: string): Promise<TableStatus | undefined> => {
  const answer = await catalog(world, { action: 'status', table });
  return 'tables' in answer ? answer.tables[0] : undefined;
};

const stored = (table: string) => {
  const found = world.catalog.tables.get(`db.${table}`);
  if (found === undefined) throw new Error(`${table} is missing`);
  return found;
};
const kindOf = (table: string) => (stored(table).parameters['table_type'] === 'ICEBERG' ? 'iceberg' : 'symlink');
/** As an engine reads it: what Glue says that it is. */
const rows = (table: string) =>
  kindOf(table) === 'iceberg' ? readIceberg(world, 'db', table) : readSymlinks(world, 'db', table);

const many = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`sales/dt=${String(i).padStart(2, '0')}/a`, rowsOf(i)]));
const start = async (publisher: Publish, partitions = 30): Promise<void> => {
  world = await makeCatalogWorld(tablesAs(publisher));
  await world.change({ ...many(partitions), 'deep/dt=1/hh=1/a': rowsOf(100), 'stock/a': rowsOf(101) });
  expect((await refresh()).outcome).toBe('published');
};
const NAMES = ['sales', 'deep', 'stock'] as const;
const allRows = () => Object.fromEntries(NAMES.map((name) => [name, rows(name)]));

describe.each([
  ['symlink', 'both'],
  ['symlink', 'iceberg'],
  ['iceberg', 'symlink'],
  ['both', 'symlink'],
] as const)('from %s to %s', (from, to) => {
  const kinds = { symlink: 'symlink', iceberg: 'iceberg', both: 'iceberg' } as const;

  beforeEach(() => start(from));

  it('waits for somebody who asks, and says so', async () => {
    const before = allRows();
    await configure(to);
    expect((await refresh()).outcome).toBe('published');
    expect(kindOf('sales')).toBe(kinds[from]);
    expect(await status('sales')).toMatchObject({ state: 'shown', keeps: kinds[from] });
    expect(allRows()).toEqual(before);
    // It goes on as what it is.
    await world.change({ 'sales/dt=00/a': rowsOf(200), 'sales/dt=01/a': null });
    expect((await refresh()).outcome).toBe('published');
    expect(Object.keys(rows('sales'))).toHaveLength(29);
    expect(await status('sales')).toMatchObject({ state: 'shown', keeps: kinds[from] });
    expect((await refresh()).outcome).toBe('up-to-date');
  });

  it('keeps all rows in sight at every call, and comes to an end whatever dies', async () => {
    await start(from, 3);
    const before = allRows();
    for (let at = 0; ; at += 1) {
      await start(from, 3);
      await configure(to);
      await ask();
      const look = async () => expect(allRows()).toEqual(before);
      const ports = dying<CatalogPorts>(world, PORTS, look, { at, after: at % 2 === 1 });
      const ended = await refresh(ports).catch((error: unknown) => {
        if (!(error instanceof Died)) throw error;
        return undefined;
      });
      await look();
      if (ended === undefined) {
        world.clock.advance(2 * PUBLICATION_LEASE_MS);
        // Nothing is left to do where the last call took effect.
        expect((await refresh(dying<CatalogPorts>(world, PORTS, look))).outcome).toMatch(/^(published|up-to-date)$/);
        await look();
      }
      for (const name of NAMES) expect(kindOf(name)).toBe(kinds[to]);
      if (to === 'both') expect(readSymlinks(world, 'db', 'sales_symlink')).toEqual(before.sales);
      expect(await status('sales')).not.toHaveProperty('keeps');
      expect(await status('sales')).not.toHaveProperty('switchAskedAt');
      expect((await refresh()).outcome).toBe('up-to-date');
      if (ended !== undefined) break;
      expect(at).toBeLessThan(400);
    }
  }, 120_000);

  it('is right afterwards, follows what is promoted, and leaves nothing behind after some days', async () => {
    await configure(to);
    await ask();
    await refresh();
    expect(await catalog(world, { action: 'verify' })).toMatchObject({ outcome: 'right' });
    await world.change({ 'sales/dt=00/a': rowsOf(200), 'stock/a': rowsOf(201) });
    await refresh();
    const after = allRows();
    expect(after['stock']).toEqual(rows('stock'));
    for (let day = 0; day < 4; day += 1) {
      world.clock.advance(DAY + 60_000);
      expect((await refresh(world, true)).outcome).toBe('published');
      await cleanManifests(world, { until: EVER });
      expect(allRows()).toEqual(after);
    }
    expect(stored('sales').parameters).not.toHaveProperty('branchline.switched');
    const manifests = [...world.manifests.objects.keys()].filter((key) => key.startsWith('lake/main/sales/'));
    const metadata = [...world.iceberg.objects.keys()].filter((key) => key.startsWith('lake/main/sales/'));
    if (kinds[to] === 'iceberg') {
      expect(world.catalog.of('db', 'sales').size).toBe(0);
      expect(stored('sales').partitionKeys).toEqual([]);
      expect(manifests).toEqual([]);
    } else {
      expect(metadata).toEqual([]);
      expect(manifests).toHaveLength(30);
    }
    expect(await catalog(world, { action: 'verify' })).toMatchObject({ outcome: 'right' });
  });
});

describe('partitions of a symlink table that became an Iceberg table', () => {
  beforeEach(async () => {
    await start('symlink');
    await configure('both');
    await ask();
    await refresh();
  });

  it('stay for a day with their manifests: who began before the switch reads them', async () => {
    const manifests = () => [...world.manifests.objects.keys()].filter((key) => key.startsWith('lake/main/sales/'));
    expect(world.catalog.of('db', 'sales').size).toBe(30);
    world.clock.advance(DAY - 60_000);
    await refresh(world, true);
    await cleanManifests(world, { until: EVER });
    expect(world.catalog.of('db', 'sales').size).toBe(30);
    expect(manifests()).toHaveLength(30);
    world.clock.advance(120_000);
    await refresh(world, true);
    expect(world.catalog.of('db', 'sales').size).toBe(0);
    expect(manifests()).toHaveLength(30);
  });

  it('are removed in parts where there is no time for all', async () => {
    world.clock.advance(DAY + 60_000);
    const remove = world.catalog.removePartitions.bind(world.catalog);
    world.catalog.removePartitions = async (...args) => {
      await remove(...args);
      world.clock.advance(1_000);
    };
    await refreshCatalog(world, { ...request, compare: true, until: world.clock.now() + 500 });
    expect(world.catalog.of('db', 'sales').size).toBe(5);
    expect(stored('sales').partitionKeys).toHaveLength(1);
    await refresh(world, true);
    expect(world.catalog.of('db', 'sales').size).toBe(0);
    expect(stored('sales').partitionKeys).toEqual([]);
    expect(metadataOf(world, 'db', 'sales')?.snapshots).toHaveLength(1);
  });

  it('are put right before the table becomes one of symlinks again', async () => {
    const removed = await world.change({ 'sales/dt=00/a': null, 'sales/dt=01/a': rowsOf(300) });
    await refresh();
    await configure('symlink');
    await ask('sales');
    await refresh();
    expect(kindOf('sales')).toBe('symlink');
    expect(stored('sales').parameters['branchline.commit']).toBe(removed);
    expect(Object.keys(rows('sales'))).toHaveLength(29);
    expect(await catalog(world, { action: 'verify', table: 'sales' })).toMatchObject({ outcome: 'right' });
  });
});

describe('asking', () => {
  beforeEach(() => start('symlink'));

  it('tells what would be done, and changes nothing', async () => {
    expect((await ask()).outcome).toBe('nothing-to-switch');
    await configure('both');
    const answer = await ask('sales', { dryRun: true });
    expect(answer).toMatchObject({
      outcome: 'would-switch',
      switches: [{ table: 'sales', from: 'symlink', to: 'iceberg', beside: 'sales_symlink' }],
    });
    await refresh();
    expect(kindOf('sales')).toBe('symlink');
    expect(world.refreshes.woken).toEqual([]);
  });

  it('for one table leaves the others what they are', async () => {
    await configure('iceberg');
    expect(await ask('stock')).toMatchObject({ outcome: 'asked', switches: [{ table: 'stock', to: 'iceberg' }] });
    expect(world.refreshes.woken).toEqual(['lake/main']);
    expect(await status('stock')).toMatchObject({ switchAskedAt: world.clock.now() });
    await refresh();
    expect([kindOf('stock'), kindOf('sales')]).toEqual(['iceberg', 'symlink']);
    expect((await ask('stock')).outcome).toBe('nothing-to-switch');
  });

  it('for what the configuration does not say is refused', async () => {
    await expect(ask('sales', { to: 'iceberg' })).rejects.toMatchObject({ code: 'BL7023' });
    await configure('both');
    await expect(ask('sales', { to: 'iceberg' })).rejects.toMatchObject({
      code: 'BL7023',
      message: expect.stringContaining('publish: both'),
    });
    expect((await ask('sales', { to: 'both', dryRun: true })).outcome).toBe('would-switch');
  });
});

it('is put off, and told, while the table beside cannot be shown; its own refreshes go on', async () => {
  await start('symlink');
  const foreign = { ...stored('sales'), name: 'sales_symlink', parameters: {} };
  world.catalog.tables.set('db.sales_symlink', foreign);
  await configure('both');
  await ask('sales');
  const commit = await world.change({ 'sales/dt=00/a': rowsOf(400) });
  expect((await refresh()).outcome).toBe('failed');
  expect(kindOf('sales')).toBe('symlink');
  expect(stored('sales').parameters['branchline.commit']).toBe(commit);
  expect(await status('sales')).toMatchObject({
    ...{ state: 'failed', commit, keeps: 'symlink' },
    failure: { code: 'BL7024', message: expect.stringContaining('BL7001') },
  });
  world.catalog.tables.delete('db.sales_symlink');
  world.clock.advance(60_000);
  expect((await refresh()).outcome).toBe('published');
  expect(kindOf('sales')).toBe('iceberg');
  expect(await status('sales')).not.toHaveProperty('failure');
});
