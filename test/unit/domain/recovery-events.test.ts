/** Which events the entries of recovery become: one for each thing that happened, none for what did not. */
import { describe, expect, it } from 'vitest';
import type { DomainEvent } from '../../../lambdas/domain/domain-events.ts';
import { restoreEventsOf, rollbackEventsOf, targetEventsOf } from '../../../lambdas/domain/domain-events.ts';
import type { Drill } from '../../../lambdas/domain/drill.ts';
import { drillEventsOf } from '../../../lambdas/domain/drill-events.ts';
import type { RestoreRecord } from '../../../lambdas/domain/restore.ts';
import type { Rollback, RollbackState } from '../../../lambdas/domain/rollback.ts';
import type { Snapshot } from '../../../lambdas/domain/snapshot.ts';
import { snapshotEventsOf } from '../../../lambdas/domain/snapshot-events.ts';
import type { Target } from '../../../lambdas/domain/target.ts';

const typesOf = (events: readonly DomainEvent[]): string[] => events.map(({ type }) => type);

/** What a history of images tells, step by step. */
const told = <T>(tell: (before: T | undefined, after: T) => readonly DomainEvent[], images: readonly T[]): string[][] =>
  images.map((after, index) => typesOf(tell(images[index - 1], after)));

describe('a snapshot', () => {
  const creating: Snapshot = {
    ...{ schemaVersion: 1, version: 1, id: 'snapshot-main-20261120T020000Z', repository: 'lake', target: 'main' },
    ...{ kind: 'manual', state: 'CREATING', requestedBy: 'anna', startedAt: 1, updatedAt: 1, commit: 'c' },
    ...{ metaRangeId: 'm', keeperBranch: 'keep-x' },
  };
  const complete: Snapshot = { ...creating, version: 2, state: 'COMPLETE' };
  const hold = { by: 'anna', reason: 'case 4711', since: 5 };
  const held: Snapshot = { ...complete, version: 3, hold };
  const released: Snapshot = { ...complete, version: 4, lastHold: { ...hold, releasedBy: 'ben', releasedAt: 9 } };
  const damaged: Snapshot = {
    ...{ ...released, version: 5 },
    verified: { at: 9, outcome: 'damaged', isFull: false, missing: ['tag'] },
  };

  it('tells its making, holding, release, damage and end, each once', () => {
    const pruning: Snapshot = { ...damaged, version: 6, state: 'PRUNING' };
    const pruned: Snapshot = { ...pruning, version: 7, state: 'PRUNED', cause: { code: 'BL8102', message: 'no rule' } };
    const again: Snapshot = { ...damaged, version: 6, updatedAt: 10 };
    expect(told(snapshotEventsOf, [creating, complete, held, released, damaged, pruning, pruned])).toEqual([
      ...[[], ['Snapshot Created'], ['Snapshot Held'], ['Snapshot Released'], ['Snapshot Damaged'], []],
      ['Snapshot Pruned'],
    ]);
    expect(told(snapshotEventsOf, [damaged, again])[1]).toEqual([]);
    expect(snapshotEventsOf(pruning, pruned)).toMatchObject([
      { detail: { cause: { code: 'BL8102' }, ledgerVersion: 7 } },
    ]);
  });

  it('tells whose hold was taken off, and by whom; and of one that took the place of another', () => {
    expect(snapshotEventsOf(held, released)).toMatchObject([
      { detail: { lastHold: { by: 'anna', reason: 'case 4711', releasedBy: 'ben', releasedAt: 9 } } },
    ]);
    const other: Snapshot = { ...released, hold: { by: 'ben', reason: 'case 4712', since: 9 } };
    expect(snapshotEventsOf(held, other)).toMatchObject([
      { type: 'Snapshot Held', detail: { hold: { by: 'ben' }, lastHold: { by: 'anna' } } },
    ]);
  });
});

