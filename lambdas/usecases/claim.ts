/** Claiming a run: run id and attempt → one job run, by a conditional write; then its branch. Shared by all who open runs. */
import { createHash } from 'node:crypto';
import { GLUE_ARGUMENT, METADATA, type PipelineConfig, SCHEMA_VERSION } from '../contract.ts';
import { branchNameOf, splitJobRunId } from '../domain/branch-name.ts';
import { BranchlineError } from '../domain/errors.ts';
import { pipelineOf } from '../domain/pipelines.ts';
import { formatRunKey, isSettled, type Run, type RunKey } from '../domain/run.ts';
import { advance } from '../domain/transitions.ts';
import { RUN_ID_PATTERN } from '../payloads.ts';
import type { Job, Ports } from '../ports.ts';
import { changeRun } from './change.ts';
import { readClaim } from './claim-object.ts';
import { refuseWhileUnresolved } from './unresolved.ts';

export const requirePipeline = async (ports: Ports, job: string): Promise<PipelineConfig> => {
  const pipeline = pipelineOf(await ports.config.load(), job);
  if (pipeline === undefined) throw new BranchlineError('BL1003', `job "${job}" matches no pipeline`);
  return pipeline;
};

/** The run that a job run belongs to: by the run id among its arguments, else by the id of its first attempt. */
export const runKeyOf = (jobRunId: string, runIdArgument: string | undefined): RunKey => {
  const { root, attempt } = splitJobRunId(jobRunId);
  const runId = runIdArgument ?? root;
  if (RUN_ID_PATTERN.test(runId)) return { runId, attempt };
  return { runId: `x${createHash('sha256').update(runId).digest('hex').slice(0, 32)}`, attempt };
};

const MANAGED_ARGUMENTS: readonly string[] = Object.values(GLUE_ARGUMENT);

export const withoutManaged = (args: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(args).filter(([name]) => !MANAGED_ARGUMENTS.includes(name)));

/** SHA-256 of the arguments, those of Branchline left out: the same for a start, its repeat and its rerun. */
export const argumentsDigest = (args: Readonly<Record<string, string>>): string =>
  createHash('sha256')
    .update(JSON.stringify(Object.entries(withoutManaged(args)).sort(([a], [b]) => (a < b ? -1 : 1))))
    .digest('hex');

export const BOOKMARK_OPTION = '--job-bookmark-option';

export const usesBookmarks = (job: Job | undefined, args: Readonly<Record<string, string>> = {}): boolean =>
  (args[BOOKMARK_OPTION] ?? job?.defaultArguments[BOOKMARK_OPTION]) === 'job-bookmark-enable';

/** Head of the target: what a new run branch is made from. */
export const headOf = async (ports: Ports, repository: string, branch: string): Promise<string> => {
  const ref = await ports.lakefs.getBranch(repository, branch);
  if (ref !== undefined) return ref.commitId;
  const code = (await ports.lakefs.getRepository(repository)) === undefined ? 'BL3007' : 'BL3004';
  throw new BranchlineError(code, `repository "${repository}" has no branch "${branch}"`, {
    details: { repository, branch },
  });
};

/** A retry of Glue's repeats what its first attempt repeats; or reruns would be counted anew with every retry. */
export const inherited = (first: Run | undefined): Partial<Run> =>
  first === undefined
    ? {}
    : { rerunNumber: first.rerunNumber, ...(first.rerunOf === undefined ? {} : { rerunOf: first.rerunOf }) };

export interface NewRun {
  readonly job: string;
  readonly pipeline: PipelineConfig;
  readonly baseCommit: string;
  readonly jobRunId?: string;
  readonly extra?: Partial<Run>;
  readonly note?: string;
}

export const newRun = (ports: Ports, key: RunKey, from: NewRun): Run => {
  const now = ports.clock.now();
  return {
    schemaVersion: SCHEMA_VERSION,
    ...key,
    version: 1,
    state: 'OPEN',
    job: from.job,
    pipeline: from.pipeline.name,
    repository: from.pipeline.repository,
    target: from.pipeline.target,
    branch: branchNameOf(from.job, key.runId, key.attempt),
    baseCommit: from.baseCommit,
    openedAt: now,
    updatedAt: now,
    rerunNumber: 0,
    branchDeleted: false,
    steps: [{ at: now, state: from.extra?.state ?? 'OPEN', ...(from.note === undefined ? {} : { note: from.note }) }],
    ...(from.jobRunId === undefined ? {} : { jobRunId: from.jobRunId }),
    ...from.extra,
  };
};

/**
 * Makes sure that an open run has its branch. One that was there once is never made again: what its job has written is lost
 * with it, and half a run must not reach the target.
 * @param isNew a run that is claimed for the first time can have no branch yet; else a look is cheaper than a refusal.
 */
export const ensureBranch = async (ports: Ports, run: Run, isNew: boolean): Promise<Run> => {
  if (run.branchMade === true) return run;
  if (!isNew && (await ports.lakefs.getBranch(run.repository, run.branch)) !== undefined) return takeOver(ports, run);
  const made = await ports.lakefs.createBranch(run.repository, run.branch, run.baseCommit);
  return made === 'created' ? unlessEnded(ports, run) : takeOver(ports, run);
};

/** A zombie that comes late must not leave a branch behind, so the entry is read again after the branch was made. */
const unlessEnded = async (ports: Ports, run: Run): Promise<Run> => {
  const now = await ports.ledger.getRun(run);
  if (now?.state === 'OPEN') return now;
  if (now === undefined || (isSettled(now.state) && now.keepUntil === undefined)) {
    await ports.lakefs.deleteBranch(run.repository, run.branch);
  }
  throw ended(now ?? run);
};

