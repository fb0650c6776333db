/**
 * A snapshot: a tag on a target, a branch that keeps its objects, a backup of the refs, and what is needed to tell later whether all of
 * it is still there. Pure.
 */
import { KEEPER_BRANCH_PREFIX } from '../contract.ts';
import type { Cause, EpochMs } from './run.ts';

export const SNAPSHOT_STATE = {
  /** Begun; whoever finds it goes on. */
  CREATING: 'CREATING',
  /** Everything is written, the manifest last. */
  COMPLETE: 'COMPLETE',
  /** Is being removed: it can no longer be relied on, and is never COMPLETE again. */
  PRUNING: 'PRUNING',
  PRUNED: 'PRUNED',
} as const;
export type SnapshotState = (typeof SNAPSHOT_STATE)[keyof typeof SNAPSHOT_STATE];

/** Why it was made: by the schedule, by a person, or before something that changes much. */
export const SNAPSHOT_KINDS = ['scheduled', 'manual', 'pre-rollback', 'pre-restore', 'pre-rotation', 'drill'] as const;
export type SnapshotKind = (typeof SNAPSHOT_KINDS)[number];

/** Ids of the files that a dump wrote into the storage namespace: with them `restore` brings every ref back. */
export interface RefsDump {
  readonly commitsMetaRangeId: string;
  readonly tagsMetaRangeId: string;
  readonly branchesMetaRangeId: string;
}

/** What the tag shows. `digest` is a chain over path, checksum and size of every object, in the order of the listing. */
export interface SnapshotContent {
  readonly objects: number;
  readonly bytes: number;
  readonly digest: string;
}

/** Backup of lakeFS's metadata store that belongs to a snapshot. */
export interface DatabaseBackup {
  readonly kind: 'rds' | 'dynamodb';
  /** Of the RDS snapshot; of the table, which point-in-time recovery brings back to `restorableTo`. */
  readonly arn: string;
  readonly restorableTo: EpochMs;
}

/** Keeps a snapshot from being pruned, whatever the rules say, until it is released. */
export interface LegalHold {
  readonly by: string;
  readonly reason: string;
  readonly since: EpochMs;
}

/** The last one that was taken off, or that another took the place of. */
export interface EndedHold extends LegalHold {
  readonly releasedBy: string;
  readonly releasedAt: EpochMs;
}

export interface SnapshotVerification {
  readonly at: EpochMs;
  readonly outcome: 'good' | 'damaged';
  /** Counted and digested anew, rather than by identifiers alone. */
  readonly isFull: boolean;
  readonly missing: readonly string[];
}

export interface Snapshot {
  readonly schemaVersion: number;
  readonly version: number;
  /** Name of the tag, unique in the repository. */
  readonly id: string;
  readonly repository: string;
  readonly target: string;
  readonly kind: SnapshotKind;
  readonly state: SnapshotState;
  readonly requestedBy: string;
  readonly reason?: string;
  readonly startedAt: EpochMs;
  readonly updatedAt: EpochMs;
  readonly completedAt?: EpochMs;
  /** Head of the target when the snapshot began. */
  readonly commit: string;
  readonly metaRangeId: string;
  /** Garbage collection keeps what branches show, not what tags show: so there is a branch beside the tag. */
  readonly keeperBranch: string;
  readonly dump?: RefsDump;
  /** Of `refs.json`, which was written with the dump. */
  readonly refs?: { readonly branches: number; readonly tags: number; readonly sha256: string };
  /** How far counting came before its time was up. */
  readonly counting?: SnapshotContent & { readonly after: string };
  readonly content?: SnapshotContent;
  readonly database?: DatabaseBackup;
  /** `s3://…/manifest.json`, and the SHA-256 of what was written there. */
  readonly backup?: { readonly uri: string; readonly sha256: string };
  readonly hold?: LegalHold;
  readonly lastHold?: EndedHold;
  readonly verified?: SnapshotVerification;
  /** Why it was given up or pruned. */
  readonly cause?: Cause;
}

const SNAPSHOT_PREFIX = 'snapshot-';

/** `20261125T010203Z`: sorts by time, and is legal in a tag and in a branch. */
const stampOf = (at: EpochMs): string => `${new Date(at).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;

/** @param target a branch name, so that every character is legal in a tag. */
export const snapshotId = (target: string, at: EpochMs): string => `${SNAPSHOT_PREFIX}${target}-${stampOf(at)}`;

/** A branch may not be named as a tag is. */
export const keeperBranchOf = (id: string): string => `${KEEPER_BRANCH_PREFIX}${id}`;

/** The next entry. What is `undefined` in the change is removed. */
export const advanceSnapshot = (
  snapshot: Snapshot,
  change: { readonly [K in keyof Snapshot]?: Snapshot[K] | undefined },
  now: EpochMs,
): Snapshot => {
  const next = { ...snapshot, ...change, version: snapshot.version + 1, updatedAt: now };
  return Object.fromEntries(Object.entries(next).filter(([, value]) => value !== undefined)) as unknown as Snapshot;
};

/** It can be restored from, as far as anybody knows. */
export const isGood = ({ state, verified }: Snapshot): boolean =>
  state === SNAPSHOT_STATE.COMPLETE && verified?.outcome !== 'damaged';

/** Snapshots that begin within one hour share one backup of the metadata store: it holds all repositories. */
export const databaseBackupName = (at: EpochMs): string =>
  new Date(at).toISOString().slice(0, 13).replaceAll('-', '').toLowerCase();

/** Kinds that come often, or in a hurry, do without. */
export const wantsDatabase = (kind: SnapshotKind): boolean => kind !== 'pre-rollback' && kind !== 'drill';
