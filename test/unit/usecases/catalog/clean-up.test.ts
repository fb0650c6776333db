/** Manifests that nobody names any more. */
import { beforeEach, expect, it } from 'vitest';
import { PUBLICATION_LEASE_MS } from '../../../../lambdas/domain/catalog/publication.ts';
import { MANIFEST_GRACE_MS } from '../../../../lambdas/domain/catalog/unnamed.ts';
import { BranchlineError } from '../../../../lambdas/domain/errors.ts';
import { cleanManifests } from '../../../../lambdas/usecases/clean-manifests.ts';
import { refreshCatalog } from '../../../../lambdas/usecases/refresh-catalog.ts';
import { type CatalogWorld, makeCatalogWorld, PUBLISHED, readSymlinks } from '../../../fakes/catalog.ts';

let world: CatalogWorld;
const HOUR = 3_600_000;
const refresh = () => refreshCatalog(world, { repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY });
const clean = (until = Number.POSITIVE_INFINITY) => cleanManifests(world, { until });
const keys = (table = 'sales'): string[] =>
  [...world.manifests.objects.keys()].filter((key) => key.includes(`/${table}/`));
const later = (hours: number) => world.clock.advance(hours * HOUR);
/** Two states of one partition: the manifest of the first is named no more. */
const twoStates = async (): Promise<[first: string, second: string]> => {
  const first = await world.change({ 'sales/dt=1/a': 'one', 'stock/a': 'x' });
  await refresh();
  later(1);
  const second = await world.change({ 'sales/dt=1/a': 'two' });
  await refresh();
  later(1);
  return [first, second];
};

beforeEach(async () => {
  world = await makeCatalogWorld();
});

it('go a day after they were found, not before, and are counted', async () => {
  await twoStates();
  expect(keys()).toHaveLength(2);
  const old = world.manifests.objects.get(keys()[0] ?? '');
  expect(await clean()).toMatchObject({ manifestsRemoved: 0 });
  later(23);
  expect(await clean()).toMatchObject({ manifestsRemoved: 0 });
  later(2);
  expect(await clean()).toEqual({
    ...{ manifestsRemoved: 1, manifestBytesRemoved: old?.content.length, failures: 0 },
  });
  expect(keys()).toHaveLength(1);
  expect(keys('stock')).toHaveLength(1);
});

it('stay where a rollback has brought them back, which writes them again first', async () => {
  const [first] = await twoStates();
  await clean();
  later(25);
  const before = world.manifests.objects.size;
  await world.rollBack(first);
  await refresh();
  expect(world.manifests.objects.size).toBe(before);
  expect((await clean()).manifestsRemoved).toBe(0);
  expect(readSymlinks(world, 'db', 'sales')['["1"]']).toBeDefined();
});

it('stay for a day more where they were named in between', async () => {
  const [first, second] = await twoStates();
  await clean();
  later(1);
  await world.rollBack(first);
  await refresh();
  later(1);
  await world.rollBack(second);
  await refresh();
  later(23);
  expect((await clean()).manifestsRemoved).toBe(0);
  later(25);
  expect((await clean()).manifestsRemoved).toBe(1);
});

it('are written again where a rollback names one that is gone', async () => {
  const [first] = await twoStates();
  await clean();
  later(25);
  expect((await clean()).manifestsRemoved).toBe(1);
  await world.rollBack(first);
  await refresh();
  expect(readSymlinks(world, 'db', 'sales')['["1"]']).toMatch(/^s3:/);
});

it('stay where any other table of the database names them, whoever made it', async () => {
  await twoStates();
  const [old = ''] = keys();
  const copy = structuredClone(world.catalog.tables.get('db.sales'));
  if (copy === undefined) throw new Error('no table');
  world.catalog.tables.set('db.copy', { ...copy, name: 'copy', parameters: {} });
  const location = `s3://manifests/${old.replace('symlink.txt', '')}`;
  world.catalog.of('db', 'copy').set('x', { values: ['9'], location, storage: { ...copy.storage, location } });
  await clean();
  later(25);
  expect((await clean()).manifestsRemoved).toBe(0);
  world.catalog.tables.delete('db.copy');
  // It was named a moment ago.
  later(23);
  expect((await clean()).manifestsRemoved).toBe(0);
  later(2);
  await clean();
  later(25);
  expect((await clean()).manifestsRemoved).toBe(1);
});

