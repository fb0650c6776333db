/** The same job again, on a fresh branch from the target's head. */
import { BranchlineError, isBranchlineError } from '../domain/errors.ts';
import { formatRunKey, type Run } from '../domain/run.ts';
import { advance } from '../domain/transitions.ts';
import type { Ports } from '../ports.ts';
import { windowArguments } from './bookmark.ts';
import { changeRun } from './change.ts';
import { withoutManaged } from './claim.ts';
import { startRun } from './start-run.ts';

/** See `RUN_ID_PATTERN`. */
const MAX_RUN_ID_LENGTH = 128;

/** `<id>-rN`: the run id of the Nth repetition of a run. People choose run ids too: one that is taken is passed over. */
export const rerunIdOf = async (ports: Ports, run: Run): Promise<string> => {
  const original = run.rerunNumber > 0 ? run.runId.replace(/-r[0-9]+$/, '') : run.runId;
  const attempt = run.attempt > 0 ? `_${String(run.attempt)}` : '';
  for (let number = run.rerunNumber + 1; ; number += 1) {
    const suffix = `${attempt}-r${String(number)}`;
    const runId = `${original.slice(0, MAX_RUN_ID_LENGTH - suffix.length)}${suffix}`;
    const taken = await ports.ledger.getRun({ runId, attempt: 0 });
    if (taken === undefined || taken.rerunOf === formatRunKey(run)) return runId;
  }
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
    // It was started and has ended already, or there is nothing to start any more: nothing is owed. (BL2001: it was started with the
    // arguments of an earlier try; a rewound bookmark may have changed them since.)
    if (!isBranchlineError(error, 'BL2001', 'BL2002', 'BL4004', 'BL1003')) throw error;
    note = `rerun ${run.rerunAs}: ${error.message}`;
  }
  return changeRun(ports, run, (current) =>
    current.rerunDue === true ? advance(current, ports.clock.now(), {}, { note, forget: ['rerunDue'] }) : undefined,
  );
};
