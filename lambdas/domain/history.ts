/**
 * What the first-parent log of a target says about promotions: which are in force, which were undone. Pure.
 *
 * The merge base and "no changes" of lakeFS lie after a rollback (tried on a real server): only the log tells.
 */
import { COMMIT_KIND, METADATA } from '../contract.ts';
import type { Commit } from './lakefs.ts';
import { parseRunKey, type RunKey } from './run.ts';

/** A revert made by hand carries no metadata of ours; lakeFS's default message names what it undid. */
const REVERT_MESSAGE = /^Revert ([0-9a-f]{64})\b/i;

export const revertedBy = (commit: Commit): string | undefined =>
  commit.metadata[METADATA.reverts] ?? REVERT_MESSAGE.exec(commit.message)?.[1];

/** The state that a rollback of ours took the target back to. */
export const rolledBackTo = (commit: Commit): string | undefined =>
  commit.metadata[METADATA.kind] === COMMIT_KIND.rollback ? commit.metadata[METADATA.rollbackTo] : undefined;

/** Only these prefixes took the state of that commit; everything else stayed. */
export interface Restoring {
  readonly to: string;
  readonly prefixes: readonly string[];
}

const PARTIAL: readonly (string | undefined)[] = [COMMIT_KIND.partialRollback, COMMIT_KIND.undo];

export const restoredBy = ({ metadata }: Commit): Restoring | undefined => {
  const to = metadata[METADATA.restores];
  if (to === undefined || !PARTIAL.includes(metadata[METADATA.kind])) return undefined;
  const prefixes = prefixesOf(metadata[METADATA.prefixes]);
  return prefixes.length === 0 ? undefined : { to, prefixes };
};

const prefixesOf = (text: string | undefined): readonly string[] => {
  try {
    const found: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(found) ? found.filter((each): each is string => typeof each === 'string') : [];
  } catch {
    return [];
  }
};

/** Whether all that a run changed lies below these prefixes; of a run whose changes nobody knows it does not. */
const isWithin = (scope: readonly string[] | undefined, prefixes: readonly string[]): boolean =>
  scope !== undefined &&
  scope.length > 0 &&
  scope.every((partition) => prefixes.some((prefix) => partition.startsWith(prefix)));

/** What a commit goes back to or undoes; none where it undoes nothing. */
export const undoneFrom = (commit: Commit): readonly string[] =>
  [rolledBackTo(commit), restoredBy(commit)?.to, revertedBy(commit)].filter((id) => id !== undefined);

/** The run for which a commit says it was made; a claim, to be compared with the ledger. */
export const madeByRun = (commit: Commit): RunKey | undefined => {
  const runId = commit.metadata[METADATA.runId];
  if (runId === undefined) return undefined;
  const attempt = Number(commit.metadata[METADATA.attempt] ?? '0');
  return Number.isInteger(attempt) && attempt >= 0 ? { ...parseRunKey(runId), attempt } : undefined;
};

/** The run that a promotion commit says it brought. */
export const claimedRunOf = (commit: Commit): RunKey | undefined =>
  commit.parents.length < 2 ? undefined : madeByRun(commit);

/** Whether a promotion made this merge, and not a person. */
export const isPromotion = (commit: Commit): boolean => commit.metadata[METADATA.kind] === COMMIT_KIND.promotion;

/** What a commit made of a set: reverting the commit makes the opposite of it. */
interface Step<T> {
  readonly before: ReadonlyMap<string, T>;
  readonly after: ReadonlyMap<string, T>;
}

const inverse = <T>(now: ReadonlyMap<string, T>, step: Step<T> | undefined): ReadonlyMap<string, T> =>
  step === undefined
    ? now
    : new Map([...now, ...step.before].filter(([id]) => step.before.has(id) || !step.after.has(id)));

export interface Merged {
  /** The merge commit on the target. */
  readonly mergeCommit: string;
  readonly inForce: boolean;
  /** Undone by the promotion itself, because the merge turned out to clash. */
  readonly takenBack: boolean;
}

