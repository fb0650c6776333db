/** The target: the branch that readers see, as the ledger knows it. */
import type { Cause, EpochMs } from './run.ts';

/** Promotions wait while a hold stands. */
export interface Hold {
  readonly owner: string;
  readonly reason: string;
  readonly expiresAt: EpochMs;
  /** The rollback that holds it: only its own end gives it back. */
  readonly rollback?: string;
}

/**
 * A head of the target by which entries of runs were changed, or are about to be, before it was verified. Where a person resets the target
 * behind it, what it said is looked at again.
 */
export interface NotedHead {
  readonly commit: string;
  readonly at: EpochMs;
}

/** For longer than any function may live: until then whoever noted a head may still be at it. */
const NOTED_MS = 16 * 60_000;

/** With one more. */
export const withNoted = ({ noted = [] }: Pick<Target, 'noted'>, commit: string, at: EpochMs): readonly NotedHead[] => [
  ...noted.filter((each) => each.commit !== commit),
  { commit, at },
];

/** Those that somebody may still be at, or that came after `seen`. */
export const notedStill = (
  noted: readonly NotedHead[] | undefined,
  seen: readonly NotedHead[] | undefined,
  now: EpochMs,
): readonly NotedHead[] =>
  (noted ?? []).filter(
    ({ commit, at }) => at + NOTED_MS > now || seen?.some((each) => each.commit === commit && each.at === at) !== true,
  );

export interface Target {
  readonly schemaVersion: number;
  readonly version: number;
  readonly repository: string;
  readonly branch: string;
  /** Newest commit of the target whose history was checked; readers see nothing newer. */
  readonly verifiedCommit: string;
  /** When it became that. */
  readonly verifiedAt?: EpochMs;
  readonly updatedAt: EpochMs;
  readonly hold?: Hold;
  readonly noted?: readonly NotedHead[];
  /** The newest commit found that nobody of ours made, clashing or not: what it brought, no run has compared with its tables. */
  readonly byHand?: { readonly commit: string; readonly at: EpochMs };
  /** A commit made by hand that clashes; promotions and readers wait until a person accepts or reverts it. */
  readonly blocked?: { readonly commit: string; readonly cause: Cause; readonly since: EpochMs };
}

export const isHeld = (target: Target | undefined, now: EpochMs): boolean =>
  target?.hold !== undefined && target.hold.expiresAt > now;
