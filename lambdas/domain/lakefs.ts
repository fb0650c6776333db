/** What lakeFS holds, in our words. Pure shapes; the adapter translates the wire. */
import type { EpochMs } from './run.ts';

export interface Repository {
  readonly name: string;
  readonly storageNamespace: string;
  readonly defaultBranch: string;
}

export interface Ref {
  readonly id: string;
  readonly commitId: string;
}

export interface GarbageCollectionRules {
  readonly defaultRetentionDays: number;
  readonly branches: Readonly<Record<string, number>>;
}

export interface Commit {
  readonly id: string;
  readonly parents: readonly string[];
  readonly metaRangeId: string;
  readonly message: string;
  readonly committer: string;
  /** As the committer gave it: may lie. Never used to order commits. */
  readonly creationDate: EpochMs;
  readonly metadata: Readonly<Record<string, string>>;
}

export type ChangeType = 'added' | 'removed' | 'changed' | 'conflict' | 'prefix_changed';
export interface Change {
  readonly type: ChangeType;
  readonly path: string;
  /** True where `path` stands for everything below it (`delimiter` given). */
  readonly isPrefix: boolean;
  readonly sizeBytes?: number;
}

export interface ObjectStats {
  readonly path: string;
  readonly isPrefix: boolean;
  readonly physicalAddress: string;
  readonly checksum: string;
  readonly sizeBytes: number;
  readonly mtime: EpochMs;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface CommitRequest {
  readonly message: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export type CommitOutcome =
  | { readonly outcome: 'committed'; readonly commit: Commit }
  /** 400 "commit: no changes". A repeat of a done commit answers so too: look at the head to tell. */
  | { readonly outcome: 'nothing-to-commit' };

export type MergeOutcome =
  | { readonly outcome: 'merged'; readonly commitId: string }
  /** 400 "no changes": merged already, or nothing to merge. Only the target's log tells which. */
  | { readonly outcome: 'no-changes' }
  /** 409 by object path; the three-dot diff names the paths. */
  | { readonly outcome: 'conflict' }
  /** 412: a hook said no. Never retried. */
  | { readonly outcome: 'rejected'; readonly reason: string };

export type RevertOutcome =
  | { readonly outcome: 'reverted' }
  | { readonly outcome: 'no-changes' }
  /** 409: something later overlaps. */
  | { readonly outcome: 'conflict' };

/**
 * A ref as it is asked for where it has to be known whether lakeFS holds it: a whole commit id by its beginning. A server that had a
 * repository before it was deleted goes on telling, and listing, commits of it by their whole ids, although the one that was made again or
 * restored under the same name does not have them (seen on 1.84, for longer than a minute).
 */
export const byBeginning = (ref: string): string => ref.replace(/^([0-9a-f]{63})[0-9a-f](?=$|[~^])/, '$1');
