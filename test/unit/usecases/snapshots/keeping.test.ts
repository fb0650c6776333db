/** Verifying, pruning, holding, and the schedule. */
import { describe, expect, it } from 'vitest';
import type { CompiledConfig, SnapshotsConfig } from '../../../../lambdas/contract.ts';
import { BranchlineError } from '../../../../lambdas/domain/errors.ts';
import { createSnapshot } from '../../../../lambdas/usecases/create-snapshot.ts';
import { removeSnapshot } from '../../../../lambdas/usecases/prune-snapshots.ts';
import { snapshot } from '../../../../lambdas/usecases/snapshot.ts';
import { NEVER_SECONDS, tendSnapshots } from '../../../../lambdas/usecases/tend-snapshots.ts';
import { verifySnapshot } from '../../../../lambdas/usecases/verify-snapshot.ts';
import { FakeBackups, makeSnapshotWorld, type SnapshotWorld } from '../../../fakes/snapshots.ts';
import { asked, load, snap } from './stage.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const SETTINGS: SnapshotsConfig = {
  everySeconds: 86_400,
  targets: [{ repository: 'lake', target: 'main' }],
  retention: { last: 2, hourly: 0, daily: 3, weekly: 0, monthly: 0, yearly: 0 },
  database: true,
};
const configured = async (world: SnapshotWorld, settings: SnapshotsConfig = SETTINGS): Promise<SnapshotWorld> => {
  const config: CompiledConfig = { ...(await world.config.load()), snapshots: settings };
  return { ...world, config: { load: async () => config } };
};
const opened = async (settings?: SnapshotsConfig): Promise<SnapshotWorld> =>
  configured(await makeSnapshotWorld(), settings);
const later = (world: SnapshotWorld): number => world.clock.now() + HOUR;
const tend = (world: SnapshotWorld) => tendSnapshots(world, { until: later(world) });
const ask = (world: SnapshotWorld, request: Parameters<typeof snapshot>[1]) => snapshot(world, request, later(world));
const states = (world: SnapshotWorld): string[] => [...world.snapshots.entries.values()].map(({ state }) => state);

describe('a snapshot is verified', () => {
  const verify = (world: SnapshotWorld, entry: Parameters<typeof verifySnapshot>[1], isFull = true) =>
    verifySnapshot(world, entry, { isFull, until: later(world) });

  it('good as long as all is there, and the ledger says when that was', async () => {
    const world = await makeSnapshotWorld();
    await load(world, { a: '1' });
    const made = await snap(world);
    await load(world, { a: '2' });
    expect(await verify(world, made)).toMatchObject({ outcome: 'good', missing: [] });
    expect((await world.snapshots.get('lake', made.id))?.verified).toMatchObject({ outcome: 'good', isFull: true });
  });

  const damages: [string, (world: SnapshotWorld, id: string, keeper: string) => Promise<unknown>, RegExp][] = [
    ['tag', (world, id) => world.lakefs.deleteTag('lake', id), /^tag snapshot-.* is gone$/],
    ['branch', (world, _, keeper) => world.lakefs.deleteBranch('lake', keeper), /^branch keep-.* is gone$/],
    ['manifest', (world, id) => world.backups.remove(`lake/${id}/manifest.json`), /manifest\.json is gone$/],
    ['listing', (world, id) => world.backups.put(`lake/${id}/refs.json`, '{}'), /refs\.json has SHA-256 .*, not /],
    ['dump', async (world) => world.lakefs.metaRangeFiles.clear(), /^file .* of the dump \(commits\) cannot be read$/],
  ];
  it.each(damages)('damaged where its %s is not as it was', async (_, damage, told) => {
    const world = await makeSnapshotWorld();
    await load(world, { a: '1' });
    const made = await snap(world);
    await damage(world, made.id, made.keeperBranch);
    const answer = await verify(world, made, false);
    expect(answer.outcome).toBe('damaged');
    expect(answer.missing.some((each) => told.test(each))).toBe(true);
  });

  it('damaged where the tag was moved, and in full where the listing is another', async () => {
    const world = await makeSnapshotWorld();
    const first = await load(world, { a: '1' });
    const made = await snap(world);
    await world.snapshots.put({ ...made, version: made.version + 1, content: { objects: 9, bytes: 9, digest: 'x' } });
    const entry = (await world.snapshots.get('lake', made.id)) ?? made;
    expect((await verify(world, entry, false)).outcome).toBe('good');
    expect((await verify(world, entry)).missing).toEqual([expect.stringMatching(/shows 1 objects .*, not 9 objects/)]);
    const second = await load(world, { a: '2' });
    await world.lakefs.deleteTag('lake', made.id);
    await world.lakefs.createTag('lake', made.id, second);
    expect((await verify(world, entry, false)).missing).toEqual([`tag ${made.id} shows ${second}, not ${first}`]);
  });

  it('not at all where the repository is gone: on that day the backup is what is left', async () => {
    const world = await makeSnapshotWorld();
    const made = await snap(world);
    world.lakefs.repositories.clear();
    await expect(verify(world, made)).rejects.toMatchObject({ code: 'BL3007' });
    expect((await world.snapshots.get('lake', made.id))?.verified).toBeUndefined();
  });
});

