/**
 * Users, key pairs and sessions, and the rotation that rests on them. Only on servers that are started here: nobody else's user is
 * touched.
 */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLakefsUsers } from '../../lambdas/adapters/lakefs/users.ts';
import type { KeyPair, LakefsUsers } from '../../lambdas/rotation-ports.ts';
import { ROTATION_STEP, rotateCredentials } from '../../lambdas/usecases/rotate-credentials.ts';
import { startEmulator } from '../../local/emulator/server.ts';
import { startLakefsBinary } from '../../local/lakefs-server.ts';
import { FakeSecret, makeRotationWorld, type RotationWorld } from '../fakes/rotation.ts';

interface Started {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  close(): Promise<void>;
}

const BIN = process.env['LAKEFS_BIN'];
const kinds: { name: string; user: string; start: () => Promise<Started> }[] = [
  { name: 'the emulator', user: 'branchline', start: () => startEmulator({ remembersMs: 1_000 }) },
  ...(BIN === undefined
    ? []
    : [{ name: 'the real server of LAKEFS_BIN', user: 'admin', start: () => startLakefsBinary(BIN) }]),
];

const call = async (
  server: Started,
  method: string,
  path: string,
  authorization: string,
  body?: unknown,
): Promise<{ status: number; message: string }> => {
  const answer = await fetch(`${server.endpoint}/api/v1${path}`, {
    method,
    headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, message: /"message":"([^"]*)"/.exec(text)?.[1] ?? '' };
};

/** Real users behind a secret and a ledger in memory. */
const worldOn = async (server: Started): Promise<RotationWorld & { users: never }> => {
  const world = await makeRotationWorld();
  const secret = new FakeSecret();
  secret.pairs.set('v0', { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey });
  return { ...world, secret, users: createLakefsUsers({ endpoint: server.endpoint }) as never };
};

