import { describe, expect, it } from 'vitest';
import { GLUE_ARGUMENT } from '../../../lambdas/contract.ts';
import type { Lakefs } from '../../../lambdas/ports.ts';
import { claimRun } from '../../../lambdas/usecases/claim-run.ts';
import { promoteRun } from '../../../lambdas/usecases/promote-run.ts';
import { Batch } from '../../../lambdas/usecases/promotion-batch.ts';
import { settleRun } from '../../../lambdas/usecases/settle-run.ts';
import { startRun } from '../../../lambdas/usecases/start-run.ts';
import { makeWorld, text } from '../../fakes/ports.ts';

/** The world with every call of ours to lakeFS counted; what a job does goes past it. */
const countedWorld = async () => {
  const world = await makeWorld();
  const calls: string[] = [];
  /** Calls at which an invocation dies. */
  const deadly = new Set<string>();
  const lakefs = new Proxy<Lakefs>(world.lakefs, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      return (...args: unknown[]) => {
        calls.push(String(name));
        if (deadly.has(String(name))) throw new Error(`dies at ${String(name)}`);
        return Reflect.apply(method as (...all: unknown[]) => unknown, target, args);
      };
    },
  });
  const ports = { ...world, lakefs };
  return { world, ports, calls, deadly };
};

type Counted = Awaited<ReturnType<typeof countedWorld>>;

const finish = async ({ world, ports }: Counted, jobRunId: string, branch: string) => {
  await world.lakefs.putObject('lake', branch, 'sales/dt=1/a', text(branch));
  world.glue.end(jobRunId, 'SUCCEEDED');
  await settleRun(ports, { jobName: 'job-a', jobRunId });
  const key = world.promotions.queue.shift() ?? { runId: '', attempt: 0 };
  expect(await promoteRun(ports, key)).toMatchObject({ outcome: 'promoted', run: { branchDeleted: true } });
};

const began = async (counted: Counted) => {
  const { id } = counted.world.glue.begin('job-a');
  const run = await claimRun(counted.ports, { jobName: 'job-a', jobRunId: id });
  await finish(counted, id, run.branch);
};

describe('a run without conflict', () => {
  it('begun by its job costs ten calls to lakeFS, after the first of its target', async () => {
    const counted = await countedWorld();
    await began(counted);
    counted.calls.length = 0;
    await began(counted);
    expect(counted.calls).toEqual([
      ...['getBranch', 'createBranch'],
      ...['getBranch', 'listStaged', 'commit', 'diff'],
      ...['log', 'merge', 'log', 'deleteBranch'],
    ]);
  });

  it('begun by start-run costs no more: its job need not look for the branch', async () => {
    const counted = await countedWorld();
    await began(counted);
    counted.calls.length = 0;
    const { run } = await startRun(counted.ports, { job: 'job-a' });
    const jobRunId = run.jobRunId ?? '';
    const runId = counted.world.glue.jobRuns.get(jobRunId)?.arguments[GLUE_ARGUMENT.runId];
    await claimRun(counted.ports, { jobName: 'job-a', jobRunId, ...(runId === undefined ? {} : { runId }) });
    expect(counted.calls).toEqual(['getBranch', 'createBranch']);
    await finish(counted, jobRunId, run.branch);
    expect(counted.calls).toHaveLength(10);
  });
});

describe('promotions of one batch', () => {
  const runInto = async ({ world, ports }: Counted, path: string) => {
    const { id } = world.glue.begin('job-a');
    const run = await claimRun(ports, { jobName: 'job-a', jobRunId: id });
    await world.lakefs.putObject('lake', run.branch, path, text(run.runId));
    world.glue.end(id, 'SUCCEEDED');
    await settleRun(ports, { jobName: 'job-a', jobRunId: id });
    return run;
  };
  /** A person changes this path of the target, past us. */
  const byHand = async ({ world: { lakefs } }: Counted, path: string) => {
    const head = (await lakefs.getBranch('lake', 'main'))?.commitId ?? '';
    await lakefs.createBranch('lake', 'by-hand', head);
    await lakefs.putObject('lake', 'by-hand', path, text('by hand'));
    const done = await lakefs.commit('lake', 'by-hand', { message: 'by hand', metadata: {} });
    const source = done.outcome === 'committed' ? done.commit.id : head;
    await lakefs.merge('lake', source, 'main', { message: 'by hand', metadata: {} });
  };

  it('read the log of their target once each', async () => {
    const counted = await countedWorld();
    const runs = [await runInto(counted, 'sales/dt=1/a'), await runInto(counted, 'sales/dt=2/b')];
    const batch = new Batch();
    await promoteRun(counted.ports, runs[0] ?? { runId: '', attempt: 0 }, batch);
    counted.calls.length = 0;
    const second = await promoteRun(counted.ports, runs[1] ?? { runId: '', attempt: 0 }, batch);
    expect(second.outcome).toBe('promoted');
    expect(counted.calls).toEqual(['merge', 'log', 'deleteBranch']);
  });

  it.each([
    ['right before a promotion is found after its merge, which is taken back', 0, true],
    ['earlier is found before anything is merged', 1_000, false],
  ])('a clash by hand %s', async (_when, ms, isMerged) => {
    const counted = await countedWorld();
    const { world, ports, calls } = counted;
    const first = await runInto(counted, 'sales/dt=1/a');
    const second = await runInto(counted, 'sales/dt=2/b');
    const batch = new Batch();
    await promoteRun(ports, first, batch);
    await byHand(counted, 'sales/dt=2/hand');
    world.clock.advance(ms);
    calls.length = 0;
    expect(await promoteRun(ports, second, batch)).toMatchObject({
      outcome: 'conflicted',
      run: { state: 'CONFLICTED', clashes: [{ what: 'sales/dt=2/' }] },
    });
    expect(calls.includes('merge')).toBe(isMerged);
    expect([...world.lakefs.tree('lake', 'main').keys()].sort()).toEqual(['sales/dt=1/a', 'sales/dt=2/hand']);
  });
});

describe('a claim that is repeated', () => {
  it('makes the branch that a crash has left unmade', async () => {
    const { world, ports, deadly } = await countedWorld();
    const { id } = world.glue.begin('job-a');
    deadly.add('createBranch');
    await expect(claimRun(ports, { jobName: 'job-a', jobRunId: id })).rejects.toThrow('dies at createBranch');
    deadly.clear();
    const run = await claimRun(ports, { jobName: 'job-a', jobRunId: id });
    expect(world.lakefs.branchNames('lake')).toContain(run.branch);
  });

  it('asks lakeFS nothing: the branch was made, and one that is deleted is not made again', async () => {
    const { world, ports, calls } = await countedWorld();
    const { id } = world.glue.begin('job-a');
    await claimRun(ports, { jobName: 'job-a', jobRunId: id });
    calls.length = 0;
    await claimRun(ports, { jobName: 'job-a', jobRunId: id });
    expect(calls).toEqual([]);
  });
});
