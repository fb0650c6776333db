/** Takes the objects out of the heads of branches: out of targets by runs that are promoted as all others, out of other branches by merges. */
import { createHash } from 'node:crypto';
import { COMMIT_KIND, METADATA, SCHEMA_VERSION } from '../contract.ts';
import { branchNameOf } from '../domain/branch-name.ts';
import { ERASURE_JOB, type Replacement, withDeed } from '../domain/erasure-record.ts';
import { isBranchlineError } from '../domain/errors.ts';
import { isSettled, type Run } from '../domain/run.ts';
import type { ErasurePorts } from '../erasure-ports.ts';
import { headOf } from './claim.ts';
import type { ErasureWorker } from './erasure-worker.ts';
import { lostPaths } from './merge-losses.ts';
import { commitRun, discard } from './settle-run.ts';

const BATCH = 1000;

type Lake = Pick<ErasurePorts, 'lakefs'>;
/** What is asked of the worker by those who only touch branches. */
export type BranchWorker = Pick<ErasureWorker, 'erasure' | 'repository' | 'save'>;

/** @returns for what it waits; `undefined` where it is done. */
export type Waiting = string | undefined;

const takeOut = async (
  { lakefs }: Lake,
  repository: string,
  branch: string,
  { paths, replacements }: { readonly paths: readonly string[]; readonly replacements: readonly Replacement[] },
): Promise<void> => {
  const replaced = new Map(replacements.map((each) => [each.path, each]));
  const removed = paths.filter((path) => !replaced.has(path));
  for (let at = 0; at < removed.length; at += BATCH)
    await lakefs.deleteObjects(repository, branch, removed.slice(at, at + BATCH));
  for (const path of paths) {
    const { ref, from } = replaced.get(path) ?? {};
    if (ref !== undefined && from !== undefined) await lakefs.copyObject(repository, branch, path, { ref, path: from });
  }
};

const newRun = async (ports: ErasurePorts, worker: ErasureWorker, target: string): Promise<Run> => {
  const { erasure, repository } = worker;
  const number = (erasure.runs[target]?.number ?? 0) + 1;
  const which = createHash('sha256').update(target, 'utf8').digest('hex').slice(0, 8);
  const runId = `${erasure.id}-${which}-${String(number)}`;
  const now = ports.clock.now();
  const run: Run = {
    ...{ schemaVersion: SCHEMA_VERSION, runId, attempt: 0, version: 1, state: 'OPEN' },
    ...{ job: ERASURE_JOB, pipeline: ERASURE_JOB, repository: repository.name, target },
    branch: branchNameOf(ERASURE_JOB, runId, 0),
    baseCommit: await headOf(ports, repository.name, target),
    ...{ openedAt: now, updatedAt: now, rerunNumber: 0, branchDeleted: false },
    steps: [{ at: now, state: 'OPEN', note: `erasure ${erasure.id}` }],
  };
  await worker.save({
    runs: { ...erasure.runs, [target]: { number, runId } },
    did: withDeed(erasure.did, 'runs', runId),
  });
  const answer = await ports.ledger.createRun(run);
  return answer.outcome === 'created' ? run : answer.run;
};

/** The run does what a job would have done; interrupted, the next try does it again on the same branch. */
const work = async (ports: ErasurePorts, worker: ErasureWorker, run: Run, paths: readonly string[]): Promise<void> => {
  const { replacements } = worker.erasure;
  const { repository, branch, baseCommit } = run;
  await ports.lakefs.createBranch(repository, branch, baseCommit);
  // One that has its commit already takes no more: an earlier try came so far.
  if ((await ports.lakefs.getBranch(repository, branch))?.commitId === baseCommit)
    await takeOut(ports, repository, branch, { paths, replacements });
  await commitRun(ports, run, { jobEndedAt: ports.clock.now(), jobState: 'SUCCEEDED' });
};

