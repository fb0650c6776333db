/**
 * Which commit a target held at a time. A commit's own date may lie (whoever commits may give one), so the order of the history
 * and what the ledger wrote down stand above it. Pure.
 */
import type { Commit } from './lakefs.ts';
import type { EpochMs } from './run.ts';

export interface Dated {
  readonly commit: Commit;
  /** Between these, says the ledger, the commit was made. */
  readonly earliest?: EpochMs;
  readonly latest?: EpochMs;
}

/**
 * Each commit's time: its own date, but no later than that of any commit after it, and neither before nor after what the ledger
 * knows. Oldest first, and never going back.
 */
export const timesOf = (oldestFirst: readonly Dated[]): readonly EpochMs[] => {
  const latest: EpochMs[] = [];
  let ceiling: EpochMs = Number.POSITIVE_INFINITY;
  for (const dated of oldestFirst.toReversed()) {
    ceiling = Math.min(ceiling, dated.latest ?? ceiling, dated.commit.creationDate);
    latest.unshift(ceiling);
  }
  let floor: EpochMs = Number.NEGATIVE_INFINITY;
  return oldestFirst.map(({ earliest }, i) => {
    floor = Math.max(floor, earliest ?? floor);
    return Math.max(floor, latest[i] ?? floor);
  });
};

/** The newest commit that was there at that time; `undefined` where the history is younger. */
export const commitAt = (newestFirst: readonly Dated[], at: EpochMs): Commit | undefined => {
  const oldestFirst = newestFirst.toReversed();
  const found = timesOf(oldestFirst).findLastIndex((time) => time <= at);
  return oldestFirst[found]?.commit;
};

const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/i;

/** `2026-11-20T10:00Z`; refs of lakeFS hold no colon. */
export const parseTime = (text: string): EpochMs | undefined => {
  const time = TIME.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(time) ? undefined : time;
};
