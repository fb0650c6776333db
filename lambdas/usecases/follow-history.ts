/**
 * PROMOTED and ROLLED_BACK are read off the target's log: a rollback or a revert, ours or by hand, takes the runs it undid
 * along, and rolling forward again brings them back.
 */
import { COMMIT_KIND, METADATA } from '../contract.ts';
import { claimedRunOf, findMerge, undoneFrom } from '../domain/history.ts';
import type { Commit } from '../domain/lakefs.ts';
import { formatRunKey, type Run } from '../domain/run.ts';
import type { Target } from '../domain/target.ts';
import { advance } from '../domain/transitions.ts';
import type { Ports } from '../ports.ts';
import { changeRun } from './change.ts';
import { historySince } from './target-history.ts';

/** Looks at the commits since the verified one. @returns whether a run's entry changed. */
export const followHistory = async (ports: Ports, target: Target): Promise<boolean> => {
  const recent = await historySince(ports, target.repository, target.branch, target.verifiedCommit);
  const undone = recent.newestFirst.flatMap((commit) => undoneFrom(commit) ?? []);
  if (undone.length === 0) return false;
  let changed = false;
  for (const oldest of new Set(undone)) {
    const { newestFirst } = await historySince(ports, target.repository, target.branch, oldest);
    for (const commit of newestFirst) {
      if (await follow(ports, commit, newestFirst)) changed = true;
    }
  }
  return changed;
};

const follow = async (ports: Ports, commit: Commit, newestFirst: readonly Commit[]): Promise<boolean> => {
  const claimed = claimedRunOf(commit);
  if (claimed === undefined || commit.metadata[METADATA.kind] !== COMMIT_KIND.promotion) return false;
  const run = await ports.ledger.getRun(claimed);
  if (run?.runCommit === undefined || run.runCommit !== commit.parents[1]) return false;
  const merged = findMerge(newestFirst, run.runCommit);
  if (merged === undefined) return false;
  const next = await changeRun(ports, run, (current) => fate(current, merged.inForce, commit.id, ports.clock.now()));
  if (next.version !== run.version) {
    ports.log.info('followed the history of the target', { run: formatRunKey(next), state: next.state });
  }
  return next.version !== run.version;
};

const fate = (run: Run, inForce: boolean, mergeCommit: string, now: number): Run | undefined => {
  if (run.state === 'PROMOTED' && !inForce) {
    const cause = { code: 'BL2014', message: `merge ${mergeCommit.slice(0, 12)} was undone on ${run.target}` };
    const rewind = run.bookmarks === true ? { bookmarkRewind: 'due' as const } : {};
    return advance(run, now, { state: 'ROLLED_BACK', cause, ...rewind }, { note: cause.message });
  }
  if (run.state === 'ROLLED_BACK' && inForce) {
    return advance(run, now, { state: 'PROMOTED' }, { note: 'in force again', forget: ['cause'] });
  }
  return undefined;
};
