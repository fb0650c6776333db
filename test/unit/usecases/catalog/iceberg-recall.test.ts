/** What a process keeps of the state that its last refresh left, and when it looks all the same. */
import { beforeEach, expect, it } from 'vitest';
import { refreshCatalog } from '../../../../lambdas/usecases/refresh-catalog.ts';
import { type CatalogWorld, makeCatalogWorld } from '../../../fakes/catalog.ts';
import { filesAt, ICEBERG_TABLES, metadataOf, rowsOf } from '../../../fakes/iceberg.ts';

let world: CatalogWorld;
/** @returns how many objects the refresh read. */
const refresh = async (compare = false): Promise<number> => {
  world.iceberg.calls.length = 0;
  const request = { repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY, compare };
  expect((await refreshCatalog(world, request)).outcome).toBe('published');
  return world.iceberg.calls.filter((call) => call === 'iceberg GET').length;
};
const change = async (serial: number): Promise<void> => {
  await world.change({ 'sales/dt=1/a': rowsOf(serial) });
  world.clock.advance(10_000);
};
const snapshots = () => metadataOf(world, 'db', 'sales')?.snapshots ?? [];

beforeEach(async () => {
  world = await makeCatalogWorld(ICEBERG_TABLES.filter(({ name }) => name === 'sales'));
  await change(1);
  await refresh();
});

it('a process that starts reads the metadata, the list and the manifest that it rewrites', async () => {
  await change(2);
  expect(await refresh()).toBe(3);
});

it('one that left the state itself reads the manifest alone', async () => {
  world.iceberg.recalls = true;
  await change(2);
  expect(await refresh()).toBe(1);
  expect(snapshots()).toHaveLength(2);
});

it('what somebody removed meanwhile is written anew by the next change, and noticed by a comparison', async () => {
  world.iceberg.recalls = true;
  const list = snapshots()[0]?.['manifest-list'] ?? '';
  world.iceberg.objects.delete(world.iceberg.keyOf(list) ?? '');
  expect(await refresh(true)).toBeGreaterThanOrEqual(2);
  await change(2);
  await refresh();
  const newest = snapshots().at(-1);
  expect(newest && Object.keys(filesAt(world, newest))).toEqual(['["1"]']);
});