it('stay where the table was shown under another name before', async () => {
  await world.change({ 'sales/dt=1/a': 'one' });
  await refresh();
  const config = await world.config.load();
  const renamed = PUBLISHED.map((table) =>
    table.name === 'sales' && table.publish !== undefined
      ? { ...table, publish: { ...table.publish, database: 'elsewhere' } }
      : table,
  );
  const repositories = config.repositories.map((repository) => ({ ...repository, tables: renamed }));
  const next = { ...world, config: { load: async () => ({ ...config, repositories }) } };
  await world.change({ 'sales/dt=1/a': 'two' });
  const request = { repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY };
  await refreshCatalog(next, request);
  for (let day = 0; day < 3; day += 1) {
    later(25);
    await cleanManifests(next, { until: Number.POSITIVE_INFINITY });
  }
  expect(readSymlinks(world, 'db', 'sales')['["1"]']).toBeDefined();
  expect(readSymlinks(world, 'elsewhere', 'sales')['["1"]']).toBeDefined();
});

it('stay where a table is not to be looked at; the others go on', async () => {
  await twoStates();
  await clean();
  later(25);
  const list = world.catalog.listPartitions.bind(world.catalog);
  let denied = true;
  world.catalog.listPartitions = (database, table) => {
    if (denied && table === 'sales') throw new BranchlineError('BL4002', 'glue:GetPartitions db.sales');
    return list(database, table);
  };
  // Every table of the database is looked at for every table.
  expect(await clean()).toMatchObject({ manifestsRemoved: 0, failures: 3 });
  expect(world.publications.entries.get('lake/main')?.lease).toBeUndefined();
  denied = false;
  expect((await clean()).manifestsRemoved).toBe(1);
});

it('are left to the next turn while a refresh is at work, or was not ended', async () => {
  await twoStates();
  await clean();
  later(25);
  const entry = world.publications.entries.get('lake/main');
  if (entry === undefined) throw new Error('no entry');
  const lease = { owner: 'x', expiresAt: world.clock.now() + PUBLICATION_LEASE_MS };
  world.publications.entries.set('lake/main', { ...entry, lease });
  expect((await clean()).manifestsRemoved).toBe(0);
  later(1);
  // Only a refresh takes it over, since it has to compare in full.
  expect((await clean()).manifestsRemoved).toBe(0);
  await refresh();
  expect((await clean()).manifestsRemoved).toBe(1);
});

it('a removal without an answer keeps the right to publish until nobody can be surprised', async () => {
  await twoStates();
  await clean();
  later(25);
  world.manifests.remove = () => Promise.reject(new BranchlineError('BL4001', 's3:DeleteObject'));
  await expect(clean()).rejects.toMatchObject({ code: 'BL4001' });
  expect(world.publications.entries.get('lake/main')?.lease).toBeDefined();
  await world.change({ 'sales/dt=9/a': 'new' });
  expect((await refresh()).outcome).toBe('busy');
  world.clock.advance(PUBLICATION_LEASE_MS + 1);
  expect((await refresh()).outcome).toBe('published');
});

it('end where the time is up, and go on', async () => {
  await twoStates();
  await clean();
  later(25);
  expect((await clean(world.clock.now())).manifestsRemoved).toBe(0);
  expect((await clean()).manifestsRemoved).toBe(1);
});

it('of a list that was lost are found again', async () => {
  await twoStates();
  await clean();
  world.publications.unnamed.clear();
  later(25);
  expect((await clean()).manifestsRemoved).toBe(0);
  world.clock.advance(MANIFEST_GRACE_MS);
  expect((await clean()).manifestsRemoved).toBe(1);
});

it('are looked at under the right to publish, and who came for it meanwhile is woken when it is given back', async () => {
  await twoStates();
  const { list } = world.manifests;
  let isAsked = false;
  world.manifests.list = (prefix) => ({
    async *[Symbol.asyncIterator]() {
      if (!isAsked) {
        isAsked = true;
        await world.change({ 'sales/dt=2/a': 'promoted while sweep looks' });
        expect(await refresh()).toMatchObject({ outcome: 'busy' });
        expect(world.refreshes.woken).toEqual([]);
      }
      yield* list.call(world.manifests, prefix);
    },
  });
  await clean();
  expect(isAsked).toBe(true);
  expect(world.refreshes.woken).toEqual(['lake/main']);
  expect(await refresh()).toMatchObject({ outcome: 'published' });
  expect(readSymlinks(world, 'db', 'sales')['["2"]']).toBeDefined();
});

it('wake nobody where readers see all there is', async () => {
  await twoStates();
  await clean();
  expect(world.refreshes.woken).toEqual([]);
});
