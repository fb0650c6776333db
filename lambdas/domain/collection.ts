/**
 * A garbage collection of one repository: lakeFS's own job marks what nothing needs and, after everything that is shown was compared with
 * the list and somebody or the configuration said yes, sweeps it. What is next is decided here. Pure.
 */
import { createHash } from 'node:crypto';
import { TAG_KEEPER_PREFIX } from '../contract.ts';
import type { GarbageCollectionRules } from './lakefs.ts';
import type { Cause, EpochMs } from './run.ts';

export const COLLECTION_STATE = {
  /** Asked for; begins as soon as nothing is in its way. */
  WAITING: 'WAITING',
  /** lakeFS's job makes the list of what would go. */
  MARKING: 'MARKING',
  /** The list is held against everything that refs, tables and previews show. */
  EXAMINING: 'EXAMINING',
  /** Nothing on the list is shown by anything: it may be swept once that is approved, or at once. */
  MARKED: 'MARKED',
  /** lakeFS's job deletes what is on the list. */
  SWEEPING: 'SWEEPING',
  /** Every ref is read back. */
  CHECKING: 'CHECKING',
  DONE: 'DONE',
  /** Not wanted any more, or never approved. */
  DISCARDED: 'DISCARDED',
  FAILED: 'FAILED',
} as const;
export type CollectionState = (typeof COLLECTION_STATE)[keyof typeof COLLECTION_STATE];

/** What has to end first, and whose it is. */
export interface Blocker {
  readonly kind: 'staged' | 'held' | 'rollback' | 'restore' | 'rotation' | 'snapshot';
  /** The branch, target, rollback, restore or snapshot. */
  readonly what: string;
  readonly message: string;
  readonly since?: EpochMs;
}

/** A run of one of lakeFS's two jobs. The intent is written before the start: Glue's StartJobRun knows no client token. */
export interface JobStep {
  readonly intendedAt: EpochMs;
  readonly tries: number;
  readonly jobRunId?: string;
}

/** What would go, and what of it. */
export interface Marked {
  readonly objects: number;
  readonly bytes: number;
  /** On the list and not in S3 any more. */
  readonly gone: number;
  readonly oldest?: EpochMs;
  readonly newest?: EpochMs;
  readonly examples: readonly string[];
}

/** A place that still shows what is on the list, or what is not in S3 any more. */
export interface Sighting {
  /** `branch main`, `tag v1`, `table lake.sales`. */
  readonly where: string;
  readonly path: string;
  readonly address: string;
}

export interface ReadBack {
  /** Branches, tags, and commits that tables or previews show. */
  readonly refs: number;
  /** Counted for each ref that shows them, as those that are missing. */
  readonly objects: number;
  readonly missing: number;
  /** Objects that lie outside the namespace: imported ones. lakeFS never deletes those, and they are not asked for. */
  readonly outside: number;
  /** What the sweep was to delete and did not. */
  readonly left: number;
  readonly sightings: readonly Sighting[];
}

export interface Collection {
  readonly id: string;
  readonly state: CollectionState;
  readonly sweep: 'approval' | 'automatic';
  readonly requestedBy: string;
  readonly requestedAt: EpochMs;
  /** What it waits for, and since when it has been waiting without a break. */
  readonly waits?: { readonly since: EpochMs; readonly for: readonly Blocker[] };
  readonly mark?: JobStep;
  /** lakeFS's name for the list. */
  readonly markId?: string;
  readonly marked?: Marked;
  readonly markedAt?: EpochMs;
  /** Commits that were compared with the list, by their first 16 characters. */
  readonly examined?: readonly string[];
  /** Commits that were compared up to a path. */
  readonly examinedTo?: Readonly<Record<string, string>>;
  readonly approved?: { readonly by: string; readonly at: EpochMs };
  readonly sweeping?: JobStep;
  /** Commits that were read back. */
  readonly checked?: readonly string[];
  /** Those that were read back up to a path; what was found so far counts already. */
  readonly checkedTo?: Readonly<Record<string, string>>;
  readonly readBack?: ReadBack;
  readonly endedAt?: EpochMs;
  readonly cause?: Cause;
}

/** The ledger's entry about the collections of one repository. */
export interface CollectionRecord {
  readonly schemaVersion: number;
  readonly version: number;
  readonly repository: string;
  readonly current?: Collection;
  /** Newest first. */
  readonly past: readonly Collection[];
  readonly lease?: { readonly owner: string; readonly expiresAt: EpochMs };
  readonly updatedAt: EpochMs;
}

