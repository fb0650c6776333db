/** Drills on a lake in memory: what they find, what they leave alone, and that nothing of them is left. */
import { describe, expect, it } from 'vitest';
import { DRILL_KINDS, type DrillKind } from '../../../../lambdas/domain/drill.ts';
import { drillEventsOf } from '../../../../lambdas/domain/drill-events.ts';
import { BranchlineError } from '../../../../lambdas/domain/errors.ts';
import type { Rollback } from '../../../../lambdas/domain/rollback.ts';
import { createSnapshot } from '../../../../lambdas/usecases/create-snapshot.ts';
import { type DrillAnswerTo, drill } from '../../../../lambdas/usecases/drill.ts';
import { DRILL_ROOT, type DrillWorld, makeDrillWorld } from '../../../fakes/drills.ts';
import { text } from '../../../fakes/ports.ts';

const DAY = 86_400;
const untilOf = (world: DrillWorld): number => world.clock.now() + 13 * 60_000;
const run = (world: DrillWorld, kind: DrillKind, repository?: string) =>
  drill(
    world,
    { action: 'run', kind, requestedBy: 'anna', ...(repository === undefined ? {} : { repository }) },
    untilOf(world),
  ) as Promise<DrillAnswerTo<'run'>>;
const tend = (world: DrillWorld) => drill(world, { action: 'tend' }, untilOf(world)) as Promise<DrillAnswerTo<'tend'>>;

/** Names of repositories, objects below the place of drills, files of their backups. */
const left = (world: DrillWorld) => ({
  repositories: [...world.lakefs.repositories.keys()],
  files: [...world.storage.files].filter((uri) => uri.startsWith(DRILL_ROOT)),
  backups: [...world.backups.files.keys()],
});
const NOTHING = { repositories: ['lake'], files: [], backups: [] };

const withPaths = async (world: DrillWorld, paths: readonly string[]): Promise<void> => {
  for (const path of paths) await world.lakefs.putObject('lake', 'main', path, text('rows'));
  await world.lakefs.commit('lake', 'main', { message: 'load', metadata: {} });
};

const rollback = (world: DrillWorld, more: Partial<Rollback> = {}): Rollback => ({
  ...{ schemaVersion: 1, version: 1, id: 'r1', state: 'HOLDING', repository: 'lake', target: 'main' },
  ...{ requestedBy: 'ben', dryRun: false, asked: { to: 'x' }, steps: [] },
  ...{ requestedAt: world.clock.now(), updatedAt: world.clock.now() },
  ...more,
});

