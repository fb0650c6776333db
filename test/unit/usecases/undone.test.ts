/** PROMOTED and ROLLED_BACK follow the target's log, whoever looks at it first. */
import { describe, expect, it } from 'vitest';
import { COMMIT_KIND, METADATA } from '../../../lambdas/contract.ts';
import type { World } from '../../fakes/ports.ts';
import {
  drain,
  entry,
  files,
  finish,
  headOf,
  mergeByHand,
  promoted,
  reconcileNow,
  reset,
  revert,
  stage,
  start,
  write,
} from './stage.ts';

const rollBack = async (world: World, to: string) => {
  const metadata = { [METADATA.kind]: COMMIT_KIND.rollback, [METADATA.rollbackTo]: to };
  const metaRange = (await world.lakefs.getCommit('lake', to))?.metaRangeId ?? '';
  const branch = `back-${headOf(world).slice(0, 8)}`;
  await world.lakefs.createBranch('lake', branch, headOf(world));
  const done = await world.lakefs.commit('lake', branch, { message: 'state', metadata }, metaRange);
  if (done.outcome === 'committed')
    await world.lakefs.merge('lake', done.commit.id, 'main', { message: 'b', metadata });
};

describe('a promotion that was undone by hand', () => {
  it('is ROLLED_BACK also where another promotion was the first to look at the target', async () => {
    const world = await stage();
    const run = await promoted(world, 'sales/dt=1/a');
    await revert(world, run.mergeCommit ?? '');
    await promoted(world, 'sales/dt=2/b', 'job-b');
    expect(await entry(world, run)).toMatchObject({ state: 'ROLLED_BACK', cause: { code: 'BL2014' } });
  });

  it('is PROMOTED again when the undoing is undone, however much came in between', async () => {
    const world = await stage();
    const run = await promoted(world, 'sales/dt=1/a');
    await revert(world, run.mergeCommit ?? '');
    const undoing = headOf(world);
    await promoted(world, 'sales/dt=2/b', 'job-b');
    await promoted(world, 'sales/dt=3/b', 'job-b');
    await revert(world, undoing, 0);
    await reconcileNow(world);
    expect(files(world)).toContain('sales/dt=1/a');
    expect(await entry(world, run)).toMatchObject({ state: 'PROMOTED' });
  });

  it('is ROLLED_BACK where its own commit was reverted instead of the merge', async () => {
    const world = await stage();
    const run = await promoted(world, 'sales/dt=1/a');
    await promoted(world, 'sales/dt=2/b', 'job-b');
    await revert(world, run.runCommit ?? '', 0);
    await reconcileNow(world);
    expect(files(world)).toEqual(['sales/dt=2/b']);
    expect(await entry(world, run)).toMatchObject({ state: 'ROLLED_BACK' });
  });

  it('comes back when the rollback itself is reverted', async () => {
    const world = await stage();
    const before = headOf(world);
    const run = await promoted(world, 'sales/dt=1/a');
    await rollBack(world, before);
    await reconcileNow(world);
    expect(await entry(world, run)).toMatchObject({ state: 'ROLLED_BACK' });
    await revert(world, headOf(world));
    await reconcileNow(world);
    expect(files(world)).toEqual(['sales/dt=1/a']);
    expect(await entry(world, run)).toMatchObject({ state: 'PROMOTED' });
  });

  it('is not owed the rewind of its bookmark any more once it is in force again', async () => {
    const world = await stage();
    world.glue.addJob('job-a', { defaultArguments: { '--job-bookmark-option': 'job-bookmark-enable' } });
    const run = await promoted(world, 'sales/dt=1/a');
    world.glue.begin('job-a');
    await revert(world, run.mergeCommit ?? '');
    await reconcileNow(world);
    expect(await entry(world, run)).toMatchObject({ state: 'ROLLED_BACK', bookmarkRewind: 'due' });
    await revert(world, headOf(world), 0);
    await reconcileNow(world);
    const again = await entry(world, run);
    expect(again.state).toBe('PROMOTED');
    expect(again.bookmarkRewind).toBeUndefined();
  });
});

