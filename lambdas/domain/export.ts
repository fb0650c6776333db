/** Exports: plain copies of what a target or a tag holds, for consumers that do not know lakeFS. What lies where, and what is next. Pure. */
import { createHash } from 'node:crypto';
import { EXPORT_RUNS_FOLDER, type ExportConfig, type ExportScope } from '../contract.ts';
import { placeOfFile } from './catalog/visible.ts';
import type { ObjectStats } from './lakefs.ts';
import type { Cause, EpochMs } from './run.ts';

/** Below the destination's prefix; what consumers read beside it never begins so. */
export const OWN_PREFIX = '_branchline/';
/** Written last and withdrawn first: while it is there, the destination holds exactly the commit that it names. */
export const MARKER = `${OWN_PREFIX}_SUCCESS`;

/** So many objects are copied between two entries in the ledger. */
export const CHUNK_OBJECTS = 500;
/** A chunk of many workers is full then, however few its objects are: S3 copies some hundred MB a second for each. */
export const PLANNED_BYTES = 256 * 1024 ** 3;

/** Where one object of the repository goes, relative to the destination's prefix; `undefined` where it stays behind. */
export const keyOf = (
  scope: ExportScope,
  object: Pick<ObjectStats, 'path' | 'sizeBytes' | 'isPrefix'>,
): string | undefined => {
  const { path } = object;
  // Directory markers: S3 knows no directories, and readers would open them as empty files.
  if (!path.startsWith(scope.path) || object.isPrefix || path.endsWith('/')) return undefined;
  const rest = path.slice(scope.path.length);
  if (scope.partitionColumns !== undefined) {
    const columns = scope.partitionColumns.map((key) => ({ key, name: key.toLowerCase(), type: 'string' }));
    if (placeOfFile({ path: scope.path, partitionColumns: columns }, object) === undefined) return undefined;
  }
  const key = `${scope.to}${rest}`;
  return key.startsWith(OWN_PREFIX) ? undefined : key;
};

/** Changes with everything that decides what lies at the destination, and how. */
export const digestOfExport = (config: ExportConfig): string => {
  const { repository, target, tag, scopes, bucket, prefix, kmsKeyArn, storageClass } = config;
  const what = JSON.stringify({ repository, target, tag, scopes, bucket, prefix, kmsKeyArn, storageClass });
  return createHash('sha256').update(what, 'utf8').digest('hex').slice(0, 32);
};

export interface ExportCounts {
  readonly copied: number;
  readonly removed: number;
  /** Gone from the lake and left at the destination: `delete: false`. */
  readonly kept: number;
  readonly bytes: number;
}

/** A run of an export that has begun and has not ended. */
export interface ExportRun extends ExportCounts {
  /** `<sequence>-<first 12 of the commit>`: names its folder below `_branchline/exports/`. */
  readonly id: string;
  readonly digest: string;
  /** `follow`: what differs between two commits; `compare`: everything against what lies at the destination. */
  readonly mode: 'follow' | 'compare';
  /** Absent for a comparison. */
  readonly from?: string;
  readonly to: string;
  readonly startedAt: EpochMs;
  readonly phase:
    | 'copy'
    /** What is left is more than one function should copy: it is written down in chunks. */
    | 'plan'
    /** Many workers copy the chunks. */
    | 'map'
    | 'remove'
    | 'seal';
  /** The marker has been withdrawn: something is about to change. */
  readonly opened?: true;
  /** The last object that was dealt with, in the phase under way. */
  readonly cursor?: { readonly scope: number; readonly path: string };
  /** Parts of the manifest, numbered from 0. */
  readonly parts: number;
  /** Of whoever has the chunks copied, the newest one. */
  readonly execution?: {
    readonly name: string;
    /** Absent: the state machine. */
    readonly engine?: 'spark';
    readonly startedAt: EpochMs;
    /** It left chunks behind, or was given up. */
    readonly endedAt?: EpochMs;
    /** Nobody could be asked whether it still writes: a while has to pass. */
    readonly givenUp?: true;
  };
  /** How many executions there were. */
  readonly tries?: number;
}

export interface FinishedExport extends ExportCounts {
  readonly id: string;
  readonly mode: ExportRun['mode'];
  readonly from?: string;
  readonly to: string;
  readonly endedAt: EpochMs;
  readonly durationMs: number;
  /** `s3://…/manifest.json`; absent where nothing in scope had changed. */
  readonly manifest?: string;
}