describe('a drill of a restore tries the newest backup of the lake too', () => {
  /** A snapshot of the lake as the schedule makes it, and what lakeFS keeps of it. */
  const withBackup = async (): Promise<DrillWorld> => {
    const world = await makeDrillWorld();
    await withPaths(world, ['sales/dt=1/a', 'stock/b']);
    const asked = { repository: 'lake', target: 'main', kind: 'scheduled', requestedBy: 'schedule' } as const;
    const made = await createSnapshot({ ...world, backups: world.lakeBackups } as never, {
      ...asked,
      until: untilOf(world),
    });
    expect(made.outcome).toBe('created');
    for (const file of ['range', 'dump', 'retention/gc/rules.json', 'dummy'])
      world.storage.files.add(`s3://bucket/lake/_lakefs/${file}`);
    return world;
  };

  it('and compares every ref and what the target shows; lakeFS’s files alone are copied, and removed again', async () => {
    const world = await withBackup();
    const copied: string[] = [];
    const copy = world.lakeFiles.copy.bind(world.lakeFiles);
    world.lakeFiles.copy = async (from, to) => {
      copied.push(from);
      await copy(from, to);
    };
    const { drill: made } = await run(world, 'restore');
    expect(made.cause).toBeUndefined();
    expect(made).toMatchObject({ state: 'PASSED', isRemoved: true });
    // Main, the branch and the tag of the snapshot.
    expect(made.backup).toMatchObject({ snapshot: expect.stringMatching(/^snapshot-main-/), refs: 3, objects: 2 });
    expect(copied.toSorted()).toEqual(['s3://bucket/lake/_lakefs/dump', 's3://bucket/lake/_lakefs/range']);
    expect(left(world)).toEqual(NOTHING);
    expect(drillEventsOf({ ...made, state: 'RUNNING' }, made)).toMatchObject([{ detail: { backup: { refs: 3 } } }]);
  });

  it('and fails where a file of its dump is gone', async () => {
    const world = await withBackup();
    const [[, manifest = ''] = []] = [...world.lakeBackups.files].filter(([key]) => key.endsWith('manifest.json'));
    const { refs } = JSON.parse(manifest) as { refs: { dump: { tagsMetaRangeId: string } } };
    world.lakefs.metaRangeFiles.delete(refs.dump.tagsMetaRangeId);
    const { outcome, drill: made } = await run(world, 'restore');
    expect(outcome).toBe('failed');
    expect(made.cause).toMatchObject({ code: 'BL8402' });
    expect(left(world)).toEqual(NOTHING);
  });

  it('and fails where the target lists something else than was counted, or no backup is whole', async () => {
    const world = await withBackup();
    const [[key, manifest] = ['', '']] = [...world.lakeBackups.files].filter(([name]) =>
      name.endsWith('manifest.json'),
    );
    const told = JSON.parse(manifest) as { content: { objects: number } };
    world.lakeBackups.files.set(key, JSON.stringify({ ...told, content: { ...told.content, objects: 3 } }));
    const { drill: made } = await run(world, 'restore');
    expect(made).toMatchObject({ state: 'FAILED', cause: { code: 'BL8801' } });
    expect(made.differences).toEqual([expect.stringContaining('main lists 2 objects and not those 3')]);
    world.lakeBackups.files.set(key, '{');
    world.clock.advance(1000);
    expect((await run(world, 'restore')).drill.differences).toEqual([
      expect.stringContaining('no backup of lake is whole'),
    ]);
  });

  it('and says so where it may not copy, or has none: that is no fault of the backup', async () => {
    const world = await withBackup();
    world.lakeFiles.copy = () => Promise.reject(new BranchlineError('BL4002', 's3:PutObject: AccessDenied'));
    const { drill: made } = await run(world, 'restore');
    expect(made).toMatchObject({ state: 'PASSED', backup: { left: expect.stringContaining('AccessDenied') } });
    expect(left(world)).toEqual(NOTHING);
    world.lakeBackups.files.clear();
    world.clock.advance(1000);
    expect((await run(world, 'restore')).drill).not.toHaveProperty('backup');
  });

  it('a repository of it that was left is removed by the next turn', async () => {
    const world = await withBackup();
    const remove = world.scratch.remove.bind(world.scratch);
    world.scratch.remove = async (place, name) => {
      if (name.endsWith('-lake')) throw new Error('the function dies');
      return remove(place, name);
    };
    const { drill: made } = await run(world, 'restore');
    expect(made).toMatchObject({ state: 'PASSED', isRemoved: false });
    expect([...world.lakefs.repositories.keys()]).toEqual(['lake', `${made.id}-lake`]);
    world.scratch.remove = remove;
    expect((await tend(world)).report.removed).toEqual([made.id]);
    expect(left(world)).toEqual(NOTHING);
  });
});

