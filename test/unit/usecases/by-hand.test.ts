/** Branches of runs that a person merges past Branchline. */
import { describe, expect, it } from 'vitest';
import { COMMIT_KIND, METADATA } from '../../../lambdas/contract.ts';
import { promoteRun } from '../../../lambdas/usecases/promote-run.ts';
import { resolveRun } from '../../../lambdas/usecases/resolve-run.ts';
import {
  drain,
  entry,
  files,
  finish,
  headOf,
  mergeByHand,
  promoted,
  reconcileNow,
  revert,
  stage,
  start,
  write,
} from './stage.ts';

const target = { repository: 'lake', target: 'main' } as const;

describe('a run branch that is merged by hand', () => {
  it('makes a waiting run PROMOTED, and the target wait for a person, since it clashes', async () => {
    const world = await stage();
    const run = await start(world, 'job-b');
    await write(world, run, 'sales/dt=1/b');
    await promoted(world, 'sales/dt=1/a');
    await finish(world, run);
    expect(await drain(world)).toMatchObject([{ outcome: 'conflicted' }]);
    const merge = await mergeByHand(world, run.branch);
    await reconcileNow(world);
    expect(await entry(world, run)).toMatchObject({ state: 'PROMOTED', mergeCommit: merge });
    expect(await world.ledger.getTarget('lake', 'main')).toMatchObject({ blocked: { commit: merge } });
    await resolveRun(world, { action: 'revert-target', ...target, commit: merge });
    expect(files(world)).toEqual(['sales/dt=1/a']);
    expect(await entry(world, run)).toMatchObject({ state: 'ROLLED_BACK' });
  });

  it('is not taken back behind the back of whoever merged it', async () => {
    const world = await stage();
    const run = await start(world, 'job-b');
    await write(world, run, 'sales/dt=1/b');
    await promoted(world, 'sales/dt=1/a');
    await finish(world, run);
    const merge = await mergeByHand(world, run.branch);
    expect(await drain(world)).toMatchObject([{ outcome: 'promoted' }]);
    expect(headOf(world)).toBe(merge);
    expect(await reconcileNow(world)).toMatchObject({ blockedTargets: 1 });
  });

  it('of a run that failed blocks the target, even where nothing clashes', async () => {
    const world = await stage({ keepFailedForSeconds: 3600 });
    const run = await start(world);
    await write(world, run, 'sales/dt=1/half');
    await finish(world, run, 'FAILED');
    const merge = await mergeByHand(world, run.branch);
    expect(await reconcileNow(world)).toMatchObject({ blockedTargets: 1 });
    const blocked = await world.ledger.getTarget('lake', 'main');
    expect(blocked).toMatchObject({ blocked: { commit: merge, cause: { code: 'BL2018' } } });
    await resolveRun(world, { action: 'accept-target', ...target, commit: merge });
    expect(await world.ledger.getTarget('lake', 'main')).toMatchObject({ verifiedCommit: merge });
    expect(await entry(world, run)).toMatchObject({ state: 'DISCARDED' });
  });

  it('before its run had ended leaves the rest of the run to a person', async () => {
    const world = await stage();
    const run = await start(world);
    await write(world, run, 'log/dt=1/a');
    const metadata = {
      [METADATA.kind]: COMMIT_KIND.checkpoint,
      [METADATA.runId]: run.runId,
      [METADATA.attempt]: '0',
    };
    await world.lakefs.commit('lake', run.branch, { message: 'checkpoint', metadata });
    const merge = await mergeByHand(world, run.branch);
    await reconcileNow(world);
    await resolveRun(world, { action: 'revert-target', ...target, commit: merge });
    await write(world, run, 'log/dt=1/b');
    await finish(world, run);
    expect(await drain(world)).toMatchObject([{ outcome: 'conflicted' }]);
    expect(await entry(world, run)).toMatchObject({ cause: { code: 'BL2018' } });
    await resolveRun(world, { action: 'promote', runId: run.runId, strategy: 'source-wins' });
    await drain(world);
    expect(files(world)).toEqual(['log/dt=1/a', 'log/dt=1/b']);
  });
});

it('whoever undoes the taking back of a clash blocks the target, and may take it back once more', async () => {
  const world = await stage();
  const run = await start(world, 'job-b');
  await write(world, run, 'sales/dt=1/b');
  await finish(world, run);
  const key = world.promotions.queue.shift() ?? { runId: '', attempt: 0 };
  const merge = world.lakefs.merge.bind(world.lakefs);
  world.lakefs.merge = async (...args) => {
    world.lakefs.merge = merge;
    await world.lakefs.createBranch('lake', 'hand', run.baseCommit);
    await world.lakefs.putObject('lake', 'hand', 'sales/dt=1/hand', new TextEncoder().encode('x'));
    await world.lakefs.commit('lake', 'hand', { message: 'hand', metadata: {} });
    await mergeByHand(world, 'hand');
    return merge(...args);
  };
  expect(await promoteRun(world, key)).toMatchObject({ outcome: 'conflicted' });
  await reconcileNow(world);
  await revert(world, headOf(world), 0);
  const back = headOf(world);
  expect(await reconcileNow(world)).toMatchObject({ blockedTargets: 1 });
  expect(await entry(world, run)).toMatchObject({ state: 'PROMOTED' });
  await resolveRun(world, { action: 'revert-target', ...target, commit: back });
  expect(await entry(world, run)).toMatchObject({ state: 'ROLLED_BACK' });
  expect(files(world)).toEqual(['sales/dt=1/hand']);
});

it('what is reverted is never the verified commit, not even for a moment', async () => {
  const world = await stage();
  const run = await start(world, 'job-b');
  await write(world, run, 'sales/dt=1/b');
  await promoted(world, 'sales/dt=1/a');
  await finish(world, run);
  await drain(world);
  const merge = await mergeByHand(world, run.branch);
  await reconcileNow(world);
  const shown: string[] = [];
  const putTarget = world.ledger.putTarget.bind(world.ledger);
  world.ledger.putTarget = (next) => {
    shown.push(next.verifiedCommit);
    return putTarget(next);
  };
  await resolveRun(world, { action: 'revert-target', ...target, commit: merge });
  expect(shown).not.toContain(merge);
  expect(shown.at(-1)).toBe(headOf(world));
});