/** @param paths those at which the head of the target shows the objects. */
export const removeFromTarget = async (
  ports: ErasurePorts,
  worker: ErasureWorker,
  target: string,
  paths: readonly string[],
): Promise<Waiting> => {
  const { runId } = worker.erasure.runs[target] ?? {};
  const before = runId === undefined ? undefined : await ports.ledger.getRun({ runId, attempt: 0 });
  if (before?.state === 'REJECTED') return `run ${before.runId} was rejected: ${before.cause?.message ?? ''}`;
  if (before?.state === 'CONFLICTED') {
    // The target moved: another begins from what it holds now.
    const cause = { code: 'BL8609', message: `the target changed the same partition; erasure begins another run` };
    await discard(ports, before, cause, { keep: false });
  }
  const isOver = before === undefined || before.state === 'CONFLICTED' || isSettled(before.state);
  const run = isOver ? await newRun(ports, worker, target) : before;
  if (run.state === 'OPEN') await work(ports, worker, run, paths);
  return `run ${run.runId} is to be promoted into ${target}`;
};

const scratchOf = (id: string, branch: string): string =>
  `${id}-${createHash('sha256').update(branch, 'utf8').digest('hex').slice(0, 12)}`;

/** Branches that an interrupted try left. */
export const removeScratch = async ({ lakefs }: Lake, { erasure, repository }: BranchWorker): Promise<void> => {
  const left: string[] = [];
  for await (const { id } of lakefs.listBranches(repository.name, `${erasure.id}-`)) left.push(id);
  for (const id of left) await lakefs.deleteBranch(repository.name, id);
};

const hasStaged = async ({ lakefs }: Lake, repository: string, branch: string): Promise<boolean> => {
  for await (const _ of lakefs.listStaged(repository, branch)) return true;
  return false;
};

/** Of a branch that is no target: a commit on a branch of its own, merged. Protection allows merges, and nothing staged is taken along. */
export const removeFromBranch = async (
  ports: Lake,
  worker: BranchWorker,
  branch: string,
  paths: readonly string[],
): Promise<Waiting> => {
  const { lakefs } = ports;
  const { erasure, repository } = worker;
  const { name } = repository;
  if (await hasStaged(ports, name, branch)) return `branch ${branch} has staged changes: commit or reset them`;
  const head = (await lakefs.getBranch(name, branch))?.commitId;
  if (head === undefined) return undefined;
  const scratch = scratchOf(erasure.id, branch);
  await lakefs.createBranch(name, scratch, head);
  await takeOut(ports, name, scratch, { paths, replacements: erasure.replacements });
  const metadata = { [METADATA.kind]: COMMIT_KIND.erasure, [METADATA.erasure]: erasure.id };
  const message = `Erasure ${erasure.id}`;
  const committed = await lakefs.commit(name, scratch, { message, metadata });
  if (committed.outcome !== 'committed') return undefined;
  const source = committed.commit.id;
  let merged: Awaited<ReturnType<typeof lakefs.merge>>;
  try {
    merged = await lakefs.merge(name, source, branch, { message, metadata });
  } catch (error) {
    if (!isBranchlineError(error, 'BL3001', 'BL3003', 'BL3005', 'BL3006')) throw error;
    return `branch ${branch} could not be merged into: ${error.message}`;
  }
  await lakefs.deleteBranch(name, scratch);
  if (merged.outcome === 'rejected') return `a hook refused the merge into branch ${branch}: ${merged.reason}`;
  if (merged.outcome !== 'merged') return `branch ${branch} changed meanwhile`;
  const into = (await lakefs.getCommit(name, merged.commitId))?.parents[0] ?? head;
  if (into !== head) {
    // Somebody committed in between: a merge of two sides may have lost a file of his.
    const lost = await lostPaths(ports, { repository: name, base: head, into, source, merge: merged.commitId });
    if (lost.length > 0) {
      await lakefs.revert(name, branch, merged.commitId, 1, { message: `Take back ${message}`, metadata });
      return `branch ${branch} changed meanwhile`;
    }
  }
  await worker.save({ did: withDeed(worker.erasure.did, 'merges', `${branch} ${merged.commitId}`) });
  return undefined;
};