/**
 * The branch is there, although the ledger does not say so: made by an earlier try of ours, or by a job that could not ask for
 * its claim and laid it down there. Its base is what that one started from, not the target's head of now.
 */
const takeOver = async (ports: Ports, run: Run): Promise<Run> => {
  const claim = await readClaim(ports, run.repository, run.branch);
  // Somebody may have merged a branch together with its claim: then every branch shows it.
  const found = claim?.runId === run.runId && claim.attempt === run.attempt ? claim : undefined;
  const baseCommit = found?.baseCommit ?? (await baseOfBranch(ports, run));
  const isOthers = found !== undefined && run.jobRunId !== undefined && found.jobRunId !== run.jobRunId;
  const owner = isOthers ? { jobRunId: found.jobRunId } : {};
  const taken = await changeRun(ports, run, (current) =>
    current.state === 'OPEN' && current.jobRunId === run.jobRunId && (isOthers || current.baseCommit !== baseCommit)
      ? advance(
          current,
          ports.clock.now(),
          { baseCommit, ...owner },
          { note: `branch was there, made from ${baseCommit.slice(0, 12)}` },
        )
      : undefined,
  );
  if (isOthers && run.jobRunId !== undefined) throw claimedByOther(taken, run.jobRunId);
  return taken;
};

/** Nobody commits on a run branch without a claim, but for checkpoints, and those tell. */
const baseOfBranch = async (ports: Ports, run: Run): Promise<string> => {
  const ref = await ports.lakefs.getBranch(run.repository, run.branch);
  if (ref === undefined) throw new BranchlineError('BL3003', `branch ${run.branch} is just being made or deleted`);
  if (ref.commitId === run.baseCommit) return run.baseCommit;
  const commit = await ports.lakefs.getCommit(run.repository, ref.commitId);
  const isOfRun = commit !== undefined && commit.metadata[METADATA.runId] === run.runId;
  return (isOfRun ? commit.metadata[METADATA.baseCommit] : undefined) ?? ref.commitId;
};

/** Written down once it is true: from then on a branch that is missing was deleted. */
const markMade = (ports: Ports, run: Run): Promise<Run> =>
  changeRun(ports, run, (current) =>
    current.state === 'OPEN' && current.branchMade !== true
      ? advance(current, ports.clock.now(), { branchMade: true })
      : undefined,
  );

export const ended = (run: Run): BranchlineError =>
  new BranchlineError('BL2002', `run ${formatRunKey(run)} is ${run.state}; a job run that comes late gets no branch`, {
    details: { run: formatRunKey(run), state: run.state },
  });

const claimedByOther = (run: Run, jobRunId: string): BranchlineError =>
  new BranchlineError(
    'BL2001',
    `run ${formatRunKey(run)} belongs to job "${run.job}", job run ${run.jobRunId ?? '(starting)'}, not to ${jobRunId}`,
    {
      details: { run: formatRunKey(run), job: run.job, jobRunId: run.jobRunId },
    },
  );

export interface Claimant {
  readonly job: string;
  readonly jobRunId: string;
  readonly runIdArgument: string | undefined;
}

/**
 * Claims the run for this job run and makes sure of its branch. The same job run may repeat it; another one is refused
 * (BL2001), and so is everybody once the run has ended (BL2002).
 */
export const claimRunFor = async (ports: Ports, claimant: Claimant): Promise<Run> => {
  const pipeline = await requirePipeline(ports, claimant.job);
  const key = runKeyOf(claimant.jobRunId, claimant.runIdArgument);
  const { root } = splitJobRunId(claimant.jobRunId);
  const first = key.attempt > 0 ? await ports.ledger.getRun({ runId: key.runId, attempt: 0 }) : undefined;
  if (first !== undefined) {
    const otherJob = first !== undefined && first.job !== claimant.job;
    const otherRun = first?.jobRunId !== undefined && splitJobRunId(first.jobRunId).root !== root;
    if (otherJob || otherRun) throw claimedByOther(first, claimant.jobRunId);
  }
  let run = await ports.ledger.getRun(key);
  let isNew = false;
  if (run === undefined) {
    const job = await ports.glue.getJob(claimant.job);
    const bookmarks = usesBookmarks(job);
    if (bookmarks) await refuseWhileUnresolved(ports, claimant.job, key);
    const fresh = newRun(ports, key, {
      job: claimant.job,
      pipeline,
      baseCommit: await headOf(ports, pipeline.repository, pipeline.target),
      jobRunId: claimant.jobRunId,
      extra: { bookmarks, ...inherited(first) },
      note: `claimed by job run ${claimant.jobRunId}`,
    });
    const answer = await ports.ledger.createRun(fresh);
    isNew = answer.outcome === 'created';
    run = answer.outcome === 'created' ? fresh : answer.run;
    // Once more, now that the other side sees this entry: see unresolved.ts.
    if (bookmarks) await refuseWhileUnresolved(ports, claimant.job, key);
  }
  const claimed = await changeRun(ports, run, (current) => {
    if (current.job !== claimant.job) throw claimedByOther(current, claimant.jobRunId);
    if (current.jobRunId !== undefined && current.jobRunId !== claimant.jobRunId) {
      throw claimedByOther(current, claimant.jobRunId);
    }
    if (current.state !== 'OPEN') throw ended(current);
    if (current.jobRunId === claimant.jobRunId) return undefined;
    return advance(
      current,
      ports.clock.now(),
      { jobRunId: claimant.jobRunId },
      { note: `claimed by job run ${claimant.jobRunId}`, forget: ['startLeaseUntil'] },
    );
  });
  return markMade(ports, await ensureBranch(ports, claimed, isNew));
};
