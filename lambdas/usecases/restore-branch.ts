/** Brings a deleted branch back, at the commit that is known to have been its last: committed work alone, what was staged is gone. */
import { BranchlineError } from '../domain/errors.ts';
import type { RestorePorts } from '../restore-ports.ts';
import { findBackup } from './find-backup.ts';
import { holdsCommit } from './restore-ledger.ts';

export interface BranchRequest {
  readonly repository: string;
  readonly branch: string;
  /** @default the newest that is known: the target's verified commit, the run's commit, or what the newest backup shows */
  readonly commit?: string;
}

export interface BranchPlan {
  readonly repository: string;
  readonly branch: string;
  readonly commit: string;
  /** How the commit is known. */
  readonly from: 'request' | 'target' | 'run' | 'backup';
  /** The branch is there already and shows this commit. */
  readonly isThere: boolean;
}

/** @throws BL8403 where the branch shows something else, BL3004 where no commit is known or lakeFS has it no more. */
export const planBranch = async (ports: RestorePorts, request: BranchRequest): Promise<BranchPlan> => {
  const { repository, branch } = request;
  const { commit, from } = await lastCommitOf(ports, request);
  const shown = (await ports.lakefs.getBranch(repository, branch))?.commitId;
  if (shown !== undefined && shown !== commit) {
    throw new BranchlineError(
      'BL8403',
      `branch "${branch}" of "${repository}" is there and shows ${shown}, not ${commit}`,
    );
  }
  if (!(await holdsCommit(ports, repository, commit))) {
    throw new BranchlineError(
      'BL3004',
      `commit ${commit}, the last known one of "${branch}", is not in "${repository}"`,
    );
  }
  return { repository, branch, commit, from, isThere: shown !== undefined };
};

export const restoreBranch = async (ports: RestorePorts, request: BranchRequest): Promise<BranchPlan> => {
  const plan = await planBranch(ports, request);
  if (!plan.isThere) await ports.lakefs.createBranch(plan.repository, plan.branch, plan.commit);
  return { ...plan, isThere: true };
};

const lastCommitOf = async (
  ports: RestorePorts,
  { repository, branch, commit }: BranchRequest,
): Promise<Pick<BranchPlan, 'commit' | 'from'>> => {
  if (commit !== undefined) return { commit, from: 'request' };
  const target = await ports.ledger.getTarget(repository, branch);
  if (target !== undefined) return { commit: target.verifiedCommit, from: 'target' };
  for await (const run of ports.ledger.listRuns({ repository })) {
    if (run.branch === branch) return { commit: run.runCommit ?? run.baseCommit, from: 'run' };
  }
  const { good } = await findBackup(ports, repository);
  const listed = good?.refs.branches.find(({ id }) => id === branch);
  if (listed !== undefined) return { commit: listed.commitId, from: 'backup' };
  throw new BranchlineError('BL3004', `no commit of branch "${branch}" of "${repository}" is known; give one`);
};