/** The merge is undone by reverting it, or, as the log page of lakeFS offers it too, by reverting the commit that it brought. */
const whatIsUndone = (reverted: string, merge: Commit | undefined): string =>
  merge !== undefined && reverted === merge.parents[1] ? merge.id : reverted;

const isOwnUndo = (undo: Commit, merge: Commit): boolean =>
  undo.metadata[METADATA.kind] === COMMIT_KIND.revert &&
  undo.metadata[METADATA.runId] !== undefined &&
  undo.metadata[METADATA.runId] === merge.metadata[METADATA.runId] &&
  undo.metadata[METADATA.attempt] === merge.metadata[METADATA.attempt];

/**
 * Looks for the merge that brought `runCommit` and tells whether it still holds.
 * @param newestFirst first-parent log of the target, from its head back to the run's base commit.
 * @param scope the partitions that the run changed: where only some prefixes were put back, the run is undone if all of it lies there.
 */
export const findMerge = (
  newestFirst: readonly Commit[],
  runCommit: string,
  scope?: readonly string[],
): Merged | undefined => {
  const steps = new Map<string, Step<true>>();
  let inForce: ReadonlyMap<string, true> = new Map();
  let merge: Commit | undefined;
  let takenBack = false;
  for (const commit of newestFirst.toReversed()) {
    const before = inForce;
    const rollbackTo = rolledBackTo(commit);
    const said = revertedBy(commit);
    if (rollbackTo !== undefined) {
      // A state older than this log has none of its merges.
      inForce = steps.get(rollbackTo)?.after ?? new Map();
    } else if (said !== undefined) {
      const reverted = whatIsUndone(said, merge);
      inForce = inverse(inForce, steps.get(reverted));
      if (merge !== undefined && reverted === merge.id) takenBack = isOwnUndo(commit, merge);
    } else if (commit.parents[1] === runCommit) {
      merge = commit;
      inForce = new Map([...inForce, [commit.id, true]]);
    }
    const restoring = restoredBy(commit);
    if (restoring !== undefined && isWithin(scope, restoring.prefixes)) {
      inForce = steps.get(restoring.to)?.after ?? new Map();
    }
    steps.set(commit.id, { before, after: inForce });
  }
  if (merge === undefined) return undefined;
  const stands = inForce.has(merge.id);
  return { mergeCommit: merge.id, inForce: stands, takenBack: takenBack && !stands };
};

/**
 * The commit that undid something which the base commit holds, where that still stands: what a run computed from its base may
 * then rest on bad data, in partitions that the undoing never touched.
 * @param newestFirst first-parent log of the target, from its head back to the run's base commit.
 */
export const undoneBelow = (newestFirst: readonly Commit[]): Commit | undefined => {
  const since = newestFirst.slice(0, -1).toReversed();
  const base = newestFirst.at(-1);
  const younger = new Set(since.flatMap(({ parents }) => parents.slice(1)));
  // What of the base is undone, and by which commit.
  let undone: ReadonlyMap<string, Commit> = new Map();
  const steps = new Map<string, Step<Commit>>();
  if (base !== undefined) steps.set(base.id, { before: undone, after: undone });
  for (const commit of since) {
    const before = undone;
    const rollbackTo = rolledBackTo(commit);
    const reverted = revertedBy(commit);
    if (rollbackTo !== undefined) {
      undone = steps.get(rollbackTo)?.after ?? new Map([[rollbackTo, commit]]);
    } else if (reverted !== undefined && reverted !== base?.id && (steps.has(reverted) || younger.has(reverted))) {
      undone = inverse(undone, steps.get(reverted));
    } else if (reverted !== undefined) {
      undone = new Map([...undone, [reverted, commit]]);
    }
    // Nobody knows whether the run read those prefixes; a part that came back leaves the rest undone.
    const restored = restoredBy(commit)?.to;
    if (restored !== undefined && !steps.has(restored)) undone = new Map([...undone, [restored, commit]]);
    steps.set(commit.id, { before, after: undone });
  }
  return [...undone.values()][0];
};
