/** The lakeFS that a benchmark runs against: LAKEFS_ENDPOINT, else LAKEFS_BIN or a `lakefs` on the PATH, else the emulator. */
import { join } from 'node:path';
import { freePort, startGuarded, waitUntilServing } from '../../local/guarded.ts';
import { chooseLakefs, startLakefs } from '../../local/lakefs.ts';
import { startLakefsBinary } from '../../local/lakefs-server.ts';
import { type KeyPair, newKeyPair } from '../../local/lakefs-settings.ts';
import { logDirectory, PROJECT } from '../../local/paths.ts';
import { type Wire, wireTo } from './wire.ts';

export interface Server {
  readonly description: string;
  readonly endpoint: string;
  readonly keys: KeyPair;
  readonly wire: Wire;
  /** An empty repository with branch `main`. @returns its name. */
  makeRepository(suffix: string): Promise<string>;
  close(): Promise<void>;
}

interface Started {
  readonly kind: string;
  readonly endpoint: string;
  readonly keys: KeyPair;
  readonly repository: string;
  readonly storageNamespace: string;
  readonly stop?: () => Promise<void>;
}

const startBinary = async (path: string): Promise<Started> => {
  const { endpoint, accessKeyId, secretAccessKey, storageNamespace, close } = await startLakefsBinary(path);
  const keys = { accessKeyId, secretAccessKey };
  return {
    kind: 'lakeFS',
    endpoint,
    keys,
    repository: 'bench',
    storageNamespace: storageNamespace('bench'),
    stop: close,
  };
};

/** In a process of its own, as a server is: its work must not count as ours. */
const startEmulator = async (): Promise<Started> => {
  const keys = newKeyPair();
  const listen = `127.0.0.1:${String(await freePort())}`;
  const process_ = await startGuarded({
    name: 'lakeFS emulator',
    command: process.execPath,
    args: [join(PROJECT, 'local', 'emulator', 'main.ts')],
    cwd: PROJECT,
    env: {
      PATH: process.env.PATH,
      LAKEFS_LISTEN_ADDRESS: listen,
      LAKEFS_INSTALLATION_ACCESS_KEY_ID: keys.accessKeyId,
      LAKEFS_INSTALLATION_SECRET_ACCESS_KEY: keys.secretAccessKey,
    },
    logFile: join(logDirectory('bench'), 'emulator.log'),
  });
  await waitUntilServing(process_, `http://${listen}/_health`, 30_000);
  return {
    kind: 'emulator',
    endpoint: `http://${listen}`,
    keys,
    repository: 'bench',
    storageNamespace: 'mem://bench',
    stop: process_.stop,
  };
};

const start = async (): Promise<Started> => {
  const choice = await chooseLakefs();
  switch (choice.kind) {
    case 'endpoint': {
      const nowhere = { s3: '', bucket: '', scratch: '', logFile: '' };
      return { ...(await startLakefs({ choice, ...nowhere })), kind: 'lakeFS' };
    }
    case 'binary':
      return startBinary(choice.path);
    // The image would need an S3 beneath it, which is no part of these benchmarks.
    case 'docker':
    case 'emulator':
      return startEmulator();
  }
};

const versionOf = async (wire: Wire): Promise<string> => {
  const { text } = await wire('GET', '/config/version');
  return (JSON.parse(text) as { version?: string }).version ?? 'unknown';
};

export const startServer = async (): Promise<Server> => {
  const started = await start();
  const { endpoint, keys } = started;
  const wire = wireTo(endpoint, keys);
  const made: string[] = [];
  return {
    description: `${started.kind} ${await versionOf(wire)}`,
    endpoint,
    keys,
    wire,
    async makeRepository(suffix) {
      const name = `${started.repository}-${suffix}`;
      const body = { name, storage_namespace: `${started.storageNamespace}-${suffix}`, default_branch: 'main' };
      const { status, text } = await wire('POST', '/repositories', JSON.stringify(body));
      if (status !== 201) throw new Error(`repository ${name} was answered ${String(status)}: ${text}`);
      made.push(name);
      return name;
    },
    async close() {
      if (started.stop !== undefined) return started.stop();
      // Somebody else's server: nothing of ours stays.
      for (const name of made) await wire('DELETE', `/repositories/${name}?force=true`);
    },
  };
};