describe('a rollback', () => {
  const asked: Rollback = {
    ...{ schemaVersion: 1, version: 1, id: 'rb-1', state: 'REQUESTED', repository: 'lake', target: 'main' },
    ...{ requestedBy: 'anna', dryRun: false, asked: { to: 'x' }, requestedAt: 1, updatedAt: 1, steps: [] },
  };
  const at = (state: RollbackState, version: number): Rollback => ({ ...asked, state, version });

  it('tells that it was asked for, dry runs too, and that the target was put back, or why not', () => {
    const way = [asked, at('HOLDING', 2), at('MERGING', 3), at('MERGED', 4), at('PUBLISHING', 5), at('DONE', 6)];
    expect(told(rollbackEventsOf, way)).toEqual([...[['Rollback Requested'], [], [], [], ['Target Rolled Back'], []]]);
    expect(told(rollbackEventsOf, [asked, at('REFUSED', 2)])).toEqual([['Rollback Requested'], ['Rollback Refused']]);
    const trial: Rollback = { ...asked, dryRun: true };
    expect(rollbackEventsOf(undefined, trial)).toMatchObject([{ detail: { requestedBy: 'anna', dryRun: true } }]);
  });
});

describe('a restore', () => {
  const begun: RestoreRecord = {
    ...{ schemaVersion: 1, version: 1, id: 'r', repository: 'lake', what: 'repository', dryRun: false },
    ...{ requestedBy: 'anna', startedAt: 1, updatedAt: 1 },
  };

  it('tells who asked, and once how it ended', () => {
    const ended: RestoreRecord = { ...begun, version: 2, outcome: 'failed', message: 'BL8401', endedAt: 2 };
    expect(told(restoreEventsOf, [begun, ended, ended])).toEqual([['Restore Requested'], ['Restore Ended'], []]);
    expect(restoreEventsOf(begun, ended)).toMatchObject([{ detail: { outcome: 'failed', message: 'BL8401' } }]);
  });
});

describe('a target', () => {
  const open: Target = {
    ...{ schemaVersion: 1, version: 1, repository: 'lake', branch: 'main', verifiedCommit: 'c', updatedAt: 1 },
  };
  const hold = { owner: 'anna', reason: 'a look', expiresAt: 100 };

  it('tells of a hold and its release; of one that is only made longer it tells nothing', () => {
    const held: Target = { ...open, version: 2, hold };
    const longer: Target = { ...held, version: 3, hold: { ...hold, expiresAt: 200 } };
    const taken: Target = { ...held, version: 4, hold: { ...hold, owner: 'ben' } };
    expect(told(targetEventsOf, [open, held, longer, taken, { ...open, version: 5 }])).toEqual([
      ...[[], ['Target Held'], [], ['Target Held'], ['Target Released']],
    ]);
    expect(targetEventsOf(taken, { ...open, version: 5 })).toMatchObject([{ detail: { hold: { owner: 'ben' } } }]);
  });
});

describe('a drill', () => {
  const running: Drill = {
    ...{ schemaVersion: 1, version: 1, id: 'drill-restore-x', drillKind: 'restore', state: 'RUNNING' },
    ...{ repository: 'lake', storageNamespace: 's3://b/x', requestedBy: 'schedule', startedAt: 1, updatedAt: 1 },
    ...{ leaseUntil: 2, steps: [], isRemoved: false },
  };

  it('tells how it ended; one that gave way neither passed nor failed', () => {
    const passed: Drill = { ...running, version: 2, state: 'PASSED', seconds: 3 };
    expect(told(drillEventsOf, [running, passed, { ...passed, isRemoved: true }])).toEqual([
      ...[[], ['Drill Completed'], []],
    ]);
    expect(told(drillEventsOf, [running, { ...running, state: 'FAILED' }])[1]).toEqual(['Drill Failed']);
    expect(told(drillEventsOf, [running, { ...running, state: 'GAVE_WAY' }])[1]).toEqual([]);
  });
});
