/**
 * The lakeFS beneath the local environment: the one that LAKEFS_ENDPOINT names; else a server binary (LAKEFS_BIN, or
 * `lakefs` on the PATH); else the official image where Docker runs; else the built-in emulator.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { LAKEFS_VERSION } from '../lambdas/contract.ts';
import { freePort, type GuardedProcess, startGuarded, waitUntilServing } from './guarded.ts';
import { type KeyPair, newKeyPair, serverEnvironment } from './lakefs-settings.ts';
import { cleanEnvironment } from './ministack.ts';
import { PROJECT } from './paths.ts';
import type { LakefsKind } from './state.ts';

const run = promisify(execFile);
const IMAGE = `treeverse/lakefs:${LAKEFS_VERSION}`;

/** Which server it will be, decided before anything is started. */
export type LakefsChoice =
  | { readonly kind: 'endpoint'; readonly endpoint: string; readonly keys: KeyPair; readonly storagePrefix?: string }
  | { readonly kind: 'binary'; readonly path: string }
  | { readonly kind: 'docker' }
  | { readonly kind: 'emulator' };

export interface LakefsServer {
  readonly kind: LakefsKind;
  readonly description: string;
  readonly version: string;
  readonly endpoint: string;
  readonly keys: KeyPair;
  readonly repository: string;
  readonly storageNamespace: string;
  readonly process?: GuardedProcess;
}

