import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Retention } from '../../../../lambdas/contract.ts';
import { isGood, type Snapshot } from '../../../../lambdas/domain/snapshot.ts';
import { planRetention, RETENTION_RULES, type RetentionRule } from '../../../../lambdas/domain/snapshot-retention.ts';

const NONE: Retention = { last: 0, hourly: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0 };

const snapshotAt = (time: string | number, more: Partial<Snapshot> = {}): Snapshot => {
  const startedAt = typeof time === 'number' ? time : Date.parse(time);
  return {
    ...{ schemaVersion: 1, version: 1, repository: 'lake', target: 'main', kind: 'scheduled', state: 'COMPLETE' },
    ...{ requestedBy: 'schedule', updatedAt: startedAt, commit: 'c', metaRangeId: 'm', keeperBranch: 'k' },
    id: `snapshot-main-${new Date(startedAt).toISOString()}`,
    startedAt,
    ...more,
  } as Snapshot;
};
const times = (snapshots: readonly Snapshot[]): string[] =>
  snapshots.map(({ startedAt }) => new Date(startedAt).toISOString().slice(0, 16));
const kept = (snapshots: readonly Snapshot[], rules: Partial<Retention>): string[] =>
  times(planRetention(snapshots, { ...NONE, ...rules }).keep.map(({ snapshot }) => snapshot));

describe('the rules keep', () => {
  const days = ['2026-11-23T02:00Z', '2026-11-23T14:00Z', '2026-11-24T02:00Z', '2026-11-25T02:00Z'].map((time) =>
    snapshotAt(time),
  );
  it('the newest of each day, of as many days as have one', () => {
    expect(kept(days, { daily: 2 })).toEqual(['2026-11-25T02:00', '2026-11-24T02:00']);
    expect(kept(days, { daily: 3 })).toEqual(['2026-11-25T02:00', '2026-11-24T02:00', '2026-11-23T14:00']);
  });
  it('the newest so many', () => {
    expect(kept(days, { last: 3 })).toEqual(['2026-11-25T02:00', '2026-11-24T02:00', '2026-11-23T14:00']);
  });
  it('weeks that begin on Monday', () => {
    // 2026-11-22 is a Sunday, 2026-11-23 a Monday.
    const week = ['2026-11-22T02:00Z', '2026-11-23T02:00Z', '2026-11-29T02:00Z'].map((time) => snapshotAt(time));
    expect(kept(week, { weekly: 5 })).toEqual(['2026-11-29T02:00', '2026-11-22T02:00']);
  });
  it('hours, months and years', () => {
    const all = ['2024-12-31T23:10Z', '2026-10-31T00:00Z', '2026-11-01T00:05Z', '2026-11-01T00:55Z'].map((time) =>
      snapshotAt(time),
    );
    expect(kept(all, { hourly: 9 })).toEqual(['2026-11-01T00:55', '2026-10-31T00:00', '2024-12-31T23:10']);
    expect(kept(all, { monthly: 2 })).toEqual(['2026-11-01T00:55', '2026-10-31T00:00']);
    expect(kept(all, { yearly: 2 })).toEqual(['2026-11-01T00:55', '2024-12-31T23:10']);
  });
  it('what is held, and the newest, where no rule keeps anything', () => {
    const hold = { by: 'anna', reason: 'audit', since: 0 };
    expect(kept([snapshotAt('2020-01-01T00:00Z', { hold }), ...days], {})).toEqual([
      '2026-11-25T02:00',
      '2020-01-01T00:00',
    ]);
  });
  it('no place for damaged ones', () => {
    const verified = { at: 0, outcome: 'damaged' as const, isFull: false, missing: [] };
    const all = [...days.slice(0, 3), snapshotAt('2026-11-25T02:00Z', { verified })];
    expect(kept(all, { last: 1 })).toEqual(['2026-11-24T02:00']);
    expect(kept([snapshotAt('2026-11-25T02:00Z', { verified })], {})).toEqual(['2026-11-25T02:00']);
  });
});

const anySnapshots = fc
  .uniqueArray(
    fc.record({
      hours: fc.integer({ min: 0, max: 24 * 800 }),
      isHeld: fc.boolean(),
      isDamaged: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
    }),
    { selector: ({ hours }) => hours, maxLength: 60 },
  )
  .map((all) =>
    all.map(({ hours, isHeld, isDamaged }) =>
      snapshotAt(Date.parse('2024-01-01T00:30Z') + hours * 3_600_000, {
        ...(isHeld ? { hold: { by: 'anna', reason: 'audit', since: 0 } } : {}),
        ...(isDamaged ? { verified: { at: 0, outcome: 'damaged', isFull: false, missing: [] } } : {}),
      }),
    ),
  );
const small = fc.integer({ min: 0, max: 6 });
const anyRules = fc.record({ last: small, hourly: small, daily: small, weekly: small, monthly: small, yearly: small });

describe('laws of retention', () => {
  it('every snapshot is kept or pruned, never both', () => {
    fc.assert(
      fc.property(anySnapshots, anyRules, (all, rules) => {
        const plan = planRetention(all, rules);
        const ids = [...plan.keep.map(({ snapshot }) => snapshot.id), ...plan.prune.map(({ id }) => id)];
        expect(ids.toSorted()).toEqual(all.map(({ id }) => id).toSorted());
      }),
    );
  });
  it('what is held is kept, and so is the newest good one', () => {
    fc.assert(
      fc.property(anySnapshots, anyRules, (all, rules) => {
        const pruned = new Set(planRetention(all, rules).prune.map(({ id }) => id));
        expect(all.some(({ id, hold }) => hold !== undefined && pruned.has(id))).toBe(false);
        const [newest] = all.filter(isGood).toSorted((a, b) => b.startedAt - a.startedAt);
        expect(newest !== undefined && pruned.has(newest.id)).toBe(false);
      }),
    );
  });
  it('pruning never removes what any rule alone would keep', () => {
    fc.assert(
      fc.property(anySnapshots, anyRules, fc.constantFrom(...RETENTION_RULES), (all, rules, rule: RetentionRule) => {
        const pruned = new Set(planRetention(all, rules).prune.map(({ id }) => id));
        const alone = planRetention(all, { ...NONE, [rule]: rules[rule] });
        for (const { snapshot, by } of alone.keep) {
          if (by.includes(rule)) expect(pruned.has(snapshot.id)).toBe(false);
        }
      }),
    );
  });
  it('is idempotent: what is left is kept again, by the same rules', () => {
    fc.assert(
      fc.property(anySnapshots, anyRules, (all, rules) => {
        const first = planRetention(all, rules);
        const again = planRetention(
          first.keep.map(({ snapshot }) => snapshot),
          rules,
        );
        expect(again.prune).toEqual([]);
        expect(again.keep).toEqual(first.keep);
      }),
    );
  });
  it('does not depend on the order of the listing', () => {
    fc.assert(
      fc.property(anySnapshots, anyRules, (all, rules) => {
        expect(planRetention(all.toReversed(), rules)).toEqual(planRetention(all, rules));
      }),
    );
  });
  it('keeps no more for a rule than it says', () => {
    fc.assert(
      fc.property(anySnapshots, anyRules, (all, rules) => {
        const plan = planRetention(all, rules);
        for (const rule of RETENTION_RULES)
          expect(plan.keep.filter(({ by }) => by.includes(rule)).length).toBeLessThanOrEqual(rules[rule]);
      }),
    );
  });
});
