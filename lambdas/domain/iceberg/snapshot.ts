/** One state of a table, as its metadata lists it. */
import type { SnapshotId } from './manifest-file.ts';

export interface Snapshot {
  readonly 'snapshot-id': SnapshotId;
  readonly 'parent-snapshot-id'?: SnapshotId;
  readonly 'sequence-number': number;
  readonly 'timestamp-ms': number;
  readonly 'manifest-list': string;
  readonly 'schema-id'?: number;
  readonly summary: Readonly<Record<string, string>>;
}

export interface SnapshotRef {
  readonly 'snapshot-id': SnapshotId;
  readonly type: 'branch' | 'tag';
  readonly [retention: string]: unknown;
}

/** Keys of a snapshot's summary. */
export const SUMMARY = {
  commit: 'branchline.commit',
  run: 'branchline.run-id',
  promoter: 'branchline.promoter',
} as const;
