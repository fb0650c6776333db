import { describe, expect, it } from 'vitest';
import { GLUE_ARGUMENT, METADATA } from '../../../lambdas/contract.ts';
import { claimRun } from '../../../lambdas/usecases/claim-run.ts';
import { resolveRun } from '../../../lambdas/usecases/resolve-run.ts';
import { settleRun } from '../../../lambdas/usecases/settle-run.ts';
import { startRun } from '../../../lambdas/usecases/start-run.ts';
import { sweep } from '../../../lambdas/usecases/sweep.ts';
import { makeWorld, text, type World } from '../../fakes/ports.ts';
import { drain, entry, files, finish, reconcileNow, start, write } from './stage.ts';

describe('a run that succeeds', () => {
  it('is promoted in one merge that carries its provenance, and its branch is deleted', async () => {
    const world = await makeWorld();
    const run = await start(world);
    await write(world, run, 'sales/dt=1/a');
    await write(world, run, 'sales/_temporary/0/half');
    await write(world, run, 'sales/.spark-staging-1f/dt=1/half');
    await write(world, run, '_branchline/claim.json', '{}');
    expect((await finish(world, run)).outcome).toBe('committed');
    expect(await drain(world)).toMatchObject([{ outcome: 'promoted' }]);
    expect(files(world)).toEqual(['sales/dt=1/a']);
    const head = world.lakefs.firstParentLog('lake', 'main')[0];
    const promoted = await entry(world, run);
    expect(promoted).toMatchObject({
      state: 'PROMOTED',
      mergeCommit: head?.id,
      branchDeleted: true,
      changedPartitions: 1,
    });
    expect(head?.metadata).toMatchObject({
      [METADATA.runId]: run.runId,
      [METADATA.job]: 'job-a',
      [METADATA.baseCommit]: run.baseCommit,
      [METADATA.jobRunId]: run.jobRunId,
    });
    expect(world.lakefs.branchNames('lake')).toEqual(['main']);
    expect((await world.ledger.getTarget('lake', 'main'))?.verifiedCommit).toBe(head?.id);
  });

  it('ends UNCHANGED where it wrote nothing', async () => {
    const world = await makeWorld();
    const run = await start(world);
    expect((await finish(world, run)).outcome).toBe('unchanged');
    expect(await entry(world, run)).toMatchObject({ state: 'UNCHANGED', branchDeleted: true });
    expect(world.lakefs.firstParentLog('lake', 'main')).toHaveLength(1);
  });

  it('is promoted once however often Glue says so', async () => {
    const world = await makeWorld();
    const run = await start(world);
    await write(world, run, 'sales/dt=1/a');
    await finish(world, run);
    await finish(world, run);
    await drain(world);
    await finish(world, run);
    await drain(world);
    expect(world.lakefs.firstParentLog('lake', 'main')).toHaveLength(2);
  });
});

describe('a run that fails', () => {
  it('leaves the target as it was and no branch', async () => {
    const world = await makeWorld();
    const run = await start(world);
    await write(world, run, 'sales/dt=1/half');
    expect((await finish(world, run, 'FAILED')).outcome).toBe('discarded');
    expect(world.lakefs.firstParentLog('lake', 'main')).toHaveLength(1);
    expect(world.lakefs.branchNames('lake')).toEqual(['main']);
    expect(await entry(world, run)).toMatchObject({ state: 'DISCARDED', cause: { code: 'BL2005' } });
  });

  it('refuses a zombie that claims it late', async () => {
    const world = await makeWorld();
    const run = await start(world);
    await finish(world, run, 'TIMEOUT');
    const late = claimRun(world, { jobName: 'job-a', jobRunId: run.jobRunId ?? '', runId: run.runId });
    await expect(late).rejects.toMatchObject({ code: 'BL2002' });
    expect(world.lakefs.branchNames('lake')).toEqual(['main']);
  });

  it('keeps its branch for a look, committed, and sweep removes it in time', async () => {
    const world = await makeWorld({ keepFailedForSeconds: 3600 });
    const run = await start(world);
    await write(world, run, 'sales/dt=1/half');
    await finish(world, run, 'FAILED');
    expect(world.lakefs.tree('lake', run.branch).has('sales/dt=1/half')).toBe(true);
    await sweep(world, { until: Number.MAX_SAFE_INTEGER });
    expect(world.lakefs.branchNames('lake')).toContain(run.branch);
    world.clock.advance(3_600_001);
    await sweep(world, { until: Number.MAX_SAFE_INTEGER });
    expect(world.lakefs.branchNames('lake')).toEqual(['main']);
    await expect(resolveRun(world, { action: 'promote', runId: run.runId })).rejects.toMatchObject({ code: 'BL1005' });
  });

  it('gives each attempt of Glue a fresh branch, and a late end of the first does not hurt the second', async () => {
    const world = await makeWorld();
    const first = world.glue.begin('job-a', {}, 'jr_7');
    const run0 = await claimRun(world, { jobName: 'job-a', jobRunId: first.id });
    const second = world.glue.begin('job-a', {}, 'jr_7_attempt_1');
    const run1 = await claimRun(world, { jobName: 'job-a', jobRunId: second.id });
    expect(run1.branch).toBe(`${run0.branch}-a1`);
    await write(world, run1, 'sales/dt=1/a');
    await finish(world, run1);
    await finish(world, run0, 'FAILED');
    await drain(world);
    expect(await entry(world, run1)).toMatchObject({ state: 'PROMOTED' });
    expect(await entry(world, run0)).toMatchObject({ state: 'DISCARDED' });
  });
});