describe('pruning', () => {
  it('takes tag, branch, backup and database backup along, and leaves an entry that says why', async () => {
    const world = await opened();
    const made = await snap(world, { databaseBackup: 'db' });
    await removeSnapshot(world, made, { code: 'BL8102', message: 'as the test wants it' });
    expect(await world.snapshots.get('lake', made.id)).toMatchObject({
      state: 'PRUNED',
      cause: { message: 'as the test wants it' },
    });
    expect(world.backups.files.size).toBe(0);
    expect(world.databases.backups.size).toBe(0);
    expect(await world.lakefs.getTag('lake', made.id)).toBeUndefined();
    expect(world.lakefs.branchNames('lake')).toEqual(['main']);
  });

  it('leaves a database backup that another snapshot shares', async () => {
    const world = await opened();
    const first = await snap(world, { databaseBackup: 'db' });
    world.clock.advance(2_000);
    const second = await snap(world, { databaseBackup: 'db' });
    await removeSnapshot(world, first, { code: 'BL8102', message: '' });
    expect([...world.databases.backups.keys()]).toEqual(['db']);
    await removeSnapshot(world, second, { code: 'BL8102', message: '' });
    expect([...world.databases.backups.keys()]).toEqual([]);
  });

  it('loses to a hold that came in between', async () => {
    const world = await opened();
    const stale = await snap(world);
    await ask(world, { action: 'hold', repository: 'lake', id: stale.id, reason: 'case 4711', requestedBy: 'ben' });
    await expect(removeSnapshot(world, stale, { code: 'BL8102', message: '' })).rejects.toMatchObject({
      code: 'BL8102',
      message: expect.stringContaining('held by ben: case 4711'),
    });
    expect(await world.lakefs.getTag('lake', stale.id)).toBeDefined();
  });

  it('interrupted at any call, goes on to the same end', async () => {
    for (let at = 1; at <= 9; at += 1) {
      const world = await opened();
      const made = await snap(world, { databaseBackup: 'db' });
      let calls = 0;
      const dying = <T extends object>(port: T): T =>
        new Proxy(port, {
          get(target, name) {
            const method: unknown = Reflect.get(target, name);
            if (typeof method !== 'function') return method;
            return (...args: unknown[]) => {
              calls += 1;
              if (calls === at) throw new Error('dies');
              return Reflect.apply(method, target, args) as unknown;
            };
          },
        });
      const ports = {
        ...world,
        ...{ lakefs: dying(world.lakefs), snapshots: dying(world.snapshots) },
        ...{ backups: dying(world.backups), databases: dying(world.databases) },
      };
      const cause = { code: 'BL8102', message: '' };
      await removeSnapshot(ports, made, cause).catch(() => undefined);
      const entry = (await world.snapshots.get('lake', made.id)) ?? made;
      expect(entry.state === 'PRUNED' || calls === at).toBe(true);
      await removeSnapshot(world, entry, cause);
      expect(states(world)).toEqual(['PRUNED']);
      expect(world.backups.files.size + world.databases.backups.size).toBe(0);
      expect(world.lakefs.branchNames('lake')).toEqual(['main']);
    }
  });

  it('by name refuses the newest good one, one on hold, and one that is not there', async () => {
    const world = await opened();
    const old = await snap(world);
    world.clock.advance(DAY);
    const newest = await snap(world);
    const byName = (id: string) => ask(world, { action: 'prune', repository: 'lake', id });
    await expect(byName(newest.id)).rejects.toMatchObject({ code: 'BL8102' });
    await expect(byName('snapshot-main-20200101T000000Z')).rejects.toMatchObject({ code: 'BL8101' });
    expect(await ask(world, { action: 'prune', repository: 'lake', id: old.id, dryRun: true })).toMatchObject({
      outcome: 'would-prune',
      snapshots: [{ id: old.id }],
    });
    expect(states(world)).toEqual(['COMPLETE', 'COMPLETE']);
    await byName(old.id);
    expect(states(world)).toEqual(['PRUNED', 'COMPLETE']);
  });
});

