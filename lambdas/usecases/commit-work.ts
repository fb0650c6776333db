/** Everything that belongs to a run in one commit on its branch, and what that commit changes. Safe to repeat, also side by side. */
import { COMMIT_KIND, METADATA } from '../contract.ts';
import { BranchlineError } from '../domain/errors.ts';
import type { Commit } from '../domain/lakefs.ts';
import { leftoverOf } from '../domain/leftovers.ts';
import { isBookkeeping, partitionsOf } from '../domain/partitions.ts';
import { tablesOf } from '../domain/pipelines.ts';
import { runCommitRequest } from '../domain/promotion.ts';
import { formatRunKey, type Run } from '../domain/run.ts';
import type { Ports } from '../ports.ts';

export interface Work {
  /** The commit that is to be promoted; the base commit where the run wrote nothing. */
  readonly head: string;
  readonly changed: {
    readonly paths: number;
    readonly partitions: readonly string[];
    /** As `Run.removesLast`. */
    readonly removesLast: boolean;
  };
}

const MAX_TRIES = 3;

/** @returns `undefined` where the branch is gone. */
export const commitWork = async (ports: Ports, run: Run): Promise<Work | undefined> => {
  let head = await commitStaged(ports, run);
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    if (head === undefined) return undefined;
    if (head === run.baseCommit) return { head, changed: { paths: 0, partitions: [], removesLast: false } };
    const changed = await changesOf(ports, run, head);
    if (changed.leftovers.length === 0) return { head, changed };
    head = await takeOut(ports, run, changed.leftovers);
  }
  throw new BranchlineError('BL4003', `branch ${run.branch} is being cleaned of leftovers by another call`);
};

/** A checkpoint took leftovers along: one more commit takes them out, and nothing else. */
const takeOut = async (ports: Ports, run: Run, leftovers: readonly string[]): Promise<string | undefined> => {
  const { lakefs } = ports;
  await lakefs.resetStaged(run.repository, run.branch);
  await lakefs.deleteObjects(run.repository, run.branch, leftovers);
  const answer = await lakefs.commit(run.repository, run.branch, runCommitRequest(run, ports.place.region));
  return answer.outcome === 'committed' ? answer.commit.id : headOfBranch(ports, run);
};

const headOfBranch = async (ports: Ports, run: Run): Promise<string | undefined> =>
  (await ports.lakefs.getBranch(run.repository, run.branch))?.commitId;

/** The head of the run branch with everything committed that belongs to the run; `undefined` where the branch is gone. */
const commitStaged = async (ports: Ports, run: Run): Promise<string | undefined> => {
  const { lakefs } = ports;
  const head = await headOfBranch(ports, run);
  if (head === undefined) return undefined;
  const done = head === run.baseCommit ? undefined : await runCommitSince(ports, run, head);
  if (done !== undefined) return done;
  await resetLeftovers(ports, run);
  const answer = await lakefs.commit(run.repository, run.branch, runCommitRequest(run, ports.place.region));
  if (answer.outcome === 'committed') return answer.commit.id;
  // Nothing was staged: the run wrote nothing, or a twin of this invocation has committed it since the look above.
  return headOfBranch(ports, run);
};

/**
 * The commit of an earlier try whose answer was lost. What is staged, or was committed as a checkpoint, since then came from a
 * zombie and is no part of the run.
 */
const runCommitSince = async (ports: Ports, run: Run, head: string): Promise<string | undefined> => {
  for await (const commit of ports.lakefs.log(run.repository, head, { stopAt: run.baseCommit })) {
    if (commit.id === run.baseCommit) return undefined;
    if (isRunCommit(commit, run)) return commit.id;
  }
  return undefined;
};

const isRunCommit = ({ metadata }: Commit, run: Run): boolean =>
  metadata[METADATA.kind] === COMMIT_KIND.run &&
  metadata[METADATA.runId] === run.runId &&
  metadata[METADATA.attempt] === String(run.attempt);

const resetLeftovers = async (ports: Ports, run: Run): Promise<void> => {
  const prefixes = new Set<string>();
  for await (const { path } of ports.lakefs.listStaged(run.repository, run.branch)) {
    const prefix = leftoverOf(path);
    if (prefix !== undefined) prefixes.add(prefix);
  }
  for (const prefix of prefixes) await ports.lakefs.resetStaged(run.repository, run.branch, prefix);
};

const changesOf = async (
  ports: Ports,
  run: Run,
  head: string,
): Promise<Work['changed'] & { readonly leftovers: readonly string[] }> => {
  const paths: string[] = [];
  const leftovers: string[] = [];
  let bookkeeping = 0;
  let removesLast = false;
  for await (const change of ports.lakefs.diff(run.repository, run.baseCommit, head, { type: 'two_dot' })) {
    if (change.type !== 'removed' && leftoverOf(change.path) !== undefined) leftovers.push(change.path);
    if (isBookkeeping(change.path)) bookkeeping += 1;
    paths.push(change.path);
    removesLast = change.type === 'removed';
  }
  ports.log.info('changes of the run', { run: formatRunKey(run), objects: paths.length, bookkeeping });
  const tables = tablesOf(await ports.config.load(), run.repository);
  return { paths: paths.length, partitions: partitionsOf(paths, tables), removesLast, leftovers };
};
