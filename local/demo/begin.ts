/** Starting a run and following it, as every scene does. */
import type { Run, RunState } from '../../lambdas/domain/run.ts';
import { argumentsFor, type Work } from './jobs.ts';
import type { Stage } from './stage.ts';
import { gist, shortId } from './timeline.ts';

/** Through start-run: claim, branch, StartJobRun. */
export const begin = async (stage: Stage, job: string, runId: string, work: Work): Promise<Run> => {
  const { run } = await stage.harness.startRun({ job, runId, arguments: argumentsFor(work) });
  stage.tell(
    'you',
    `start ${job}: run ${run.runId} on branch ${run.branch}, from ${shortId(run.baseCommit)}`,
    run.openedAt,
  );
  stage.showRuns(run);
  return run;
};

/** Waits for Glue's word on the run's job run. */
export const jobEnd = async (stage: Stage, run: Run): Promise<string> => {
  if (run.jobRunId === undefined) throw new Error(`run ${run.runId} has no job run`);
  const ended = await stage.harness.waitForJob(run.job, run.jobRunId);
  stage.tell('Glue', `${run.runId}  ${ended.JobRunState ?? ''}  ${gist(ended.ErrorMessage ?? '')}`.trimEnd());
  return ended.JobRunState ?? '';
};

/** Waits for the run's end and tells what the ledger says of it. */
export const runEnd = async (stage: Stage, run: Run, ...states: readonly RunState[]): Promise<Run> => {
  const ended = await stage.harness.waitForRun(run.runId, states);
  stage.showRuns(ended);
  return ended;
};

/** The same for runs at once: their steps are told in the order of their times. */
export const runsEnd = async (stage: Stage, runs: readonly Run[], ...states: readonly RunState[]): Promise<Run[]> => {
  const ended = await Promise.all(runs.map((run) => stage.harness.waitForRun(run.runId, states)));
  stage.showRuns(...ended);
  return ended;
};