describe('a hold', () => {
  it('keeps a snapshot from the rules until it is released; saying it twice changes nothing', async () => {
    const world = await opened({ ...SETTINGS, retention: { ...SETTINGS.retention, last: 1, daily: 0 } });
    const old = await snap(world);
    world.clock.advance(DAY);
    await snap(world);
    const place = { repository: 'lake', id: old.id };
    const hold = { action: 'hold' as const, ...place, reason: 'case 4711', requestedBy: 'anna' };
    expect(await ask(world, { ...hold, dryRun: true })).toMatchObject({ outcome: 'would-hold' });
    const held = await ask(world, hold);
    expect(held).toMatchObject({ outcome: 'held', snapshot: { hold: { by: 'anna', reason: 'case 4711' } } });
    expect(await ask(world, hold)).toEqual(held);
    expect(await ask(world, { action: 'prune' })).toEqual({ outcome: 'pruned', snapshots: [] });
    expect(await ask(world, { action: 'list' })).toMatchObject({
      snapshots: [{ keptBy: ['newest', 'last'] }, { keptBy: ['hold'] }],
    });
    const since = world.clock.now();
    world.clock.advance(DAY);
    const released = await ask(world, { action: 'release', ...place, requestedBy: 'ben' });
    const lastHold = { by: 'anna', reason: 'case 4711', since, releasedBy: 'ben', releasedAt: since + DAY };
    expect(released).toMatchObject({ outcome: 'released', snapshot: { lastHold } });
    expect('snapshot' in released && released.snapshot.hold).toBeUndefined();
    expect(await ask(world, { action: 'release', ...place, requestedBy: 'carla' })).toMatchObject({
      snapshot: { lastHold: { releasedBy: 'ben' } },
    });
    expect(await ask(world, { action: 'prune' })).toMatchObject({ snapshots: [{ id: old.id, state: 'PRUNED' }] });
    await expect(ask(world, hold)).rejects.toMatchObject({ code: 'BL8102' });
  });
});

describe('a hold that another takes the place of', () => {
  it('is remembered, with who did that', async () => {
    const world = await opened();
    const { id } = await snap(world);
    const hold = { action: 'hold' as const, repository: 'lake', id };
    await ask(world, { ...hold, reason: 'case 4711', requestedBy: 'anna' });
    expect(await ask(world, { ...hold, reason: 'case 4712', requestedBy: 'ben' })).toMatchObject({
      snapshot: {
        hold: { by: 'ben', reason: 'case 4712' },
        lastHold: { by: 'anna', reason: 'case 4711', releasedBy: 'ben' },
      },
    });
  });
});

