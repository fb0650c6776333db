/** A restore, as the ledger records it, and what is decided about backups and what they lack. Pure. */
import type { BackupManifest } from './backup.ts';
import type { EpochMs, Run } from './run.ts';

/** The ledger's record of who asked for what, and what came of it. Plans are recorded too. */
export interface RestoreRecord {
  readonly schemaVersion: number;
  readonly version: number;
  readonly id: string;
  readonly repository: string;
  /** `database`: plans, checks and what follows a restore of the metadata store, which AWS makes. */
  readonly what: 'repository' | 'branch' | 'database';
  readonly branch?: string;
  readonly dryRun: boolean;
  readonly requestedBy: string;
  readonly startedAt: EpochMs;
  readonly updatedAt: EpochMs;
  readonly endedAt?: EpochMs;
  readonly outcome?: 'planned' | 'restored' | 'failed';
  /** Snapshot whose backup was used. */
  readonly snapshot?: string;
  readonly commit?: string;
  /** What was lost for good, at most a hundred of each. */
  readonly lost?: LostWork;
  readonly message?: string;
}

/** Work that the ledger knows and the restored repository does not. */
export interface LostWork {
  readonly runs: readonly string[];
  /** Targets whose verified commit is gone, with that commit. */
  readonly targets: readonly { readonly target: string; readonly commit: string }[];
}

export interface BackupFound {
  readonly snapshot: string;
  readonly createdAt: EpochMs;
  /** Why it cannot be used; absent for a good one. */
  readonly fault?: string;
}

/** A run may be open for so long: Glue's own limit of a job run. Source: AWS Glue developer guide, job timeouts. */
const LONGEST_RUN_MS = 8 * 86_400_000;

/** Runs that may have brought commits since the dump are those that were opened at most so long before it. */
export const mayHaveCommittedSince = (run: Run, dumpedAt: EpochMs): boolean =>
  run.openedAt >= dumpedAt - LONGEST_RUN_MS;

/** The commit by which a run would be missed: its merge where it was promoted, else its work. */
export const commitToMiss = ({ state, mergeCommit, runCommit }: Run): string | undefined =>
  state === 'PROMOTED' || state === 'ROLLED_BACK' ? mergeCommit : runCommit;

/** The moment that a backup shows: refs were listed again after it was dumped. */
export const dumpedAt = (manifest: BackupManifest): EpochMs => Date.parse(manifest.snapshot.startedAt);
