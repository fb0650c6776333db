/**
 * The servers that the contract is held against: always the emulator; a real one where LAKEFS_ENDPOINT (with
 * LAKEFS_ACCESS_KEY_ID and LAKEFS_SECRET_ACCESS_KEY) or LAKEFS_BIN names it.
 */
import { randomBytes } from 'node:crypto';
import { createLakefs } from '../../lambdas/adapters/lakefs/client.ts';
import { createScratchRepositories } from '../../lambdas/adapters/lakefs/scratch.ts';
import { createServerProbe } from '../../lambdas/adapters/lakefs/server-probe.ts';
import type { ScratchRepositories } from '../../lambdas/drill-ports.ts';
import type { Lakefs, ServerProbe } from '../../lambdas/ports.ts';
import { startEmulator } from '../../local/emulator/server.ts';
import { startLakefsBinary } from '../../local/lakefs-server.ts';

export interface Answered {
  readonly status: number;
  /** Parsed, where it is JSON. */
  readonly body: unknown;
  readonly text: string;
  readonly headers: Headers;
}

export interface Server {
  readonly endpoint: string;
  readonly lakefs: Lakefs;
  readonly probe: ServerProbe;
  readonly scratch: ScratchRepositories;
  /** Raw call for what the port does not have; `path` below `/api/v1`. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answered>;
  storageNamespace(name: string): string;
  close(): Promise<void>;
}

interface Address {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  storageNamespace(name: string): string;
  close(): Promise<void>;
}

const connect = (address: Address): Server => {
  const { endpoint, accessKeyId, secretAccessKey } = address;
  const pair = { accessKeyId, secretAccessKey };
  const authorization = `Basic ${Buffer.from(`${accessKeyId}:${secretAccessKey}`).toString('base64')}`;
  const options = { endpoint, credentials: { get: async () => pair, refresh: async () => pair } };
  return {
    endpoint,
    lakefs: createLakefs(options),
    probe: createServerProbe(options),
    scratch: createScratchRepositories(options),
    async call(method, path, body, headers = {}) {
      const isJson = body !== undefined && !Buffer.isBuffer(body);
      const response = await fetch(`${endpoint}/api/v1${path}`, {
        method,
        redirect: 'manual',
        headers: { authorization, ...(isJson ? { 'content-type': 'application/json' } : {}), ...headers },
        ...(body === undefined ? {} : { body: isJson ? JSON.stringify(body) : new Uint8Array(body as Buffer) }),
      });
      const text = await response.text();
      let parsed: unknown;
      try {
        parsed = JSON.parse(text);
      } catch {
        parsed = undefined;
      }
      return { status: response.status, body: parsed, text, headers: response.headers };
    },
    storageNamespace: (name) => address.storageNamespace(name),
    close: () => address.close(),
  };
};

export interface ServerKind {
  readonly name: string;
  start(): Promise<Server>;
}

const emulator: ServerKind = {
  name: 'the emulator',
  start: async () => {
    const started = await startEmulator({ protectionDelayMs: 300 });
    return connect({ ...started, storageNamespace: (name) => `mem://${name}` });
  },
};

const real = (): ServerKind[] => {
  const { LAKEFS_ENDPOINT, LAKEFS_ACCESS_KEY_ID, LAKEFS_SECRET_ACCESS_KEY, LAKEFS_STORAGE_NAMESPACE, LAKEFS_BIN } =
    process.env;
  if (LAKEFS_ENDPOINT !== undefined) {
    return [
      {
        name: `the server at ${LAKEFS_ENDPOINT}`,
        start: async () =>
          connect({
            endpoint: LAKEFS_ENDPOINT,
            accessKeyId: LAKEFS_ACCESS_KEY_ID ?? '',
            secretAccessKey: LAKEFS_SECRET_ACCESS_KEY ?? '',
            storageNamespace: (name) => `${LAKEFS_STORAGE_NAMESPACE?.replace(/\/+$/, '') ?? 'local:/'}/${name}`,
            close: async () => undefined,
          }),
      },
    ];
  }
  if (LAKEFS_BIN === undefined) return [];
  return [{ name: 'the real server of LAKEFS_BIN', start: async () => connect(await startLakefsBinary(LAKEFS_BIN)) }];
};

export const SERVERS: readonly ServerKind[] = [emulator, ...real()];

/** A repository of its own for each test: real servers keep what earlier tests left. */
export const freshRepository = async (server: Server): Promise<string> => {
  const name = `contract-${randomBytes(6).toString('hex')}`;
  await server.lakefs.createRepository({
    name,
    storageNamespace: server.storageNamespace(name),
    defaultBranch: 'main',
  });
  return name;
};
