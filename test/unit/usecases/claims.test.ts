/** Who owns a run, what its branch was made from, and what is never made again. */
import { describe, expect, it } from 'vitest';
import { COMMIT_KIND, GLUE_ARGUMENT, METADATA } from '../../../lambdas/contract.ts';
import { argumentsDigest } from '../../../lambdas/usecases/claim.ts';
import { claimRun } from '../../../lambdas/usecases/claim-run.ts';
import { openRun } from '../../../lambdas/usecases/open-run.ts';
import { settleRun } from '../../../lambdas/usecases/settle-run.ts';
import { sweep } from '../../../lambdas/usecases/sweep.ts';
import { text, type World } from '../../fakes/ports.ts';
import { drain, entry, files, finish, headOf, promoted, reconcileNow, stage, start, write } from './stage.ts';

const CLAIM = '_branchline/claim.json';

/** A job that cannot invoke claim-run makes its branch and lays its claim down there. */
const claimByObject = async (world: World, jobRunId: string, runId = jobRunId): Promise<string> => {
  const branch = `run-job-a-${runId}`;
  const claim = { jobName: 'job-a', jobRunId, runId, attempt: 0, baseCommit: headOf(world) };
  await world.lakefs.createBranch('lake', branch, claim.baseCommit);
  await world.lakefs.putObject('lake', branch, CLAIM, text(JSON.stringify(claim)));
  return branch;
};

describe('a branch that was there before its claim', () => {
  it('keeps its base, so that what reached the target since counts as a clash', async () => {
    const world = await stage();
    const jobRun = world.glue.begin('job-a', {}, 'jr_9');
    const base = headOf(world);
    const branch = await claimByObject(world, jobRun.id);
    await promoted(world, 'sales/dt=1/other', 'job-b');
    const { run } = await openRun(world, { jobName: 'job-a', jobRunId: jobRun.id });
    expect(run).toMatchObject({ baseCommit: base, branch });
    await world.lakefs.putObject('lake', branch, 'sales/dt=1/mine', text('x'));
    world.glue.end(jobRun.id, 'SUCCEEDED');
    await settleRun(world, { jobName: 'job-a', jobRunId: jobRun.id });
    expect(await drain(world)).toMatchObject([{ outcome: 'conflicted' }]);
  });

  it('tells its base by its checkpoint where the claim is just being laid down anew', async () => {
    const world = await stage();
    const base = headOf(world);
    await world.lakefs.createBranch('lake', 'run-job-a-jr_9', base);
    await world.lakefs.putObject('lake', 'run-job-a-jr_9', 'notes/a', text('x'));
    const metadata = { [METADATA.kind]: COMMIT_KIND.checkpoint, [METADATA.runId]: 'jr_9', [METADATA.baseCommit]: base };
    await world.lakefs.commit('lake', 'run-job-a-jr_9', { message: 'checkpoint', metadata });
    await promoted(world, 'sales/dt=1/other', 'job-b');
    world.glue.begin('job-a', {}, 'jr_9');
    expect(await claimRun(world, { jobName: 'job-a', jobRunId: 'jr_9' })).toMatchObject({ baseCommit: base });
  });

  it('belongs to the job run whose claim lies on it, and settles by its end', async () => {
    const world = await stage();
    const first = world.glue.begin('job-a', { [GLUE_ARGUMENT.runId]: 'load1' }, 'jr_1');
    const branch = await claimByObject(world, first.id, 'load1');
    await world.lakefs.putObject('lake', branch, 'sales/dt=1/a', text('x'));
    const second = world.glue.begin('job-a', { [GLUE_ARGUMENT.runId]: 'load1' }, 'jr_2');
    const late = claimRun(world, { jobName: 'job-a', jobRunId: second.id, runId: 'load1' });
    await expect(late).rejects.toMatchObject({ code: 'BL2001' });
    world.glue.end(second.id, 'FAILED');
    world.glue.end(first.id, 'SUCCEEDED');
    for (const { id } of [second, first]) await settleRun(world, { jobName: 'job-a', jobRunId: id });
    await drain(world);
    expect(files(world)).toEqual(['sales/dt=1/a']);
  });

  it('without any claim is left to a person, from the first moment on', async () => {
    const world = await stage();
    const jobRun = world.glue.begin('job-a', {}, 'jr_9');
    await world.lakefs.createBranch('lake', 'run-job-a-jr_9', headOf(world));
    world.glue.end(jobRun.id, 'SUCCEEDED');
    await settleRun(world, { jobName: 'job-a', jobRunId: jobRun.id });
    expect(world.ledger.stream.map(({ after }) => after.state)).toEqual(['REJECTED']);
    expect(await entry(world, { runId: 'jr_9', attempt: 0 })).toMatchObject({ cause: { code: 'BL2006' } });
  });
});

