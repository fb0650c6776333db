/** Earlier snapshots of an Iceberg table name what is erased: it waits for them, and they expire though nothing is promoted any more. */
import { expect, it } from 'vitest';
import { refreshCatalog } from '../../../../lambdas/usecases/refresh-catalog.ts';
import { type ErasureWorld, makeErasureWorld } from '../../../fakes/erasure.ts';
import { ICEBERG_TABLES, rowsOf } from '../../../fakes/iceberg.ts';
import { ask, others, run, toTheEnd } from './stage.ts';

const PERSON = { prefixes: ['sales/dt=1/'] };
const HOUR = 3_600_000;

const stage = async (): Promise<ErasureWorld> => {
  const world = await makeErasureWorld();
  const { load } = world.config;
  const withTables = async () => {
    const config = await load();
    return { ...config, repositories: config.repositories.map((each) => ({ ...each, tables: ICEBERG_TABLES })) };
  };
  Object.assign(world, { config: { load: withTables } });
  await world.lakefs.setGarbageCollection('lake', { defaultRetentionDays: 2, branches: {} });
  return world;
};
const refresh = (world: ErasureWorld) =>
  refreshCatalog(world, { repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY });
const waits = (world: ErasureWorld) => [...world.erasures.entries.values()].at(-1)?.waits?.for;

it('waits for the history of a table, which the comparison of the day ends', async () => {
  const world = await stage();
  await world.change({ 'sales/dt=1/a': rowsOf(1), 'sales/dt=2/a': rowsOf(2) });
  await refresh(world);
  const planned = await ask(world, { action: 'plan', repository: 'lake', selection: PERSON });
  expect(planned.plan.held.map(({ holder, does }) => [holder.kind, holder.name, does])).toEqual(
    expect.arrayContaining([
      ['iceberg', 'db.sales', 'refresh'],
      ['table', 'db.sales', 'refresh'],
      ['target', 'main', 'promote'],
    ]),
  );
  await run(world, PERSON);
  await others(world);
  await refresh(world);
  expect(await run(world, PERSON)).toMatchObject({ outcome: 'REMOVING' });
  expect(waits(world)).toEqual([
    'earlier snapshots of table db.sales name the objects: they expire when its history has passed',
  ]);
  // Nothing is promoted: reconcile wakes the refresh because a day has passed.
  world.clock.advance(25 * HOUR);
  expect((await refresh(world)).outcome).toBe('published');
  expect(await run(world, PERSON)).toMatchObject({ outcome: 'RETAINING' });
  expect(await toTheEnd(world)).toMatchObject({ state: 'DONE', proof: { gone: 1, left: 0 } });
});
