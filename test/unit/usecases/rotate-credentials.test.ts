import { describe, expect, it } from 'vitest';
import { rotationEventsOf } from '../../../lambdas/domain/domain-events.ts';
import { ROTATION_STEP, rotateCredentials } from '../../../lambdas/usecases/rotate-credentials.ts';
import { rotationCommand } from '../../../lambdas/usecases/rotation-command.ts';
import { makeRotationWorld, type RotationWorld } from '../../fakes/rotation.ts';
import { sampleRun } from '../adapters/ledger/sample-run.ts';

const rotate = async (world: RotationWorld, token = 'v1'): Promise<void> => {
  for (const step of ROTATION_STEP) await rotateCredentials(world, { step, token, by: 'secrets-manager' });
};
const codeOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'done',
    (error: { code?: string }) => error.code,
  );
const isConsistent = async (world: RotationWorld): Promise<boolean> => {
  const pair = world.secret.pairs.get(world.secret.current);
  return pair !== undefined && (await world.users.userOf(pair)) === 'admin';
};

describe('the rotation', () => {
  it('leaves one user with another pair, which the secret holds; the old one is refused', async () => {
    const world = await makeRotationWorld();
    const before = world.secret.pairs.get('v0');
    await rotate(world);
    expect(world.secret.current).toBe('v1');
    expect(world.secret.pairs.get('v1')).not.toEqual(before);
    expect(await isConsistent(world)).toBe(true);
    if (before !== undefined) expect(await world.users.userOf(before)).toBeUndefined();
    expect(world.secret.kept).toBeUndefined();
    expect(world.rotations.stored).toMatchObject({ last: { token: 'v1', by: 'secrets-manager' } });
    expect(world.rotations.stored?.current).toBeUndefined();
  });

  it('tells the new pair before it is tried, so that whoever is refused finds it', async () => {
    const world = await makeRotationWorld();
    await rotateCredentials(world, { step: 'createSecret', token: 'v1', by: 'a' });
    expect(await isConsistent(world)).toBe(true);
    await rotateCredentials(world, { step: 'setSecret', token: 'v1', by: 'a' });
    expect(world.secret.current).toBe('v1');
  });

  it('repeated as a whole or step by step changes nothing more', async () => {
    const world = await makeRotationWorld();
    for (const step of ROTATION_STEP) {
      await rotateCredentials(world, { step, token: 'v1', by: 'a' });
      await rotateCredentials(world, { step, token: 'v1', by: 'a' });
    }
    const pair = world.users.user?.pair;
    const { last } = world.rotations.stored ?? {};
    await rotate(world);
    expect(world.users.user?.pair).toEqual(pair);
    expect(world.rotations.stored?.last).toEqual(last);
  });

  it('tries the current pair where Secrets Manager only tries the configuration', async () => {
    const world = await makeRotationWorld();
    await rotateCredentials(world, { step: 'testSecret', token: 'v9', by: 'a' });
    world.users.user = { id: 'admin' };
    expect(await codeOf(rotateCredentials(world, { step: 'testSecret', token: 'v9', by: 'a' }))).toBe('BL8303');
  });

  it.each(['setSecret', 'finishSecret'] as const)('%s without what goes before it changes nothing', async (step) => {
    const world = await makeRotationWorld();
    expect(await codeOf(rotateCredentials(world, { step, token: 'v1', by: 'a' }))).toBe('BL8303');
    expect(await isConsistent(world)).toBe(true);
    expect(world.secret.current).toBe('v0');
  });
});

