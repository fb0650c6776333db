/** Whether the target's log holds a run's merge, and whether it is in force. */
import { findMerge, type Merged, restoredBy } from '../domain/history.ts';
import type { Commit } from '../domain/lakefs.ts';
import type { Run } from '../domain/run.ts';
import type { Ports } from '../ports.ts';
import { partitionsOfRun } from './partition-check.ts';

/** What the run changed is asked for only where a part of the target was put back on its own. */
export const mergedRun = async (
  ports: Ports,
  run: Run,
  newestFirst: readonly Commit[],
): Promise<Merged | undefined> => {
  const runCommit = run.runCommit ?? '';
  const merged = findMerge(newestFirst, runCommit);
  if (merged === undefined || !newestFirst.some((commit) => restoredBy(commit) !== undefined)) return merged;
  return findMerge(newestFirst, runCommit, await partitionsOfRun(ports, run));
};
