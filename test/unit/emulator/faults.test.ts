import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { FaultInjector } from '../../../local/emulator/faults.ts';
import { type Emulator, startEmulator } from '../../../local/emulator/server.ts';

describe('rules', () => {
  it('strike after as many calls as they let pass, and as often as they say', () => {
    const faults = new FaultInjector();
    faults.add({ match: '^POST .*/merge/', action: { kind: 'hang-up' }, skip: 1, times: 2 });
    const struck = [1, 2, 3, 4].map(() => faults.strike('POST', '/repositories/r/refs/s/merge/main')?.kind);
    expect(struck).toEqual([undefined, 'hang-up', 'hang-up', undefined]);
  });

  it('count only the calls that they match', () => {
    const faults = new FaultInjector();
    faults.add({ match: '^POST .*/commits$', action: { kind: 'hang-up' }, skip: 1, times: 1 });
    expect(faults.strike('POST', '/repositories/r/branches/b/commits')).toBeUndefined();
    expect(faults.strike('GET', '/repositories/r/refs/b/commits')).toBeUndefined();
    expect(faults.strike('POST', '/repositories/r/branches/b/commits')).toEqual({ kind: 'hang-up' });
  });

  it('stand until they are lifted where they name no number', () => {
    const faults = new FaultInjector();
    faults.add({ match: '', action: { kind: 'answer', status: 503, message: 'down' } });
    for (let call = 0; call < 5; call += 1) expect(faults.strike('GET', '/user')).toMatchObject({ status: 503 });
    faults.clear();
    expect(faults.strike('GET', '/user')).toBeUndefined();
  });

  it('leave the word to the first that strikes; one that is used up makes room for the next', () => {
    const faults = new FaultInjector();
    faults.add({ match: '/user', action: { kind: 'hang-up' }, times: 1 });
    faults.add({ match: '/user', action: { kind: 'lose-answer' }, times: 1 });
    expect([1, 2, 3].map(() => faults.strike('GET', '/user')?.kind)).toEqual(['hang-up', 'lose-answer', undefined]);
  });
});

describe('a server under faults', () => {
  let emulator: Emulator;
  let authorization: string;
  beforeEach(async () => {
    emulator = await startEmulator();
    authorization = `Basic ${btoa(`${emulator.accessKeyId}:${emulator.secretAccessKey}`)}`;
    emulator.model.createRepository('lake', 'mem://lake', 'main');
  });
  afterEach(() => emulator.close());

  const call = (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(`${emulator.endpoint}${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const BRANCHES = '/api/v1/repositories/lake/branches';
  const make = (name: string): Promise<Response> => call('POST', BRANCHES, { name, source: 'main' });
  const has = (name: string): boolean => emulator.model.repository('lake').branches.has(name);

  it('answers as told, without doing it', async () => {
    emulator.faults.add({
      match: '^POST .*/branches$',
      action: { kind: 'answer', status: 429, message: 'slow' },
      times: 1,
    });
    const response = await make('b');
    expect([response.status, await response.json()]).toEqual([429, { message: 'slow' }]);
    expect(has('b')).toBe(false);
    expect((await make('b')).status).toBe(201);
  });

  it('does it and hangs up before the answer', async () => {
    emulator.faults.add({ match: '^POST .*/branches$', action: { kind: 'lose-answer' }, times: 1 });
    await expect(make('b')).rejects.toThrow('fetch failed');
    expect(has('b')).toBe(true);
    expect((await make('b')).status).toBe(409);
  });

  it('hangs up before it does anything', async () => {
    emulator.faults.add({ match: '^POST .*/branches$', action: { kind: 'hang-up' }, times: 1 });
    await expect(make('b')).rejects.toThrow('fetch failed');
    expect(has('b')).toBe(false);
    expect((await make('b')).status).toBe(201);
  });

  it('does it late', async () => {
    emulator.faults.add({ match: '^POST .*/branches$', action: { kind: 'delay', ms: 60 }, times: 1 });
    const begun = performance.now();
    expect((await make('b')).status).toBe(201);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(55);
  });

  it('is down for every operation until the fault is lifted, and still says that it is alive', async () => {
    emulator.faults.add({ match: '', action: { kind: 'hang-up' } });
    for (const path of [BRANCHES, '/api/v1/user', `${BRANCHES}/main`]) {
      await expect(call('GET', path)).rejects.toThrow('fetch failed');
    }
    expect((await call('GET', '/_health')).status).toBe(200);
    emulator.faults.clear();
    expect((await call('GET', `${BRANCHES}/main`)).status).toBe(200);
  });

  it('takes and lifts faults over HTTP, for an emulator in another process', async () => {
    const rule = {
      match: '^GET /user',
      action: { kind: 'answer', status: 500, message: 'branch is currently locked' },
    };
    expect((await call('POST', '/_emulator/faults', rule)).status).toBe(204);
    expect((await call('GET', '/api/v1/user')).status).toBe(500);
    expect((await call('DELETE', '/_emulator/faults')).status).toBe(204);
    expect((await call('GET', '/api/v1/user')).status).toBe(200);
  });

  it('takes them from nobody without the key', async () => {
    const response = await fetch(`${emulator.endpoint}/_emulator/faults`, { method: 'DELETE' });
    expect(response.status).toBe(401);
  });
});

test.each(['not json', '{"match":"("}', '{"match":".","action":{"kind":"explode"}}'])(
  'refuses the rule %s',
  async (body) => {
    const emulator = await startEmulator();
    const authorization = `Basic ${btoa(`${emulator.accessKeyId}:${emulator.secretAccessKey}`)}`;
    const response = await fetch(`${emulator.endpoint}/_emulator/faults`, {
      method: 'POST',
      headers: { authorization },
      body,
    });
    expect(response.status).toBe(400);
    expect(emulator.faults.strike('GET', '/user')).toBeUndefined();
    await emulator.close();
  },
);