describe('nothing is changed', () => {
  it('on a server with access control of its own', async () => {
    const world = await makeRotationWorld();
    world.users.model = 'internal';
    expect(await codeOf(rotate(world))).toBe('BL8301');
    expect(await isConsistent(world)).toBe(true);
  });

  it('where the secret does not hold the pair that works', async () => {
    const world = await makeRotationWorld();
    world.secret.pairs.set('v0', { accessKeyId: 'AKIA0', secretAccessKey: 'another' });
    expect(await codeOf(rotate(world))).toBe('BL3002');
    expect(world.users.user?.pair).toEqual({ accessKeyId: 'AKIA0', secretAccessKey: 'secret-0' });
  });

  it('while another rotation holds the lock; after a failure nobody waits for its end', async () => {
    const world = await makeRotationWorld();
    await rotateCredentials(world, { step: 'createSecret', token: 'v1', by: 'a' });
    expect(await codeOf(rotate(world, 'v2'))).toBe('BL8305');
    world.users.model = 'internal';
    world.secret.kept = undefined;
    expect(await codeOf(rotateCredentials(world, { step: 'createSecret', token: 'v1', by: 'a' }))).toBe('BL8301');
    world.users.model = 'none';
    await rotate(world, 'v2');
    expect(world.secret.current).toBe('v2');
  });

  it('while a run is open: it waits for it, and gives up in time', async () => {
    const world = await makeRotationWorld();
    const run = sampleRun({ state: 'OPEN', version: 1 });
    await world.ledger.createRun(run);
    expect(await codeOf(rotate(world))).toBe('BL8302');
    expect(world.clock.now()).toBeLessThanOrEqual(world.deadline());
    expect(await isConsistent(world)).toBe(true);
  });

  it('goes on as soon as the last run has ended', async () => {
    const world = await makeRotationWorld();
    const run = sampleRun({ state: 'OPEN', version: 1 });
    await world.ledger.createRun(run);
    let pauses = 0;
    const patient = {
      ...world,
      pause: async (ms: number) => {
        world.clock.advance(ms);
        pauses += 1;
        if (pauses === 3) await world.ledger.updateRun({ ...run, version: 2, state: 'UNCHANGED' });
      },
    };
    await rotate(patient as RotationWorld);
    expect(pauses).toBe(3);
    expect(world.secret.current).toBe('v1');
  });
});

/** A process that is killed: the call that it was at takes effect or not, and every later one is never made. */
const killedAt = (
  world: RotationWorld,
  at: number,
  tookEffect: boolean,
): { ports: RotationWorld; calls: () => number } => {
  let calls = 0;
  const dead = (): never => {
    throw new Error('killed');
  };
  const guarded = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(target, name) {
        const method = Reflect.get(target, name, target) as unknown;
        if (typeof method !== 'function') return method;
        return async (...args: unknown[]) => {
          calls += 1;
          if (calls > at) dead();
          if (calls === at && !tookEffect) dead();
          const answer = (await Reflect.apply(method, target, args)) as unknown;
          if (calls === at) dead();
          return answer;
        };
      },
    });
  return {
    ports: {
      ...world,
      users: guarded(world.users),
      secret: guarded(world.secret),
      rotations: guarded(world.rotations),
      pause: async () => dead(),
    },
    calls: () => calls,
  };
};

describe('killed at any call, a repeat within the memory of the server ends well', () => {
  it.each([
    ['before the call took effect', false],
    ['after it, its answer lost', true],
  ])('%s', async (_, tookEffect) => {
    const whole = killedAt(await makeRotationWorld(), Number.POSITIVE_INFINITY, false);
    await rotate(whole.ports);
    expect(whole.calls()).toBeGreaterThan(40);
    for (let at = 1; at <= whole.calls(); at += 1) {
      const world = await makeRotationWorld();
      const { ports } = killedAt(world, at, tookEffect);
      await rotate(ports).catch(() => undefined);
      world.clock.advance(5_000);
      // As Secrets Manager does: all four steps again with the same token.
      await rotate(world);
      expect(await isConsistent(world), `killed at call ${String(at)}`).toBe(true);
      expect(world.secret.current).toBe('v1');
      expect(world.secret.kept).toBeUndefined();
      expect(world.rotations.stored?.current).toBeUndefined();
    }
  });

  it('a person goes on from there under the same token, once the lease has ended', async () => {
    const whole = killedAt(await makeRotationWorld(), Number.POSITIVE_INFINITY, false);
    await rotate(whole.ports);
    for (let at = 1; at <= whole.calls(); at += 1) {
      const world = await makeRotationWorld();
      const deleted = world.users.deleteUser.bind(world.users);
      const { ports } = killedAt(world, at, true);
      await rotate(ports).catch(() => undefined);
      // Except in the one moment that nothing survives for long: see the next test.
      if (world.users.user === undefined) continue;
      expect(deleted).toBeDefined();
      world.clock.advance(20 * 60_000);
      // An invocation of its own has time of its own.
      const invoked = { ...world, deadline: () => world.clock.now() + 15 * 60_000 };
      const answer = await rotationCommand(invoked, { action: 'rotate', by: 'me', evenWhileRunsAreOpen: true });
      expect(answer.outcome).toBe('rotated');
      expect(await isConsistent(world), `killed at call ${String(at)}`).toBe(true);
    }
  });

  it('killed without a user and left so: the server forgets the session, and the rotation says what it means', async () => {
    const world = await makeRotationWorld();
    await rotateCredentials(world, { step: 'createSecret', token: 'v1', by: 'a' });
    world.users.user = undefined;
    world.clock.advance(25_000);
    expect(await codeOf(rotateCredentials(world, { step: 'setSecret', token: 'v1', by: 'a' }))).toBe('BL8304');
    expect(world.secret.current).toBe('v0');
  });

  it('a store that is away when the user is to be made again: it is tried until the server would forget', async () => {
    const world = await makeRotationWorld();
    let away = 20;
    const create = world.users.createUser.bind(world.users);
    world.users.createUser = async (session, user) => {
      if (world.users.user === undefined && away > 0) {
        away -= 1;
        throw new Error('the store is away');
      }
      return create(session, user);
    };
    await rotate(world);
    expect(away).toBe(0);
    expect(await isConsistent(world)).toBe(true);
  });
});

