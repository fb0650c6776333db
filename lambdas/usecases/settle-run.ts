/**
 * An attempt has ended, says Glue: commit its work and ask for its promotion, or discard it. The event is only a hint;
 * what counts is what GetJobRun answers.
 */
import { CLAIM_OBJECT, CLAIM_PREFIX, COMMIT_KIND, GLUE_ARGUMENT, METADATA } from '../contract.ts';
import { isBranchlineError } from '../domain/errors.ts';
import { hasSucceeded, isTerminal } from '../domain/job-states.ts';
import { isBookkeeping, partitionsOf } from '../domain/partitions.ts';
import { pipelineOf, tablesOf } from '../domain/pipelines.ts';
import { runCommitRequest } from '../domain/promotion.ts';
import { type Cause, formatRunKey, needsCleanUp, type Run } from '../domain/run.ts';
import { advance } from '../domain/transitions.ts';
import type { JobRun, Ports } from '../ports.ts';
import { adopt } from './adopt.ts';
import { changeRun } from './change.ts';
import { runKeyOf } from './claim.ts';
import { cleanUp } from './clean-up.ts';
import type { JobRunHint } from './open-run.ts';

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
    (await ports.ledger.getRun(key)) ?? (await adopt(ports, { job: hint.jobName, jobRunId: hint.jobRunId, key }));
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
  if (hasSucceeded(jobRun.state)) return commitRun(ports, run, jobRun);
  const message = jobRun.errorMessage ?? `Glue reports ${jobRun.state}`;
  return {
    outcome: 'discarded',
    run: await discard(ports, run, { code: 'BL2005', message: message.slice(0, 1000) }, { jobRun }),
  };
};

const whatGlueSaid = (jobRun: JobRun, ports: Ports): Partial<Run> => ({
  jobRunId: jobRun.id,
  jobState: jobRun.state,
  jobEndedAt: jobRun.completedOn ?? ports.clock.now(),
  ...(jobRun.errorMessage === undefined ? {} : { jobMessage: jobRun.errorMessage.slice(0, 1000) }),
});

const commitRun = async (ports: Ports, run: Run, jobRun: JobRun): Promise<SettleAnswer> => {
  const facts = whatGlueSaid(jobRun, ports);
  const head = await unlessGone(() => commitStaged(ports, run));
  if (head === undefined) {
    // Deleted by hand, or by a twin of this invocation that has settled the run meanwhile.
    const cause = { code: 'BL2004', message: `branch ${run.branch} was deleted before the run was committed` };
    const gone = await discard(ports, run, cause, { jobRun, branchGone: true });
    return { outcome: gone.cause?.code === cause.code ? 'discarded' : 'already-settled', run: gone };
  }
  const config = await ports.config.load();
  const changed = head === run.baseCommit ? { paths: 0, partitions: [] } : await changesOf(ports, run, head, config);
  if (changed.paths > 0) await ports.ledger.putChanges(run, changed.partitions);
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
      },
      { note: `${String(changed.paths)} objects in ${String(changed.partitions.length)} partitions` },
    );
  });
  if (settled.state === 'UNCHANGED') return { outcome: 'unchanged', run: await cleanUp(ports, settled) };
  if (settled.state !== 'COMMITTED') return { outcome: 'already-settled', run: settled };
  await ports.promotions.wake(settled);
  return { outcome: 'committed', run: settled };
};

/** A branch may vanish between two calls. */
const unlessGone = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await work();
  } catch (error) {
    if (isBranchlineError(error, 'BL3004')) return undefined;
    throw error;
  }
};

/** The head of the run branch with everything committed that belongs to the run; `undefined` where the branch is gone. */
const commitStaged = async (ports: Ports, run: Run): Promise<string | undefined> => {
  const { lakefs } = ports;
  const ref = await lakefs.getBranch(run.repository, run.branch);
  if (ref === undefined) return undefined;
  if (ref.commitId !== run.baseCommit && (await isRunCommit(ports, run, ref.commitId))) return ref.commitId;
  await resetLeftovers(ports, run);
  const answer = await lakefs.commit(run.repository, run.branch, runCommitRequest(run, ports.place.region));
  if (answer.outcome === 'committed') return answer.commit.id;
  // Nothing was staged: the run wrote nothing, or a twin of this invocation has committed it since the look above.
  return (await lakefs.getBranch(run.repository, run.branch))?.commitId;
};

/** A repeat after a lost answer: what is staged since then came from a zombie and is not committed. */
const isRunCommit = async (ports: Ports, run: Run, commitId: string): Promise<boolean> => {
  const commit = await ports.lakefs.getCommit(run.repository, commitId);
  return (
    commit?.metadata[METADATA.kind] === COMMIT_KIND.run &&
    commit.metadata[METADATA.runId] === run.runId &&
    commit.metadata[METADATA.attempt] === String(run.attempt)
  );
};

/** Claim objects and the temporary files of committers that died are no part of anybody's table. */
const resetLeftovers = async (ports: Ports, run: Run): Promise<void> => {
  const prefixes = new Set<string>();
  for await (const change of ports.lakefs.listStaged(run.repository, run.branch)) {
    const temporary = /^(?:.*?\/)?_temporary\//.exec(change.path)?.[0];
    if (temporary !== undefined) prefixes.add(temporary);
    else if (change.path.startsWith(CLAIM_PREFIX)) prefixes.add(CLAIM_PREFIX);
  }
  for (const prefix of prefixes) await ports.lakefs.resetStaged(run.repository, run.branch, prefix);
};

const changesOf = async (
  ports: Ports,
  run: Run,
  head: string,
  config: Parameters<typeof tablesOf>[0],
): Promise<{ paths: number; partitions: readonly string[] }> => {
  const paths: string[] = [];
  let bookkeeping = 0;
  for await (const change of ports.lakefs.diff(run.repository, run.baseCommit, head, { type: 'two_dot' })) {
    if (change.path === CLAIM_OBJECT) continue;
    if (isBookkeeping(change.path)) bookkeeping += 1;
    paths.push(change.path);
  }
  ports.log.info('changes of the run', { run: formatRunKey(run), objects: paths.length, bookkeeping });
  return { paths: paths.length, partitions: partitionsOf(paths, tablesOf(config, run.repository)) };
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
    return advance(
      current,
      now,
      {
        ...(options.jobRun === undefined ? {} : whatGlueSaid(options.jobRun, ports)),
        state: 'DISCARDED',
        settledAt: now,
        cause,
        branchDeleted: options.branchGone === true,
        ...(current.bookmarks === true ? { bookmarkRewind: 'due' as const } : {}),
        ...(keepSeconds > 0 ? { keepUntil: now + keepSeconds * 1000, preserveDue: true } : {}),
        ...options.extra,
      },
      { note: cause.message, forget: ['lease', 'policy', 'startLeaseUntil'] },
    );
  });
  return needsCleanUp(settled) ? cleanUp(ports, settled) : settled;
};
