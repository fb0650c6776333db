/** One high-water mark per job: put back only where nothing that came later is harmed. */
import { describe, expect, it } from 'vitest';
import { claimRun } from '../../../lambdas/usecases/claim-run.ts';
import { drain, entry, finish, promoted, reconcileNow, revert, stage, start, write } from './stage.ts';

const ENABLED = { '--job-bookmark-option': 'job-bookmark-enable' };
const withBookmarks = async () => {
  const world = await stage();
  world.glue.addJob('job-a', { defaultArguments: ENABLED });
  return world;
};

describe('a rewind', () => {
  it('waits for a job run that goes on, and leaves the bookmark alone where that one succeeds', async () => {
    const world = await withBookmarks();
    const run = await promoted(world, 'sales/dt=1/a');
    const later = world.glue.begin('job-a');
    await revert(world, run.mergeCommit ?? '');
    await reconcileNow(world);
    expect(await entry(world, run)).toMatchObject({ state: 'ROLLED_BACK', bookmarkRewind: 'due' });
    world.glue.end(later.id, 'SUCCEEDED');
    await reconcileNow(world);
    expect(world.glue.bookmarkResets).toEqual([]);
    expect(await entry(world, run)).toMatchObject({ bookmarkRewind: 'rerun-needed' });
  });

  it('is made where the one that went on failed', async () => {
    const world = await withBookmarks();
    const run = await promoted(world, 'sales/dt=1/a');
    const later = world.glue.begin('job-a');
    await revert(world, run.mergeCommit ?? '');
    await reconcileNow(world);
    world.glue.end(later.id, 'FAILED');
    await reconcileNow(world);
    expect(world.glue.bookmarkResets).toEqual([run.jobRunId]);
  });

  it('is not needed where a retry of the same job run read the window again', async () => {
    const world = await withBookmarks();
    world.glue.begin('job-a', {}, 'jr_7');
    const first = await claimRun(world, { jobName: 'job-a', jobRunId: 'jr_7' });
    world.glue.begin('job-a', {}, 'jr_7_attempt_1');
    world.glue.end('jr_7_attempt_1', 'SUCCEEDED');
    await finish(world, first, 'FAILED');
    expect(world.glue.bookmarkResets).toEqual([]);
    expect(await entry(world, first)).toMatchObject({ bookmarkRewind: 'done' });
  });

  it('is owed by runs whose own arguments switch bookmarks on', async () => {
    const world = await stage();
    world.glue.begin('job-a', ENABLED, 'jr_7');
    const run = await claimRun(world, { jobName: 'job-a', jobRunId: 'jr_7' });
    await finish(world, run, 'FAILED');
    expect(world.glue.bookmarkResets).toEqual(['jr_7']);
  });

  it('is made by one of two that are at it, and never after the rerun has begun', async () => {
    const world = await withBookmarks();
    const run = await promoted(world, 'sales/dt=1/a');
    const reset = world.glue.resetJobBookmark.bind(world.glue);
    world.glue.resetJobBookmark = async (job, jobRunId) => {
      world.glue.resetJobBookmark = reset;
      // A twin, just as this one is about to put it back.
      await reconcileNow(world);
      await reset(job, jobRunId);
    };
    await revert(world, run.mergeCommit ?? '');
    await reconcileNow(world);
    expect(world.glue.bookmarkResets).toEqual([run.jobRunId]);
    const done = await entry(world, run);
    expect(done).toMatchObject({ bookmarkRewind: 'done' });
    expect(done.rewindLeaseUntil).toBeUndefined();
  });

  it("left half-way by one that died is another one's after its lease", async () => {
    const world = await withBookmarks();
    const run = await promoted(world, 'sales/dt=1/a');
    const list = world.glue.listJobRuns.bind(world.glue);
    await revert(world, run.mergeCommit ?? '');
    const change = world.ledger.updateRun.bind(world.ledger);
    world.glue.listJobRuns = () => {
      // Dead: nothing more of it reaches the ledger either.
      world.ledger.updateRun = () => Promise.reject(new Error('dead'));
      throw new Error('dead');
    };
    await reconcileNow(world).catch(() => undefined);
    world.glue.listJobRuns = list;
    world.ledger.updateRun = change;
    await reconcileNow(world);
    expect(world.glue.bookmarkResets).toEqual([]);
    world.clock.advance(17 * 60_000);
    await reconcileNow(world);
    expect(world.glue.bookmarkResets).toEqual([run.jobRunId]);
  });

  it('that Glue refuses keeps neither staged work nor a branch', async () => {
    const world = await withBookmarks();
    const run = await start(world);
    await write(world, run, 'sales/dt=1/half');
    const reset = world.glue.resetJobBookmark.bind(world.glue);
    const { BranchlineError } = await import('../../../lambdas/domain/errors.ts');
    world.glue.resetJobBookmark = () => Promise.reject(new BranchlineError('BL4002', 'denied'));
    await expect(finish(world, run, 'FAILED')).rejects.toMatchObject({ code: 'BL4002' });
    expect(world.lakefs.branchNames('lake')).toEqual(['main']);
    world.clock.advance(40 * 60_000);
    expect(await reconcileNow(world)).toMatchObject({ failures: 1 });
    world.glue.resetJobBookmark = reset;
    await reconcileNow(world);
    expect(world.glue.bookmarkResets).toEqual([run.jobRunId]);
  });
});