describe('as a person asks for it', () => {
  it('tells what stands in the way, and changes nothing', async () => {
    const world = await makeRotationWorld();
    const whole = { action: 'rotate', dryRun: true } as const;
    expect(await rotationCommand(world, whole)).toEqual({ outcome: 'would-rotate', openRuns: [], obstacles: [] });
    await world.ledger.createRun(sampleRun({ runId: 'r1', attempt: 0, state: 'OPEN' }));
    world.users.model = 'internal';
    world.secret.pairs.clear();
    await rotateCredentials(world, { step: 'createSecret', token: 'v1', by: 'a' }).catch(() => undefined);
    const { obstacles, openRuns } = await rotationCommand(world, whole);
    expect(openRuns).toEqual(['r1']);
    expect(obstacles.map((text) => text.slice(0, 6))).toEqual(['BL8301', 'BL3002', 'BL8302']);
    expect(world.users.user?.pair?.accessKeyId).toBe('AKIA0');
  });

  it('a lock that stands is told', async () => {
    const world = await makeRotationWorld();
    await rotateCredentials(world, { step: 'createSecret', token: 'v1', by: 'a' });
    const { obstacles } = await rotationCommand(world, { action: 'rotate', dryRun: true });
    expect(obstacles).toEqual(['BL8305: another rotation is under way']);
  });

  it('does all steps, and the status says who did', async () => {
    const world = await makeRotationWorld();
    expect((await rotationCommand(world, { action: 'rotate', by: 'maria' })).outcome).toBe('rotated');
    expect(await isConsistent(world)).toBe(true);
    expect(await rotationCommand(world, { action: 'status' })).toMatchObject({
      outcome: 'status',
      rotation: { last: { by: 'maria' } },
    });
  });
});