describe('the schedule', () => {
  it('makes one when it is due, and no other before the next is', async () => {
    const world = await opened();
    expect(await tend(world)).toMatchObject({ created: ['snapshot-main-20260101T000000Z'], newestGoodSeconds: 0.2 });
    world.clock.advance(23 * HOUR);
    expect(await tend(world)).toMatchObject({ created: [], newestGoodSeconds: expect.closeTo(23 * 3600, -1) });
    world.clock.advance(HOUR);
    expect((await tend(world)).created).toHaveLength(1);
    const [entry] = [...world.snapshots.entries.values()];
    expect(entry).toMatchObject({ kind: 'scheduled', requestedBy: 'schedule', verified: { outcome: 'good' } });
    expect(entry?.database?.arn).toMatch(/snapshot:20260101t00$/);
  });

  it('keeps what the rules say, day after day', async () => {
    const world = await opened();
    for (let day = 0; day < 8; day += 1) {
      await load(world, { a: String(day) });
      await tend(world);
      world.clock.advance(DAY);
    }
    const kept = (await Array.fromAsync(world.snapshots.list({}))).map(({ id }) => id);
    expect(kept).toEqual(['08', '07', '06'].map((day) => expect.stringContaining(`202601${day}T`)));
    expect(states(world).filter((state) => state === 'PRUNED')).toHaveLength(5);
    expect((await Array.fromAsync(world.lakefs.listTags('lake', 'snapshot-'))).map(({ id }) => id)).toEqual(
      kept.toReversed(),
    );
  });

  it('finishes what an invocation left half-made, and gives it up after a day', async () => {
    const world = await opened({ ...SETTINGS, targets: [] });
    const put = (): Promise<void> => Promise.reject(new Error('dies'));
    const dies = { ...world, backups: Object.assign(new FakeBackups(), { put }) };
    await expect(createSnapshot(dies, asked(world))).rejects.toThrow('dies');
    expect(states(world)).toEqual(['CREATING']);
    expect((await tend(world)).created).toHaveLength(1);
    expect(states(world)).toEqual(['COMPLETE']);

    world.clock.advance(HOUR);
    await expect(createSnapshot(dies, asked(world))).rejects.toThrow('dies');
    world.clock.advance(25 * HOUR);
    expect((await tend(world)).pruned).toHaveLength(1);
    expect(states(world)).toEqual(['COMPLETE', 'PRUNED']);
  });

  it('goes on with the other targets where one fails, and tells', async () => {
    const world = await opened({
      ...SETTINGS,
      targets: [
        { repository: 'elsewhere', target: 'main' },
        { repository: 'lake', target: 'main' },
      ],
    });
    const report = await tend(world);
    expect(report.created).toHaveLength(1);
    expect(report.failures).toEqual([{ what: 'elsewhere/main', reason: expect.stringContaining('BL3007') }]);
    expect(report.newestGoodSeconds).toBe(NEVER_SECONDS);
  });

  it('finds out that the newest is damaged, makes another at the next turn, and tells the age of the good one', async () => {
    const world = await opened();
    const [first = ''] = (await tend(world)).created;
    world.clock.advance(DAY);
    const [second = ''] = (await tend(world)).created;
    await world.lakefs.deleteTag('lake', second);
    world.clock.advance(HOUR);
    const report = await tend(world);
    expect(report).toMatchObject({ damaged: [second], newestGoodSeconds: expect.closeTo(25 * 3600, -1) });
    expect((await world.snapshots.get('lake', first))?.state).toBe('COMPLETE');
    world.clock.advance(HOUR);
    expect((await tend(world)).created).toHaveLength(1);
  });

  it('does nothing new where none is wanted', async () => {
    const world = await opened({ ...SETTINGS, everySeconds: 0 });
    expect(await tend(world)).toMatchObject({ created: [], pruned: [], newestGoodSeconds: 0 });
  });

  it('one failure of lakeFS is a failure of the report, not of the invocation', async () => {
    const world = await opened();
    world.lakefs.getBranch = () => Promise.reject(new BranchlineError('BL3001', 'away'));
    expect((await tend(world)).failures).toHaveLength(1);
  });
});
