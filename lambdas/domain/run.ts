/** The run: its states, its ledger entry, and what may follow what. Pure. */

import type { OnConflict } from '../contract.ts';
import type { SchemaChange } from './catalog/columns.ts';

/** Names of the states. See docs/architecture.md for the picture. */
export const RUN_STATE = {
  /** The branch exists, or is about to; the job has not ended. */
  OPEN: 'OPEN',
  /** Work is committed on the run branch; the promotion has not begun. */
  COMMITTED: 'COMMITTED',
  /** An audit is under way. */
  AUDITING: 'AUDITING',
  /** Somebody holds the lease and may be merging. */
  PROMOTING: 'PROMOTING',
  PROMOTED: 'PROMOTED',
  UNCHANGED: 'UNCHANGED',
  DISCARDED: 'DISCARDED',
  ROLLED_BACK: 'ROLLED_BACK',
  CONFLICTED: 'CONFLICTED',
  REJECTED: 'REJECTED',
  AWAITING_APPROVAL: 'AWAITING_APPROVAL',
} as const;
export type RunState = (typeof RUN_STATE)[keyof typeof RUN_STATE];

export const SETTLED_STATES = ['PROMOTED', 'UNCHANGED', 'DISCARDED', 'ROLLED_BACK'] as const satisfies RunState[];
export const WAITING_STATES = ['CONFLICTED', 'REJECTED', 'AWAITING_APPROVAL'] as const satisfies RunState[];
export const MOVING_STATES = ['OPEN', 'COMMITTED', 'AUDITING', 'PROMOTING'] as const satisfies RunState[];

export const isSettled = (state: RunState): boolean => (SETTLED_STATES as readonly RunState[]).includes(state);
export const isWaiting = (state: RunState): boolean => (WAITING_STATES as readonly RunState[]).includes(state);
export const isMoving = (state: RunState): boolean => (MOVING_STATES as readonly RunState[]).includes(state);

/** Milliseconds since 1970-01-01T00:00Z. */
export type EpochMs = number & { readonly __brand?: 'EpochMs' };

/** Identity of a run: the run id and the attempt. Attempt 0 is the first. */
export interface RunKey {
  readonly runId: string;
  readonly attempt: number;
}

/** `id` for attempt 0, `id#N` for attempt N; `#` cannot occur in a run id. */
/** It waited until somebody's merge, revert or reset brought it to its target: no promotion has said that it fits there. */
export const isEndedByHand = ({ steps }: Pick<Run, 'steps'>): boolean => {
  const before = steps.findLast(({ state }) => state !== 'PROMOTED' && state !== 'ROLLED_BACK')?.state;
  return before === 'CONFLICTED' || before === 'REJECTED';
};

export const formatRunKey = (key: RunKey): string =>
  key.attempt === 0 ? key.runId : `${key.runId}#${String(key.attempt)}`;

export const parseRunKey = (text: string): RunKey => {
  const at = text.lastIndexOf('#');
  return at < 0 ? { runId: text, attempt: 0 } : { runId: text.slice(0, at), attempt: Number(text.slice(at + 1)) };
};

/** Characters that are kept of what others say (a job, a hook, a person): an entry with all its steps has to fit into 400 KB. */
export const MAX_MESSAGE = 1000;

/** Why a run ended or waits, for a person. `code` is one of the catalog in `errors.ts`. */
export interface Cause {
  readonly code: string;
  readonly message: string;
}

export type ClashKind = 'path' | 'partition' | 'history';
/** One thing that two parties changed since the run's base commit. */
export interface Clash {
  readonly kind: ClashKind;
  /** The path, or the partition's prefix. */
  readonly what: string;
  /** The commit on the target that changed it. */
  readonly commit?: string;
  /** The run that made that commit, where it was one. */
  readonly run?: string;
}

/** Exclusive right to decide about a promotion until `expiresAt`. */
export interface PromotionLease {
  readonly owner: string;
  /** The target's head that the partition check looked at. */
  readonly checkedHead: string;
  readonly expiresAt: EpochMs;
}

/** One line of a run's timeline. */
export interface RunStep {
  readonly at: EpochMs;
  readonly state: RunState;
  readonly note?: string;
}