describe.each(kinds)('$name', ({ user, start }) => {
  let server: Started;
  let users: LakefsUsers;
  let pair: KeyPair;
  beforeEach(async () => {
    server = await start();
    users = createLakefsUsers({ endpoint: server.endpoint });
    pair = { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey };
  });
  afterEach(() => server.close());

  const login = async () => {
    const session = await users.login(pair);
    if (session === undefined) throw new Error('refused');
    return session;
  };

  it('says to anybody that it has no access control, and to its pair who that is', async () => {
    expect(await users.accessControl()).toBe('none');
    expect(await users.userOf(pair)).toBe(user);
    expect(await users.userOf({ ...pair, secretAccessKey: 'wrong' })).toBeUndefined();
    expect(await users.userOf({ token: 'no-such.token', expiresAt: 0 })).toBeUndefined();
  });

  it('opens sessions of seven days', async () => {
    const session = await login();
    expect(await users.userOf(session)).toBe(user);
    expect((session.expiresAt - Date.now()) / 86_400_000).toBeCloseTo(7, 1);
    expect(await users.login({ ...pair, secretAccessKey: 'wrong' })).toBeUndefined();
  });

  it('takes no second user and no second pair, and shows none', async () => {
    const bearer = `Bearer ${(await login()).token}`;
    for (const id of ['another', user]) {
      expect(await call(server, 'POST', '/auth/users', bearer, { id })).toEqual({
        status: 409,
        message: 'Already exists',
      });
    }
    expect(await call(server, 'POST', `/auth/users/${user}/credentials`, bearer)).toEqual({
      status: 400,
      message: 'exceeded number of allowed credentials: invalid request',
    });
    expect((await call(server, 'GET', `/auth/users/${user}/credentials`, bearer)).status).toBe(501);
    expect((await call(server, 'GET', `/auth/users/${user}`, bearer)).status).toBe(200);
    expect((await call(server, 'POST', '/setup_lakefs', bearer, { username: 'admin' })).status).toBe(409);
  });

  it('knows nobody else', async () => {
    const bearer = `Bearer ${(await login()).token}`;
    const statuses = [
      await call(server, 'GET', '/auth/users/nobody', bearer),
      await call(server, 'DELETE', '/auth/users/nobody', bearer),
      await call(server, 'POST', '/auth/users/nobody/credentials', bearer),
    ].map(({ status }) => status);
    expect(statuses).toEqual([404, 404, 404]);
    expect((await call(server, 'POST', '/auth/users', bearer, {})).status).toBe(400);
    expect((await call(server, 'POST', '/auth/login', '', { access_key_id: 'only' })).status).toBe(400);
  });

  it('lets a session go on where its user was made again without a pair', async () => {
    const session = await login();
    expect(await users.deleteUser(session, user)).toBe('deleted');
    // It still remembers the user.
    expect(await users.userOf(session)).toBe(user);
    expect(await users.deleteUser(session, user)).toBe('deleted');
    expect(await users.createUser(session, user)).toBe('created');
    expect(await users.createUser(session, user)).toBe('exists');
    const made = await users.createKeyPair(session, user);
    expect(await users.createKeyPair(session, user)).toBe('has-one');
    expect(made === 'has-one' ? undefined : await users.userOf(made)).toBe(user);
  });

  it('is rotated: the new pair works at once, the old one is refused within half a minute', async () => {
    const world = await worldOn(server);
    for (const step of ROTATION_STEP) await rotateCredentials(world, { step, token: 'v1', by: 'test' });
    const fresh = world.secret.pairs.get(world.secret.current);
    expect(world.secret.current).toBe('v1');
    expect(fresh?.accessKeyId).not.toBe(pair.accessKeyId);
    if (fresh === undefined) return;
    expect(await users.userOf(fresh)).toBe(user);
    await expect.poll(() => users.userOf(pair), { timeout: 30_000, interval: 500 }).toBeUndefined();
    expect(await users.userOf(fresh)).toBe(user);
    // And once more, by the pair that the first one made.
    for (const step of ROTATION_STEP) await rotateCredentials(world, { step, token: 'v2', by: 'test' });
    const last = world.secret.pairs.get('v2');
    expect(last === undefined ? undefined : await users.userOf(last)).toBe(user);
  }, 60_000);

  it.each(
    (['login', 'deleteUser', 'createUser', 'createKeyPair'] as const).flatMap((name) =>
      (['before', 'after'] as const).map((when) => [when, name] as const),
    ),
  )(
    'whoever dies %s %s: the next try ends with a pair that works, and with the snapshot of before',
    async (when, name) => {
      const world = await worldOn(server);
      const real = createLakefsUsers({ endpoint: server.endpoint });
      let deaths = 0;
      const dying = new Proxy(real, {
        get: (target, key) => {
          const method = Reflect.get(target, key) as (...args: unknown[]) => Promise<unknown>;
          if (key !== name) return method.bind(target);
          return async (...args: unknown[]) => {
            const dies = deaths === 0;
            deaths += 1;
            if (dies && when === 'before') throw new Error('killed');
            const answer = await Reflect.apply(method, target, args);
            if (dies) throw new Error('killed');
            return answer;
          };
        },
      });
      const rotate = async (): Promise<void> => {
        for (const step of ROTATION_STEP)
          await rotateCredentials({ ...world, users: dying }, { step, token: 'v1', by: 'test' });
      };
      await rotate().catch((error: unknown) => expect(String(error)).toContain('killed'));
      // What is made first stays, whatever comes of the rotation.
      const before = [...world.forSnapshots.snapshots.entries.values()].map(({ id }) => id);
      await rotate();
      expect(deaths).toBeGreaterThan(0);
      const fresh = world.secret.pairs.get('v1');
      expect(fresh === undefined ? undefined : await users.userOf(fresh)).toBe(user);
      const { last, current } = (await world.rotations.get()) ?? {};
      expect(current).toBeUndefined();
      expect(last).toMatchObject({ token: 'v1', snapshots: [expect.stringMatching(/^lake\/snapshot-main-/)] });
      const snapshots = [...world.forSnapshots.snapshots.entries.values()];
      expect(snapshots).toMatchObject([{ kind: 'pre-rotation', state: 'COMPLETE' }]);
      expect(before.every((id) => snapshots.some((snapshot) => snapshot.id === id))).toBe(true);
    },
    60_000,
  );

  it('without its user forgets the session; the rotation then says that the server needs help', async () => {
    const world = await worldOn(server);
    await rotateCredentials(world, { step: 'createSecret', token: 'v1', by: 'test' });
    const session = world.secret.kept?.session;
    if (session === undefined) throw new Error('no session');
    await users.deleteUser(session, user);
    await expect.poll(() => users.userOf(session), { timeout: 30_000, interval: 500 }).toBeUndefined();
    const failed = await rotateCredentials(world, { step: 'setSecret', token: 'v1', by: 'test' }).catch(
      (error: { code: string }) => error.code,
    );
    expect(failed).toBe('BL8304');
  }, 60_000);
});

describe.skipIf(BIN === undefined)('the way back of a server that was left without its user', () => {
  const folders: string[] = [];
  afterAll(async () => {
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });

  it('does not start again, and does with the metadata of a moment before: repositories, and the old pair', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'branchline-rotation-'));
    folders.push(folder);
    let server = await startLakefsBinary(BIN ?? '', { folder });
    const pair = { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey };
    const basic = `Basic ${Buffer.from(`${pair.accessKeyId}:${pair.secretAccessKey}`).toString('base64')}`;
    const made = await call(server, 'POST', '/repositories', basic, {
      name: 'lake',
      storage_namespace: 'local://lake',
    });
    expect(made.status).toBe(201);
    await server.close();
    await cp(join(folder, 'metadata'), join(folder, 'before'), { recursive: true });

    server = await startLakefsBinary(BIN ?? '', { folder });
    const users = createLakefsUsers({ endpoint: server.endpoint });
    const session = await users.login(pair);
    if (session !== undefined) await users.deleteUser(session, 'admin');
    await server.close();
    await expect(startLakefsBinary(BIN ?? '', { folder })).rejects.toThrow(/ended with 1/);

    server = await startLakefsBinary(BIN ?? '', { folder, metadata: 'before' });
    expect(await createLakefsUsers({ endpoint: server.endpoint }).userOf(pair)).toBe('admin');
    expect((await call(server, 'GET', '/repositories/lake', basic)).status).toBe(200);
    await server.close();
  }, 60_000);
});
