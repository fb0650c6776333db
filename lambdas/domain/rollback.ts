/** The rollback: its ledger entry, and what may follow what. Pure. */
import { createHash } from 'node:crypto';
import { ROLLBACK_BRANCH_PREFIX, SAFETY_TAG_PREFIX } from '../contract.ts';
import type { Cause, EpochMs } from './run.ts';

/** Names of the states, in the order in which a rollback goes through them. */
export const ROLLBACK_STATE = {
  /** Written down; nothing is done yet. */
  REQUESTED: 'REQUESTED',
  /** The target is held; promotions that are under way are waited for. */
  HOLDING: 'HOLDING',
  /** The target's head is noted and tagged; the commit is made and merged. */
  MERGING: 'MERGING',
  /** The target holds what was asked for; runs and bookmarks follow. */
  MERGED: 'MERGED',
  /** The hold is given back; readers are waited for. */
  PUBLISHING: 'PUBLISHING',
  DONE: 'DONE',
  /** Only looked. */
  DRY_RUN: 'DRY_RUN',
  /** The target held it already. */
  UNCHANGED: 'UNCHANGED',
  /** The target was left as it was, for the cause that is named. */
  REFUSED: 'REFUSED',
} as const;
export type RollbackState = (typeof ROLLBACK_STATE)[keyof typeof ROLLBACK_STATE];

const UNFINISHED: readonly RollbackState[] = ['REQUESTED', 'HOLDING', 'MERGING', 'MERGED', 'PUBLISHING'];
export const isUnfinished = ({ state }: Pick<Rollback, 'state'>): boolean => UNFINISHED.includes(state);
/** From here on there is no way back: it is finished by whoever comes. */
export const isMerged = ({ state }: Pick<Rollback, 'state'>): boolean =>
  state === 'MERGED' || state === 'PUBLISHING' || state === 'DONE';

/** As it was asked for. Two that ask for the same are one rollback, as long as it is not finished. */
export interface RollbackAsked {
  /** A commit, tag, snapshot or branch of lakeFS, or a point in time. */
  readonly to?: string;
  /** Key of the run that is to be undone. */
  readonly run?: string;
  readonly tables?: readonly string[];
  readonly prefixes?: readonly string[];
  readonly restorePartitions?: boolean;
}

/** What it comes to. */
export type RollbackPlan =
  | {
      readonly kind: 'state';
      readonly to: string;
      readonly metaRangeId: string;
      /** Only what lies below these; absent for everything. */
      readonly prefixes?: readonly string[];
    }
  | {
      readonly kind: 'run';
      readonly run: string;
      readonly mergeCommit: string;
      /** What the target held before the run. */
      readonly to: string;
      /** Partitions that changed since, and go back to what they were before the run as a whole. */
      readonly prefixes?: readonly string[];
    };

/** One try to bring the target there: a new one begins where the target moved meanwhile. */
export interface RollbackTry {
  readonly number: number;
  /** The target's head that it is made on. */
  readonly head: string;
  readonly branch: string;
  /** Written down before it is merged: whoever comes later merges this one and no other. */
  readonly commit?: string;
}

export interface RollbackStep {
  readonly at: EpochMs;
  readonly state: RollbackState;
  readonly note?: string;
}

export interface Rollback {
  readonly schemaVersion: number;
  readonly version: number;
  readonly id: string;
  readonly state: RollbackState;
  readonly repository: string;
  readonly target: string;
  readonly requestedBy: string;
  readonly reason?: string;
  readonly dryRun: boolean;
  readonly asked: RollbackAsked;
  /** Absent where what was asked for makes no sense. */
  readonly plan?: RollbackPlan;
  readonly requestedAt: EpochMs;
  readonly updatedAt: EpochMs;
  readonly settledAt?: EpochMs;
  /** The target's head before anything was done, and the tag on it. */
  readonly head?: string;
  readonly safetyTag?: string;
  readonly attempt?: RollbackTry;
  /** The commit of the target that holds what was asked for. */
  readonly mergeCommit?: string;
  /** Runs that are undone by it, and those that come back; the first hundred of each. */
  readonly undone?: readonly string[];
  readonly undoneCount?: number;
  readonly restored?: readonly string[];
  readonly restoredCount?: number;
  readonly cause?: Cause;
  /** One worker at a time. */
  readonly lease?: { readonly owner: string; readonly expiresAt: EpochMs };
  readonly steps: readonly RollbackStep[];
}

/**
 * How long one worker may go on without a word. Longer than the slowest call to lakeFS with all its tries; who finds it expired may
 * take its holder for dead.
 */
export const ROLLBACK_LEASE_MS = 300_000;
/** Promotions wait so long after the last word of a rollback; it is renewed while it works. */
export const ROLLBACK_HOLD_MS = 15 * 60_000;
/** One that was asked for and never began is forgotten: doing it later would surprise. */
export const ROLLBACK_GRACE_MS = 10 * 60_000;
/** Tries before it says that somebody keeps moving the target. */
export const MAX_TRIES = 20;
export const MAX_NAMED = 100;

export const holdOwnerOf = (id: string): string => `rollback ${id}`;
export const safetyTagOf = (id: string): string => `${SAFETY_TAG_PREFIX}${id}`;
export const branchPrefixOf = (id: string): string => `${ROLLBACK_BRANCH_PREFIX}${id}-`;
export const branchOf = (id: string, number: number): string => `${branchPrefixOf(id)}${String(number)}`;

/** Sorts by time and is good for names of branches and tags: `20261125t101500-ab12cd34`. */
export const rollbackIdOf = (now: EpochMs, owner: string): string => {
  const time = new Date(now).toISOString().slice(0, 19).replace(/[-:]/g, '').toLowerCase();
  return `${time}-${createHash('sha256').update(owner).digest('hex').slice(0, 8)}`;
};

/** Whether two ask for the same. */
export const isSameRequest = (a: RollbackAsked, b: RollbackAsked): boolean => {
  const sorted = (list: readonly string[] | undefined): readonly string[] => [...(list ?? [])].sort();
  const key = ({ to, run, tables, prefixes }: RollbackAsked): string =>
    JSON.stringify([to ?? '', run ?? '', sorted(tables), sorted(prefixes)]);
  return key(a) === key(b);
};

export const workStands = ({ lease }: Rollback, now: EpochMs): boolean => lease !== undefined && lease.expiresAt > now;

const MAX_STEPS = 50;

type Changes = Partial<Omit<Rollback, 'id' | 'version' | 'updatedAt' | 'steps'>>;

/** The next version of an entry. */
export const advanceRollback = (
  rollback: Rollback,
  now: EpochMs,
  changes: Changes,
  options: { readonly note?: string; readonly forget?: readonly (keyof Changes)[] } = {},
): Rollback => {
  const state = changes.state ?? rollback.state;
  const isNews = state !== rollback.state || options.note !== undefined;
  const step = { at: now, state, ...(options.note === undefined ? {} : { note: options.note }) };
  const next = {
    ...rollback,
    ...changes,
    version: rollback.version + 1,
    updatedAt: now,
    steps: isNews ? [...rollback.steps, step].slice(-MAX_STEPS) : rollback.steps,
  };
  for (const field of options.forget ?? []) delete next[field];
  return next;
};
