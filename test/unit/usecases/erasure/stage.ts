/** An erasure from its beginning to its end, and everybody whose part it is: promotions, sweeps, snapshots, collections. */
import type { Selection } from '../../../../lambdas/domain/erasure.ts';
import type { Erasure } from '../../../../lambdas/domain/erasure-record.ts';
import type { EraseRequest } from '../../../../lambdas/payloads.ts';
import { collectGarbage } from '../../../../lambdas/usecases/collect-garbage.ts';
import { type EraseAnswerTo, type ErasureAnswer, erase } from '../../../../lambdas/usecases/erase.ts';
import { promoteRun } from '../../../../lambdas/usecases/promote-run.ts';
import { reconcile } from '../../../../lambdas/usecases/reconcile.ts';
import { sweep } from '../../../../lambdas/usecases/sweep.ts';
import { work } from '../../../fakes/collections.ts';
import type { ErasureWorld } from '../../../fakes/erasure.ts';

export const DAY = 86_400_000;
const FOREVER = Number.MAX_SAFE_INTEGER;
export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const headOf = async ({ lakefs }: ErasureWorld, branch = 'main'): Promise<string> =>
  (await lakefs.getBranch('lake', branch))?.commitId ?? '';

type Of<Action extends EraseRequest['action']> = Extract<EraseRequest, { action: Action }>;

export const ask = <Action extends EraseRequest['action']>(
  world: ErasureWorld,
  request: Of<Action>,
): Promise<EraseAnswerTo<Action>> => erase(world, request, FOREVER) as Promise<EraseAnswerTo<Action>>;

export const run = (
  world: ErasureWorld,
  selection: { [K in keyof Selection]?: string[] },
  more: Partial<Of<'run'>> = {},
): Promise<ErasureAnswer> =>
  ask(world, {
    ...{ action: 'run', repository: 'lake', selection, reason: 'request 1', confirm: 'lake', requestedBy: 'anna' },
    ...more,
  } as Of<'run'>);

/** What everybody else does within a quarter of an hour. */
export const others = async (world: ErasureWorld): Promise<void> => {
  for (const { runId, attempt, state } of [...world.ledger.runs.values()])
    if (state === 'COMMITTED') await promoteRun(world, { runId, attempt });
  await reconcile(world, { until: FOREVER });
  await sweep(world, { until: FOREVER });
  for await (const preview of world.previews.list())
    if (preview.expiresAt <= world.clock.now())
      await world.previews.put({ ...preview, version: preview.version + 1, state: 'DROPPED' });
  for await (const snapshot of world.snapshots.list({}))
    if (snapshot.state === 'PRUNING')
      await world.snapshots.put({ ...snapshot, version: snapshot.version + 1, state: 'PRUNED' });
  for (const { name } of world.exporting) {
    const record = await world.exports.get(name);
    const verified = (await world.ledger.getTarget('lake', 'main'))?.verifiedCommit;
    if (record !== undefined && verified !== undefined && world.exportQueue.woken.includes(name))
      await world.exports.put({ ...record, version: record.version + 1, commit: verified });
  }
  if (world.collecting === undefined) return;
  await collectGarbage(world, { action: 'tend' }, FOREVER);
  await work(world);
  await collectGarbage(world, { action: 'tend' }, FOREVER);
  const current = world.collections.entries.get('lake')?.current;
  if (current?.state === 'MARKED')
    await collectGarbage(world, { action: 'approve', repository: 'lake', collection: current.id }, FOREVER);
  await work(world);
  await collectGarbage(world, { action: 'tend' }, FOREVER);
};

/** Until it has ended, or nothing moves for two months. */
export const toTheEnd = async (world: ErasureWorld): Promise<Erasure | undefined> => {
  for (let turn = 0; turn < 60; turn += 1) {
    await ask(world, { action: 'tend' });
    await others(world);
    const [open] = [...world.erasures.entries.values()].filter(
      ({ state }) => state !== 'DONE' && state !== 'CANCELLED',
    );
    if (open === undefined) break;
    world.clock.advance(DAY);
  }
  return [...world.erasures.entries.values()].at(-1);
};
