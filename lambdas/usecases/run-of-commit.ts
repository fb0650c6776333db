/** Which run made a commit, as far as the ledger confirms it: metadata may say anything. */
import { claimedRunOf, madeByRun } from '../domain/history.ts';
import type { Commit } from '../domain/lakefs.ts';
import type { Run } from '../domain/run.ts';
import type { Ports } from '../ports.ts';

/** The run for which this commit was made, be it its work, a checkpoint, or what was kept of a failed one. */
export const makerOf = async (ports: Ports, repository: string, commitId: string): Promise<Run | undefined> => {
  const commit = await ports.lakefs.getCommit(repository, commitId);
  const key = commit === undefined ? undefined : madeByRun(commit);
  const run = key === undefined ? undefined : await ports.ledger.getRun(key);
  return run?.repository === repository ? run : undefined;
};

/** The run whose work a merge brought: by the merge's own word where it is a promotion, else by that of the merged commit. */
export const broughtBy = async (ports: Ports, repository: string, merge: Commit): Promise<Run | undefined> => {
  const second = merge.parents[1];
  if (second === undefined) return undefined;
  const claimed = claimedRunOf(merge);
  return claimed === undefined ? makerOf(ports, repository, second) : ports.ledger.getRun(claimed);
};
