/** A lake with garbage in it, and whoever has it collected. */
import type { GarbageCollectionConfig } from '../../../../lambdas/contract.ts';
import type { Collection } from '../../../../lambdas/domain/collection.ts';
import type { CollectGarbageRequest } from '../../../../lambdas/payloads.ts';
import {
  type CollectGarbageAnswerTo,
  type CollectionAnswer,
  collectGarbage,
} from '../../../../lambdas/usecases/collect-garbage.ts';
import { type CollectionWorld, makeCollectionWorld, work } from '../../../fakes/collections.ts';

export const DAY = 86_400_000;
const FOREVER = Number.MAX_SAFE_INTEGER;

type Of<Action extends CollectGarbageRequest['action']> = Extract<CollectGarbageRequest, { action: Action }>;

export const ask = <Action extends CollectGarbageRequest['action']>(
  world: CollectionWorld,
  request: Of<Action>,
  until = FOREVER,
): Promise<CollectGarbageAnswerTo<Action>> =>
  collectGarbage(world, request, until) as Promise<CollectGarbageAnswerTo<Action>>;

export const run = async (world: CollectionWorld, more: Partial<Of<'run'>> = {}): Promise<CollectionAnswer> =>
  (await ask(world, { action: 'run', repository: 'lake', requestedBy: 'anna', ...more })) as CollectionAnswer;

/** Until nothing moves by itself any more. */
export const settle = async (world: CollectionWorld, more: Partial<Of<'run'>> = {}): Promise<Collection> => {
  let answer = await run(world, more);
  while ((await work(world)) > 0) answer = await run(world, more);
  return answer.collection;
};

export const approve = async (world: CollectionWorld, { id }: Collection): Promise<Collection> => {
  let answer = await ask(world, { action: 'approve', repository: 'lake', collection: id, requestedBy: 'bert' });
  while ((await work(world)) > 0) answer = await run(world);
  return answer.collection;
};

/** Two files that were replaced long ago, one that was never committed, and two that readers see. */
export const stageWithGarbage = async (settings: Partial<GarbageCollectionConfig> = {}): Promise<CollectionWorld> => {
  const world = await makeCollectionWorld(settings);
  await world.lakefs.setGarbageCollection('lake', { defaultRetentionDays: 7, branches: {} });
  await world.change({ 'sales/dt=1/a': 'old a', 'sales/dt=1/b': 'old b', 'stock/s': 's' });
  world.clock.advance(DAY);
  await world.change({ 'sales/dt=1/a': 'new a', 'sales/dt=1/b': null });
  const head = await world.lakefs.getBranch('lake', 'main');
  await world.lakefs.createBranch('lake', 'run-dead', head?.commitId ?? '');
  await world.lakefs.putObject('lake', 'run-dead', 'x', new TextEncoder().encode('never committed'));
  await world.lakefs.deleteBranch('lake', 'run-dead');
  // The commit that replaced them is itself older than the retention: then what it replaced is in no young commit.
  world.clock.advance(10 * DAY);
  return world;
};