it('a rerun waits until the bookmark is where it has to read from', async () => {
  const world = await stage({ onConflict: 'rerun' });
  world.glue.addJob('job-a', { defaultArguments: ENABLED });
  const run = await start(world);
  await write(world, run, 'sales/dt=1/a');
  await promoted(world, 'sales/dt=1/b', 'job-b');
  await finish(world, run);
  const later = world.glue.begin('job-a');
  await drain(world);
  expect(await entry(world, run)).toMatchObject({ state: 'DISCARDED', rerunDue: true, bookmarkRewind: 'due' });
  expect(world.glue.jobRuns.size).toBe(3);
  world.glue.end(later.id, 'FAILED');
  await reconcileNow(world);
  expect(world.glue.bookmarkResets).toEqual([run.jobRunId]);
  expect(world.glue.jobRuns.size).toBe(4);
});

describe('the next run of the job', () => {
  it('waits while an earlier one is open, be it that its end is only not known yet', async () => {
    const world = await withBookmarks();
    const run = await start(world);
    world.glue.end(run.jobRunId ?? '', 'SUCCEEDED');
    await expect(start(world)).rejects.toMatchObject({ code: 'BL2008' });
    await reconcileNow(world);
    await drain(world);
    expect((await start(world)).state).toBe('OPEN');
  });

  it('waits while a rewind is due', async () => {
    const world = await withBookmarks();
    const run = await promoted(world, 'sales/dt=1/a');
    const later = world.glue.begin('job-a');
    await revert(world, run.mergeCommit ?? '');
    await reconcileNow(world);
    await expect(start(world)).rejects.toMatchObject({ code: 'BL2008' });
    world.glue.end(later.id, 'FAILED');
    await reconcileNow(world);
    expect((await start(world)).state).toBe('OPEN');
  });
});

describe('runs that are undone together', () => {
  it('have the bookmark put back to where it was before the first of them, whichever is asked about first', async () => {
    const world = await withBookmarks();
    const runs = [];
    for (const day of ['1', '2', '3', '4']) runs.push(await promoted(world, `sales/dt=${day}/a`));
    const [, ...undone] = runs;
    for (const run of undone.toReversed()) await revert(world, run.mergeCommit ?? '');
    await reconcileNow(world);
    const entries = await Promise.all(undone.map((run) => entry(world, run)));
    expect(entries.map(({ state, bookmarkRewind }) => [state, bookmarkRewind])).toEqual(
      undone.map(() => ['ROLLED_BACK', 'done']),
    );
    expect(new Set(world.glue.bookmarkResets)).toEqual(new Set([undone[0]?.jobRunId]));
  });

  it('are not, where one in between stays: what came before it is run again by itself', async () => {
    const world = await withBookmarks();
    const first = await promoted(world, 'sales/dt=1/a');
    const stays = await promoted(world, 'sales/dt=2/a');
    const last = await promoted(world, 'sales/dt=3/a');
    for (const run of [last, first]) await revert(world, run.mergeCommit ?? '');
    await reconcileNow(world);
    expect(await entry(world, first)).toMatchObject({ state: 'ROLLED_BACK', bookmarkRewind: 'rerun-needed' });
    expect(await entry(world, last)).toMatchObject({ state: 'ROLLED_BACK', bookmarkRewind: 'done' });
    expect(await entry(world, stays)).toMatchObject({ state: 'PROMOTED' });
    expect(world.glue.bookmarkResets).toEqual([last.jobRunId]);
  });

  it('leave one alone whose window was marked to be read by itself: its rows would double', async () => {
    const world = await withBookmarks();
    const first = await promoted(world, 'sales/dt=1/a');
    const second = await promoted(world, 'sales/dt=2/a');
    await revert(world, first.mergeCommit ?? '');
    await reconcileNow(world);
    expect(await entry(world, first)).toMatchObject({ bookmarkRewind: 'rerun-needed' });
    await revert(world, second.mergeCommit ?? '');
    await reconcileNow(world);
    expect(await entry(world, second)).toMatchObject({ bookmarkRewind: 'done' });
    expect(world.glue.bookmarkResets).toEqual([second.jobRunId]);
  });

  it('stay owed while another invocation is at the first of them', async () => {
    const world = await withBookmarks();
    const first = await promoted(world, 'sales/dt=1/a');
    const second = await promoted(world, 'sales/dt=2/a');
    for (const run of [second, first]) await revert(world, run.mergeCommit ?? '');
    const reset = world.glue.resetJobBookmark.bind(world.glue);
    let resets = 0;
    world.glue.resetJobBookmark = async (job, jobRunId) => {
      resets += 1;
      // A twin looks around just now: neither does it reset anything, nor does it say that anything is done.
      if (resets === 1) await reconcileNow(world);
      expect((await entry(world, first)).bookmarkRewind).toBe('due');
      await reset(job, jobRunId);
    };
    await reconcileNow(world);
    expect(resets).toBe(1);
    expect(world.glue.bookmarkResets).toEqual([first.jobRunId]);
  });
});
