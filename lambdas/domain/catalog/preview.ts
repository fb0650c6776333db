/**
 * A view of a repository's tables at another ref: a Glue database of its own, with manifests of its own, that goes by itself. Pure.
 */
import { createHash } from 'node:crypto';
import type { EpochMs } from '../run.ts';
import type { TableDescriptor } from './table.ts';

export const PREVIEW_STATE = {
  /** Being made, or left half-made by one that died: asked for again it goes on. */
  MAKING: 'MAKING',
  READY: 'READY',
  /** Being removed: it is not there for readers any more. */
  DROPPING: 'DROPPING',
  DROPPED: 'DROPPED',
} as const;
export type PreviewState = (typeof PREVIEW_STATE)[keyof typeof PREVIEW_STATE];

/** The ledger's entry of one preview. Every change bumps `version`. */
export interface Preview {
  readonly schemaVersion: number;
  readonly version: number;
  /** Names the preview, its database and the folder of its manifests. */
  readonly name: string;
  readonly state: PreviewState;
  readonly repository: string;
  /** As it was asked for: a branch, tag or commit. */
  readonly ref: string;
  /** What the ref meant at that time: the tables show the rows of this commit. */
  readonly commit: string;
  readonly database: string;
  /** Names in the configuration, or as the commit describes them. */
  readonly tables: readonly string[];
  /** Where the files of these tables lie in the repository. Absent in entries of earlier versions. */
  readonly paths?: readonly string[];
  readonly createdAt: EpochMs;
  readonly expiresAt: EpochMs;
  readonly updatedAt: EpochMs;
  /** One invocation at a time makes or removes it. */
  readonly lease?: { readonly owner: string; readonly expiresAt: EpochMs };
}

/** Longer than the function that makes and removes them may run (15 minutes). */
export const PREVIEW_LEASE_MS = 16 * 60_000;
export const DEFAULT_TTL_SECONDS = 24 * 3600;
/** Previews at a time: each is as large as its tables have partitions. */
export const MAX_PREVIEWS = 20;

/** Asked for again without a name it is the same preview: the beginning tells a person which, the digest keeps them apart. */
export const previewName = (repository: string, ref: string): string => {
  const digest = createHash('sha256').update(`${repository}\n${ref}`, 'utf8').digest('hex').slice(0, 8);
  const told = ref
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '');
  return told === '' ? digest : `${told.slice(0, 40)}_${digest}`;
};

/** The tables as the preview shows them. Two that only their databases told apart are told apart by them still. */
export const tablesInPreview = (tables: readonly TableDescriptor[], database: string): readonly TableDescriptor[] => {
  const taken = Map.groupBy(tables, ({ tableName }) => tableName);
  return tables.map((table) => ({
    ...table,
    database,
    // A preview is of a commit, wherever the ref goes.
    ...(table.spark === undefined ? {} : { spark: { ...table.spark, pin: true as const } }),
    tableName: (taken.get(table.tableName)?.length ?? 0) > 1 ? `${table.database}_${table.tableName}` : table.tableName,
  }));
};

export const isExpired = ({ state, expiresAt, lease }: Preview, now: EpochMs): boolean =>
  (state === PREVIEW_STATE.DROPPING || expiresAt <= now) && (lease === undefined || lease.expiresAt <= now);