describe('claims', () => {
  it('refuses a second job run with the same run id', async () => {
    const world = await makeWorld();
    const run = await start(world, 'job-a', 'load1');
    const other = world.glue.begin('job-a', { [GLUE_ARGUMENT.runId]: 'load1' });
    const claim = claimRun(world, { jobName: 'job-a', jobRunId: other.id, runId: 'load1' });
    await expect(claim).rejects.toMatchObject({ code: 'BL2001' });
    world.glue.end(other.id, 'FAILED');
    expect(await settleRun(world, { jobName: 'job-a', jobRunId: other.id })).toMatchObject({ outcome: 'not-ours' });
    expect(await entry(world, run)).toMatchObject({ state: 'OPEN' });
  });

  it('starts no second job run when a start is repeated', async () => {
    const world = await makeWorld();
    await start(world, 'job-a', 'load1');
    expect(await startRun(world, { job: 'job-a', runId: 'load1' })).toMatchObject({ outcome: 'already-started' });
    expect(world.glue.jobRuns.size).toBe(1);
  });

  it('lets the next run of a job with bookmarks wait for an unresolved one', async () => {
    const world = await makeWorld();
    world.glue.addJob('job-a', { defaultArguments: { '--job-bookmark-option': 'job-bookmark-enable' } });
    const run = await start(world, 'job-a', 'load1');
    await write(world, run, 'sales/dt=1/a');
    await finish(world, run);
    await expect(start(world, 'job-a', 'load2')).rejects.toMatchObject({ code: 'BL2008' });
    await drain(world);
    expect((await start(world, 'job-a', 'load2')).state).toBe('OPEN');
  });

  it('records a job run that never had a branch as not ours', async () => {
    const world = await makeWorld();
    const jobRun = world.glue.begin('job-a');
    world.glue.end(jobRun.id, 'SUCCEEDED');
    expect(await settleRun(world, { jobName: 'job-a', jobRunId: jobRun.id })).toEqual({ outcome: 'not-ours' });
    expect(world.ledger.unmanaged).toMatchObject([{ job: 'job-a', jobRunId: jobRun.id }]);
  });

  it('adopts a branch whose job could only leave its claim there', async () => {
    const world = await makeWorld();
    const jobRun = world.glue.begin('job-a', {}, 'jr_9');
    const base = (await world.lakefs.getBranch('lake', 'main'))?.commitId ?? '';
    await world.lakefs.createBranch('lake', 'run-job-a-jr_9', base);
    const claim = { jobName: 'job-a', jobRunId: 'jr_9', runId: 'jr_9', attempt: 0, baseCommit: base };
    await world.lakefs.putObject('lake', 'run-job-a-jr_9', '_branchline/claim.json', text(JSON.stringify(claim)));
    await world.lakefs.putObject('lake', 'run-job-a-jr_9', 'sales/dt=1/a', text('x'));
    world.glue.end(jobRun.id, 'SUCCEEDED');
    expect(await reconcileNow(world)).toMatchObject({ repaired: 1 });
    await drain(world);
    expect(files(world)).toEqual(['sales/dt=1/a']);
  });
});

