/**
 * PROMOTED and ROLLED_BACK are read off the target's log: a rollback or a revert, ours or by hand, takes the runs it undid
 * along, rolling forward again brings them back, and a run that waits is promoted where a person merged it.
 */
import { undoneFrom } from '../domain/history.ts';
import type { Commit } from '../domain/lakefs.ts';
import { type EpochMs, formatRunKey, type Run } from '../domain/run.ts';
import type { Target } from '../domain/target.ts';
import { advance } from '../domain/transitions.ts';
import type { Ports } from '../ports.ts';
import { changeRun } from './change.ts';
import { mergedRun } from './merged-run.ts';
import { noteHead } from './note-head.ts';
import { broughtBy, makerOf } from './run-of-commit.ts';
import { historySince } from './target-history.ts';
import { newsOf } from './target-news.ts';

export interface Followed {
  /** Its entry as it is now. */
  readonly target: Target;
  /** The head that the runs' entries agree with. */
  readonly head: string | undefined;
}

/**
 * Looks at what came to the target, and what a reset took from it, since the runs' entries were last known to agree with it. Whoever
 * moves the verified commit on calls it first: what lies behind it is never looked at again.
 */
export const followHistory = async (ports: Ports, target: Target): Promise<Followed> => {
  const { newestFirst, come, gone } = await newsOf(ports, target);
  const head = newestFirst[0]?.id;
  // An undoing that is gone undoes nothing any more.
  const isAnyUndone = [...gone, ...come].some((commit) => undoneFrom(commit).length > 0);
  const recent = newestFirst.slice(0, come.length + 1);
  const looked = isAnyUndone ? await backToWhatWasUndone(ports, target, recent, gone) : come;
  const span = looked.length > newestFirst.length ? looked : newestFirst;
  let now: Target | undefined;
  for (const commit of [...gone, ...looked]) {
    const change = await changeOf(ports, target.repository, commit, span);
    if (change === undefined || head === undefined) continue;
    now ??= await noteHead(ports, target, head);
    await write(ports, change);
  }
  return { target: now ?? target, head };
};

/**
 * The log, back far enough to judge what was undone. Undoing a revert brings back what that one had undone, and so does a rollback to
 * a state before it: what an undoing inside the log undid has to lie inside it too. From the same head, also where it has moved since.
 * @param gone commits that a reset took from the target: what they undid counts as well.
 */
export const backToWhatWasUndone = async (
  ports: Ports,
  { repository, branch }: Pick<Target, 'repository' | 'branch'>,
  recent: readonly Commit[],
  gone: readonly Commit[] = [],
): Promise<readonly Commit[]> => {
  let span = recent;
  const asked = new Set<string>();
  for (;;) {
    const known = [...gone, ...span];
    const within = new Set(known.flatMap(({ id, parents }) => [id, ...parents.slice(1)]));
    const older = known.flatMap(undoneFrom).find((id) => !within.has(id) && !asked.has(id));
    if (older === undefined) return span;
    asked.add(older);
    // A person may have reverted the run's own commit instead of its merge.
    const base = (await makerOf(ports, repository, older))?.mergeCommit ?? older;
    const { newestFirst, reachesBase } = await historySince(ports, repository, branch, base, recent[0]?.id);
    if (reachesBase && newestFirst.length > span.length) span = newestFirst;
  }
};

interface Change {
  readonly run: Run;
  readonly inForce: boolean;
  readonly mergeCommit: string;
}

/** What the log says of the run that a commit brought, where its entry says otherwise. */
const changeOf = async (
  ports: Ports,
  repository: string,
  commit: Commit,
  newestFirst: readonly Commit[],
): Promise<Change | undefined> => {
  const run = await broughtBy(ports, repository, commit);
  if (run?.runCommit === undefined || run.runCommit !== commit.parents[1]) return undefined;
  const isInLog = newestFirst.some(({ id }) => id === commit.id);
  // A promotion that is under way finds no merge of its own after a reset, and merges again.
  if (!isInLog && (run.state === 'COMMITTED' || run.state === 'PROMOTING')) return undefined;
  const merged = await mergedRun(ports, run, newestFirst);
  // Taken back by its own promotion, which says what follows from it.
  if (merged?.takenBack === true && run.state !== 'PROMOTED') return undefined;
  const change = { run, inForce: merged?.inForce === true, mergeCommit: merged?.mergeCommit ?? commit.id };
  return fate(run, change, ports.clock.now()) === undefined ? undefined : change;
};

const write = async (ports: Ports, change: Change): Promise<void> => {
  const next = await changeRun(ports, change.run, (current) => fate(current, change, ports.clock.now()));
  if (next.version === change.run.version) return;
  ports.log.info('followed the history of the target', { run: formatRunKey(next), state: next.state });
};

const fate = (run: Run, { inForce, mergeCommit }: Omit<Change, 'run'>, now: EpochMs): Run | undefined => {
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
  // The merge that it was told by went with a reset.
  if (run.state === 'PROMOTED' && inForce && run.mergeCommit !== mergeCommit) {
    return advance(run, now, { mergeCommit }, { note: `merged again: ${mergeCommit.slice(0, 12)}` });
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
