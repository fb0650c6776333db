/** What tests of use cases do over and over: a job that starts, writes and ends, and the queue that is worked off. */

import type { PipelineConfig } from '../../../lambdas/contract.ts';
import type { Run } from '../../../lambdas/domain/run.ts';
import { promoteRun } from '../../../lambdas/usecases/promote-run.ts';
import { reconcile } from '../../../lambdas/usecases/reconcile.ts';
import { settleRun } from '../../../lambdas/usecases/settle-run.ts';
import { startRun } from '../../../lambdas/usecases/start-run.ts';
import { ensureTarget } from '../../../lambdas/usecases/verify-target.ts';
import { makeWorld, text, type World } from '../../fakes/ports.ts';

export const stage = async (pipeline: Partial<PipelineConfig> = {}): Promise<World> => {
  const world = await makeWorld(pipeline);
  await ensureTarget(world, 'lake', 'main');
  return world;
};

export const write = (world: World, run: Run, path: string, content = `${run.runId}:${path}`) =>
  world.lakefs.putObject('lake', run.branch, path, text(content));

export const start = async (world: World, job = 'job-a', runId?: string): Promise<Run> =>
  (await startRun(world, { job, ...(runId === undefined ? {} : { runId }) })).run;

export const finish = async (world: World, run: Run, state = 'SUCCEEDED') => {
  const jobRunId = run.jobRunId ?? '';
  world.glue.end(jobRunId, state);
  return settleRun(world, { jobName: run.job, jobRunId });
};

export const drain = async (world: World) => {
  const answers = [];
  for (let key = world.promotions.queue.shift(); key !== undefined; key = world.promotions.queue.shift()) {
    answers.push(await promoteRun(world, key));
  }
  return answers;
};

/** A run from its start to its promotion. */
export const promoted = async (world: World, path: string, job = 'job-a'): Promise<Run> => {
  const run = await start(world, job);
  await write(world, run, path);
  await finish(world, run);
  await drain(world);
  return entry(world, run);
};

export const reconcileNow = (world: World) => reconcile(world, { until: Number.MAX_SAFE_INTEGER });
export const files = (world: World): string[] => [...world.lakefs.tree('lake', 'main').keys()].sort();
export const headOf = (world: World): string => world.lakefs.firstParentLog('lake', 'main')[0]?.id ?? '';

export const entry = async (world: World, run: Pick<Run, 'runId' | 'attempt'>): Promise<Run> => {
  const found = await world.ledger.getRun(run);
  if (found === undefined) throw new Error(`no run ${run.runId}`);
  return found;
};

/** As the log page of lakeFS does it. */
export const revert = (world: World, commit: string, parentNumber = 1) =>
  world.lakefs.revert('lake', 'main', commit, parentNumber, { message: `Revert ${commit}`, metadata: {} });

/** As lakeFS's hard reset does it. */
export const reset = (world: World, to: string): void => {
  const main = world.lakefs.repositories.get('lake')?.branches.get('main');
  if (main !== undefined) main.head = to;
};

export const mergeByHand = async (world: World, ref: string): Promise<string> => {
  const answer = await world.lakefs.merge('lake', ref, 'main', { message: 'by hand', metadata: {} });
  return answer.outcome === 'merged' ? answer.commitId : answer.outcome;
};
