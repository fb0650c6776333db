/** What the model holds. Trees never change; a branch's staging does. */

export interface Entry {
  readonly physicalAddress: string;
  readonly checksum: string;
  readonly sizeBytes: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export type Tree = ReadonlyMap<string, Entry>;

export interface CommitRecord {
  readonly id: string;
  readonly parents: readonly string[];
  readonly metaRangeId: string;
  readonly message: string;
  readonly committer: string;
  /** Seconds since 1970. */
  readonly creationDate: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly generation: number;
}

/** `null` stands for a staged deletion. */
export type Staging = Map<string, Entry | null>;

export interface BranchRecord {
  head: string;
  staging: Staging;
  /** Listed only where `show_hidden` asks for it. */
  readonly isHidden: boolean;
}

/** `patterns` are in force from `since` (milliseconds) on, `before` until then. */
export interface Protection {
  readonly patterns: readonly string[];
  readonly since: number;
  readonly before: readonly string[];
}

export interface RepositoryRecord {
  readonly id: string;
  readonly storageNamespace: string;
  readonly defaultBranch: string;
  readonly creationDate: number;
  bare: boolean;
  readonly branches: Map<string, BranchRecord>;
  readonly tags: Map<string, string>;
  readonly commits: Map<string, CommitRecord>;
  /** By meta-range id; equal trees have equal ids. */
  readonly metaRanges: Map<string, Tree>;
  protection: Protection;
  gcRules: unknown;
  metadata: Readonly<Record<string, string>>;
}

type DiffType = 'added' | 'removed' | 'changed' | 'conflict' | 'prefix_changed';
export interface DiffEntry {
  readonly type: DiffType;
  readonly path: string;
  readonly isPrefix: boolean;
  readonly sizeBytes: number;
}

/** An answer other than success, with the status that a real server gives. */
export class ModelError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export const notFound = (what?: string): ModelError =>
  new ModelError(404, what === undefined ? 'not found' : `${what} not found`);