describe.each(DRILL_KINDS)('a drill of a %s', (kind) => {
  it('passes on a lake that works, says what it compared and how long it took, and leaves nothing', async () => {
    const world = await makeDrillWorld();
    await withPaths(world, ['sales/dt=1/a', 'sales/dt=1/ö +%', 'stock/b']);
    const before = world.lakefs.tree('lake', 'main');
    const { outcome, drill: made } = await run(world, kind);
    expect(made.cause).toBeUndefined();
    expect(outcome).toBe('passed');
    expect(made).toMatchObject({ state: 'PASSED', requestedBy: 'anna', repository: 'lake', isRemoved: true });
    expect(made.compared?.objects).toBeGreaterThan(5);
    expect(made.seconds).toEqual(expect.any(Number));
    expect(left(world)).toEqual(NOTHING);
    expect(world.lakefs.tree('lake', 'main')).toEqual(before);
  });

  it('touches neither targets nor rollbacks nor snapshots of the ledger', async () => {
    const world = await makeDrillWorld();
    await run(world, kind);
    expect([...world.ledger.targets.keys()]).toEqual([]);
    expect(world.rollbacks.stream).toEqual([]);
    expect(world.restores.entries.size).toBe(0);
  });

  it('is rehearsed with paths of the lake and none of its content', async () => {
    const world = await makeDrillWorld();
    await withPaths(world, ['sales/dt=1/ö +%']);
    const put = world.lakefs.putObject.bind(world.lakefs);
    const written: string[] = [];
    world.lakefs.putObject = (repository, branch, path, content, options) => {
      if (repository !== 'lake') written.push(`${path}: ${new TextDecoder().decode(content)}`);
      return put(repository, branch, path, content, options);
    };
    await run(world, kind);
    expect(written.some((line) => line.startsWith('sales/dt=1/ö +%: '))).toBe(true);
    expect(written.some((line) => line.includes('rows'))).toBe(false);
  });

  it.each([
    ['a rollback', (world: DrillWorld) => world.rollbacks.put(rollback(world)), 'rollback r1 of ben'],
    [
      'a restore of all repositories',
      (world: DrillWorld) =>
        world.restores.put({
          ...{ schemaVersion: 1, version: 1, id: 'x', repository: '*', what: 'repository', dryRun: false },
          ...{ requestedBy: 'ben', startedAt: world.clock.now(), updatedAt: world.clock.now() },
        }),
      'a restore by ben',
    ],
    [
      'a rotation',
      (world: DrillWorld) =>
        world.rotations.put({
          ...{ schemaVersion: 1, version: 1, updatedAt: 0 },
          current: { token: 't', by: 'ben', startedAt: 0, leaseUntil: world.clock.now() + 1000 },
        }),
      'ben rotates',
    ],
  ])('gives way to %s', async (_, begin, said) => {
    const world = await makeDrillWorld();
    await begin(world);
    const { outcome, drill: made } = await run(world, kind);
    expect(outcome).toBe('gave-way');
    expect(made).toMatchObject({ state: 'GAVE_WAY', cause: { code: 'BL8802' }, isRemoved: true });
    expect(made.cause?.message).toContain(said);
    expect(left(world)).toEqual(NOTHING);
  });

  it('gives way to a rollback that begins while it runs', async () => {
    const world = await makeDrillWorld();
    const protect = world.lakefs.setProtectedBranches.bind(world.lakefs);
    world.lakefs.setProtectedBranches = async (...args) => {
      await world.rollbacks.put(rollback(world));
      return protect(...args);
    };
    const { outcome, drill: made } = await run(world, kind);
    expect(outcome).toBe('gave-way');
    expect(made.steps).toHaveLength(1);
    expect(left(world)).toEqual(NOTHING);
  });

  it('that fails says so, cleans up, and is told as an event', async () => {
    const world = await makeDrillWorld();
    const commit = world.lakefs.commit.bind(world.lakefs);
    world.lakefs.commit = (...args) => {
      if (args[2].message.startsWith('State 3')) throw new Error('the disk is full');
      return commit(...args);
    };
    const { outcome, drill: made } = await run(world, kind);
    expect(outcome).toBe('failed');
    expect(made).toMatchObject({ state: 'FAILED', cause: { code: 'BL5001', message: 'the disk is full' } });
    expect(left(world)).toEqual(NOTHING);
    const events = world.drills.stream.flatMap(({ before, after }) => drillEventsOf(before, after));
    expect(events).toMatchObject([{ type: 'Drill Failed', detail: { drill: made.id, kind, requestedBy: 'anna' } }]);
  });

  it('whose function dies anywhere is ended and cleaned up behind by the schedule, and no real repository is touched', async () => {
    const count = await calls(await makeDrillWorld(), kind, Number.POSITIVE_INFINITY);
    expect(count).toBeGreaterThan(60);
    for (let strike = 1; strike <= count; strike += 1) {
      const world = await makeDrillWorld();
      await withPaths(world, ['sales/dt=1/a', 'stock/b']);
      const before = world.lakefs.tree('lake', 'main');
      await calls(world, kind, strike);
      world.clock.advance(20 * 60_000);
      const { report } = await tend(world);
      expect(report.faults, `struck at call ${String(strike)}`).toEqual([]);
      expect(left(world), `struck at call ${String(strike)}`).toEqual(NOTHING);
      expect(world.lakefs.tree('lake', 'main')).toEqual(before);
      for (const each of world.drills.entries.values()) {
        expect(each.isRemoved).toBe(true);
        expect(each.state).not.toBe('RUNNING');
      }
    }
  });
});

