/** What doctor says of the server, and what its probe leaves behind. */
import { describe, expect, test } from 'vitest';
import { PROBE_BRANCH_PREFIX } from '../../../lambdas/contract.ts';
import { BranchlineError } from '../../../lambdas/domain/errors.ts';
import type { ServerProbe } from '../../../lambdas/ports.ts';
import { doctor } from '../../../lambdas/usecases/doctor.ts';
import { setUp } from '../../../lambdas/usecases/set-up.ts';
import { sweep } from '../../../lambdas/usecases/sweep.ts';
import { makeWorld, text, type World } from '../../fakes/ports.ts';

const healthy = async (): Promise<World> => {
  const world = await makeWorld();
  await setUp(world, { pause: () => Promise.resolve() });
  return world;
};
const findings = async (world: World, server: Partial<ServerProbe> = {}, readOnly = false) => {
  const checks = await doctor({ ...world, server: { ...world.server, ...server } }, { limitMs: 500, readOnly });
  return new Map(checks.map((check) => [check.name, check]));
};
const fail = () => Promise.reject(new BranchlineError('BL3005', 'no'));

describe('the server', () => {
  test('that is not healthy', async () => {
    const found = await findings(await healthy(), { health: async () => 503 });
    expect(found.get('health of lakeFS')).toMatchObject({ status: 'failed', message: 'answered 503' });
  });

  test('whose metadata store is away: health is fine, and the store is named', async () => {
    const world = await healthy();
    world.lakefs.getBranch = () => Promise.reject(new BranchlineError('BL3005', 'dial tcp: connection refused'));
    const found = await findings(world);
    expect(found.get('health of lakeFS')?.status).toBe('ok');
    expect(found.get('metadata store')).toMatchObject({
      status: 'failed',
      message: expect.stringContaining('connection refused'),
      remedy: expect.stringContaining('metadata-store.md'),
    });
    expect(found.has('latency')).toBe(false);
  });

  test('latency is the median of several calls, each after the other', async () => {
    const world = await healthy();
    const times = [5, 900, 20, 30, 10];
    let calls = 0;
    const found = await findings(world, {
      health: async () => {
        // The first call is the look at health itself.
        if (calls > 0) world.clock.advance(times[(calls - 1) % times.length] ?? 0);
        calls += 1;
        return 200;
      },
    });
    expect(found.get('latency')?.message).toMatch(/^health 20 ms, branch \d+ ms \(median of 5\)$/);
  });
});

describe('storage', () => {
  test('is written and read on a branch that is gone afterwards; no target has a commit more', async () => {
    const world = await healthy();
    const before = await world.lakefs.getBranch('lake', 'main');
    const found = await findings(world);
    expect(found.get('storage of lake')).toMatchObject({
      status: 'ok',
      message: expect.stringContaining('written in'),
    });
    expect(found.get('presigned access to lake')?.status).toBe('ok');
    expect(world.lakefs.branchNames('lake')).toEqual(['main']);
    expect(await world.lakefs.getBranch('lake', 'main')).toEqual(before);
  });

  test.each(['putObject', 'getObject', 'createBranch'] as const)(
    'a server that refuses %s fails, and keeps no branch',
    async (call) => {
      const world = await healthy();
      world.lakefs[call] = fail;
      expect((await findings(world)).get('storage of lake')?.status).toBe('failed');
      expect(world.lakefs.branchNames('lake')).toEqual(['main']);
    },
  );

  test('that gives back something else fails', async () => {
    const world = await healthy();
    world.lakefs.getObject = async () => text('something else');
    expect((await findings(world)).get('storage of lake')).toMatchObject({
      status: 'failed',
      message: expect.stringContaining('otherwise'),
    });
  });

  test('that signs no addresses, or that does not let itself be reached by them, is a warning', async () => {
    const world = await healthy();
    const name = 'presigned access to lake';
    const unsigned = await findings(world, { storage: async () => ({ kind: 'local', canPresign: false }) });
    expect(unsigned.get(name)).toMatchObject({ status: 'warning', message: expect.stringContaining('local storage') });
    expect((await findings(world, { putPresigned: fail })).get(name)?.status).toBe('warning');
    expect((await findings(world, { getPresigned: async () => text('x') })).get(name)?.status).toBe('warning');
  });

  test('read-only: nothing is written', async () => {
    const world = await healthy();
    world.lakefs.createBranch = fail;
    const found = await findings(world, {}, true);
    expect([...found.values()].filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(found.has('storage of lake')).toBe(false);
  });
});

describe('a probe branch that was left behind', () => {
  const leave = async (world: World, name: string) => {
    await world.lakefs.createBranch('lake', name, (await world.lakefs.getBranch('lake', 'main'))?.commitId ?? '');
  };
  const probeOf = (world: World) => `${PROBE_BRANCH_PREFIX}${String(Math.floor(world.clock.now() / 1000))}-abc`;

  test.each([
    ['doctor', (world: World) => findings(world)],
    ['sweep', (world: World) => sweep(world, { until: world.clock.now() + 60_000 })],
  ])('is removed by %s once nobody can use it any more, and nothing else is', async (_, look) => {
    const world = await healthy();
    const probe = probeOf(world);
    const foreign = [`${PROBE_BRANCH_PREFIX}12-mine`, `${PROBE_BRANCH_PREFIX}of-a-person`];
    for (const name of [probe, ...foreign]) await leave(world, name);
    world.clock.advance(800_000);
    await look(world);
    expect(world.lakefs.branchNames('lake')).toContain(probe);
    world.clock.advance(200_000);
    await look(world);
    expect(world.lakefs.branchNames('lake').toSorted()).toEqual([...foreign, 'main'].toSorted());
  });
});
