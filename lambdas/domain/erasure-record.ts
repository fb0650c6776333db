/** The ledger's entry about one erasure: how far it is, what was done for it, and the proof. Pure. */
import { createHash } from 'node:crypto';
import type { Selection } from './erasure.ts';
import type { Cause, EpochMs } from './run.ts';

export const ERASURE_STATE = {
  /** Until nothing reaches the objects any more. */
  REMOVING: 'REMOVING',
  /** The rules of garbage collection keep what was removed. */
  RETAINING: 'RETAINING',
  /** lakeFS's job deletes. */
  COLLECTING: 'COLLECTING',
  /** S3 is asked for each object, earlier versions among them. */
  PROVING: 'PROVING',
  DONE: 'DONE',
  CANCELLED: 'CANCELLED',
} as const;
export type ErasureState = (typeof ERASURE_STATE)[keyof typeof ERASURE_STATE];

/** A path whose file is rewritten rather than removed, by an object of the repository. */
export interface Replacement {
  readonly path: string;
  /** A commit: what it holds does not change. */
  readonly ref: string;
  readonly from: string;
}

/** What was done, for the report. Names alone. */
export interface ErasureDeeds {
  readonly runs: readonly string[];
  readonly merges: readonly string[];
  readonly tags: readonly string[];
  readonly snapshots: readonly string[];
  readonly previews: readonly string[];
  readonly keptRuns: readonly string[];
  /** Keys removed, by export. */
  readonly copies: Readonly<Record<string, number>>;
}

/** What S3 answered when each address was asked for. */
export interface ErasureProof {
  readonly at: EpochMs;
  /** Of so many objects nothing is there, no earlier version either. */
  readonly gone: number;
  /** Still served by S3. */
  readonly left: number;
  /** Only earlier versions or delete markers are there. */
  readonly versions: number;
  /** When the bucket's lifecycle has removed the last of them. */
  readonly versionsUntil?: EpochMs;
  readonly examples: readonly string[];
}

export interface Erasure {
  readonly schemaVersion: number;
  readonly version: number;
  readonly repository: string;
  readonly id: string;
  readonly state: ErasureState;
  readonly requestedBy: string;
  readonly reason: string;
  readonly requestedAt: EpochMs;
  readonly updatedAt: EpochMs;
  /** Of what was selected: the same request goes on with the same erasure. */
  readonly digest: string;
  /** Addresses and paths lie in the backup bucket: they may be personal themselves, and many. */
  readonly objects: { readonly count: number; readonly bytes: number; readonly uri: string; readonly sha256: string };
  /** Tags that are no snapshots are removed: those that held the objects when it began. */
  readonly removeTags: readonly string[];
  readonly replacements: readonly Replacement[];
  /** By target the run that takes the paths out, or the last that did. */
  readonly runs: Readonly<Record<string, { readonly number: number; readonly runId: string }>>;
  readonly did: ErasureDeeds;
  /** For whom or what it waits, and since when without a break. */
  readonly waits?: { readonly since: EpochMs; readonly for: readonly string[] };
  readonly removedAt?: EpochMs;
  readonly retainedUntil?: EpochMs;
  /** The collection that is to delete the objects. */
  readonly collection?: { readonly id: string; readonly tries: number };
  readonly proof?: ErasureProof;
  /** `s3://…/report.json`, and the SHA-256 of what was written there. */
  readonly report?: { readonly uri: string; readonly sha256: string };
  readonly endedAt?: EpochMs;
  readonly cause?: Cause;
  readonly lease?: { readonly owner: string; readonly expiresAt: EpochMs };
}

/** Longer than the function may run (15 minutes). */
export const ERASURE_LEASE_MS = 16 * 60_000;
export const NO_DEEDS: ErasureDeeds = {
  ...{ runs: [], merges: [], tags: [], snapshots: [], previews: [], keptRuns: [], copies: {} },
};

/** Runs of erasures belong to no Glue job: no pattern of a pipeline is meant for them. */
export const ERASURE_JOB = 'branchline-erase';

export const hasEnded = ({ state }: Pick<Erasure, 'state'>): boolean => state === 'DONE' || state === 'CANCELLED';

/** `erase-20261125t010203z`: sorts by time. */
export const erasureId = (at: EpochMs): string =>
  `erase-${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').toLowerCase()}z`;

export const digestOfSelection = ({ paths = [], prefixes = [], addresses = [] }: Selection): string =>
  createHash('sha256')
    .update(JSON.stringify([paths, prefixes, addresses].map((each) => [...each].sort())), 'utf8')
    .digest('hex')
    .slice(0, 32);

export const erasureFolder = (repository: string, id: string): string => `${repository}/${id}/`;

type Change = { readonly [K in keyof Erasure]?: Erasure[K] | undefined };

/** The next entry. What is `undefined` in the change is removed. */
export const advanceErasure = (erasure: Erasure, change: Change, now: EpochMs): Erasure => {
  const next = { ...erasure, ...change, version: erasure.version + 1, updatedAt: now };
  return Object.fromEntries(Object.entries(next).filter(([, value]) => value !== undefined)) as unknown as Erasure;
};

const MOST_DEEDS = 1000;

/** A deed that is told once, however often it is done. */
export const withDeed = (did: ErasureDeeds, kind: Exclude<keyof ErasureDeeds, 'copies'>, what: string): ErasureDeeds =>
  did[kind].includes(what) || did[kind].length >= MOST_DEEDS ? did : { ...did, [kind]: [...did[kind], what] };
