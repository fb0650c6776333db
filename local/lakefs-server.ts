/** A real lakeFS server from a binary, alone: local metadata store, local block store or S3. For tests. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CREDENTIALS, REGION } from './ministack.ts';

export interface RealServer {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** A storage namespace that this server can write to. */
  storageNamespace(name: string): string;
  close(): Promise<void>;
}

export interface RealServerOptions {
  /** Where everything of the server lies; kept when it is closed. @default one of its own, removed then */
  readonly folder?: string;
  /** Name of the metadata store in the folder: another one is a server that lost its metadata. @default metadata */
  readonly metadata?: string;
  /** Objects in S3 instead of the folder: the endpoint. */
  readonly s3?: string;
}

const START_MS = 30_000;
/** Of every server in one folder: the metadata store is read again only with what it was written with. */
const SECRETS = 'secrets.json';

interface Secrets {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly encryption: string;
}

const secretsIn = async (folder: string): Promise<Secrets> => {
  const file = join(folder, SECRETS);
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Secrets;
  } catch {
    const made = {
      accessKeyId: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`,
      secretAccessKey: randomBytes(24).toString('hex'),
      encryption: randomBytes(16).toString('hex'),
    };
    await writeFile(file, JSON.stringify(made));
    return made;
  }
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

const storageOf = (folder: string, s3: string | undefined): Record<string, string> =>
  s3 === undefined
    ? { LAKEFS_BLOCKSTORE_TYPE: 'local', LAKEFS_BLOCKSTORE_LOCAL_PATH: join(folder, 'objects') }
    : {
        LAKEFS_BLOCKSTORE_TYPE: 's3',
        LAKEFS_BLOCKSTORE_S3_REGION: REGION,
        LAKEFS_BLOCKSTORE_S3_ENDPOINT: s3,
        LAKEFS_BLOCKSTORE_S3_FORCE_PATH_STYLE: 'true',
        LAKEFS_BLOCKSTORE_S3_DISCOVER_BUCKET_REGION: 'false',
        LAKEFS_BLOCKSTORE_S3_CREDENTIALS_ACCESS_KEY_ID: CREDENTIALS.AWS_ACCESS_KEY_ID,
        LAKEFS_BLOCKSTORE_S3_CREDENTIALS_SECRET_ACCESS_KEY: CREDENTIALS.AWS_SECRET_ACCESS_KEY,
      };

/** @throws where it ends or does not answer within half a minute. */
export const startLakefsBinary = async (bin: string, options: RealServerOptions = {}): Promise<RealServer> => {
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'branchline-lakefs-')));
  const port = await freePort();
  const { accessKeyId, secretAccessKey, encryption } = await secretsIn(folder);
  const child = spawn(bin, ['run'], {
    stdio: 'ignore',
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      LAKEFS_LISTEN_ADDRESS: `127.0.0.1:${String(port)}`,
      LAKEFS_DATABASE_TYPE: 'local',
      LAKEFS_DATABASE_LOCAL_PATH: join(folder, options.metadata ?? 'metadata'),
      ...storageOf(folder, options.s3),
      LAKEFS_AUTH_ENCRYPT_SECRET_KEY: encryption,
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
    if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
  };
  const storageNamespace = (name: string): string => (options.s3 === undefined ? `local://${name}` : `s3://${name}`);
  const until = Date.now() + START_MS;
  while (Date.now() < until && child.exitCode === null) {
    const isUp = await fetch(`${endpoint}/_health`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return { endpoint, accessKeyId, secretAccessKey, storageNamespace, close };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const ended = child.exitCode;
  await close();
  const why = ended === null ? `did not answer within ${String(START_MS / 1000)} s` : `ended with ${String(ended)}`;
  throw new Error(`${bin} on ${endpoint} ${why}`);
};
