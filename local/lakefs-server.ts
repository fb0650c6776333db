/** A real lakeFS server from a binary, alone: local metadata store, local block store. For the contract suite. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface RealServer {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** A storage namespace that this server can write to. */
  storageNamespace(name: string): string;
  close(): Promise<void>;
}

const START_MS = 30_000;

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

/** @throws where it does not answer within half a minute. */
export const startLakefsBinary = async (bin: string): Promise<RealServer> => {
  const folder = await mkdtemp(join(tmpdir(), 'branchline-lakefs-'));
  const port = await freePort();
  const accessKeyId = `AKIA${randomBytes(8).toString('hex').toUpperCase()}`;
  const secretAccessKey = randomBytes(24).toString('hex');
  const child = spawn(bin, ['run'], {
    stdio: 'ignore',
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      LAKEFS_LISTEN_ADDRESS: `127.0.0.1:${String(port)}`,
      LAKEFS_DATABASE_TYPE: 'local',
      LAKEFS_DATABASE_LOCAL_PATH: join(folder, 'metadata'),
      LAKEFS_BLOCKSTORE_TYPE: 'local',
      LAKEFS_BLOCKSTORE_LOCAL_PATH: join(folder, 'objects'),
      LAKEFS_AUTH_ENCRYPT_SECRET_KEY: randomBytes(16).toString('hex'),
      LAKEFS_STATS_ENABLED: 'false',
      LAKEFS_SECURITY_CHECK_LATEST_VERSION: 'false',
      LAKEFS_INSTALLATION_USER_NAME: 'admin',
      LAKEFS_INSTALLATION_ACCESS_KEY_ID: accessKeyId,
      LAKEFS_INSTALLATION_SECRET_ACCESS_KEY: secretAccessKey,
    },
  });
  const endpoint = `http://127.0.0.1:${String(port)}`;
  const close = async (): Promise<void> => {
    if (child.exitCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await rm(folder, { recursive: true, force: true });
  };
  const until = Date.now() + START_MS;
  while (Date.now() < until) {
    const isUp = await fetch(`${endpoint}/_health`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return { endpoint, accessKeyId, secretAccessKey, storageNamespace: (name) => `local://${name}`, close };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await close();
  throw new Error(`${bin} did not answer on ${endpoint} within ${String(START_MS / 1000)} s`);
};
