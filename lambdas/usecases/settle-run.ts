/**
 * An attempt has ended, says Glue: commit its work and ask for its promotion, or discard it. The event is only a hint;
 * what counts is what GetJobRun answers.
 */
import { GLUE_ARGUMENT } from '../contract.ts';
import { hasSucceeded, isTerminal } from '../domain/job-states.ts';
import { pipelineOf } from '../domain/pipelines.ts';
import { type Cause, formatRunKey, MAX_MESSAGE, needsCleanUp, type Run } from '../domain/run.ts';
import { advance } from '../domain/transitions.ts';
import type { JobRun, Ports } from '../ports.ts';
import { adopt } from './adopt.ts';
import { changeRun } from './change.ts';
import { argumentsDigest, BOOKMARK_OPTION, runKeyOf, usesBookmarks } from './claim.ts';
import { cleanUp } from './clean-up.ts';
import { commitWork } from './commit-work.ts';
import type { JobRunHint } from './open-run.ts';
import { schemaChangesOf } from './run-schema.ts';
import { unlessGone } from './unless-gone.ts';

export interface SettleAnswer {
  readonly outcome:
    | 'committed'
    | 'unchanged'
    | 'discarded'
    | 'already-settled'
    | 'not-managed'
    | 'not-ours'
    | 'still-running'
    | 'unknown-job-run';
  readonly run?: Run;
}

export const settleRun = async (ports: Ports, hint: JobRunHint): Promise<SettleAnswer> => {
  const pipeline = pipelineOf(await ports.config.load(), hint.jobName);
  if (pipeline === undefined) return { outcome: 'not-managed' };
  const jobRun = await ports.glue.getJobRun(hint.jobName, hint.jobRunId);
  if (jobRun === undefined) {
    ports.log.warn('an event about a job run that Glue does not know', { ...hint });
    return { outcome: 'unknown-job-run' };
  }
  if (!isTerminal(jobRun.state)) return { outcome: 'still-running' };
  const key = runKeyOf(hint.jobRunId, jobRun.arguments[GLUE_ARGUMENT.runId]);
  const run =
    (await ports.ledger.getRun(key)) ??
    (await adopt(ports, { job: hint.jobName, jobRunId: hint.jobRunId, key, arguments: jobRun.arguments }));
  if (run === undefined) {
    await ports.ledger.recordUnmanaged({
      job: hint.jobName,
      jobRunId: hint.jobRunId,
      pipeline: pipeline.name,
      state: jobRun.state,
      at: ports.clock.now(),
    });
    return { outcome: 'not-ours' };
  }
  return settle(ports, run, jobRun);
};

/** Settles this run by what Glue says of this job run; does nothing where the run belongs to another one. */
export const settle = async (ports: Ports, run: Run, jobRun: JobRun): Promise<SettleAnswer> => {
  if (run.job !== jobRun.jobName || (run.jobRunId !== undefined && run.jobRunId !== jobRun.id)) {
    ports.log.warn('a job run that is not the owner of its run has ended', {
      run: formatRunKey(run),
      jobRunId: jobRun.id,
    });
    return { outcome: 'not-ours', run };
  }
  if (run.state === 'COMMITTED') {
    // The wake-up may have been lost between the ledger and the queue; the queue drops a second one.
    await ports.promotions.wake(run);
    return { outcome: 'already-settled', run };
  }
  if (run.state !== 'OPEN') {
    return { outcome: 'already-settled', run: needsCleanUp(run) ? await cleanUp(ports, run) : run };
  }
  if (hasSucceeded(jobRun.state)) return commitRun(ports, run, whatGlueSaid(ports, run, jobRun), { jobRun });
  const message = jobRun.errorMessage ?? `Glue reports ${jobRun.state}`;
  return {
    outcome: 'discarded',
    run: await discard(ports, run, { code: 'BL2005', message: message.slice(0, MAX_MESSAGE) }, { jobRun }),
  };
};

