/** A drill: its ledger entry, the names of what it makes, and when the next one is due. Pure. */
import { createHash } from 'node:crypto';
import type { Cause, EpochMs } from './run.ts';

export const DRILL_KINDS = ['rollback', 'restore'] as const;
export type DrillKind = (typeof DRILL_KINDS)[number];

export const DRILL_STATE = {
  RUNNING: 'RUNNING',
  /** What came back equals what was there, object by object. */
  PASSED: 'PASSED',
  FAILED: 'FAILED',
  /** Somebody rolled back, restored or rotated meanwhile: it says nothing, and is done again. */
  GAVE_WAY: 'GAVE_WAY',
} as const;
export type DrillState = (typeof DRILL_STATE)[keyof typeof DRILL_STATE];

/** The newest backup of the lake, tried beside the drill of a restore. */
export interface TriedBackup {
  readonly snapshot: string;
  /** Why it was not tried. */
  readonly left?: string;
  readonly seconds?: number;
  readonly refs?: number;
  /** What its target shows, counted and digested anew; absent where it is too much for a drill. */
  readonly objects?: number;
}

export interface Drill {
  readonly schemaVersion: number;
  readonly version: number;
  /** Name of its scratch repository too. */
  readonly id: string;
  readonly drillKind: DrillKind;
  readonly state: DrillState;
  /** Whose paths the scratch repository was given. */
  readonly repository: string;
  /** Where the scratch repository lies: of its own, and below no other. */
  readonly storageNamespace: string;
  readonly requestedBy: string;
  readonly reason?: string;
  readonly startedAt: EpochMs;
  readonly updatedAt: EpochMs;
  readonly endedAt?: EpochMs;
  /** Whoever finds it RUNNING after that may take it for dead. */
  readonly leaseUntil: EpochMs;
  readonly steps: readonly { readonly at: EpochMs; readonly what: string }[];
  /** Of the rollback or the restore itself, without the making of what it is tried on. */
  readonly seconds?: number;
  /** What was compared. */
  readonly compared?: { readonly refs: number; readonly objects: number };
  /** Of a drill of a restore; absent where the repository has none. */
  readonly backup?: TriedBackup;
  /** What is not as it was; the first twenty. */
  readonly differences?: readonly string[];
  readonly cause?: Cause;
  /** Nothing that it made is left. */
  readonly isRemoved: boolean;
}

/** As long as a function may run, and a minute. */
export const DRILL_LEASE_MS = 16 * 60_000;
export const MAX_DIFFERENCES = 20;
/** Age of the last good drill where there was none: older than any alarm asks for. */
export const NEVER_DRILLED_SECONDS = 315_360_000;
/** A schedule fires a moment early or late. */
const EARLY_MS = 5 * 60_000;

/** `drill-restore-20261130t140000z-1a2b3c`: never used twice, since a server remembers commits of a repository that is gone. */
export const drillIdOf = (kind: DrillKind, now: EpochMs, owner: string): string => {
  const time = `${new Date(now).toISOString().slice(0, 19).replace(/[-:]/g, '').toLowerCase()}z`;
  return `drill-${kind}-${time}-${createHash('sha256').update(owner).digest('hex').slice(0, 6)}`;
};

/** The repository that a restore brings back, under another name than the one that was dumped. */
export const broughtBackName = (id: string): string => `${id}-back`;

/** The repository into which the newest backup of the lake is restored. */
export const lakeBackName = (id: string): string => `${id}-lake`;

const SCRATCH = /^(drill-(?:rollback|restore)-(\d{4})(\d\d)(\d\d)t(\d\d)(\d\d)(\d\d)z-[0-9a-f]{6})(?:-back|-lake)?$/;

/** The drill that a repository of this name belongs to, and when it began; `undefined` for every other name. */
export const drillOfName = (name: string): { readonly id: string; readonly startedAt: EpochMs } | undefined => {
  const [, id, year, month, day, hour, minute, second] = SCRATCH.exec(name) ?? [];
  if (id === undefined) return undefined;
  const time = `${year ?? ''}-${month ?? ''}-${day ?? ''}T${hour ?? ''}:${minute ?? ''}:${second ?? ''}Z`;
  return { id, startedAt: Date.parse(time) };
};

/** A repository is scratch by its name and by where it lies, never by one of them alone. */
export const isScratchOf = (
  drill: Pick<Drill, 'id' | 'storageNamespace'>,
  repository: { readonly name: string; readonly storageNamespace: string },
): boolean =>
  drillOfName(repository.name)?.id === drill.id &&
  drill.storageNamespace.endsWith(`/${drill.id}`) &&
  repository.storageNamespace.replace(/\/+$/, '') === drill.storageNamespace;

export const isAlive = ({ state, leaseUntil }: Drill, now: EpochMs): boolean => state === 'RUNNING' && leaseUntil > now;

/** By the newest one that came to an end; one that gave way or died is no drill. */
export const isDrillDue = (newestFirst: readonly Drill[], everySeconds: number, now: EpochMs): boolean => {
  if (newestFirst.some((drill) => isAlive(drill, now))) return false;
  const last = newestFirst.find(({ state }) => state === 'PASSED' || state === 'FAILED');
  return last === undefined || now - last.startedAt >= everySeconds * 1000 - EARLY_MS;
};

/** Seconds since the newest good one. */
export const ageOf = (newestFirst: readonly Drill[], now: EpochMs): number => {
  const good = newestFirst.find(({ state }) => state === 'PASSED');
  return good === undefined ? NEVER_DRILLED_SECONDS : Math.max(0, (now - good.startedAt) / 1000);
};

/** Whether the newest one that came to an end failed. */
export const lastFailed = (newestFirst: readonly Drill[]): boolean =>
  newestFirst.find(({ state }) => state === 'PASSED' || state === 'FAILED')?.state === 'FAILED';

/** The repository whose drill of this kind lies furthest back. */
export const nextRepository = (repositories: readonly string[], newestFirst: readonly Drill[]): string | undefined => {
  const last = (name: string): EpochMs => newestFirst.find(({ repository }) => repository === name)?.startedAt ?? 0;
  return repositories.toSorted((a, b) => last(a) - last(b))[0];
};

type Changes = Partial<Omit<Drill, 'id' | 'version' | 'updatedAt' | 'steps'>>;

export const advanceDrill = (drill: Drill, now: EpochMs, changes: Changes, what?: string): Drill => ({
  ...drill,
  ...changes,
  version: drill.version + 1,
  updatedAt: now,
  steps: what === undefined ? drill.steps : [...drill.steps, { at: now, what }],
});
