/** What garbage collection asks: which files the snapshots of Iceberg tables still name. */
import { beforeEach, expect, it } from 'vitest';
import { publishedTables, type TableDescriptor } from '../../../../lambdas/domain/catalog/table.ts';
import { SUMMARY } from '../../../../lambdas/domain/iceberg/snapshot.ts';
import { filesOfSnapshots } from '../../../../lambdas/usecases/iceberg-needs.ts';
import { refreshCatalog } from '../../../../lambdas/usecases/refresh-catalog.ts';
import { type CatalogWorld, makeCatalogWorld } from '../../../fakes/catalog.ts';
import { ICEBERG_TABLES, metadataOf, rowsOf } from '../../../fakes/iceberg.ts';

let world: CatalogWorld;
const refresh = () => refreshCatalog(world, { repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY });
const tables = async () => publishedTables(await world.config.load(), 'lake', 'main');
const addressOf = async (path: string): Promise<string> => {
  for await (const object of world.lakefs.listObjects('lake', 'main', { prefix: path })) return object.physicalAddress;
  throw new Error(`no ${path}`);
};

/** Those of the addresses that a snapshot names, as garbage collection holds its list against them. */
const namedBySnapshots = async (of: readonly TableDescriptor[], addresses: ReadonlySet<string>) => {
  const named = new Map<string, string>();
  for (const table of of) {
    const files = (await Array.fromAsync(filesOfSnapshots(world, table))).flat();
    for (const file of files) if (addresses.has(file)) named.set(file, `${table.database}.${table.tableName}`);
  }
  return named;
};

beforeEach(async () => {
  world = await makeCatalogWorld(ICEBERG_TABLES);
});

it('names the files of earlier snapshots too, until they expire', async () => {
  const first = await world.change({ 'sales/dt=1/a': rowsOf(1), 'stock/a': rowsOf(2) });
  const old = await addressOf('sales/dt=1/a');
  await refresh();
  const second = await world.change({ 'sales/dt=1/a': rowsOf(3) });
  const now = await addressOf('sales/dt=1/a');
  await refresh();
  const [sales, , stock] = await tables();
  if (sales === undefined || stock === undefined) throw new Error('no tables');
  expect(metadataOf(world, 'db', 'sales')?.snapshots?.map(({ summary }) => summary[SUMMARY.commit])).toEqual([
    first,
    second,
  ]);
  expect((await Array.fromAsync(filesOfSnapshots(world, sales))).flat().sort()).toEqual([old, now].sort());
  const asked = new Set([old, now, 's3://lake/data/other']);
  const named = await namedBySnapshots([sales, stock], asked);
  expect(Object.fromEntries(named)).toEqual({ [old]: 'db.sales', [now]: 'db.sales' });
  world.clock.advance(25 * 3_600_000);
  await world.change({ 'sales/dt=2/a': rowsOf(4) });
  await refresh();
  expect([...(await namedBySnapshots([sales, stock], asked)).keys()]).toEqual([now]);
});

it('names nothing of a table that is not there', async () => {
  const [sales] = await tables();
  if (sales === undefined) throw new Error('no table');
  expect(await namedBySnapshots([sales], new Set(['s3://lake/data/a']))).toEqual(new Map());
});

it.each([
  [
    'metadata file',
    () => metadataOf(world, 'db', 'sales') && world.catalog.tables.get('db.sales')?.parameters['metadata_location'],
  ],
  ['manifest list', () => metadataOf(world, 'db', 'sales')?.snapshots?.[0]?.['manifest-list']],
])('says that it cannot tell where a %s is gone', async (_, uriOf) => {
  await world.change({ 'sales/dt=1/a': rowsOf(1) });
  await refresh();
  world.iceberg.objects.delete(world.iceberg.keyOf(uriOf() ?? '') ?? '');
  const [sales] = await tables();
  if (sales === undefined) throw new Error('no table');
  await expect(namedBySnapshots([sales], new Set(['s3://lake/data/a']))).rejects.toMatchObject({
    code: 'BL7020',
  });
});
