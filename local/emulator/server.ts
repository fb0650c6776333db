/** The emulator as an HTTP server on the loopback address. */

import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FaultInjector, parseFaultRule } from './faults.ts';
import { LakefsModel } from './model/model.ts';
import { ModelError } from './model/types.ts';
import { memoryStore, type ObjectStore } from './objects.ts';
import { callOf, type Shared } from './request.ts';
import type { Answer, Route } from './route.ts';
import { ROUTES } from './routes.ts';
import { REMEMBERS_MS, Users } from './users.ts';

export interface EmulatorOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  readonly protectionDelayMs?: number;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  /** How long a user or pair that is gone is still let in. As long as a real server's by default. */
  readonly remembersMs?: number;
  /** In memory by default. */
  readonly objects?: ObjectStore;
  readonly blockstoreType?: string;
}

export interface Emulator {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly model: LakefsModel;
  readonly faults: FaultInjector;
  close(): Promise<void>;
}

const API = '/api/v1';
const OPEN_TO_ANYBODY = ['/healthcheck', '/setup_lakefs', '/auth/login'];

const compiled = ROUTES.map((route) => ({
  route,
  segments: route.path.split('/').slice(1),
}));

const find = (method: string, path: string): { route: Route; params: Record<string, string> } | undefined => {
  const parts = path.split('/').slice(1).map(decodeURIComponent);
  for (const { route, segments } of compiled) {
    if (route.method !== method || segments.length !== parts.length || parts.at(-1) === '') continue;
    if (!segments.every((segment, i) => segment.startsWith(':') || segment === parts[i])) continue;
    const params = segments.flatMap((segment, i) =>
      segment.startsWith(':') ? [[segment.slice(1), parts[i] ?? '']] : [],
    );
    return { route, params: Object.fromEntries(params) as Record<string, string> };
  }
  return undefined;
};

const readBody = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

const send = (response: ServerResponse, { status, body, raw, headers }: Answer): void => {
  const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const type = raw === undefined ? 'application/json' : 'text/plain; charset=utf-8';
  const known = { 'x-request-id': randomUUID(), ...(payload === undefined ? {} : { 'content-type': type }) };
  response.writeHead(status, { ...known, ...headers });
  response.end(payload);
};

export const startEmulator = async (options: EmulatorOptions = {}): Promise<Emulator> => {
  const accessKeyId = options.accessKeyId ?? 'AKIAEMULATORKEY';
  const secretAccessKey = options.secretAccessKey ?? 'emulator-secret';
  const now = Date.now;
  const model = new LakefsModel({ now, protectionDelayMs: options.protectionDelayMs ?? 0, committer: 'branchline' });
  const faults = new FaultInjector();
  let endpoint = '';
  const objects = options.objects ?? memoryStore(() => endpoint);
  const users = new Users('branchline', { accessKeyId, secretAccessKey }, now, options.remembersMs ?? REMEMBERS_MS);
  const shared: Shared = {
    model,
    objects,
    now,
    blockstoreType: options.blockstoreType ?? 'mem',
    users,
    tasks: new Map(),
  };

  const isAllowed = (header: string | undefined): boolean => users.whoIs(header) !== undefined;

  const answer = async (request: IncomingMessage, url: URL, body: Buffer): Promise<Answer> => {
    const path = url.pathname.slice(API.length);
    const found = find(request.method ?? 'GET', path);
    const user = users.whoIs(request.headers.authorization);
    if (user === undefined && !OPEN_TO_ANYBODY.includes(path)) {
      return { status: 401, body: { message: 'error authenticating request' } };
    }
    if (found === undefined) return { status: 404, body: { message: 'invalid API endpoint' } };
    try {
      return await found.route.handle(
        callOf(shared, {
          user: user ?? '',
          params: found.params,
          query: url.searchParams,
          headers: request.headers,
          body,
        }),
      );
    } catch (error) {
      if (!(error instanceof ModelError)) throw error;
      return { status: error.status, body: { message: error.message } };
    }
  };

  /** Faults are set over HTTP too, for an emulator in another process. */
  const administer = async (
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    body: Buffer,
  ): Promise<void> => {
    if (!isAllowed(request.headers.authorization) && url.pathname !== '/_emulator/objects') {
      send(response, { status: 401 });
    } else if (url.pathname === '/_emulator/objects' && request.method === 'PUT') {
      await objects.write(url.searchParams.get('address') ?? '', body);
      send(response, { status: 200 });
    } else if (url.pathname === '/_emulator/objects') {
      const raw = await objects.read(url.searchParams.get('address') ?? '');
      send(response, { status: 200, raw, headers: { 'content-type': 'application/octet-stream' } });
    } else if (url.pathname === '/_emulator/faults' && request.method === 'POST') {
      const rule = parseFaultRule(body.toString('utf8'));
      if (typeof rule === 'string') {
        return send(response, { status: 400, body: { message: `fault refused: ${rule}` } });
      }
      faults.add(rule);
      send(response, { status: 204 });
    } else if (url.pathname === '/_emulator/faults' && request.method === 'DELETE') {
      faults.clear();
      send(response, { status: 204 });
    } else {
      send(response, { status: 404 });
    }
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://emulator');
    const body = await readBody(request);
    if (url.pathname === '/_health') return send(response, { status: 200, raw: 'alive!' });
    if (url.pathname.startsWith('/_emulator/')) return administer(request, response, url, body);
    if (!url.pathname.startsWith(`${API}/`)) {
      return send(response, { status: 404, body: { message: 'not an API endpoint' } });
    }
    const fault = faults.strike(request.method ?? 'GET', url.pathname.slice(API.length));
    if (fault?.kind === 'hang-up') return void request.socket.destroy();
    if (fault?.kind === 'answer') {
      return send(response, { status: fault.status, body: { message: fault.message } });
    }
    if (fault?.kind === 'delay') await new Promise((resolve) => setTimeout(resolve, fault.ms));
    const answered = await answer(request, url, body);
    if (fault?.kind === 'lose-answer') return void request.socket.destroy();
    send(response, answered);
  };

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      send(response, { status: 500, body: { message: error instanceof Error ? error.message : String(error) } });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  endpoint = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  return {
    endpoint,
    accessKeyId,
    secretAccessKey,
    model,
    faults,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
};
