import { describe, expect, it } from 'vitest';
import { type StoreState, stepsOf, wayBackTo } from '../../../lambdas/domain/database-restore.ts';

const at = (text: string): number => Date.parse(`2026-11-${text}Z`);
const backup = (id: string, time: number, more: { kind?: string; isAvailable?: boolean } = {}) => ({
  ...{ id, arn: `arn:aws:rds:eu-west-1:111122223333:snapshot:${id}`, at: time, kind: 'manual', isAvailable: true },
  ...more,
});
const rds: StoreState = {
  ...{ kind: 'rds', name: 'lakefs-db', status: 'available', resource: 'db-ABC' },
  window: { from: at('10T00:00:00'), to: at('20T12:34:56') },
  backups: [backup('new', at('20T01:00:00')), backup('old', at('01T01:00:00'))],
};
const { window: _, ...withoutWindow } = rds;
const table: StoreState = {
  ...withoutWindow,
  kind: 'dynamodb',
  name: 'lakefs',
  ...{ window: rds.window ?? { from: 0, to: 0 } },
};

describe('the way back to a moment', () => {
  it.each([
    ['the newest, without one', rds, undefined, { kind: 'point', at: at('20T12:34:56') }],
    ['within the window', rds, at('15T10:00:00.900'), { kind: 'point', at: at('15T10:00:00') }],
    ['before it: the last backup then', rds, at('09T23:59:59'), { kind: 'backup', at: at('01T01:00:00') }],
    ['after it: its end is nearer than any backup', rds, at('21T00:00:00'), { kind: 'point', at: at('20T12:34:56') }],
    ['before everything', rds, at('01T00:00:00'), { kind: 'none' }],
    ['without a window', withoutWindow, at('20T02:00:00'), { kind: 'backup', at: at('20T01:00:00') }],
    ['a table', table, at('15T10:00:00'), { kind: 'point', at: at('15T10:00:00') }],
  ] as const)('%s', (_name, store, asked, expected) => {
    expect(wayBackTo(store, asked)).toMatchObject(expected);
  });

  it('a backup that is not available is none, and a newer one that AWS made after the window counts', () => {
    const making = { ...withoutWindow, backups: [backup('new', at('20T01:00:00'), { isAvailable: false })] };
    expect(wayBackTo(making, at('20T02:00:00'))).toMatchObject({ kind: 'none' });
    const later = { ...rds, backups: [backup('last', at('20T13:00:00'))] };
    expect(wayBackTo(later, at('21T00:00:00'))).toMatchObject({ kind: 'backup', backup: { id: 'last' } });
  });

  it('the window of an instance without a resource id is no way', () => {
    const { resource: __, ...nameless } = rds;
    expect(wayBackTo(nameless, at('20T02:00:00'))).toMatchObject({ kind: 'backup', backup: { id: 'new' } });
  });
});

describe('the steps', () => {
  const told = (store: StoreState, asked: number): string =>
    stepsOf(store, wayBackTo(store, asked), ['lake', 'mart'])
      .flatMap(({ commands }) => commands)
      .join('\n');

  it('RDS: a key of the configuration, a deployment, and what follows for each repository', () => {
    const text = told(rds, at('15T10:00:00'));
    expect(text).toContain('restoreToPoint: { source: db-ABC, time: "2026-11-15T10:00:00Z" }');
    expect(text).toContain('npx cdk deploy --all\nnpx branchline doctor\n');
    expect(text).toContain('settle --at 2026-11-15T10:00:00Z --repository mart --confirm mart');
    expect(text).toMatch(/aws rds delete-db-instance --db-instance-identifier lakefs-db$/);
  });

  it('RDS from a snapshot: one made by hand by its name, any other by its ARN', () => {
    expect(told(rds, at('05T00:00:00'))).toContain('restoreFromSnapshot: old }');
    const automated = { ...withoutWindow, backups: [backup('rds:x', at('01T01:00:00'), { kind: 'automated' })] };
    expect(told(automated, at('05T00:00:00'))).toContain('restoreFromSnapshot: arn:aws:rds:');
  });

  it('DynamoDB: a table beside the old one, protected as it was, and taken up', () => {
    const text = told(table, at('15T10:00:00'));
    expect(text).toContain(
      'restore-table-to-point-in-time --source-table-name lakefs --target-table-name lakefs-20261115T100000Z --restore-date-time 2026-11-15T10:00:00Z',
    );
    expect(text).toContain('PointInTimeRecoveryEnabled=true');
    expect(text).toContain('adopt: { tableArn: <ARN of lakefs-20261115T100000Z>');
    expect(
      told({ ...table, ...{ window: { from: at('14T00:00:00'), to: at('14T01:00:00') } } }, at('02T00:00:00')),
    ).toContain('restore-table-from-backup');
  });

  it('of a store that is gone nothing is deleted; where there is no way there are no steps', () => {
    const { status: __, ...gone } = rds;
    expect(told(gone, at('15T10:00:00'))).not.toContain('delete-db-instance');
    expect(stepsOf(rds, { kind: 'none', reason: '' }, ['lake'])).toEqual([]);
  });
});