/** The ledger's entry about one export. */
export interface ExportRecord {
  readonly schemaVersion: number;
  readonly version: number;
  readonly name: string;
  /** Of the configuration by which the destination was last brought to `commit`. */
  readonly digest?: string;
  /** The destination holds what this commit holds. */
  readonly commit?: string;
  /** Runs that were begun. */
  readonly sequence: number;
  readonly run?: ExportRun;
  readonly last?: FinishedExport;
  readonly comparedAt?: EpochMs;
  readonly lease?: { readonly owner: string; readonly expiresAt: EpochMs };
  readonly failure?: Cause & { readonly since: EpochMs };
  readonly updatedAt: EpochMs;
}

/** Longer than any function that exports may run (15 minutes): whoever finds it expired may take its holder for dead. */
export const EXPORT_LEASE_MS = 20 * 60_000;

/** The run to go on with, or a new one; `undefined` where the destination holds the commit already. */
export const nextRun = (
  config: ExportConfig,
  record: ExportRecord,
  commit: string,
  options: { readonly compare: boolean; readonly now: EpochMs },
): ExportRun | undefined => {
  const digest = digestOfExport(config);
  // A run by another configuration has written to other places: what it left is found by a comparison.
  if (record.run !== undefined && record.run.digest === digest && !options.compare) return record.run;
  const isKnown = record.run === undefined && record.commit !== undefined && record.digest === digest;
  if (isKnown && !options.compare && record.commit === commit) return undefined;
  const follows = isKnown && !options.compare;
  return {
    id: `${String(record.sequence + 1).padStart(6, '0')}-${commit.slice(0, 12)}`,
    digest,
    mode: follows ? 'follow' : 'compare',
    ...(follows && record.commit !== undefined ? { from: record.commit } : {}),
    to: commit,
    startedAt: options.now,
    ...{ phase: 'copy', parts: 0, copied: 0, removed: 0, kept: 0, bytes: 0 },
  };
};

/** The record after a run: the destination holds its commit. */
export const finished = (record: ExportRecord, run: ExportRun, now: EpochMs, manifest?: string): ExportRecord => {
  const { run: _, failure: __, ...rest } = record;
  const { id, mode, from, to, copied, removed, kept, bytes, startedAt } = run;
  return {
    ...rest,
    digest: run.digest,
    commit: to,
    last: {
      ...{ id, mode, to, copied, removed, kept, bytes, endedAt: now, durationMs: Math.max(0, now - startedAt) },
      ...(from === undefined ? {} : { from }),
      ...(manifest === undefined ? {} : { manifest }),
    },
    ...(mode === 'compare' ? { comparedAt: now } : {}),
  };
};

export const folderOf = (runId: string): string => `${EXPORT_RUNS_FOLDER}${runId}/`;
export const partPrefix = (runId: string): string => `${folderOf(runId)}part-`;
export const partKey = (runId: string, part: number): string =>
  `${partPrefix(runId)}${String(part).padStart(6, '0')}.jsonl`;
/** Source: Amazon Redshift, "Using a manifest to specify data files": `content_length` is required for Parquet and ORC. */
export const redshiftKey = (runId: string, part: number): string =>
  `${folderOf(runId)}redshift-${String(part).padStart(6, '0')}.manifest`;
/** Chunks that are still to be copied, one object each: a worker removes its own when its part of the manifest is written. */
export const todoFolder = (runId: string): string => `${folderOf(runId)}todo/`;
export const todoKey = (runId: string, part: number): string =>
  `${todoFolder(runId)}${String(part).padStart(6, '0')}.json`;
/** The number of the part that a chunk becomes; `undefined` for a key that is no chunk of this run. */
export const partOfTodo = (runId: string, key: string): number | undefined => {
  const folder = todoFolder(runId);
  const [, digits] = /^(\d{6,})\.json$/.exec(key.startsWith(folder) ? key.slice(folder.length) : '') ?? [];
  return digits === undefined ? undefined : Number(digits);
};
/** What an earlier try did not copy of a chunk, and why. */
export const leftFolder = (runId: string): string => `${folderOf(runId)}left/`;
export const leftKey = (runId: string, part: number): string =>
  `${leftFolder(runId)}${String(part).padStart(6, '0')}.json`;
/** What a job run of Spark is asked to do; it goes on only while this is there. */
export const sparkOrderKey = (runId: string, execution: string): string => `${folderOf(runId)}spark/${execution}.json`;
/** The word that no further chunk is to be begun: more have failed than is tolerated. */
export const sparkStopKey = (runId: string, execution: string): string => `${folderOf(runId)}spark/${execution}.stop`;
/** Where the state machine leaves what it says of its workers. */
export const mapFolder = (runId: string): string => `${folderOf(runId)}map/`;
export const manifestKey = (runId: string): string => `${folderOf(runId)}manifest.json`;
