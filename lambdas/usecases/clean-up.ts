/** What a settled run still owes: a bookmark, a rerun, its branches. Each step is written down when done; any may be repeated. */
import { COMMIT_KIND } from '../contract.ts';
import { isBranchlineError } from '../domain/errors.ts';
import { provenance } from '../domain/promotion.ts';
import { formatRunKey, needsCleanUp, type Run } from '../domain/run.ts';
import { advance } from '../domain/transitions.ts';
import type { Ports } from '../ports.ts';
import { rewindBookmark } from './bookmark.ts';
import { changeRun } from './change.ts';
import { startRerun } from './rerun.ts';

/**
 * Bookmark before rerun: the rerun has to read the same window again. What Glue refuses keeps nothing staged and no branch
 * alive: lakeFS is tidied all the same, and then the fault is told.
 */
export const cleanUp = async (ports: Ports, start: Run): Promise<Run> => {
  const fault: { error?: unknown } = {};
  const owing = await makeGood(ports, start).catch((error: unknown) => {
    if (!isBranchlineError(error)) throw error;
    fault.error = error;
    return ports.ledger.getRun(start);
  });
  let run = owing ?? start;
  if (run.preserveDue === true) run = await preserve(ports, run);
  if (!run.branchDeleted && !isKept(run, ports.clock.now())) run = await deleteBranches(ports, run);
  if (fault.error !== undefined) throw fault.error;
  return run;
};

const makeGood = async (ports: Ports, start: Run): Promise<Run> => {
  let run = start;
  if (run.bookmarkRewind === 'due') run = await rewindBookmark(ports, run);
  if (run.rerunDue === true && run.bookmarkRewind !== 'due') run = await startRerun(ports, run);
  return run;
};

const isKept = (run: Run, now: number): boolean => run.keepUntil !== undefined && run.keepUntil > now;

/** Whether there is anything to do now; a branch that is kept on purpose is not. */
export const cleanUpIsDue = (run: Run, now: number): boolean =>
  needsCleanUp(run) &&
  (run.bookmarkRewind === 'due' || run.rerunDue === true || run.preserveDue === true || !isKept(run, now));

const deleteBranches = async (ports: Ports, run: Run): Promise<Run> => {
  await ports.lakefs.deleteBranch(run.repository, run.branch);
  if (run.resolutionBranch !== undefined) await ports.lakefs.deleteBranch(run.repository, run.resolutionBranch);
  return changeRun(ports, run, (current) =>
    current.branchDeleted
      ? undefined
      : advance(current, ports.clock.now(), { branchDeleted: true }, { forget: ['keepUntil'] }),
  );
};

/** Nothing may stay staged for long (garbage collection), so the failed work is committed on its own branch, marked so. */
const preserve = async (ports: Ports, run: Run): Promise<Run> => {
  const ref = await ports.lakefs.getBranch(run.repository, run.branch);
  if (ref !== undefined) {
    await ports.lakefs.commit(run.repository, run.branch, {
      message: `Failed: ${run.job}, run ${formatRunKey(run)}; kept for a look, never promoted`,
      metadata: provenance(run, COMMIT_KIND.failed, ports.place.region),
    });
  }
  return changeRun(ports, run, (current) =>
    current.preserveDue === true
      ? advance(current, ports.clock.now(), { branchDeleted: ref === undefined }, { forget: ['preserveDue'] })
      : undefined,
  );
};