describe('a branch that was deleted while its job ran', () => {
  it('is not made again by a hint or a second begin(): half a run would reach the target', async () => {
    const world = await stage();
    const jobRun = world.glue.begin('job-a', {}, 'jr_9');
    const run = await claimRun(world, { jobName: 'job-a', jobRunId: jobRun.id });
    await write(world, run, 'sales/dt=1/first-half');
    await world.lakefs.deleteBranch('lake', run.branch);
    await openRun(world, { jobName: 'job-a', jobRunId: jobRun.id });
    await claimRun(world, { jobName: 'job-a', jobRunId: jobRun.id });
    expect(world.lakefs.branchNames('lake')).toEqual(['main']);
    await finish(world, run);
    expect(await entry(world, run)).toMatchObject({ state: 'DISCARDED', cause: { code: 'BL2004' } });
  });

  it('is removed by sweep where a zombie made it again by itself', async () => {
    const world = await stage();
    const run = await start(world);
    await finish(world, run, 'FAILED');
    await world.lakefs.createBranch('lake', run.branch, run.baseCommit);
    expect(await sweep(world, { until: Number.MAX_SAFE_INTEGER })).toMatchObject({ branchesDeleted: 1 });
    expect(world.lakefs.branchNames('lake')).toEqual(['main']);
  });
});

describe('attempts', () => {
  it('of another job run are refused, though they carry the same run id', async () => {
    const world = await stage();
    await start(world, 'job-a', 'load1');
    const retry = world.glue.begin('job-a', { [GLUE_ARGUMENT.runId]: 'load1' }, 'jr_other_attempt_1');
    const claim = claimRun(world, { jobName: 'job-a', jobRunId: retry.id, runId: 'load1' });
    await expect(claim).rejects.toMatchObject({ code: 'BL2001' });
  });

  it('of a rerun do not count reruns anew', async () => {
    const world = await stage({ onConflict: 'rerun', maxReruns: 1 });
    const run = await start(world, 'job-b', 'load1');
    await write(world, run, 'sales/dt=1/b');
    await promoted(world, 'sales/dt=1/a');
    await finish(world, run);
    await drain(world);
    const again = await entry(world, { runId: 'load1-r1', attempt: 0 });
    await finish(world, again, 'FAILED');
    const retry = world.glue.begin('job-b', { [GLUE_ARGUMENT.runId]: 'load1-r1' }, `${again.jobRunId}_attempt_1`);
    const second = await claimRun(world, { jobName: 'job-b', jobRunId: retry.id, runId: 'load1-r1' });
    expect(second).toMatchObject({ attempt: 1, rerunNumber: 1, rerunOf: 'load1' });
  });
});

describe('the commit of a run', () => {
  it('carries the digest of the arguments, also where the job claimed its run', async () => {
    const world = await stage();
    const jobRun = world.glue.begin('job-a', { '--day': '1' }, 'jr_9');
    const run = await claimRun(world, { jobName: 'job-a', jobRunId: jobRun.id });
    await write(world, run, 'sales/dt=1/a');
    await finish(world, run);
    await drain(world);
    const digest = argumentsDigest({ '--day': '1' });
    const { runCommit, mergeCommit } = await entry(world, run);
    for (const id of [runCommit, mergeCommit]) {
      const commit = await world.lakefs.getCommit('lake', id ?? '');
      expect(commit?.metadata[METADATA.argumentsDigest]).toBe(digest);
    }
  });

  it('holds no claim and no temporary file, not even where a checkpoint took them along', async () => {
    const world = await stage();
    const run = await start(world);
    await write(world, run, 'sales/dt=1/a');
    await write(world, run, 'sales/_temporary/0/half');
    await write(world, run, CLAIM, '{}');
    await world.lakefs.commit('lake', run.branch, { message: 'checkpoint', metadata: {} });
    await finish(world, run);
    await drain(world);
    expect(files(world)).toEqual(['sales/dt=1/a']);
  });

  it('is found again behind what a zombie has committed since', async () => {
    const world = await stage();
    const run = await start(world);
    await write(world, run, 'sales/dt=1/a');
    world.glue.end(run.jobRunId ?? '', 'SUCCEEDED');
    const putChanges = world.ledger.putChanges.bind(world.ledger);
    world.ledger.putChanges = () => Promise.reject(new Error('dies here'));
    await expect(settleRun(world, { jobName: 'job-a', jobRunId: run.jobRunId ?? '' })).rejects.toThrow('dies here');
    world.ledger.putChanges = putChanges;
    await write(world, run, 'sales/dt=1/zombie');
    await world.lakefs.commit('lake', run.branch, { message: 'zombie', metadata: {} });
    await reconcileNow(world);
    await drain(world);
    expect(files(world)).toEqual(['sales/dt=1/a']);
  });
});

describe('a start that dies after it has started the job', () => {
  const dying = async () => {
    const world = await stage();
    const startJobRun = world.glue.startJobRun.bind(world.glue);
    world.glue.startJobRun = async (...args) => {
      await startJobRun(...args);
      throw new Error('dies here');
    };
    await expect(start(world, 'job-a', 'load1')).rejects.toThrow('dies here');
    world.glue.startJobRun = startJobRun;
    return world;
  };

  it('is taken up by a repeat, which starts no second one', async () => {
    const world = await dying();
    await expect(start(world, 'job-a', 'load1')).rejects.toMatchObject({ code: 'BL2009' });
    world.clock.advance(121_000);
    const run = await start(world, 'job-a', 'load1');
    expect([...world.glue.jobRuns.keys()]).toEqual([run.jobRunId]);
  });

  it('is taken up by reconcile', async () => {
    const world = await dying();
    world.clock.advance(121_000);
    await reconcileNow(world);
    const run = await entry(world, { runId: 'load1', attempt: 0 });
    expect([...world.glue.jobRuns.keys()]).toEqual([run.jobRunId]);
  });
});