describe('two runs that overwrite one partition under different file names', () => {
  const clash = async (world: World) => {
    const [a, b] = [await start(world, 'job-a'), await start(world, 'job-b')];
    await write(world, a, 'sales/dt=1/a');
    await write(world, b, 'sales/dt=1/b');
    await write(world, b, 'sales/dt=2/b');
    await finish(world, a);
    await finish(world, b);
    const answers = await drain(world);
    return { a, b, answers };
  };

  it('promotes the first and holds the second with what clashed and with whom', async () => {
    const world = await makeWorld();
    const { a, b, answers } = await clash(world);
    expect(answers.map(({ outcome }) => outcome)).toEqual(['promoted', 'conflicted']);
    expect(files(world)).toEqual(['sales/dt=1/a']);
    const held = await entry(world, b);
    expect(held).toMatchObject({
      state: 'CONFLICTED',
      cause: { code: 'BL2003' },
      clashes: [{ kind: 'partition', what: 'sales/dt=1/', run: a.runId }],
    });
    expect(world.lakefs.branchNames('lake')).toContain(b.branch);
  });

  it.each([
    ['source-wins', ['sales/dt=1/b', 'sales/dt=2/b']],
    ['target-wins', ['sales/dt=1/a', 'sales/dt=2/b']],
  ] as const)('takes whole partitions under %s', async (onConflict, expected) => {
    const world = await makeWorld({ onConflict });
    const { b } = await clash(world);
    await drain(world);
    expect(files(world)).toEqual(expected);
    expect(await entry(world, b)).toMatchObject({ state: 'PROMOTED' });
    expect(world.lakefs.branchNames('lake')).toEqual(['main']);
  });

  it('resolves by hand with a strategy, and shows first what that would do', async () => {
    const world = await makeWorld();
    const { b } = await clash(world);
    const request = { action: 'promote', runId: b.runId, strategy: 'source-wins' } as const;
    expect(await resolveRun(world, { ...request, dryRun: true })).toMatchObject({
      outcome: 'would-promote',
      contested: ['sales/dt=1/'],
      objectsCopied: 2,
      objectsRemoved: 1,
    });
    expect(await entry(world, b)).toMatchObject({ state: 'CONFLICTED' });
    await resolveRun(world, request);
    await drain(world);
    expect(files(world)).toEqual(['sales/dt=1/b', 'sales/dt=2/b']);
  });

  it('runs the job again on a fresh branch under rerun, with the same arguments, at most maxReruns times', async () => {
    const world = await makeWorld({ onConflict: 'rerun', maxReruns: 1 });
    const { b } = await clash(world);
    const superseded = await entry(world, b);
    expect(superseded).toMatchObject({ state: 'DISCARDED', rerunAs: `${b.runId}-r1`, cause: { code: 'BL2010' } });
    const again = await world.ledger.getRun({ runId: `${b.runId}-r1`, attempt: 0 });
    expect(again).toMatchObject({ state: 'OPEN', rerunNumber: 1, rerunOf: b.runId, job: 'job-b' });
    if (again === undefined) return;
    const c = await start(world, 'job-c');
    await write(world, again, 'sales/dt=1/again');
    await write(world, c, 'sales/dt=1/c');
    await finish(world, c);
    await finish(world, again);
    await drain(world);
    expect(await entry(world, again)).toMatchObject({ state: 'CONFLICTED' });
    expect((await entry(world, again)).policy).toBeUndefined();
  });

  it('lets append-only tables grow from both sides', async () => {
    const world = await makeWorld();
    const [a, b] = [await start(world, 'job-a'), await start(world, 'job-b')];
    await write(world, a, 'log/dt=1/a');
    await write(world, b, 'log/dt=1/b');
    await finish(world, a);
    await finish(world, b);
    expect((await drain(world)).map(({ outcome }) => outcome)).toEqual(['promoted', 'promoted']);
  });
});

