/**
 * The commit that a rollback merges, on a scratch branch from the target's head: by meta-range where the whole target is put back
 * (one call, however much that is), by a revert where one run is undone, and object by object otherwise.
 */
import { COMMIT_KIND, METADATA } from '../contract.ts';
import { BranchlineError } from '../domain/errors.ts';
import type { CommitRequest } from '../domain/lakefs.ts';
import type { Rollback, RollbackPlan, RollbackTry } from '../domain/rollback.ts';
import type { Ports } from '../ports.ts';
import { objectChanges } from './rollback-changes.ts';
import type { RollbackWorker } from './rollback-worker.ts';

const COPIES_AT_ONCE = 8;
const DELETIONS_AT_ONCE = 1000;

export type MadeCommit =
  | { readonly outcome: 'made'; readonly commit: string }
  /** The head holds already what is wanted. */
  | { readonly outcome: 'nothing' }
  /** What is staged stays staged: the next call goes on from there. */
  | { readonly outcome: 'time-is-up' };

const subjectOf = (plan: RollbackPlan): string => {
  if (plan.kind === 'run') return `Undo run ${plan.run}`;
  const part = plan.prefixes === undefined ? '' : ` in ${plan.prefixes.join(', ')}`;
  return `Roll back to ${plan.to.slice(0, 12)}${part}`;
};

/** What the target's log tells: findMerge in domain/history.ts reads it. On the merge and on what it brings. */
export const rollbackCommitRequest = ({ id, requestedBy, reason }: Rollback, plan: RollbackPlan): CommitRequest => {
  const prefixes = plan.prefixes === undefined ? undefined : JSON.stringify(plan.prefixes);
  const restores: Record<string, string> =
    prefixes === undefined ? {} : { [METADATA.restores]: plan.to, [METADATA.prefixes]: prefixes };
  const kind: Record<string, string> =
    plan.kind === 'run'
      ? { [METADATA.kind]: COMMIT_KIND.undo, [METADATA.reverts]: plan.mergeCommit, ...restores }
      : prefixes === undefined
        ? { [METADATA.kind]: COMMIT_KIND.rollback, [METADATA.rollbackTo]: plan.to }
        : { [METADATA.kind]: COMMIT_KIND.partialRollback, ...restores };
  return {
    message: `${subjectOf(plan)} (${requestedBy}${reason === undefined ? '' : `: ${reason}`})`,
    metadata: { ...kind, [METADATA.rollback]: id },
  };
};

/** Repeatable: the branch is this try's own, and what an earlier call made on it is taken as it is. */
export const makeCommit = async (
  ports: Ports,
  worker: RollbackWorker,
  plan: RollbackPlan,
  attempt: RollbackTry,
): Promise<MadeCommit> => {
  const { repository } = worker.entry;
  const { branch, head } = attempt;
  if ((await ports.lakefs.createBranch(repository, branch, head)) === 'exists') {
    const made = await ports.lakefs.getBranch(repository, branch);
    if (made !== undefined && made.commitId !== head) return { outcome: 'made', commit: made.commitId };
  }
  const request = rollbackCommitRequest(worker.entry, plan);
  if (plan.kind === 'state' && plan.prefixes === undefined) {
    return commit(ports, repository, branch, request, plan.metaRangeId);
  }
  if (plan.kind === 'run' && plan.prefixes === undefined) {
    const answer = await ports.lakefs.revert(repository, branch, plan.mergeCommit, 1, request);
    if (answer.outcome === 'no-changes') return { outcome: 'nothing' };
    if (answer.outcome === 'reverted') {
      const made = await ports.lakefs.getBranch(repository, branch);
      if (made === undefined) throw new BranchlineError('BL3004', `branch ${branch} was deleted`);
      return { outcome: 'made', commit: made.commitId };
    }
  }
  if (!(await stage(ports, worker, plan, attempt))) return { outcome: 'time-is-up' };
  return commit(ports, repository, branch, request);
};

const commit = async (
  ports: Ports,
  repository: string,
  branch: string,
  request: CommitRequest,
  metaRange?: string,
): Promise<MadeCommit> => {
  const answer = await ports.lakefs.commit(repository, branch, request, metaRange);
  return answer.outcome === 'committed' ? { outcome: 'made', commit: answer.commit.id } : { outcome: 'nothing' };
};

/** @returns whether all is staged. */
const stage = async (
  ports: Ports,
  worker: RollbackWorker,
  plan: RollbackPlan,
  { branch, head }: RollbackTry,
): Promise<boolean> => {
  const { repository, asked } = worker.entry;
  const wanted = await objectChanges(ports, repository, plan, head, asked.restorePartitions === true);
  const staged = new Set<string>();
  for await (const { path } of ports.lakefs.listStaged(repository, branch)) staged.add(path);
  const remove = wanted.remove.filter((path) => !staged.has(path));
  const copy = wanted.copy.filter((path) => !staged.has(path));
  for (let at = 0; at < remove.length; at += DELETIONS_AT_ONCE) {
    if (worker.isTimeUp()) return false;
    await worker.beat();
    await ports.lakefs.deleteObjects(repository, branch, remove.slice(at, at + DELETIONS_AT_ONCE));
  }
  for (let at = 0; at < copy.length; at += COPIES_AT_ONCE) {
    if (worker.isTimeUp()) return false;
    await worker.beat();
    const some = copy.slice(at, at + COPIES_AT_ONCE);
    await Promise.all(
      some.map((path) => ports.lakefs.copyObject(repository, branch, path, { ref: wanted.from, path })),
    );
  }
  return true;
};
