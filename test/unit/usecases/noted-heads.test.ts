/** Entries of runs agree with the target in the end, also where it is reset behind a head by which they were changed. */
import { describe, expect, it } from 'vitest';
import { LEASE_MS } from '../../../lambdas/domain/promotion.ts';
import type { Run } from '../../../lambdas/domain/run.ts';
import { noteHead } from '../../../lambdas/usecases/note-head.ts';
import { promoteRun } from '../../../lambdas/usecases/promote-run.ts';
import { text, type World } from '../../fakes/ports.ts';
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

/** The function dies as it is about to write that it has verified the target. */
const dieBeforeVerified = (world: World): void => {
  const put = world.ledger.putTarget.bind(world.ledger);
  world.ledger.putTarget = async (next) => {
    const known = await world.ledger.getTarget(next.repository, next.branch);
    if (known?.verifiedCommit === next.verifiedCommit) return put(next);
    world.ledger.putTarget = put;
    throw new Error('dies');
  };
};

const targetOf = (world: World) => world.ledger.getTarget('lake', 'main');

describe('a target that is reset behind what runs were told by', () => {
  const bookmarked = async (): Promise<{ world: World; run: Run }> => {
    const world = await stage();
    world.glue.addJob('job-a', { defaultArguments: { '--job-bookmark-option': 'job-bookmark-enable' } });
    return { world, run: await promoted(world, 'sales/dt=1/a') };
  };

  it('holds the work of a run that was noted as undone: the entry says PROMOTED again, and what became of its bookmark', async () => {
    const { world, run } = await bookmarked();
    await revert(world, run.mergeCommit ?? '');
    dieBeforeVerified(world);
    expect(await reconcileNow(world)).toMatchObject({ failures: 1 });
    expect(await entry(world, run)).toMatchObject({ state: 'ROLLED_BACK', bookmarkRewind: 'done' });
    expect(world.glue.bookmarkResets).toEqual([run.jobRunId]);
    reset(world, run.mergeCommit ?? '');
    await reconcileNow(world);
    expect(files(world)).toEqual(['sales/dt=1/a']);
    const again = await entry(world, run);
    expect(again).toMatchObject({ state: 'PROMOTED', mergeCommit: run.mergeCommit });
    expect(again.cause).toBeUndefined();
    expect(again.steps.at(-1)).toMatchObject({ note: 'in force again, although its job bookmark was put back' });
  });

  it('is looked at again also where more has come since', async () => {
    const { world, run } = await bookmarked();
    await revert(world, run.mergeCommit ?? '');
    dieBeforeVerified(world);
    await reconcileNow(world);
    reset(world, run.mergeCommit ?? '');
    await promoted(world, 'sales/dt=2/b', 'job-b');
    await promoted(world, 'sales/dt=3/b', 'job-b');
    await reconcileNow(world);
    expect(await entry(world, run)).toMatchObject({ state: 'PROMOTED' });
  });

  it('without any crash, while it is blocked', async () => {
    const world = await stage();
    const run = await promoted(world, 'sales/dt=1/a');
    await world.lakefs.createBranch('lake', 'by-hand', headOf(world));
    await world.lakefs.putObject('lake', 'by-hand', 'sales/dt=2/hand', text('x'));
    await world.lakefs.commit('lake', 'by-hand', { message: 'by hand', metadata: {} });
    await promoted(world, 'sales/dt=2/b', 'job-b');
    const verified = headOf(world);
    await mergeByHand(world, 'by-hand');
    expect(await reconcileNow(world)).toMatchObject({ blockedTargets: 1 });
    await revert(world, run.mergeCommit ?? '');
    await reconcileNow(world);
    expect(await entry(world, run)).toMatchObject({ state: 'ROLLED_BACK' });
    reset(world, verified);
    await reconcileNow(world);
    expect(await entry(world, run)).toMatchObject({ state: 'PROMOTED' });
  });

  it('loses a run that a person had merged, and that was noted as PROMOTED', async () => {
    const world = await stage();
    const [one, two] = [await start(world, 'job-a'), await start(world, 'job-b')];
    for (const run of [one, two]) {
      await write(world, run, `sales/dt=1/${run.job}`);
      await finish(world, run);
    }
    await drain(world);
    expect(await entry(world, two)).toMatchObject({ state: 'CONFLICTED' });
    const before = headOf(world);
    await revert(world, before);
    await mergeByHand(world, two.branch);
    dieBeforeVerified(world);
    await reconcileNow(world);
    expect(await entry(world, two)).toMatchObject({ state: 'PROMOTED' });
    reset(world, before);
    await reconcileNow(world);
    expect(files(world)).toEqual(['sales/dt=1/job-a']);
    expect(await entry(world, two)).toMatchObject({ state: 'ROLLED_BACK', cause: { code: 'BL2014' } });
  });

  it('loses a promotion that was found in the log before anybody verified it', async () => {
    const world = await stage();
    const before = headOf(world);
    const run = await start(world);
    await write(world, run, 'sales/dt=1/a');
    await finish(world, run);
    dieBeforeVerified(world);
    await expect(drain(world)).rejects.toThrow('dies');
    world.clock.advance(LEASE_MS);
    expect(await promoteRun(world, run)).toMatchObject({ outcome: 'promoted' });
    reset(world, before);
    await reconcileNow(world);
    expect(await entry(world, run)).toMatchObject({ state: 'ROLLED_BACK' });
  });

  it('and that is put back where it was holds again what the reset had taken', async () => {
    const world = await stage();
    const before = headOf(world);
    const run = await promoted(world, 'sales/dt=1/a');
    const verified = headOf(world);
    reset(world, before);
    await reconcileNow(world);
    expect(await entry(world, run)).toMatchObject({ state: 'ROLLED_BACK' });
    reset(world, verified);
    await reconcileNow(world);
    expect(await entry(world, run)).toMatchObject({ state: 'PROMOTED' });
  });

  it('and into which a person merges the run again: its entry names the merge that is there', async () => {
    const world = await stage();
    const before = headOf(world);
    const run = await promoted(world, 'sales/dt=1/a');
    const first = headOf(world);
    reset(world, before);
    const second = await mergeByHand(world, run.runCommit ?? '');
    expect(second).not.toBe(first);
    await reconcileNow(world);
    expect(await entry(world, run)).toMatchObject({ state: 'PROMOTED', mergeCommit: second });
  });

  it('is checked for all that a merge by hand brought back, and not only for what its run changed', async () => {
    const world = await stage();
    const before = headOf(world);
    const late = await start(world, 'job-c');
    const gone = await start(world, 'job-a');
    await write(world, gone, 'sales/dt=1/a');
    await finish(world, gone);
    dieBeforeVerified(world);
    await expect(drain(world)).rejects.toThrow('dies');
    const after = await start(world, 'job-b');
    await write(world, after, 'sales/dt=2/b');
    await finish(world, after);
    reset(world, before);
    await mergeByHand(world, after.branch);
    expect(files(world)).toEqual(['sales/dt=1/a', 'sales/dt=2/b']);
    expect(await drain(world)).toMatchObject([{ outcome: 'promoted' }]);
    await write(world, late, 'sales/dt=1/c');
    await finish(world, late);
    expect(await drain(world)).toMatchObject([{ outcome: 'conflicted' }]);
  });

  it('to a merge that its promotion had taken back is blocked, also where a crash comes after the entry', async () => {
    const world = await stage();
    await world.lakefs.createBranch('lake', 'by-hand', headOf(world));
    const run = await start(world);
    await write(world, run, 'sales/dt=1/a');
    await finish(world, run);
    await world.lakefs.putObject('lake', 'by-hand', 'sales/dt=1/hand', text('x'));
    await world.lakefs.commit('lake', 'by-hand', { message: 'by hand', metadata: {} });
    const merge = world.lakefs.merge.bind(world.lakefs);
    world.lakefs.merge = async (...asked) => {
      world.lakefs.merge = merge;
      await mergeByHand(world, 'by-hand');
      return merge(...asked);
    };
    expect(await drain(world)).toMatchObject([{ outcome: 'conflicted' }]);
    const [, taken] = world.lakefs.firstParentLog('lake', 'main');
    reset(world, taken?.id ?? '');
    dieBeforeVerified(world);
    expect(await reconcileNow(world)).toMatchObject({ failures: 1 });
    expect(await entry(world, run)).toMatchObject({ state: 'PROMOTED' });
    expect(await reconcileNow(world)).toMatchObject({ blockedTargets: 1 });
    expect(await targetOf(world)).toMatchObject({ blocked: { commit: taken?.id, cause: { code: 'BL2016' } } });
  });

  it('holds all that it did where a head was noted after more had been verified', async () => {
    const world = await stage();
    const run = await promoted(world, 'sales/dt=1/a');
    const head = headOf(world);
    await promoted(world, 'sales/dt=2/b', 'job-b');
    const target = await world.ledger.getTarget('lake', 'main');
    if (target === undefined) throw new Error('no target');
    await noteHead(world, target, head);
    await reconcileNow(world);
    expect(await entry(world, run)).toMatchObject({ state: 'PROMOTED' });
  });

  it('forgets the head that was noted once nobody can be at it any more', async () => {
    const world = await stage();
    const run = await promoted(world, 'sales/dt=1/a');
    await revert(world, run.mergeCommit ?? '');
    await reconcileNow(world);
    expect(await targetOf(world)).toMatchObject({
      verifiedCommit: headOf(world),
      noted: [{ commit: headOf(world) }],
    });
    world.clock.advance(15 * 60_000);
    await reconcileNow(world);
    expect(await targetOf(world)).toHaveProperty('noted');
    world.clock.advance(60_000);
    await reconcileNow(world);
    const rested = await targetOf(world);
    expect(rested).not.toHaveProperty('noted');
    await reconcileNow(world);
    expect(await targetOf(world)).toEqual(rested);
  });
});
