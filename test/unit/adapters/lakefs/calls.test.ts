/** Time-outs, retries, credentials and headers: what every call to lakeFS has in common. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createLakefs } from '../../../../lambdas/adapters/lakefs/client.ts';
import { MAX_TRIES } from '../../../../lambdas/adapters/lakefs/retry.ts';
import { codeOf, json, nothing, refusal, refused, scripted } from './scripted.ts';

const REF = { id: 'main', commit_id: 'c1' };
const LOCKED = refusal(500, 'branch is currently locked, try again later');
const request = { message: 'm', metadata: {} };

describe('every request', () => {
  it('says who asks, with which keys, and below which path', async () => {
    const { lakefs, requests } = scripted([json(200, REF)]);
    await lakefs.getBranch('lake', 'main');
    expect(requests[0]?.url).toBe('http://lakefs.test/api/v1/repositories/lake/branches/main');
    expect(requests[0]?.headers.get('x-lakefs-client')).toBe('branchline');
    expect(requests[0]?.headers.get('authorization')).toBe(`Basic ${btoa('key-0:secret')}`);
  });

  it('escapes names and paths', async () => {
    const { lakefs, requests } = scripted([new Response('x')]);
    await lakefs.getObject('lake', 'a/b?c', 'p=1/x y&z+é');
    const url = new URL(requests[0]?.url ?? '');
    expect(url.pathname).toBe('/api/v1/repositories/lake/refs/a%2Fb%3Fc/objects');
    expect(url.searchParams.get('path')).toBe('p=1/x y&z+é');
  });

  it('takes an answer with fields that nobody knows', async () => {
    const { lakefs } = scripted([json(200, { ...REF, from_the_future: { a: [1] } })]);
    expect(await lakefs.getBranch('lake', 'main')).toEqual({ id: 'main', commitId: 'c1' });
  });
});

describe('a call that is safe to repeat', () => {
  it.each([
    ['429', refusal(429, 'slow down')],
    ['503', refusal(503, '')],
    ['500', refusal(500, 'boom')],
    ['502 of a gateway', new Response('<html>Bad Gateway</html>', { status: 502 })],
    ['504 of a gateway', new Response('', { status: 504 })],
    ['a locked branch', LOCKED],
    ['a refused connection', refused()],
    ['a time-out', new DOMException('The operation was aborted due to timeout', 'TimeoutError')],
    ['an answer that is no JSON', new Response('<html>log in</html>', { status: 200 })],
    ['an answer that breaks off', new Response('{"id":"main","com', { status: 200 })],
    ['success with nothing in it', new Response('', { status: 200 })],
  ])('is tried again after %s', async (_, failure) => {
    const { lakefs, requests, pauses, failures } = scripted([failure, failure, json(200, REF)]);
    expect(await lakefs.getBranch('lake', 'main')).toEqual({ id: 'main', commitId: 'c1' });
    expect([requests.length, pauses.length, failures.length]).toEqual([3, 2, 2]);
  });

  it.each([
    ['429', refusal(429, 'slow down'), 'BL3003'],
    ['503', refusal(503, ''), 'BL3003'],
    ['500', refusal(500, 'boom'), 'BL3005'],
    ['a locked branch', LOCKED, 'BL3003'],
    ['504', new Response('', { status: 504 }), 'BL3001'],
    ['a refused connection', refused(), 'BL3001'],
    ['an answer that is no JSON', new Response('<html>log in</html>', { status: 200 }), 'BL3005'],
  ])('ends after %s at every try', async (_, failure, code) => {
    const { lakefs, requests, pauses } = scripted([failure]);
    expect(await codeOf(lakefs.getBranch('lake', 'main'))).toBe(code);
    expect([requests.length, pauses.length]).toEqual([MAX_TRIES, MAX_TRIES - 1]);
  });

  it.each([400, 409, 410, 412, 418])('is not tried again after %d', async (status) => {
    const { lakefs, requests } = scripted([refusal(status, 'no')]);
    await codeOf(lakefs.getBranch('lake', 'main'));
    expect(requests).toHaveLength(1);
  });

  it('pauses longer each time, by chance', async () => {
    const { lakefs, pauses } = scripted([refusal(500, 'boom')]);
    await codeOf(lakefs.getBranch('lake', 'main'));
    expect(pauses).toEqual([100, 200, 400, 800, 1600]);
    const lucky = scripted([refusal(500, 'boom')], { random: () => 0 });
    await codeOf(lucky.lakefs.getBranch('lake', 'main'));
    expect(lucky.pauses).toEqual([0, 0, 0, 0, 0]);
  });

  it.each([
    ['3', 3_000],
    ['0', 0],
    [new Date(1_790_000_005_000).toUTCString(), 5_000],
    ['nonsense', 0],
  ])('waits at least as long as Retry-After: %s', async (header, ms) => {
    const { lakefs, pauses } = scripted([refusal(503, '', { 'retry-after': header }), json(200, REF)], {
      random: () => 0,
    });
    await lakefs.getBranch('lake', 'main');
    expect(pauses).toEqual([ms]);
  });
});

describe('a commit, a merge, a revert', () => {
  const calls = {
    commit: (lakefs: ReturnType<typeof scripted>['lakefs']) => lakefs.commit('lake', 'run', request),
    merge: (lakefs: ReturnType<typeof scripted>['lakefs']) => lakefs.merge('lake', 'c1', 'main', request),
    revert: (lakefs: ReturnType<typeof scripted>['lakefs']) => lakefs.revert('lake', 'main', 'c1', 1, request),
  };
  const unknown: [string, Response | Error, string][] = [
    ['a refused connection', refused(), 'BL3001'],
    ['a time-out', new DOMException('timed out', 'TimeoutError'), 'BL3001'],
    ['502', new Response('', { status: 502 }), 'BL3001'],
    ['504', new Response('', { status: 504 }), 'BL3001'],
    ['500', refusal(500, 'boom'), 'BL3005'],
    ['an answer that breaks off', new Response('{"refe', { status: 200 }), 'BL3005'],
    ['an answer that is no JSON', new Response('<html>', { status: 200 }), 'BL3005'],
  ];
  it.each(
    Object.keys(calls).flatMap((name) => unknown.map(([what, failure, code]) => [name, what, failure, code] as const)),
  )('%s is not repeated after %s: it may have been done', async (name, _, failure, code) => {
    const { lakefs, requests } = scripted([failure]);
    // A revert answers nothing, so that there is nothing to break off.
    if (name === 'revert' && failure instanceof Response && failure.status === 200) return;
    expect(await codeOf(calls[name as keyof typeof calls](lakefs))).toBe(code);
    expect(requests).toHaveLength(1);
  });

  it.each(
    Object.keys(calls).flatMap((name) =>
      [LOCKED, refusal(500, 'predicate failed'), refusal(429, ''), refusal(503, ''), refusal(423, '')].map(
        (failure) => [name, failure.status, failure] as const,
      ),
    ),
  )('%s is repeated after %d: it was surely not done', async (name, _, failure) => {
    const { lakefs, requests } = scripted([failure]);
    expect(await codeOf(calls[name as keyof typeof calls](lakefs))).toBe('BL3003');
    expect(requests).toHaveLength(MAX_TRIES);
  });
});

describe('the end of the invocation', () => {
  it('is not passed: no pause and no try is begun that could not be answered by then', async () => {
    const { lakefs, requests, pauses, now } = scripted([refusal(500, 'boom')], { left: 1_500 });
    const began = now();
    expect(await codeOf(lakefs.getBranch('lake', 'main'))).toBe('BL3005');
    expect(pauses).toEqual([100, 200]);
    expect(requests).toHaveLength(3);
    expect(now() - began).toBeLessThanOrEqual(500);
  });

  it('leaves one try where it is near', async () => {
    const { lakefs, requests } = scripted([refusal(503, '')], { left: 900 });
    expect(await codeOf(lakefs.getBranch('lake', 'main'))).toBe('BL3003');
    expect(requests).toHaveLength(1);
  });

  it('comes before a long Retry-After', async () => {
    const { lakefs, requests } = scripted([refusal(429, '', { 'retry-after': '60' })], { left: 30_000 });
    expect(await codeOf(lakefs.getBranch('lake', 'main'))).toBe('BL3003');
    expect(requests).toHaveLength(1);
  });

  const hanging = (signal: AbortSignal): Promise<Response> =>
    new Promise((_, reject) => {
      // On a busy machine the time may be up before the call is made.
      if (signal.aborted) reject(signal.reason);
      else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });

  it('breaks off a call that gets no answer', async () => {
    const began = performance.now();
    const { lakefs } = scripted([({ signal }: Request) => hanging(signal)], { left: 40.5 });
    expect(await codeOf(lakefs.getBranch('lake', 'main'))).toBe('BL3001');
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it('as does the time-out of one try', async () => {
    const { lakefs, requests } = scripted([({ signal }: Request) => hanging(signal), json(200, REF)], {
      requestTimeoutMs: 30,
    });
    expect(await lakefs.getBranch('lake', 'main')).toBeDefined();
    expect(requests).toHaveLength(2);
  });
});

describe('credentials', () => {
  const unauthorised = refusal(401, 'error authenticating request');

  it('are asked for anew once after a 401, and the call is made again', async () => {
    const { lakefs, requests, refreshed, pauses } = scripted([unauthorised, json(200, REF)]);
    expect(await lakefs.getBranch('lake', 'main')).toBeDefined();
    expect([refreshed(), pauses.length]).toEqual([1, 0]);
    expect(requests[1]?.headers.get('authorization')).toBe(`Basic ${btoa('key-1:secret')}`);
  });

  it('that are refused again are asked for twice more, after pauses: they may just be rotated', async () => {
    const { lakefs, requests, refreshed, pauses } = scripted([
      unauthorised,
      unauthorised,
      unauthorised,
      json(200, REF),
    ]);
    expect(await lakefs.getBranch('lake', 'main')).toBeDefined();
    expect([requests.length, refreshed(), pauses]).toEqual([4, 3, [1000, 2000]]);
  });

  it('that are refused in the end, end the call', async () => {
    const { lakefs, requests, refreshed } = scripted([unauthorised]);
    expect(await codeOf(lakefs.merge('lake', 'c1', 'main', request))).toBe('BL3002');
    expect([requests.length, refreshed()]).toEqual([4, 3]);
  });

  it('that cannot be had end the call with their own fault', async () => {
    const fault = Object.assign(new Error('no secret'), { code: 'BL4002' });
    const get = () => Promise.reject(fault);
    const { lakefs, requests } = scripted([json(200, REF)], { credentials: { get, refresh: get } });
    await expect(lakefs.getBranch('lake', 'main')).rejects.toBe(fault);
    expect(requests).toHaveLength(0);
  });

  it('stand in no error', async () => {
    const { lakefs } = scripted([refused()]);
    const error = await lakefs.getBranch('lake', 'main').catch((thrown: Error) => thrown);
    expect(JSON.stringify([String(error), error])).not.toContain('secret');
  });
});

describe('an error', () => {
  it("names the request by the server's id", async () => {
    const { lakefs } = scripted([refusal(400, 'bad', { 'x-request-id': 'r-1' })]);
    await expect(lakefs.commit('lake', 'run', request)).rejects.toMatchObject({
      code: 'BL3005',
      details: { status: 400, requestId: 'r-1' },
    });
  });
});

describe('over a real connection', () => {
  const serve = async (answer: (socket: import('node:net').Socket) => void) => {
    const server = createServer((_, response) => {
      if (response.socket !== null) answer(response.socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const pair = { accessKeyId: 'k', secretAccessKey: 's' };
    const lakefs = createLakefs({
      endpoint: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
      credentials: { get: async () => pair, refresh: async () => pair },
      sleep: async () => undefined,
    });
    return { lakefs, close: () => server.close() };
  };

  it('a body that breaks off is no answer', async () => {
    const { lakefs, close } = await serve((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"reference":');
      socket.destroy();
    });
    expect(await codeOf(lakefs.merge('lake', 'c1', 'main', request))).toBe('BL3001');
    expect(await codeOf(lakefs.getBranch('lake', 'main'))).toBe('BL3001');
    close();
  });

  it('nor is a connection that is closed, or a port where nobody listens', async () => {
    const { lakefs, close } = await serve((socket) => socket.destroy());
    expect(await codeOf(lakefs.commit('lake', 'main', request))).toBe('BL3001');
    close();
    expect(await codeOf(lakefs.deleteBranch('lake', 'main'))).toBe('BL3001');
  });
});

it('an answer without a body is success where none is expected', async () => {
  const { lakefs } = scripted([nothing()]);
  await lakefs.resetStaged('lake', 'run');
  expect(await lakefs.deleteBranch('lake', 'run')).toBe('deleted');
});
