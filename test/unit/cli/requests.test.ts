/** `requests` on the command line, on what real requests have left in the ledger. */
import { describe, expect, it } from 'vitest';
import { openStage } from './stage.ts';

describe('requests', () => {
  it('says so where nobody has asked for anything', async () => {
    const stage = await openStage();
    expect(await stage.run(['requests'])).toMatchObject({
      code: 0,
      err: expect.stringContaining('nobody has asked for anything'),
    });
  });

  it('tells who asked, for what and what came of it: dry runs, what was refused, rollbacks and rotations too', async () => {
    const stage = await openStage();
    const { world } = stage;
    const later = (): void => world.clock.advance(1000);
    await stage.run(['snapshots', 'create', 'lake/main', '--reason', 'month end']);
    later();
    await stage.run(['snapshots', 'prune', '--dry-run'], { environment: { BRANCHLINE_WHO: 'ben' } });
    later();
    await stage.run(['runs', 'discard', 'nobody', '--yes']);
    later();
    await stage.run(['rollback', '--target', 'lake/main', '--to', 'nowhere', '--yes', '--who', 'carla']);
    later();
    await world.rotations.put({
      ...{ schemaVersion: 1, version: 1, updatedAt: world.clock.now() },
      trials: [{ by: 'dora', at: world.clock.now(), obstacles: [] }],
    });
    const { out, code } = await stage.run(['requests']);
    expect(code).toBe(0);
    const [, ...rows] = out.trimEnd().split('\n');
    expect(rows[0]).toMatch(/dora\s+rotate-credentials rotate \(dry run\)\s+would-rotate/);
    expect(rows.find((row) => row.includes('rollback'))).toMatch(
      /carla\s+rollback roll-back.*lake main nowhere\s+REFUSED/,
    );
    expect(rows.find((row) => row.includes('prune'))).toMatch(/snapshot prune \(dry run\)\s+would-prune/);
    expect(rows.find((row) => row.includes('create'))).toMatch(
      /user\/op\s+snapshot create\s+lake main\s+created\s+month end/,
    );
    expect(rows).toHaveLength(4);
  });

  it('are of one repository, or the newest so many, and in full as JSON', async () => {
    const stage = await openStage();
    await stage.run(['snapshots', 'create', 'lake/main']);
    stage.world.clock.advance(1000);
    await stage.run(['snapshots', 'prune', '--yes']);
    const all = await stage.run(['requests', '--json']);
    expect(all.json<{ requests: { action: string }[] }>().requests.map(({ action }) => action)).toEqual([
      'prune',
      'create',
    ]);
    const some = await stage.run(['requests', '--repository', 'lake', '--json']);
    expect(some.json()).toMatchObject({
      requests: [{ action: 'create', target: 'main', requestedBy: 'arn:aws:iam::111122223333:user/op' }],
    });
    const newest = await stage.run(['requests', '--limit', '1', '--json']);
    expect(newest.json<{ requests: unknown[] }>().requests).toHaveLength(1);
  });

  const at = ['--at', '2026-01-01T00:00:00Z'];
  const below = ['--below', 'customers/'];
  it.each([
    [['snapshots', 'create', 'lake/main']],
    [['snapshots', 'prune', '--yes']],
    [['snapshots', 'hold', 'lake/snapshot-main-20261120T020000Z', '--reason', 'r']],
    [['snapshots', 'release', 'lake/snapshot-main-20261120T020000Z']],
    [['gc', 'plan', 'lake']],
    [['gc', 'run', 'lake']],
    [['gc', 'approve', 'lake', 'gc-1', '--yes']],
    [['gc', 'discard', 'lake', 'gc-1']],
    [['erase', 'plan', '--repository', 'lake', ...below]],
    [['erase', 'run', '--repository', 'lake', ...below, '--reason', 'r', '--confirm', 'lake']],
    [['erase', 'cancel', 'lake', 'erase-1']],
    [['drill', 'restore']],
    [['restore', 'plan']],
    [['restore', 'run', '--repository', 'lake', '--confirm', 'lake']],
    [['restore', 'branch', 'b', '--repository', 'lake', '--dry-run']],
    [['restore', 'database', 'plan']],
    [['restore', 'database', 'check', ...at]],
    [['restore', 'database', 'settle', ...at, '--repository', 'lake', '--confirm', 'lake']],
    [['credentials', 'rotate', '--dry-run']],
  ])('of %j say who asks: by the environment, else by the credentials, else by the account here', async (words) => {
    const stage = await openStage();
    stage.invoke = async () => ({ outcome: 'none', records: [], obstacles: [], openRuns: [] });
    const saidBy = async (environment: Record<string, string>): Promise<unknown> => {
      stage.calls.length = 0;
      await stage.run(words, { environment, answers: ['y', 'lake'] });
      const { requestedBy, by } = (stage.calls.at(-1)?.payload ?? {}) as { requestedBy?: string; by?: string };
      return requestedBy ?? by;
    };
    expect(await saidBy({ USER: 'emil' })).toBe('arn:aws:iam::111122223333:user/op');
    expect(await saidBy({ USER: 'emil', BRANCHLINE_WHO: 'anna' })).toBe('anna');
    stage.identity = () => Promise.reject(new Error('AccessDenied'));
    expect(await saidBy({ USER: 'emil' })).toBe('emil');
  });

  it('go out with a name though nobody may ask STS for it', async () => {
    const stage = await openStage();
    stage.identity = () => Promise.reject(new Error('AccessDenied'));
    await stage.run(['targets', 'release', 'lake/main', '--dry-run'], { environment: { USER: 'emil' } });
    expect(stage.calls.at(-1)?.payload).toMatchObject({ action: 'release-target', requestedBy: 'emil' });
  });
});