describe('a target that was reset by hand', () => {
  it('takes the runs along that it does not hold any more, and waits for a person', async () => {
    const world = await stage();
    const before = headOf(world);
    const run = await promoted(world, 'sales/dt=1/a');
    reset(world, before);
    expect(await reconcileNow(world)).toMatchObject({ blockedTargets: 1 });
    expect(await entry(world, run)).toMatchObject({ state: 'ROLLED_BACK' });
    expect(await world.ledger.getTarget('lake', 'main')).toMatchObject({ blocked: { cause: { code: 'BL2007' } } });
  });

  it('brings back what a revert had undone that is gone with the rest', async () => {
    const world = await stage();
    const run = await promoted(world, 'sales/dt=1/a');
    const merge = headOf(world);
    await revert(world, merge);
    await reconcileNow(world);
    reset(world, merge);
    await reconcileNow(world);
    expect(await entry(world, run)).toMatchObject({ state: 'PROMOTED' });
  });

  it('between check and merge does not come back by a run that began after it', async () => {
    const world = await stage();
    const before = headOf(world);
    await promoted(world, 'sales/dt=1/a');
    const run = await start(world, 'job-b');
    await write(world, run, 'sales/dt=2/b');
    await finish(world, run);
    const merge = world.lakefs.merge.bind(world.lakefs);
    world.lakefs.merge = (...asked) => {
      reset(world, before);
      world.lakefs.merge = merge;
      return merge(...asked);
    };
    await drain(world);
    await reconcileNow(world);
    expect(files(world)).toEqual([]);
    expect(await entry(world, run)).toMatchObject({ state: 'CONFLICTED', cause: { code: 'BL2007' } });
  });
});

it('a run whose base is gone by a reset, and that a person merged all the same, holds nobody up', async () => {
  const world = await stage();
  const before = headOf(world);
  await promoted(world, 'sales/dt=1/a');
  const run = await start(world, 'job-b');
  await write(world, run, 'sales/dt=2/b');
  await finish(world, run);
  reset(world, before);
  await mergeByHand(world, run.branch);
  await drain(world);
  expect(await entry(world, run)).toMatchObject({ state: 'PROMOTED', mergeCommit: headOf(world) });
});

describe('a run whose base was undone', () => {
  it('is CONFLICTED, although no partition clashes, and run again whatever the policy for clashes', async () => {
    const world = await stage({ onConflict: 'keep' });
    const bad = await promoted(world, 'sales/dt=1/bad');
    const derived = await start(world, 'job-b');
    await write(world, derived, 'stock/derived');
    await revert(world, bad.mergeCommit ?? '');
    await finish(world, derived);
    expect(await drain(world)).toMatchObject([{ outcome: 'conflicted' }]);
    const ended = await entry(world, derived);
    expect(ended).toMatchObject({ state: 'DISCARDED', rerunAs: `${derived.runId}-r1` });
    expect(ended.steps.map(({ state }) => state)).toContain('CONFLICTED');
    expect(ended.clashes).toMatchObject([{ kind: 'history', what: 'main' }]);
    expect(files(world)).toEqual([]);
  });

  it('waits for a person where no rerun is left, and goes on where what was undone came back', async () => {
    const world = await stage({ maxReruns: 0 });
    const bad = await promoted(world, 'sales/dt=1/bad');
    const [one, two] = [await start(world, 'job-b'), await start(world, 'job-c')];
    await write(world, one, 'stock/one');
    await write(world, two, 'notes/two');
    await revert(world, bad.mergeCommit ?? '');
    const undoing = headOf(world);
    await finish(world, one);
    await drain(world);
    expect(await entry(world, one)).toMatchObject({ state: 'CONFLICTED', cause: { code: 'BL2017' } });
    await revert(world, undoing, 0);
    await finish(world, two);
    expect(await drain(world)).toMatchObject([{ outcome: 'promoted' }]);
  });
});
