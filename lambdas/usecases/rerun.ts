/** The same job again, on a fresh branch from the target's head. */
import { BranchlineError, isBranchlineError } from '../domain/errors.ts';
import { formatRunKey, type Run } from '../domain/run.ts';
import { advance } from '../domain/transitions.ts';
import type { Ports } from '../ports.ts';
import { windowArguments } from './bookmark.ts';
import { changeRun } from './change.ts';
import { withoutManaged } from './claim.ts';
import { startRun } from './start-run.ts';

/** `<id>-rN`: the run id of the Nth repetition of a run. */
export const rerunIdOf = (run: Run): string => {
  const original = run.rerunNumber > 0 ? run.runId.replace(/-r[0-9]+$/, '') : run.runId;
  const attempt = run.attempt > 0 ? `_${String(run.attempt)}` : '';
  return `${original}${attempt}-r${String(run.rerunNumber + 1)}`;
};

/** Starts the rerun that a discarded run owes; `rerunAs` names it, so that a repeat starts it no second time. */
export const startRerun = async (ports: Ports, run: Run): Promise<Run> => {
  if (run.rerunAs === undefined)
    throw new BranchlineError('BL5001', `run ${formatRunKey(run)} owes a rerun without a name`);
  const jobRun = run.jobRunId === undefined ? undefined : await ports.glue.getJobRun(run.job, run.jobRunId);
  const args = { ...withoutManaged(jobRun?.arguments ?? {}), ...(await windowArguments(ports, run)) };
  let note = `rerun ${run.rerunAs} started`;
  try {
    await startRun(
      ports,
      { job: run.job, runId: run.rerunAs, arguments: args },
      { rerunOf: formatRunKey(run), rerunNumber: run.rerunNumber + 1 },
    );
  } catch (error) {
    // It was started and has ended already: nothing is owed any more.
    if (!isBranchlineError(error, 'BL2002', 'BL4004', 'BL1003')) throw error;
    note = `rerun ${run.rerunAs}: ${error.message}`;
  }
  return changeRun(ports, run, (current) =>
    current.rerunDue === true ? advance(current, ports.clock.now(), {}, { note, forget: ['rerunDue'] }) : undefined,
  );
};