describe('who asked for what', () => {
  const eventsOf = (world: RotationWorld) =>
    world.rotations.stream.flatMap(({ before, after }) => rotationEventsOf(before, after));

  it('a dry run is written down with what stood in the way, and told, every time', async () => {
    const world = await makeRotationWorld();
    world.users.model = 'internal';
    await rotationCommand(world, { action: 'rotate', dryRun: true, by: 'anna' });
    world.clock.advance(1000);
    await rotationCommand(world, { action: 'rotate', dryRun: true });
    expect(world.rotations.stored?.trials).toMatchObject([{ by: 'a person' }, { by: 'anna' }]);
    expect(eventsOf(world)).toMatchObject([
      {
        type: 'Rotation Requested',
        detail: { dryRun: true, by: 'anna', obstacles: [expect.stringContaining('BL8301')] },
      },
      { type: 'Rotation Requested', detail: { dryRun: true, by: 'a person' } },
    ]);
    expect(world.rotations.stored?.current).toBeUndefined();
  });

  it('a rotation is told once when it begins and once when it ends, whatever is repeated between', async () => {
    const world = await makeRotationWorld();
    for (const step of ROTATION_STEP) {
      await rotateCredentials(world, { step, token: 'v1', by: 'anna' });
      await rotateCredentials(world, { step, token: 'v1', by: 'anna' });
    }
    await rotateCredentials(world, { step: 'createSecret', token: 'v1', by: 'anna' });
    expect(eventsOf(world).map(({ type }) => type)).toEqual(['Rotation Requested', 'Credentials Rotated']);
    expect(eventsOf(world)[0]).toMatchObject({
      type: 'Rotation Requested',
      detail: { dryRun: false, by: 'anna', secretVersion: 'v1' },
    });
  });

  it('one that is refused at once was asked for all the same', async () => {
    const world = await makeRotationWorld();
    world.users.model = 'internal';
    expect(await codeOf(rotationCommand(world, { action: 'rotate', by: 'ben' }))).toBe('BL8301');
    expect(eventsOf(world)).toMatchObject([{ type: 'Rotation Requested', detail: { dryRun: false, by: 'ben' } }]);
  });

  it('a dry run beside a rotation that is under way leaves it its lock, and only the newest are remembered', async () => {
    const world = await makeRotationWorld();
    await rotateCredentials(world, { step: 'createSecret', token: 'v1', by: 'secrets-manager' });
    for (let i = 0; i < 25; i += 1) await rotationCommand(world, { action: 'rotate', dryRun: true, by: 'anna' });
    expect(world.rotations.stored).toMatchObject({ current: { token: 'v1', by: 'secrets-manager' } });
    expect(world.rotations.stored?.trials).toHaveLength(20);
    for (const step of ROTATION_STEP.slice(1))
      await rotateCredentials(world, { step, token: 'v1', by: 'secrets-manager' });
    expect(world.rotations.stored?.last?.token).toBe('v1');
  });
});

describe('a snapshot first', () => {
  const snapshotsOf = (world: RotationWorld) => [...world.forSnapshots.snapshots.entries.values()];

  it('is made once for each rotation, with the database, before anything is changed, and is named at the end', async () => {
    const world = await makeRotationWorld();
    const { user } = world.users;
    await rotateCredentials(world, { step: 'createSecret', token: 'v1', by: 'anna' });
    expect(world.users.user).toEqual(user);
    expect(snapshotsOf(world)).toMatchObject([
      { state: 'COMPLETE', kind: 'pre-rotation', requestedBy: 'anna', reason: 'before rotation v1' },
    ]);
    expect(world.forSnapshots.databases.backups.size).toBe(1);
    await rotate(world);
    expect(snapshotsOf(world)).toHaveLength(1);
    const name = `lake/${snapshotsOf(world)[0]?.id ?? ''}`;
    expect(world.rotations.stored?.last?.snapshots).toEqual([name]);
    const events = world.rotations.stream.flatMap(({ before, after }) => rotationEventsOf(before, after));
    expect(events.at(-1)).toMatchObject({ type: 'Credentials Rotated', detail: { snapshots: [name] } });
  });

  it('that fails or does not get done leaves the key pair alone, and the next try goes on with it', async () => {
    const world = await makeRotationWorld();
    const put = world.forSnapshots.backups.put.bind(world.forSnapshots.backups);
    world.forSnapshots.backups.put = () => Promise.reject(new Error('denied'));
    await expect(rotate(world)).rejects.toThrow('denied');
    expect(world.secret).toMatchObject({ current: 'v0', kept: undefined });
    expect(await isConsistent(world)).toBe(true);
    world.forSnapshots.backups.put = put;
    await rotate(world);
    expect(world.secret.current).toBe('v1');
    expect(snapshotsOf(world)).toMatchObject([{ state: 'COMPLETE' }]);
  });

  it('does not stand in the way of mending a server that has lost its user', async () => {
    const world = await makeRotationWorld();
    await rotateCredentials(world, { step: 'createSecret', token: 'v1', by: 'a' });
    world.forSnapshots.backups.put = () => Promise.reject(new Error('denied'));
    world.lakefs.beginDump = () => Promise.reject(new Error('401'));
    world.clock.advance(20 * 60_000);
    await rotate(world, 'v2');
    expect(await isConsistent(world)).toBe(true);
  });

  it('of a target that is not there is left out', async () => {
    const world = await makeRotationWorld();
    await world.forSnapshots.lakefs.deleteBranch('lake', 'main');
    await rotate(world);
    expect(world.rotations.stored?.last).toMatchObject({ token: 'v1', snapshots: [] });
  });
});