describe('what a person does', () => {
  it('a rollback by hand makes the run ROLLED_BACK, and undoing it PROMOTED again', async () => {
    const world = await makeWorld();
    const run = await start(world);
    await write(world, run, 'sales/dt=1/a');
    await finish(world, run);
    await drain(world);
    const merge = (await entry(world, run)).mergeCommit ?? '';
    await world.lakefs.revert('lake', 'main', merge, 1, { message: `Revert ${merge}`, metadata: {} });
    await reconcileNow(world);
    expect(await entry(world, run)).toMatchObject({ state: 'ROLLED_BACK', cause: { code: 'BL2014' } });
    const undo = (await world.lakefs.getBranch('lake', 'main'))?.commitId ?? '';
    await world.lakefs.revert('lake', 'main', undo, 0, { message: `Revert ${undo}`, metadata: {} });
    await reconcileNow(world);
    expect(await entry(world, run)).toMatchObject({ state: 'PROMOTED' });
  });

  it('a merge by hand that clashes blocks the target until it is accepted or reverted', async () => {
    const world = await makeWorld();
    const base = (await world.lakefs.getBranch('lake', 'main'))?.commitId ?? '';
    await world.lakefs.createBranch('lake', 'by-hand', base);
    await world.lakefs.putObject('lake', 'by-hand', 'sales/dt=1/hand', text('x'));
    const done = await world.lakefs.commit('lake', 'by-hand', { message: 'by hand', metadata: {} });
    const run = await start(world);
    await write(world, run, 'sales/dt=1/a');
    await finish(world, run);
    await drain(world);
    const source = done.outcome === 'committed' ? done.commit.id : '';
    const next = await start(world, 'job-b');
    const merged = await world.lakefs.merge('lake', source, 'main', { message: 'by hand', metadata: {} });
    const commit = merged.outcome === 'merged' ? merged.commitId : '';
    expect(await reconcileNow(world)).toMatchObject({ blockedTargets: 1 });
    await write(world, next, 'sales/dt=9/b');
    await finish(world, next);
    expect(await drain(world)).toMatchObject([{ outcome: 'waiting' }]);
    await resolveRun(world, { action: 'revert-target', repository: 'lake', target: 'main', commit });
    world.clock.advance(120_000);
    await reconcileNow(world);
    await drain(world);
    expect(files(world)).toEqual(['sales/dt=1/a', 'sales/dt=9/b']);
  });

  it('a run branch deleted by hand ends the run with a cause', async () => {
    const world = await makeWorld();
    const run = await start(world);
    await world.lakefs.deleteBranch('lake', run.branch);
    await finish(world, run);
    expect(await entry(world, run)).toMatchObject({ state: 'DISCARDED', cause: { code: 'BL2004' } });
  });
});

describe('bookmarks', () => {
  const withBookmarks = async () => {
    const world = await makeWorld();
    world.glue.addJob('job-a', { defaultArguments: { '--job-bookmark-option': 'job-bookmark-enable' } });
    return world;
  };

  it('are put back when the run is discarded and no later run of the job succeeded', async () => {
    const world = await withBookmarks();
    const run = await start(world);
    await finish(world, run, 'FAILED');
    expect(world.glue.bookmarkResets).toEqual([run.jobRunId]);
    expect(await entry(world, run)).toMatchObject({ bookmarkRewind: 'done' });
  });

  it('are left alone where a later run succeeded: the window is to be run again', async () => {
    const world = await withBookmarks();
    const first = await start(world);
    await write(world, first, 'sales/dt=1/a');
    await finish(world, first);
    await drain(world);
    world.clock.advance(1000);
    const second = await start(world);
    await write(world, second, 'sales/dt=2/a');
    await finish(world, second);
    await drain(world);
    const merge = (await entry(world, first)).mergeCommit ?? '';
    await world.lakefs.revert('lake', 'main', merge, 1, { message: `Revert ${merge}`, metadata: {} });
    await reconcileNow(world);
    expect(world.glue.bookmarkResets).toEqual([]);
    expect(await entry(world, first)).toMatchObject({ state: 'ROLLED_BACK', bookmarkRewind: 'rerun-needed' });
    await resolveRun(world, { action: 'retry', runId: first.runId });
    const rerun = [...world.glue.jobRuns.values()].at(-1);
    expect(rerun?.arguments).toMatchObject({
      '--job-bookmark-option': 'job-bookmark-pause',
      '--job-bookmark-to': first.jobRunId,
    });
  });
});

describe('lost events', () => {
  it('reconcile settles a run whose end nobody heard of, and wakes a promotion that was lost', async () => {
    const world = await makeWorld();
    const run = await start(world);
    await write(world, run, 'sales/dt=1/a');
    world.glue.end(run.jobRunId ?? '', 'SUCCEEDED');
    await reconcileNow(world);
    world.promotions.queue.length = 0;
    world.clock.advance(61_000);
    await reconcileNow(world);
    await drain(world);
    expect(await entry(world, run)).toMatchObject({ state: 'PROMOTED' });
  });

  it('reconcile gives up a start whose job run never appeared', async () => {
    const world = await makeWorld();
    world.glue.addJob('job-a', { maxConcurrentRuns: 0 });
    await expect(start(world, 'job-a', 'load1')).rejects.toMatchObject({ code: 'BL2009' });
    world.clock.advance(16 * 60_000);
    await reconcileNow(world);
    expect(await world.ledger.getRun({ runId: 'load1', attempt: 0 })).toMatchObject({
      state: 'DISCARDED',
      cause: { code: 'BL2012' },
    });
    expect(world.lakefs.branchNames('lake')).toEqual(['main']);
  });
});
