/**
 * How far a repository has arrived in a second region. S3 replicates in no order: a commit counts when every object that it shows, and
 * every file of lakeFS's metadata that was there when it was looked at, is in the replica. Pure.
 *
 * Order is told by numbers of looks and never by clocks: a candidate counts only by a look at the metadata that began after it was chosen.
 */
import type { EpochMs } from './run.ts';

export interface MissingObject {
  /** Where it lies in the first region. */
  readonly address: string;
  readonly sizeBytes: number;
}

/** How far a look at many objects came, in the order of their listing; what was found missing is looked at again. */
export interface Walk {
  /** Path or address of the last one that was looked at. */
  readonly after: string;
  readonly isAtEnd: boolean;
  readonly objects: number;
  readonly missing: readonly MissingObject[];
  /** Objects outside the storage namespace, which nobody replicates with it. */
  readonly outside: number;
}
export const NEW_WALK: Walk = { after: '', isAtEnd: false, objects: 0, missing: [], outside: 0 };
/** A walk stops at so many, so that an entry stays small: there is time until they have arrived. */
export const MOST_MISSING = 50;

export const isWhole = ({ isAtEnd, missing }: Walk): boolean => isAtEnd && missing.length === 0;

export interface Candidate extends Walk {
  readonly commit: string;
  readonly chosenAt: EpochMs;
  /** When it was last seen to be what the target shows. */
  readonly shownAt: EpochMs;
  /** Counts with this look at the metadata, or a later one. */
  readonly needsLook: number;
}

export interface ArrivedCommit {
  readonly commit: string;
  /** When it was last seen to be what the target shows. */
  readonly shownAt: EpochMs;
  readonly arrivedAt: EpochMs;
  readonly objects: number;
}

export interface TargetReplication {
  readonly head?: string;
  /** Newest first by when they arrived. */
  readonly arrived: readonly ArrivedCommit[];
  readonly candidate?: Candidate;
  /** Candidates that were given up since one has arrived. */
  readonly givenUp: number;
  /** The newest one in the history of the target that has arrived. */
  readonly replicated?: ArrivedCommit;
  /** Commits behind the head by the target's own history; absent where it is more than was looked through. */
  readonly lagCommits?: number;
  readonly lagSeconds: number;
}
export const NEW_TARGET: TargetReplication = { arrived: [], givenUp: 0, lagSeconds: 0 };

/** What a target has brought since the snapshot that could be restored there: with the first region it would be lost. */
export interface SincePoint {
  readonly head: string;
  /** On the target itself, as far as was looked back. */
  readonly commits: number;
  /** There are more than were looked through. */
  readonly more?: boolean;
  /** Runs that were promoted since, newest first; the first hundred. */
  readonly runs: readonly string[];
}
export const MOST_RUNS = 100;

/** A snapshot by whose backup the repository could be restored there. */
export interface RestorePoint {
  readonly snapshot: string;
  readonly takenAt: EpochMs;
  /** What its refs say of each target. */
  readonly commits: Readonly<Record<string, string>>;
}
export interface PointCandidate extends RestorePoint {
  readonly chosenAt: EpochMs;
  readonly needsLook: number;
  /** Of its files in the backup bucket. */
  readonly missing: readonly string[];
}

export interface ReplicationRecord {
  readonly schemaVersion: number;
  readonly version: number;
  readonly repository: string;
  readonly region: string;
  readonly updatedAt: EpochMs;
  /** Looks at lakeFS's own files: how many have begun, and the newest that found everything in the replica. */
  readonly metadata: { readonly begun: number; readonly whole: number; readonly walk?: Walk };
  readonly targets: Readonly<Record<string, TargetReplication>>;
  readonly point?: PointCandidate;
  readonly pointsGivenUp: number;
  readonly restorable?: RestorePoint & {
    readonly arrivedAt: EpochMs;
    /** By target. */
    readonly since?: Readonly<Record<string, SincePoint>>;
  };
}

export const newRecord = (repository: string, region: string, schemaVersion: number): ReplicationRecord => ({
  ...{ schemaVersion, version: 0, repository, region, updatedAt: 0 },
  ...{ metadata: { begun: 0, whole: 0 }, targets: {}, pointsGivenUp: 0 },
});

/** Kept in mind of each target, besides those of the points. */
const MOST_ARRIVED = 20;

/** An unmoving candidate gives way to the head after a while, and the next one is given twice the time: one of them arrives. */
export const isStuck = (chosenAt: EpochMs, givenUp: number, lateAfterMs: number, now: EpochMs): boolean =>
  now - chosenAt >= lateAfterMs * 2 ** Math.min(givenUp, 16);

/** The entry of a candidate all of whose objects are there, once a look at the metadata that began after it found that whole too. */
export const settleTarget = (
  target: TargetReplication,
  { whole, acceptsOutside, keep }: { whole: number; acceptsOutside: boolean; keep: readonly string[] },
  now: EpochMs,
): TargetReplication => {
  const { candidate } = target;
  if (candidate === undefined || !isWhole(candidate) || whole < candidate.needsLook) return target;
  if (candidate.outside > 0 && !acceptsOutside) return target;
  const { commit, shownAt, objects } = candidate;
  const arrived: ArrivedCommit = { commit, shownAt, arrivedAt: now, objects };
  const others = target.arrived.filter((each) => each.commit !== commit);
  const { candidate: _, ...rest } = target;
  return {
    ...rest,
    givenUp: 0,
    arrived: [arrived, ...others].filter((each, i) => i < MOST_ARRIVED || keep.includes(each.commit)),
  };
};

/** @param history of the target from its head back, as far as it was looked through. */
export const withLag = (target: TargetReplication, history: readonly string[], now: EpochMs): TargetReplication => {
  const arrived = new Map(target.arrived.map((each) => [each.commit, each]));
  const index = history.findIndex((commit) => arrived.has(commit));
  const { replicated: before, lagCommits: _, ...rest } = target;
  // Beyond what was looked through it is still the one that it was.
  const replicated = index < 0 ? before : arrived.get(history[index] ?? '');
  if (replicated === undefined) return { ...rest, lagSeconds: target.head === undefined ? 0 : NEVER_SECONDS };
  return {
    ...rest,
    replicated,
    ...(index < 0 ? {} : { lagCommits: index }),
    lagSeconds: index === 0 ? 0 : Math.max(0, Math.round((now - replicated.shownAt) / 1000)),
  };
};

/** Where nothing has arrived yet: older than any alarm asks for. */
export const NEVER_SECONDS = 315_360_000;

/** What is known to be missing, at least. */
export const missingIn = ({ metadata, targets, point }: ReplicationRecord): number =>
  (metadata.walk?.missing.length ?? 0) +
  (point?.missing.length ?? 0) +
  Object.values(targets).reduce((sum, { candidate }) => sum + (candidate?.missing.length ?? 0), 0);
