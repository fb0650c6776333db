/** What becomes of a run whose merge the target's log holds: step 1 and the end of step 5 in docs/architecture.md. */
import { isPromotion, type Merged } from '../domain/history.ts';
import type { Commit } from '../domain/lakefs.ts';
import { promotionBaseOf } from '../domain/promotion.ts';
import { type Clash, formatRunKey, type Run } from '../domain/run.ts';
import { advance } from '../domain/transitions.ts';
import type { Ports } from '../ports.ts';
import { changeRun } from './change.ts';
import { type ConflictCode, conflict } from './conflict.ts';
import { lossesOf } from './merge-losses.ts';
import { noteHead } from './note-head.ts';
import { type Objection, objectionTo } from './objections.ts';
import { type History, remember } from './target-history.ts';
import { undoMerge } from './undo-merge.ts';
import { blockTarget, ensureTarget } from './verify-target.ts';

export interface PromoteAnswer {
  readonly outcome:
    | 'promoted'
    | 'unchanged'
    | 'rolled-back'
    | 'conflicted'
    | 'rejected'
    /** Nothing to do: not waiting for a promotion (any more). */
    | 'nothing-to-do'
    /** Held, blocked, leased by another, or lakeFS is away: the run stays as it is and reconcile wakes it. */
    | 'waiting';
  readonly run?: Run;
}

/**
 * The target's log holds the merge. Where ours went onto another head than the one that was checked, what lay between is
 * checked now; on a clash, and where lakeFS lost files in it, the merge is taken back at once. A merge by hand is a person's decision: it is verified like
 * every other one, and blocks the target where it clashes.
 */
export const settleMerged = async (
  ports: Ports,
  run: Run,
  history: History,
  merged: Merged,
): Promise<PromoteAnswer> => {
  const at = history.newestFirst.findIndex(({ id }) => id === merged.mergeCommit);
  const before = history.newestFirst.slice(at + 1);
  const commit = history.newestFirst[at];
  const isChecked = commit?.parents[0] === run.lease?.checkedHead;
  const isOurs = commit !== undefined && isPromotion(commit);
  if (merged.takenBack || (merged.inForce && isOurs)) {
    const wasLookedAt = isChecked && !merged.takenBack;
    const objection =
      (wasLookedAt ? undefined : (baseGone(run, history) ?? (await objectionTo(ports, run, before)))) ??
      (await lossOf(ports, run, commit, before.slice(0, -1)));
    if (merged.takenBack || objection !== undefined) return takeBack(ports, run, merged, objection);
  }
  // The target may not be verified so far, and may be reset before it is.
  const target = await ensureTarget(ports, run.repository, run.target);
  await noteHead(ports, target, history.newestFirst[0]?.id ?? merged.mergeCommit);
  return recordMerged(ports, run, merged.mergeCommit, merged.inForce, isOurs);
};

/** The target was reset between check and merge, to before the run's base: the merge brought what the reset had undone. */
const baseGone = (run: Run, history: History): Objection | undefined =>
  history.reachesBase
    ? undefined
    : { clashes: [{ kind: 'history', what: run.target, commit: promotionBaseOf(run) }], code: 'BL2007' };

const lossOf = async (
  ports: Ports,
  run: Run,
  merge: Commit | undefined,
  since: readonly Commit[],
): Promise<Objection | undefined> => {
  const into = merge?.parents[0];
  if (merge === undefined || into === undefined) return undefined;
  const losses = await lossesOf(ports, run, { id: merge.id, into }, since);
  return losses.length === 0 ? undefined : { clashes: losses, code: 'BL2023' };
};

export const takeBack = async (
  ports: Ports,
  run: Run,
  merged: Pick<Merged, 'mergeCommit' | 'inForce'>,
  objection: Objection = { clashes: [], code: 'BL2003' },
): Promise<PromoteAnswer> => {
  if (!merged.inForce || (await undoMerge(ports, run, merged.mergeCommit)) === 'undone') {
    return conflicted(ports, run, objection.clashes, objection.code);
  }
  // Something later overlaps it: the log says that it is in force, and a person has to decide before anybody builds on it.
  const what = objection.code === 'BL2023' ? `lost ${objection.clashes[0]?.what ?? 'files'}` : 'clashes';
  const message = `merge ${merged.mergeCommit.slice(0, 12)} of run ${formatRunKey(run)} ${what} and cannot be reverted: something later overlaps it`;
  const target = await ensureTarget(ports, run.repository, run.target);
  const code = objection.code === 'BL2023' ? 'BL2023' : 'BL2016';
  const blocked = await blockTarget(ports, target, merged.mergeCommit, { code, message });
  await noteHead(ports, blocked, merged.mergeCommit);
  return recordMerged(ports, run, merged.mergeCommit, true);
};

export const recordMerged = async (
  ports: Ports,
  run: Run,
  mergeCommit: string,
  inForce: boolean,
  isOurs = true,
): Promise<PromoteAnswer> => {
  // A merge by hand after a reset brings also what the run began from.
  const changes = isOurs ? await ports.ledger.getChanges(run, run.runCommit ?? '') : undefined;
  if (changes !== undefined)
    remember(ports, run.repository, mergeCommit, {
      partitions: changes,
      removesLast: run.removesLast,
      run: formatRunKey(run),
    });
  const state = inForce ? 'PROMOTED' : 'ROLLED_BACK';
  const settled = await changeRun(ports, run, (current) => {
    if (current.state !== 'COMMITTED' && current.state !== 'PROMOTING') return undefined;
    const now = ports.clock.now();
    return advance(
      current,
      now,
      {
        state,
        mergeCommit,
        settledAt: now,
        ...(inForce
          ? {}
          : {
              cause: { code: 'BL2014', message: `merge ${mergeCommit} was undone on ${run.target}` },
              ...(current.bookmarks === true ? { bookmarkRewind: 'due' as const } : {}),
            }),
      },
      { note: `merge ${mergeCommit.slice(0, 12)}`, forget: ['lease', 'policy', 'clashes'] },
    );
  });
  return { outcome: inForce ? 'promoted' : 'rolled-back', run: settled };
};

export const conflicted = async (
  ports: Ports,
  run: Run,
  clashes: readonly Clash[],
  code: ConflictCode,
): Promise<PromoteAnswer> => ({ outcome: 'conflicted', run: await conflict(ports, run, clashes, code) });
