/**
 * A hint that a job run has begun (CloudTrail, or Glue's run status). Hints come late, twice, or never: this opens the run
 * early where it can, and does nothing where it need not.
 */
import { GLUE_ARGUMENT } from '../contract.ts';
import { isBranchlineError } from '../domain/errors.ts';
import { isTerminal } from '../domain/job-states.ts';
import { pipelineOf } from '../domain/pipelines.ts';
import type { Run } from '../domain/run.ts';
import type { Ports } from '../ports.ts';
import { claimRunFor, runKeyOf } from './claim.ts';

export interface JobRunHint {
  readonly jobName: string;
  readonly jobRunId: string;
}

export interface OpenAnswer {
  readonly outcome: 'opened' | 'not-managed' | 'unknown-job-run' | 'has-ended' | 'not-ours';
  readonly run?: Run;
}

export const openRun = async (ports: Ports, hint: JobRunHint): Promise<OpenAnswer> => {
  if (pipelineOf(await ports.config.load(), hint.jobName) === undefined) return { outcome: 'not-managed' };
  // Neither event carries the attempt's arguments, so the run id is asked of Glue.
  const jobRun = await ports.glue.getJobRun(hint.jobName, hint.jobRunId);
  if (jobRun === undefined) return { outcome: 'unknown-job-run' };
  if (isTerminal(jobRun.state)) return { outcome: 'has-ended' };
  const runIdArgument = jobRun.arguments[GLUE_ARGUMENT.runId];
  const known = await ports.ledger.getRun(runKeyOf(hint.jobRunId, runIdArgument));
  if (known?.jobRunId === hint.jobRunId) return { outcome: 'opened', run: known };
  try {
    const run = await claimRunFor(ports, { job: hint.jobName, jobRunId: hint.jobRunId, runIdArgument });
    return { outcome: 'opened', run };
  } catch (error) {
    // A refusal is the job's to hear, by its own begin(); for a hint it only means that there is nothing to do.
    if (!isBranchlineError(error, 'BL2001', 'BL2002', 'BL2008')) throw error;
    ports.log.info('hint about a run that is not to be opened', { ...hint, reason: error.message });
    return { outcome: 'not-ours' };
  }
};
