/** Rotation of lakeFS's key pair, as the ledger knows it: one at a time, and how the last one ended. */
import type { EpochMs } from './run.ts';

/** Longer than the function may run: while it stands nobody else touches the user of lakeFS. */
export const ROTATION_LEASE_MS = 16 * 60_000;

export interface RotationEnd {
  readonly token: string;
  /** Who asked: `secrets-manager`, or the name of a person. */
  readonly by: string;
  readonly startedAt: EpochMs;
  readonly endedAt: EpochMs;
  /** Made before anything was changed, as REPOSITORY/SNAPSHOT. */
  readonly snapshots?: readonly string[];
}

/** Somebody asked what would happen. Nothing was changed. */
export interface RotationTrial {
  readonly by: string;
  readonly at: EpochMs;
  /** What stood in the way; empty where nothing did. */
  readonly obstacles: readonly string[];
}

/** So many are remembered; the events tell of all. */
export const MAX_TRIALS = 20;

export interface Rotation {
  readonly schemaVersion: number;
  readonly version: number;
  readonly updatedAt: EpochMs;
  /** What is under way; its token is the id of the version of the secret that it makes. */
  readonly current?: {
    readonly token: string;
    readonly by: string;
    readonly startedAt: EpochMs;
    readonly leaseUntil: EpochMs;
    readonly snapshots?: readonly string[];
  };
  readonly last?: RotationEnd;
  /** Dry runs, newest first. */
  readonly trials?: readonly RotationTrial[];
}

/** Someone else's, while its lease stands. The same token goes on where it left off, and so does any after the lease. */
export const isTaken = (rotation: Rotation | undefined, token: string, now: EpochMs): boolean =>
  rotation?.current !== undefined && rotation.current.token !== token && rotation.current.leaseUntil > now;
