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
  /** The newest commit found that nobody of ours made, clashing or not: what it brought, no run has compared with its tables. */
  readonly byHand?: { readonly commit: string; readonly at: EpochMs };
  /** A commit made by hand that clashes; promotions and readers wait until a person accepts or reverts it. */
  readonly blocked?: { readonly commit: string; readonly cause: Cause; readonly since: EpochMs };
}

export const isHeld = (target: Target | undefined, now: EpochMs): boolean =>
  target?.hold !== undefined && target.hold.expiresAt > now;