/** Runs a drill whose function dies at that call to the outside: nothing that it calls then happens any more. @returns the calls. */
const calls = async (world: DrillWorld, kind: DrillKind, strike: number): Promise<number> => {
  let made = 0;
  const dying = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(of, name) {
        const found = Reflect.get(of, name) as unknown;
        if (typeof found !== 'function') return found;
        return (...args: unknown[]): unknown => {
          made += 1;
          if (made >= strike) throw new Error('the function died');
          return Reflect.apply(found, of, args);
        };
      },
    });
  const { lakefs, drills, scratch, storage, backups } = world;
  const ports = { ...world, lakefs: dying(lakefs), drills: dying(drills), scratch: dying(scratch) };
  await run({ ...ports, storage: dying(storage), backups: dying(backups) } as DrillWorld, kind).catch(() => undefined);
  return made;
};

describe('a drill of a rollback', () => {
  it('fails where the target is not what it should be afterwards', async () => {
    const world = await makeDrillWorld();
    const merge = world.lakefs.merge.bind(world.lakefs);
    const list = world.lakefs.listObjects.bind(world.lakefs);
    let isMerged = false;
    world.lakefs.merge = async (...args) => {
      isMerged ||= args[3].message.startsWith('Roll back');
      return merge(...args);
    };
    world.lakefs.listObjects = async function* (repository, ref, options) {
      for await (const object of list(repository, ref, options))
        if (!(isMerged && repository !== 'lake' && ref === 'main' && object.path.endsWith('01/part-0'))) yield object;
    };
    const { outcome, drill: made } = await run(world, 'rollback');
    expect(outcome).toBe('failed');
    expect(made.cause).toMatchObject({ code: 'BL8801' });
    expect(made.differences?.[0]).toMatch(/^after the rollback: drill\/dt=2026-01-01\/part-0 is not there, not /);
    expect(left(world)).toEqual(NOTHING);
  });
});

describe('a drill of a restore', () => {
  it('fails where what comes back shows another state', async () => {
    const world = await makeDrillWorld();
    const list = world.lakefs.listObjects.bind(world.lakefs);
    world.lakefs.listObjects = async function* (repository, ref, options) {
      for await (const object of list(repository, ref, options))
        if (!repository.endsWith('-back') || ref !== 'good') yield object;
    };
    const { drill: made } = await run(world, 'restore');
    expect(made.state).toBe('FAILED');
    expect(made.differences?.[0]).toMatch(/^good: \S+ is not there, not /);
  });

  it('fails where the storage has lost an object', async () => {
    const world = await makeDrillWorld();
    const get = world.lakefs.getObject.bind(world.lakefs);
    world.lakefs.getObject = async (repository, ref, path) =>
      repository.endsWith('-back') && path === 'drill-added/part-0' ? undefined : get(repository, ref, path);
    const { drill: made } = await run(world, 'restore');
    expect(made.differences).toEqual(['drill-added/part-0 has other bytes']);
  });
});

