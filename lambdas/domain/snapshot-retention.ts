/**
 * Which snapshots of one target the rules keep. As restic and borg do it: each rule goes from the newest to the oldest, and keeps the
 * newest of each hour, day, week… that has one, until it has kept as many as it may. Periods without a snapshot use nothing up.
 */
import type { Retention } from '../contract.ts';
import type { EpochMs } from './run.ts';
import { isGood, type Snapshot } from './snapshot.ts';

export type RetentionRule = keyof Retention;
export const RETENTION_RULES = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;

const DAY_MS = 86_400_000;
/** 1970-01-01 was a Thursday. */
const weekOf = (at: EpochMs): number => Math.floor((Math.floor(at / DAY_MS) + 3) / 7);

/** In UTC: two snapshots of one period have one text. */
const PERIOD: Readonly<Record<RetentionRule, (snapshot: Snapshot) => string>> = {
  last: ({ id }) => id,
  hourly: ({ startedAt }) => new Date(startedAt).toISOString().slice(0, 13),
  daily: ({ startedAt }) => new Date(startedAt).toISOString().slice(0, 10),
  weekly: ({ startedAt }) => String(weekOf(startedAt)),
  monthly: ({ startedAt }) => new Date(startedAt).toISOString().slice(0, 7),
  yearly: ({ startedAt }) => new Date(startedAt).toISOString().slice(0, 4),
};

export type KeptBy = RetentionRule | 'hold' | 'newest';

export interface RetentionPlan {
  readonly keep: readonly { readonly snapshot: Snapshot; readonly by: readonly KeptBy[] }[];
  /** Oldest first. */
  readonly prune: readonly Snapshot[];
}

const newestFirst = (a: Snapshot, b: Snapshot): number =>
  b.startedAt - a.startedAt || (a.id < b.id ? 1 : a.id > b.id ? -1 : 0);

/** @param snapshots of one target, complete ones. Damaged ones use up no place: they are kept only by a hold. */
export const planRetention = (snapshots: readonly Snapshot[], rules: Retention): RetentionPlan => {
  const sorted = snapshots.toSorted(newestFirst);
  const keptBy = new Map<string, KeptBy[]>(sorted.map(({ id }) => [id, []]));
  const keep = (snapshot: Snapshot, by: KeptBy): void => {
    keptBy.get(snapshot.id)?.push(by);
  };
  for (const snapshot of sorted) if (snapshot.hold !== undefined) keep(snapshot, 'hold');
  const good = sorted.filter(isGood);
  // Whatever the rules say there is a way back; where all are damaged, the newest may still be of use to somebody.
  const newest = good[0] ?? sorted[0];
  if (newest !== undefined) keep(newest, 'newest');
  for (const rule of RETENTION_RULES) {
    const seen = new Set<string>();
    for (const snapshot of good) {
      const period = PERIOD[rule](snapshot);
      if (seen.size >= rules[rule]) break;
      if (seen.has(period)) continue;
      seen.add(period);
      keep(snapshot, rule);
    }
  }
  return {
    keep: sorted.flatMap((snapshot) => {
      const by = keptBy.get(snapshot.id) ?? [];
      return by.length === 0 ? [] : [{ snapshot, by }];
    }),
    prune: sorted.filter(({ id }) => keptBy.get(id)?.length === 0).reverse(),
  };
};
