import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { sendHttp } from '../../../lambdas/adapters/http-send.ts';

const open: { close(): void }[] = [];
const serve = async (answer: (request: IncomingMessage, response: ServerResponse) => unknown): Promise<string> => {
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push({
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  });
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
};
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});
const signal = () => AbortSignal.timeout(5_000);

describe('a call made by hand', () => {
  it('arrives as it was signed: path, query, headers and body', async () => {
    const seen: unknown[] = [];
    const url = await serve(async (request, response) => {
      const { method, url: path, headers } = request;
      seen.push({ method, path, given: headers['x-amz-meta-a'], length: headers['content-length'] });
      seen.push(await text(request));
      response.writeHead(201, { 'X-Amz-Version-Id': 'v1' }).end('done');
    });
    const where = new URL(`${url}/bucket/dt%3D1%20%28a%29/f?prefix=a%20b%2F&uploads=`);
    const call = {
      method: 'PUT',
      headers: { 'x-amz-meta-a': '1' },
      body: new TextEncoder().encode('zwölf'),
      signal: signal(),
    };
    const answer = await sendHttp(where, call);
    expect(seen).toEqual([
      { method: 'PUT', path: '/bucket/dt%3D1%20%28a%29/f?prefix=a%20b%2F&uploads=', given: '1', length: '6' },
      'zwölf',
    ]);
    expect({ ok: answer.ok, status: answer.status }).toEqual({ ok: true, status: 201 });
    expect(answer.headers.get('x-amz-version-ID')).toBe('v1');
    expect(answer.headers.get('etag')).toBeNull();
    expect(new TextDecoder().decode(await answer.arrayBuffer())).toBe('done');
  });

  it.each([301, 404, 503])('hands over an answer of %i as one that is not ok', async (status) => {
    const url = await serve((_, response) =>
      response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end('<Error/>'),
    );
    const answer = await sendHttp(new URL(url), { method: 'GET', headers: {}, signal: signal() });
    expect({ ok: answer.ok, status: answer.status }).toEqual({ ok: false, status });
  });

  it('keeps its connection for the next', async () => {
    const sockets = new Set<unknown>();
    const url = await serve((request, response) => {
      sockets.add(request.socket);
      response.end('more');
    });
    for (const path of ['/a', '/b', '/c']) {
      await sendHttp(new URL(path, url), { method: 'GET', headers: {}, signal: signal() });
    }
    expect(sockets.size).toBe(1);
  });

  it('ends by its signal, before the answer begins and in its midst', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/midst') response.writeHead(200, { 'content-length': '10' }).write('half');
    });
    for (const path of ['/never', '/midst']) {
      const call = sendHttp(new URL(path, url), { method: 'GET', headers: {}, signal: AbortSignal.timeout(100) });
      await expect(call, path).rejects.toThrow();
    }
  });

  it('fails where nobody listens', async () => {
    const call = sendHttp(new URL('http://127.0.0.1:1/'), { method: 'GET', headers: {}, signal: signal() });
    await expect(call).rejects.toThrow('ECONNREFUSED');
  });
});