describe('where', () => {
  it('a repository without a place is refused by name, and nothing is made', async () => {
    const world = await makeDrillWorld();
    await expect(run(world, 'restore', 'other')).rejects.toMatchObject({ code: 'BL8803' });
    expect(world.drills.entries.size).toBe(0);
    expect(left(world)).toEqual(NOTHING);
  });

  it('a repository of a drill’s name that lies elsewhere is left alone, and told', async () => {
    const world = await makeDrillWorld(DAY);
    const { drill: made } = await run(world, 'rollback');
    world.drills.entries.set(made.id, { ...made, isRemoved: false });
    await world.lakefs.createRepository({ name: made.id, storageNamespace: 's3://else/where', defaultBranch: 'main' });
    const { report } = await tend(world);
    expect(report.faults[0]).toContain('BL8804');
    expect([...world.lakefs.repositories.keys()]).toContain(made.id);
  });

  it('one that no record knows goes after a day, where it lies at the place of drills, and not otherwise', async () => {
    const world = await makeDrillWorld();
    const ids = ['drill-restore-20251201t000000z-abcdef', 'drill-restore-20251201t000000z-123456'];
    const [ours = '', theirs = ''] = ids;
    const place = (id: string, root: string) => ({
      name: id,
      storageNamespace: `${root}/${id}`,
      defaultBranch: 'main',
    });
    await world.lakefs.createRepository(place(ours, DRILL_ROOT));
    await world.lakefs.createRepository(place(theirs, 's3://other/branchline-drills'));
    const young = 'drill-rollback-20251231t230000z-abcdef';
    await world.lakefs.createRepository(place(young, DRILL_ROOT));
    const { report } = await tend(world);
    expect(report.removed).toEqual([ours]);
    expect([...world.lakefs.repositories.keys()].toSorted()).toEqual([theirs, young, 'lake'].toSorted());
  });
});

describe('the schedule', () => {
  it('drills both ways when they are due and not before, and tells how old the last good ones are', async () => {
    const world = await makeDrillWorld(7 * DAY);
    const first = await tend(world);
    expect(first.report.ran.map(({ state }) => state)).toEqual(['PASSED', 'PASSED']);
    expect(first.report).toMatchObject({ failed: [], faults: [] });
    expect(first.report.ageSeconds).toBeLessThan(600);
    world.clock.advance(6 * DAY * 1000);
    const second = await tend(world);
    expect(second.report.ran).toEqual([]);
    expect(second.report.ageSeconds).toBeGreaterThan(5 * DAY);
    world.clock.advance(DAY * 1000);
    expect((await tend(world)).report.ran).toHaveLength(2);
  });

  it('tells a kind whose newest drill failed until one passes; one that gave way is done again at the next turn', async () => {
    const world = await makeDrillWorld(7 * DAY);
    await world.rollbacks.put(rollback(world));
    const busy = await tend(world);
    expect(busy.report.ran.map(({ state }) => state)).toEqual(['GAVE_WAY', 'GAVE_WAY']);
    expect(busy.report).toMatchObject({ failed: [], ageSeconds: 315_360_000 });
    await world.rollbacks.put(rollback(world, { version: 2, state: 'DONE' }));
    const begin = world.lakefs.beginRestore.bind(world.lakefs);
    world.lakefs.beginRestore = async () => {
      throw new Error('no');
    };
    world.clock.advance(3_600_000);
    expect((await tend(world)).report.failed).toEqual(['restore']);
    world.lakefs.beginRestore = begin;
    world.clock.advance(3_600_000);
    expect((await tend(world)).report.failed).toEqual(['restore']);
    expect((await run(world, 'restore')).outcome).toBe('passed');
    expect((await tend(world)).report).toMatchObject({ failed: [], ran: [] });
  });

  it('that is not wanted only cleans up', async () => {
    const world = await makeDrillWorld();
    expect((await tend(world)).report.ran).toEqual([]);
  });
});