/** The ledger's entry of one run. Every change bumps `version`. */
export interface Run extends RunKey {
  readonly schemaVersion: number;
  readonly version: number;
  readonly state: RunState;
  readonly job: string;
  readonly pipeline: string;
  readonly repository: string;
  readonly target: string;
  readonly branch: string;
  /** The commit id that the branch was made from. Recorded once, never derived again. */
  readonly baseCommit: string;
  /** Absent between start-run's intent and Glue's answer. Carries `_attempt_N` for retries. */
  readonly jobRunId?: string;
  readonly openedAt: EpochMs;
  readonly updatedAt: EpochMs;
  /** When Glue says the attempt ended. */
  readonly jobEndedAt?: EpochMs;
  /** Terminal state as Glue names it. */
  readonly jobState?: string;
  /** The job's own message where it failed (first 1,000 characters). */
  readonly jobMessage?: string;
  /** When the run reached a settled state. */
  readonly settledAt?: EpochMs;
  /** SHA-256 of the canonical JSON of the job's arguments; the arguments themselves may hold what is nobody's business. */
  readonly argumentsDigest?: string;
  /** Whether the job runs with bookmarks enabled. */
  readonly bookmarks?: boolean;
  /** Head of the run branch that is to be promoted. */
  readonly runCommit?: string;
  /** How many partitions (or directories) the run changed; the list is a ledger item of its own. */
  readonly changedPartitions?: number;
  readonly changedObjects?: number;
  /**
   * Of all paths that the run changed, the last one in order is one that it removed: a merge of it, or of others with it, may lose a
   * file (usecases/merge-losses.ts). Absent: not known.
   */
  readonly removesLast?: boolean;
  /** How the files that the run wrote differ from the columns of their tables. */
  readonly schemaChanges?: readonly SchemaChange[];
  /** A person takes them as they are. */
  readonly schemaAccepted?: true;
  /** Until then one start-run call has the right to start the job. */
  readonly startLeaseUntil?: EpochMs;
  /**
   * The branch was made from the base commit: the job's `begin()` need not look, and where it is missing later it was deleted, and
   * what the job had written with it.
   */
  readonly branchMade?: true;
  readonly lease?: PromotionLease;
  /** Set where a conflict was resolved on a branch from a later head: the promotion is judged from here. */
  readonly promotionBase?: string;
  /** The run's own commit, where `runCommit` is a resolution of it. */
  readonly originalCommit?: string;
  /** Scratch branch of the resolution; deleted with the run branch. */
  readonly resolutionBranch?: string;
  /** How often a promotion was begun. */
  readonly promotionTries?: number;
  /** How often a conflict was resolved by policy or by hand. */
  readonly resolutions?: number;
  readonly mergeCommit?: string;
  readonly clashes?: readonly Clash[];
  /** What is to be done about the conflict; absent once done, exhausted, or where a person decides. */
  readonly policy?: Exclude<OnConflict, 'keep'>;
  readonly cause?: Cause;
  /** The run that this one repeats. */
  readonly rerunOf?: string;
  /** The run that repeats this one. */
  readonly rerunAs?: string;
  /** The rerun named in `rerunAs` is still to be started. */
  readonly rerunDue?: boolean;
  readonly rerunNumber: number;
  /** The branch is kept until then although the run has ended. */
  readonly keepUntil?: EpochMs;
  /** The failed work is still to be committed on its branch, so that it stays readable until `keepUntil`. */
  readonly preserveDue?: boolean;
  /** True once the run branch is known to be gone. */
  readonly branchDeleted: boolean;
  /** A bookmark rewind that is owed: cleared when done. */
  readonly bookmarkRewind?: 'due' | 'done' | 'rerun-needed';
  /** Until then one invocation has the right to put the bookmark back. */
  readonly rewindLeaseUntil?: EpochMs;
  /** Newest first-in-first-out wake-up sent, so that a repeat is not dropped as a duplicate. */
  readonly wakeUps?: number;
  /** The timeline, oldest first; the newest 50 steps are kept. */
  readonly steps: readonly RunStep[];
}

/** A settled run that still owes something: a branch to delete, work to preserve, a bookmark to rewind, a rerun to start. */
export const needsCleanUp = (run: Run): boolean =>
  isSettled(run.state) &&
  (!run.branchDeleted || run.preserveDue === true || run.bookmarkRewind === 'due' || run.rerunDue === true);
