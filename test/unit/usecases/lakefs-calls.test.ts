import { describe, expect, it } from 'vitest';
import { GLUE_ARGUMENT } from '../../../lambdas/contract.ts';
import type { Lakefs } from '../../../lambdas/ports.ts';
import { claimRun } from '../../../lambdas/usecases/claim-run.ts';
import { promoteRun } from '../../../lambdas/usecases/promote-run.ts';
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
