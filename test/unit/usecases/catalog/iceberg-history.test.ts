/** Which earlier states of an Iceberg table stay readable, under which names, and that they leave though nothing changes. */
import { beforeEach, describe, expect, it } from 'vitest';
import { refreshCatalog } from '../../../../lambdas/usecases/refresh-catalog.ts';
import { type CatalogWorld, makeCatalogWorld } from '../../../fakes/catalog.ts';
import { ICEBERG_TABLES, metadataOf, rowsOf } from '../../../fakes/iceberg.ts';

const HOUR = 3_600_000;
let world: CatalogWorld;
const refresh = (compare = false) =>
  refreshCatalog(world, { repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY, compare });
const commits = (table = 'sales') =>
  (metadataOf(world, 'db', table)?.snapshots ?? []).map(({ summary }) => summary['branchline.commit']);
/** Name → commit that its snapshot shows. */
const tags = (table = 'sales') => {
  const metadata = metadataOf(world, 'db', table);
  return Object.fromEntries(
    Object.entries(metadata?.refs ?? {}).flatMap(([name, ref]) =>
      ref.type === 'tag'
        ? [
            [
              name,
              metadata?.snapshots?.find((each) => each['snapshot-id'] === ref['snapshot-id'])?.summary[
                'branchline.commit'
              ],
            ],
          ]
        : [],
    ),
  );
};
const promote = async (serial: number, path = 'sales/dt=1/a'): Promise<string> => {
  const commit = await world.change({ [path]: rowsOf(serial) });
  world.clock.advance(61_000);
  await refresh();
  return commit;
};

beforeEach(async () => {
  world = await makeCatalogWorld(ICEBERG_TABLES);
});

describe('a tag', () => {
  it('is one of the table too, from the next refresh on', async () => {
    const first = await promote(1);
    await world.lakefs.createTag('lake', 'v1', first);
    await promote(2);
    expect(tags()).toEqual({ v1: first });
    expect(tags('stock')).toEqual({});
  });

  it('of a commit that changed other tables names the state that was there', async () => {
    const first = await promote(1);
    const other = await promote(2, 'stock/a');
    await world.lakefs.createTag('lake', 'v2', other);
    await promote(3);
    expect(tags()).toEqual({ v2: first });
    // Asked once: the next refresh knows it.
    world.lakefs.calls.length = 0;
    await promote(4);
    const looks = world.lakefs.calls.filter((call) => call === 'diff').length;
    expect(tags()).toEqual({ v2: first });
    await promote(5);
    expect(world.lakefs.calls.filter((call) => call === 'diff').length).toBe(2 * looks);
  });

  it.each(['v1.2', '2026', 'constructor', '__proto__'])('may be called %s', async (name) => {
    const first = await promote(1);
    await world.lakefs.createTag('lake', name, first);
    await promote(2);
    expect(Object.entries(tags())).toEqual([[name, first]]);
    await promote(3);
    expect(Object.entries(tags())).toEqual([[name, first]]);
  });

  it('of a state that no refresh showed names none', async () => {
    await promote(1);
    const hidden = await world.change({ 'sales/dt=1/a': rowsOf(2) });
    await world.lakefs.createTag('lake', 'hidden', hidden);
    await promote(3);
    expect(tags()).toEqual({});
  });

  it('that was moved or deleted follows with the daily comparison, though nothing changes', async () => {
    const first = await promote(1);
    await world.lakefs.createTag('lake', 'v1', first);
    const second = await promote(2);
    const snapshots = commits();
    await world.lakefs.deleteTag('lake', 'v1');
    await world.lakefs.createTag('lake', 'v1', second);
    await refresh(true);
    expect(tags()).toEqual({ v1: second });
    await world.lakefs.deleteTag('lake', 'v1');
    await refresh(true);
    expect(tags()).toEqual({});
    expect(commits()).toEqual(snapshots);
  });

  it('alone keeps no snapshot: what garbage collection takes, it would name', async () => {
    const first = await promote(1);
    await world.lakefs.createTag('lake', 'v1', first);
    const second = await promote(2);
    world.clock.advance(25 * HOUR);
    await refresh(true);
    expect(commits()).toEqual([second]);
    expect(tags()).toEqual({});
  });
});

describe('a snapshot of Branchline', () => {
  it('keeps the state that it shows, until it is pruned', async () => {
    const first = await promote(1);
    const kept = await promote(2, 'stock/a');
    await world.lakefs.createTag('lake', 'snapshot-x', kept);
    await world.lakefs.createBranch('lake', 'keep-snapshot-x', kept);
    const second = await promote(3);
    world.clock.advance(25 * HOUR);
    await refresh(true);
    expect(commits()).toEqual([first, second]);
    expect(tags()).toEqual({ 'snapshot-x': first });
    world.clock.advance(100 * 24 * HOUR);
    const third = await promote(4);
    world.clock.advance(25 * HOUR);
    await refresh(true);
    expect(commits()).toEqual([first, third]);
    await world.lakefs.deleteBranch('lake', 'keep-snapshot-x');
    await refresh(true);
    expect(commits()).toEqual([third]);
  });
});

it('what was replaced longer ago than history leaves though no promotion follows', async () => {
  const first = await promote(1);
  const second = await promote(2);
  world.clock.advance(23 * HOUR);
  await refresh(true);
  expect(commits()).toEqual([first, second]);
  world.clock.advance(2 * HOUR);
  await refresh(true);
  expect(commits()).toEqual([second]);
  // Nothing is left to say: the table is let alone.
  const at = world.catalog.tables.get('db.sales');
  await refresh(true);
  expect(world.catalog.tables.get('db.sales')).toEqual(at);
});