const onPath = async (name: string, path: string): Promise<string | undefined> => {
  for (const folder of path.split(delimiter)) {
    const file = join(folder, name);
    if (
      await access(file, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return file;
  }
  return undefined;
};

const dockerAnswers = async (path: string): Promise<boolean> => {
  const docker = await onPath('docker', path);
  if (docker === undefined) return false;
  return run(docker, ['version', '--format', '{{.Server.Version}}'], { timeout: 5_000 }).then(
    ({ stdout }) => stdout.trim() !== '',
    () => false,
  );
};

/** @throws where LAKEFS_ENDPOINT comes without keys, or LAKEFS_BIN names no program. */
export const chooseLakefs = async (env: NodeJS.ProcessEnv = process.env): Promise<LakefsChoice> => {
  const { LAKEFS_ENDPOINT: endpoint, LAKEFS_BIN: binary, PATH: path = '' } = env;
  if (endpoint !== undefined && endpoint !== '') {
    const { LAKEFS_ACCESS_KEY_ID: accessKeyId, LAKEFS_SECRET_ACCESS_KEY: secretAccessKey } = env;
    if (accessKeyId === undefined || secretAccessKey === undefined)
      throw new Error(
        'LAKEFS_ENDPOINT is set, but LAKEFS_ACCESS_KEY_ID or LAKEFS_SECRET_ACCESS_KEY is not. Set both, or unset LAKEFS_ENDPOINT to use a server of our own.',
      );
    return {
      kind: 'endpoint',
      endpoint: endpoint.replace(/\/+$/, '').replace(/\/api\/v1$/, ''),
      keys: { accessKeyId, secretAccessKey },
      ...(env.LAKEFS_STORAGE_NAMESPACE !== undefined && { storagePrefix: env.LAKEFS_STORAGE_NAMESPACE }),
    };
  }
  if (binary !== undefined && binary !== '') {
    await access(binary, constants.X_OK).catch(() => {
      throw new Error(`LAKEFS_BIN names ${binary}, which is no program that can be run.`);
    });
    return { kind: 'binary', path: binary };
  }
  const found = await onPath('lakefs', path);
  if (found !== undefined) return { kind: 'binary', path: found };
  return (await dockerAnswers(path)) ? { kind: 'docker' } : { kind: 'emulator' };
};

interface ServerAnswers {
  readonly version: string;
  readonly blockstoreType: string;
  readonly defaultNamespacePrefix?: string;
}

/** @throws with status and address where the server cannot be reached or refuses the keys. */
const ask = async (endpoint: string, keys: KeyPair): Promise<ServerAnswers> => {
  const url = `${endpoint}/api/v1/config`;
  const basic = Buffer.from(`${keys.accessKeyId}:${keys.secretAccessKey}`).toString('base64');
  const answer = await fetch(url, {
    headers: { authorization: `Basic ${basic}` },
    signal: AbortSignal.timeout(10_000),
  }).catch((error: Error) => {
    throw new Error(`lakeFS at ${endpoint} cannot be reached: ${error.message}. Check the address and that it runs.`);
  });
  if (!answer.ok)
    throw new Error(
      `lakeFS at ${endpoint} answered ${String(answer.status)} to GET /config. Check address and keys: both come from the environment.`,
    );
  const config = (await answer.json()) as {
    version_config?: { version?: string };
    storage_config?: { blockstore_type?: string; default_namespace_prefix?: string };
  };
  const prefix = config.storage_config?.default_namespace_prefix;
  return {
    version: config.version_config?.version ?? 'unknown',
    blockstoreType: config.storage_config?.blockstore_type ?? 'unknown',
    ...(prefix !== undefined && prefix !== '' && { defaultNamespacePrefix: prefix }),
  };
};

const namespaceAt = (
  endpoint: string,
  given: string | undefined,
  answers: ServerAnswers,
  repository: string,
): string => {
  if (given !== undefined) return `${given.replace(/\/+$/, '')}/${repository}`;
  if (answers.defaultNamespacePrefix !== undefined)
    return `${answers.defaultNamespacePrefix.replace(/\/+$/, '')}/${repository}`;
  if (answers.blockstoreType === 'local') return `local://${repository}`;
  throw new Error(
    `lakeFS at ${endpoint} keeps objects in ${answers.blockstoreType} and names no default place. Set LAKEFS_STORAGE_NAMESPACE, for example s3://my-bucket/branchline-demo.`,
  );
};

export interface LakefsOptions {
  readonly choice: LakefsChoice;
  /** Endpoint of the local S3. */
  readonly s3: string;
  /** Bucket there that takes the objects. */
  readonly bucket: string;
  readonly scratch: string;
  readonly logFile: string;
}

/** A repository of our own on a server that belongs to somebody. */
const foreignRepository = (): string => `branchline-local-${randomBytes(4).toString('hex')}`;
const OWN_REPOSITORY = 'lake';

interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Record<string, string>;
  readonly endpoint: string;
  readonly keys: KeyPair;
  readonly where: string;
}

const launch = async (options: LakefsOptions, choice: Exclude<LakefsChoice, { kind: 'endpoint' }>): Promise<Launch> => {
  const port = await freePort();
  const keys = newKeyPair();
  const endpoint = `http://127.0.0.1:${String(port)}`;
  const settings = serverEnvironment({
    keys,
    listen: `127.0.0.1:${String(port)}`,
    databasePath: choice.kind === 'docker' ? '/tmp/lakefs-kv' : join(options.scratch, 'lakefs-kv'),
    s3: options.s3,
    encryptionKey: randomBytes(24).toString('base64url'),
  });
  switch (choice.kind) {
    case 'binary':
      return { command: choice.path, args: ['run'], env: settings, endpoint, keys, where: choice.path };
    case 'docker': {
      // The host's network: the local S3 listens on the loopback address alone.
      const args = [
        'run',
        '--rm',
        '--init',
        '--network',
        'host',
        ...Object.keys(settings).flatMap((name) => ['--env', name]),
      ];
      return {
        command: 'docker',
        args: [...args, IMAGE, 'run'],
        env: settings,
        endpoint,
        keys,
        where: `image ${IMAGE}`,
      };
    }
    case 'emulator':
      return {
        command: process.execPath,
        args: [join(import.meta.dirname, 'emulator', 'main.ts')],
        env: settings,
        endpoint,
        keys,
        where: 'built in',
      };
  }
};

/** @throws with what the server said where it does not start. */
export const startLakefs = async (options: LakefsOptions): Promise<LakefsServer> => {
  const { choice } = options;
  if (choice.kind === 'endpoint') {
    const answers = await ask(choice.endpoint, choice.keys);
    const repository = foreignRepository();
    return {
      kind: 'endpoint',
      description: `lakeFS ${answers.version} (${choice.endpoint})`,
      version: answers.version,
      endpoint: choice.endpoint,
      keys: choice.keys,
      repository,
      storageNamespace: namespaceAt(choice.endpoint, choice.storagePrefix, answers, repository),
    };
  }
  const what = await launch(options, choice);
  await mkdir(options.scratch, { recursive: true });
  const server = await startGuarded({
    name: 'lakeFS',
    command: what.command,
    args: what.args,
    cwd: PROJECT,
    env: { ...cleanEnvironment(), ...what.env },
    logFile: options.logFile,
  });
  // The image may have to be fetched first.
  await waitUntilServing(server, `${what.endpoint}/_health`, choice.kind === 'docker' ? 300_000 : 60_000);
  const { version } = await ask(what.endpoint, what.keys);
  return {
    kind: choice.kind,
    description: `${choice.kind === 'emulator' ? 'lakeFS emulator' : 'lakeFS'} ${version} (${what.where})`,
    version,
    endpoint: what.endpoint,
    keys: what.keys,
    repository: OWN_REPOSITORY,
    storageNamespace: `s3://${options.bucket}/${OWN_REPOSITORY}`,
    process: server,
  };
};
