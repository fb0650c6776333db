/**
 * Jobs with bookmarks have one high-water mark: their next run waits until the earlier one is resolved, or a rewind for the earlier
 * one would rewind the later one too and double its rows.
 *
 * Who starts writes its entry and then looks for a rewind that is due; who rewinds writes that it is due and then looks for an
 * entry: at least one of both sees the other.
 */
import { BranchlineError } from '../domain/errors.ts';
import { type EpochMs, formatRunKey, type Run, type RunKey } from '../domain/run.ts';
import type { Ports } from '../ports.ts';

/** @throws BL2008 naming the run that is to be resolved first. Attempts of one run id follow each other. */
export const refuseWhileUnresolved = async (ports: Ports, job: string, key: RunKey): Promise<void> => {
  const refuse = (run: Run, why: string): never => {
    const unresolved = formatRunKey(run);
    throw new BranchlineError('BL2008', `job "${job}" uses bookmarks and its run ${unresolved} ${why}`, {
      details: { job, unresolved, state: run.state },
    });
  };
  // An open one may have ended, and its event be on the way.
  const states = ['OPEN', 'COMMITTED', 'AUDITING', 'PROMOTING', 'CONFLICTED', 'REJECTED', 'AWAITING_APPROVAL'] as const;
  for await (const run of ports.ledger.listRuns({ job, states })) {
    if (run.runId !== key.runId && !isIdle(run, ports.clock.now())) refuse(run, `is ${run.state}`);
  }
  for await (const run of ports.ledger.listRuns({ job, needsCleanUp: true })) {
    if (run.runId !== key.runId && run.bookmarkRewind === 'due') refuse(run, 'is owed the rewind of its bookmark');
  }
};

/** A start that waits to be tried again: no job runs for it, and none is being started. */
const isIdle = (run: Run, now: EpochMs): boolean =>
  run.state === 'OPEN' &&
  run.jobRunId === undefined &&
  (run.startLeaseUntil === undefined || run.startLeaseUntil <= now);

/** Whether a run that the job began later, or is about to begin, is still open. */
export const isFollowed = async (ports: Ports, run: Run): Promise<boolean> => {
  for await (const other of ports.ledger.listRuns({ job: run.job, states: ['OPEN'] })) {
    const isSelf = formatRunKey(other) === formatRunKey(run);
    if (!isSelf && other.openedAt >= run.openedAt && !isIdle(other, ports.clock.now())) return true;
  }
  return false;
};