/** Longer than the function may run (15 minutes). */
export const COLLECTION_LEASE_MS = 16 * 60_000;
/** Older ones are known by their events. */
export const PAST_COLLECTIONS = 20;
export const MAX_EXAMPLES = 20;
/** How often a job that failed is begun again. */
export const MAX_JOB_TRIES = 2;

/** Staged work that has come so near to the age at which it is at risk makes a collection wait: a mark takes its time. */
const NEAR = 0.75;
export const isNear = (stagedAt: EpochMs, minAgeSeconds: number, now: EpochMs): boolean =>
  now - stagedAt >= minAgeSeconds * 1000 * NEAR;

const ENDED: readonly CollectionState[] = ['DONE', 'DISCARDED', 'FAILED'];
export const hasEnded = ({ state }: Collection): boolean => ENDED.includes(state);

/** `gc-20261125t010203z`: sorts by time; letters, digits and `-`. */
export const collectionId = (at: EpochMs): string =>
  `gc-${new Date(at).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').toLowerCase()}z`;

/** The branch that keeps the objects of a tag: garbage collection looks at branches alone. */
export const tagKeeperOf = (tag: string): string => {
  const isPlain = /^[A-Za-z0-9_-]{1,80}$/.test(tag);
  const digest = createHash('sha256').update(tag, 'utf8').digest('hex').slice(0, 16);
  return `${TAG_KEEPER_PREFIX}${isPlain ? tag : `${tag.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 60)}-${digest}`}`;
};

export const shortCommit = (commit: string): string => commit.slice(0, 16);

type Change = { readonly [K in keyof Collection]?: Collection[K] | undefined };

const defined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;

/** The entry with its collection changed; one that has ended takes its place among the past ones. */
export const advanceCollection = (record: CollectionRecord, change: Change, now: EpochMs): CollectionRecord => {
  const { current, past, ...rest } = record;
  if (current === undefined) return { ...rest, past, version: record.version + 1, updatedAt: now };
  const next = defined({ ...current, ...change }) as Collection;
  const common = { ...rest, version: record.version + 1, updatedAt: now };
  if (!hasEnded(next)) return { ...common, past, current: next };
  // Lists of commits are of no use any more, and large.
  const { examined: _, examinedTo: __, checked: ___, checkedTo: ____, waits: _____, ...ended } = next;
  return { ...common, past: [{ ...ended, endedAt: now }, ...past].slice(0, PAST_COLLECTIONS) };
};

/** Two in one second are told apart: an id finds its job runs. */
const freshId = ({ past }: CollectionRecord, now: EpochMs): string => {
  let at = now;
  while (past.some(({ id }) => id === collectionId(at))) at += 1000;
  return collectionId(at);
};

export const beginCollection = (
  record: CollectionRecord,
  asked: Pick<Collection, 'sweep' | 'requestedBy'>,
  now: EpochMs,
): CollectionRecord => ({
  ...record,
  version: record.version + 1,
  updatedAt: now,
  current: { id: freshId(record, now), state: 'WAITING', requestedAt: now, ...asked },
});

export const newRecord = (repository: string, schemaVersion: number, now: EpochMs): CollectionRecord => ({
  ...{ schemaVersion, version: 0, repository, past: [], updatedAt: now },
});

/** A schedule counts from the last one that was asked for, whatever became of it. */
export const isDue = (record: CollectionRecord | undefined, everySeconds: number, now: EpochMs): boolean =>
  everySeconds > 0 &&
  record?.current === undefined &&
  now - (record?.past[0]?.requestedAt ?? Number.NEGATIVE_INFINITY) >= everySeconds * 1000;

/** A list that grew too old is worth nothing: what it names may have been brought back. */
export const isStale = ({ markedAt }: Collection, approveWithinSeconds: number, now: EpochMs): boolean =>
  markedAt !== undefined && now - markedAt > approveWithinSeconds * 1000;

/** While this stands nobody may bring old objects back to life: they could be on the list. */
export const sweepStands = (record: CollectionRecord | undefined): boolean => record?.current?.state === 'SWEEPING';

/** One by one the same numbers, in whatever order lakeFS gives them. */
export const haveDrifted = (wanted: GarbageCollectionRules, found: GarbageCollectionRules | undefined): boolean => {
  const sorted = ({ defaultRetentionDays, branches }: GarbageCollectionRules): string =>
    JSON.stringify([defaultRetentionDays, Object.entries(branches).sort(([a], [b]) => (a < b ? -1 : 1))]);
  return found === undefined || sorted(wanted) !== sorted(found);
};
