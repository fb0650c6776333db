/**
 * PROMOTED and ROLLED_BACK are read off the target's log: a rollback or a revert, ours or by hand, takes the runs it undid
 * along, rolling forward again brings them back, and a run that waits is promoted where a person merged it.
 */
import { undoneFrom } from '../domain/history.ts';
import { byBeginning, type Commit } from '../domain/lakefs.ts';
import { type EpochMs, formatRunKey, type Run } from '../domain/run.ts';
import type { Target } from '../domain/target.ts';
import { advance } from '../domain/transitions.ts';
import type { Ports } from '../ports.ts';
import { changeRun } from './change.ts';
import { mergedRun } from './merged-run.ts';
import { broughtBy, makerOf } from './run-of-commit.ts';
import { historySince } from './target-history.ts';

/**
 * Looks at the commits since the verified one. Whoever moves the verified commit on calls it first: what lies behind it is
 * never looked at again.
 * @returns whether a run's entry changed.
 */
export const followHistory = async (ports: Ports, target: Target): Promise<boolean> => {
  const { repository, branch, verifiedCommit } = target;
  const recent = await historySince(ports, repository, branch, verifiedCommit);
  if (!recent.reachesBase) return followReset(ports, target, recent.newestFirst);
  const news = recent.newestFirst.slice(0, -1);
  const isAnyUndone = news.some((commit) => undoneFrom(commit).length > 0);
  const span = isAnyUndone ? await backToWhatWasUndone(ports, target, recent.newestFirst) : recent.newestFirst;
  let changed = false;
  for (const commit of isAnyUndone ? span : news) {
    if (await follow(ports, repository, commit, span)) changed = true;
  }
  return changed;
};

/**
 * The log, back far enough to judge what was undone. Undoing a revert brings back what that one had undone, and so does a rollback to
 * a state before it: what an undoing inside the log undid has to lie inside it too.
 */
export const backToWhatWasUndone = async (
  ports: Ports,
  { repository, branch }: Pick<Target, 'repository' | 'branch'>,
  recent: readonly Commit[],
): Promise<readonly Commit[]> => {
  let span = recent;
  const asked = new Set<string>();
  for (;;) {
    const within = new Set(span.flatMap(({ id, parents }) => [id, ...parents.slice(1)]));
    const older = span.flatMap(undoneFrom).find((id) => !within.has(id) && !asked.has(id));
    if (older === undefined) return span;
    asked.add(older);
    // A person may have reverted the run's own commit instead of its merge.
    const base = (await makerOf(ports, repository, older))?.mergeCommit ?? older;
    const { newestFirst, reachesBase } = await historySince(ports, repository, branch, base);
    if (reachesBase && newestFirst.length > span.length) span = newestFirst;
  }
};

/** The target was reset by hand: what it held between the verified commit and the new history is gone from it. */
const followReset = async (ports: Ports, target: Target, newestFirst: readonly Commit[]): Promise<boolean> => {
  const kept = new Set(newestFirst.map(({ id }) => id));
  const left: Commit[] = [];
  const verified = byBeginning(target.verifiedCommit);
  if ((await ports.lakefs.getCommit(target.repository, verified)) !== undefined) {
    for await (const commit of ports.lakefs.log(target.repository, verified, {})) {
      if (kept.has(commit.id)) break;
      left.push(commit);
    }
  }
  // An undoing that is gone undoes nothing any more.
  const isAnyUndoing = left.some((commit) => undoneFrom(commit).length > 0);
  let changed = false;
  for (const commit of isAnyUndoing ? [...left, ...newestFirst] : left)
    if (await follow(ports, target.repository, commit, newestFirst)) changed = true;
  return changed;
};

const follow = async (
  ports: Ports,
  repository: string,
  commit: Commit,
  newestFirst: readonly Commit[],
): Promise<boolean> => {
  const run = await broughtBy(ports, repository, commit);
  if (run?.runCommit === undefined || run.runCommit !== commit.parents[1]) return false;
  const isInLog = newestFirst.some(({ id }) => id === commit.id);
  // A promotion that is under way finds no merge of its own after a reset, and merges again.
  if (!isInLog && (run.state === 'COMMITTED' || run.state === 'PROMOTING')) return false;
  const merged = await mergedRun(ports, run, newestFirst);
  // Taken back by its own promotion, which says what follows from it.
  if (merged?.takenBack === true && run.state !== 'PROMOTED') return false;
  const inForce = merged?.inForce === true;
  const mergeCommit = merged?.mergeCommit ?? commit.id;
  const next = await changeRun(ports, run, (current) => fate(current, inForce, mergeCommit, ports.clock.now()));
  if (next.version !== run.version) {
    ports.log.info('followed the history of the target', { run: formatRunKey(next), state: next.state });
  }
  return next.version !== run.version;
};

const fate = (run: Run, inForce: boolean, mergeCommit: string, now: EpochMs): Run | undefined => {
  // Also where the promotion has not said yet what it found: what is undone stays undone, and the verified commit moves on.
  if (['PROMOTED', 'PROMOTING', 'COMMITTED'].includes(run.state) && !inForce) {
    const cause = { code: 'BL2014', message: `merge ${mergeCommit.slice(0, 12)} was undone on ${run.target}` };
    const rewind = run.bookmarks === true ? { bookmarkRewind: 'due' as const } : {};
    const settledAt = run.settledAt ?? now;
    return advance(
      run,
      now,
      { state: 'ROLLED_BACK', cause, mergeCommit, settledAt, ...rewind },
      { note: cause.message, forget: ['lease', 'policy', 'clashes'] },
    );
  }
  if (run.state === 'ROLLED_BACK' && inForce) {
    const note =
      run.bookmarkRewind === 'done' ? 'in force again, although its job bookmark was put back' : 'in force again';
    const isOwed = run.bookmarkRewind === 'due';
    return advance(
      run,
      now,
      { state: 'PROMOTED', mergeCommit },
      { note, forget: isOwed ? ['cause', 'bookmarkRewind'] : ['cause'] },
    );
  }
  if ((run.state === 'CONFLICTED' || run.state === 'REJECTED') && inForce) {
    const note = `merged by hand: ${mergeCommit.slice(0, 12)}`;
    return advance(
      run,
      now,
      { state: 'PROMOTED', mergeCommit, settledAt: now },
      { note, forget: ['cause', 'clashes', 'policy', 'lease'] },
    );
  }
  return undefined;
};