/** A run that its job claimed has not been told its arguments: neither their digest nor whether they switch bookmarks. */
const whatGlueSaid = (ports: Ports, run: Run, jobRun: JobRun): Partial<Run> => ({
  jobRunId: jobRun.id,
  jobState: jobRun.state,
  jobEndedAt: jobRun.completedOn ?? ports.clock.now(),
  argumentsDigest: run.argumentsDigest ?? argumentsDigest(jobRun.arguments),
  ...(BOOKMARK_OPTION in jobRun.arguments ? { bookmarks: usesBookmarks(undefined, jobRun.arguments) } : {}),
  ...(jobRun.errorMessage === undefined ? {} : { jobMessage: jobRun.errorMessage.slice(0, MAX_MESSAGE) }),
});

/** @param facts what the entry is to say of whoever did the work. */
export const commitRun = async (
  ports: Ports,
  run: Run,
  facts: Partial<Run>,
  options: Pick<DiscardOptions, 'jobRun'> = {},
): Promise<SettleAnswer> => {
  const work = await unlessGone(() => commitWork(ports, { ...run, ...facts }));
  if (work === undefined) {
    // Deleted by hand, or by a twin of this invocation that has settled the run meanwhile.
    const cause = { code: 'BL2004', message: `branch ${run.branch} was deleted before the run was committed` };
    const gone = await discard(ports, run, cause, { ...options, branchGone: true });
    return { outcome: gone.cause?.code === cause.code ? 'discarded' : 'already-settled', run: gone };
  }
  const { head, changed } = work;
  if (changed.paths > 0) await ports.ledger.putChanges(run, head, changed.partitions);
  const schemaChanges = await schemaChangesOf(ports, run, head, changed.partitions);
  const settled = await changeRun(ports, run, (current) => {
    if (current.state !== 'OPEN') return undefined;
    const now = ports.clock.now();
    if (changed.paths === 0) {
      return advance(
        current,
        now,
        { ...facts, state: 'UNCHANGED', settledAt: now, runCommit: head },
        { note: 'the run wrote nothing' },
      );
    }
    return advance(
      current,
      now,
      {
        ...facts,
        state: 'COMMITTED',
        runCommit: head,
        changedObjects: changed.paths,
        changedPartitions: changed.partitions.length,
        removesLast: changed.removesLast,
        ...(schemaChanges.length === 0 ? {} : { schemaChanges }),
      },
      { note: `${String(changed.paths)} objects in ${String(changed.partitions.length)} partitions` },
    );
  });
  if (settled.state === 'UNCHANGED') return { outcome: 'unchanged', run: await cleanUp(ports, settled) };
  if (settled.state !== 'COMMITTED') return { outcome: 'already-settled', run: settled };
  await ports.promotions.wake(settled);
  return { outcome: 'committed', run: settled };
};

export interface DiscardOptions {
  readonly jobRun?: JobRun;
  readonly branchGone?: boolean;
  /** Further changes of the entry, e.g. the rerun that takes over. */
  readonly extra?: Partial<Run>;
  readonly keep?: boolean;
}

/**
 * The end of a run that never reaches the target. The ledger says so first: from then on no path leads to a promotion,
 * and a late `begin()` is refused; branch and bookmark follow.
 */
export const discard = async (ports: Ports, run: Run, cause: Cause, options: DiscardOptions = {}): Promise<Run> => {
  const pipeline = pipelineOf(await ports.config.load(), run.job);
  const keepSeconds = options.branchGone === true || options.keep === false ? 0 : (pipeline?.keepFailedForSeconds ?? 0);
  const settled = await changeRun(ports, run, (current) => {
    if (!['OPEN', 'CONFLICTED', 'REJECTED', 'AWAITING_APPROVAL'].includes(current.state)) return undefined;
    const now = ports.clock.now();
    const facts = options.jobRun === undefined ? {} : whatGlueSaid(ports, current, options.jobRun);
    return advance(
      current,
      now,
      {
        ...facts,
        state: 'DISCARDED',
        settledAt: now,
        cause,
        branchDeleted: options.branchGone === true,
        ...((facts.bookmarks ?? current.bookmarks) === true ? { bookmarkRewind: 'due' as const } : {}),
        ...(keepSeconds > 0 ? { keepUntil: now + keepSeconds * 1000, preserveDue: true } : {}),
        ...options.extra,
      },
      { note: cause.message, forget: ['lease', 'policy', 'startLeaseUntil'] },
    );
  });
  return needsCleanUp(settled) ? cleanUp(ports, settled) : settled;
};
