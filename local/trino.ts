/**
 * Trino for the local environment: a reader of symlink and Iceberg tables in Glue that is not ours, on the engine that Athena is built on.
 * Nothing is installed: `TRINO_HOME` names an unpacked `trino-server`, and `TRINO_JAVA_HOME` (else `JAVA_HOME`) a Java of at least 24. Tried with 476.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { access, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, type GuardedProcess, startGuarded } from './guarded.ts';
import { cleanEnvironment } from './ministack.ts';
import type { LocalState } from './state.ts';
import { waitFor } from './wait.ts';

const run = promisify(execFile);
const OLDEST_JAVA = 24;
const PLUGINS = ['hive', 'iceberg'] as const;
const START_MS = 300_000;

export type TrinoCatalog = (typeof PLUGINS)[number];

export interface TrinoHome {
  readonly home: string;
  readonly java: string;
}

/** What can be started, or a sentence that says what is missing. */
export const findTrino = async (env: NodeJS.ProcessEnv): Promise<TrinoHome | string> => {
  const home = env['TRINO_HOME'] ?? '';
  if (home === '') return 'TRINO_HOME is not set: the folder of an unpacked trino-server';
  for (const part of ['lib', ...PLUGINS.map((name) => join('plugin', name))])
    if (!(await isThere(join(home, part)))) return `TRINO_HOME is ${home}, where ${part} is missing`;
  const javaHome = env['TRINO_JAVA_HOME'] ?? env['JAVA_HOME'] ?? '';
  if (javaHome === '') return `TRINO_JAVA_HOME is not set: Trino needs Java ${String(OLDEST_JAVA)} or newer`;
  const java = join(javaHome, 'bin', 'java');
  // It is written to standard error.
  const said = await run(java, ['-version']).then(
    ({ stderr }) => stderr,
    () => '',
  );
  const version = Number(/version "(\d+)/.exec(said)?.[1] ?? 0);
  if (version >= OLDEST_JAVA) return { home, java };
  const seen = version === 0 ? 'does not run' : `is Java ${String(version)}`;
  return `${java} ${seen}: Trino needs Java ${String(OLDEST_JAVA)} or newer, named by TRINO_JAVA_HOME`;
};

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

type Properties = Readonly<Record<string, string>>;

const write = (file: string, properties: Properties): Promise<void> =>
  writeFile(
    file,
    Object.entries(properties)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  );

const glueAndS3 = ({ endpoint, region, accessKeyId, secretAccessKey }: LocalState['aws']): Properties => ({
  'hive.metastore.glue.endpoint-url': endpoint,
  'hive.metastore.glue.region': region,
  'hive.metastore.glue.aws-access-key': accessKeyId,
  'hive.metastore.glue.aws-secret-key': secretAccessKey,
  'fs.native-s3.enabled': 'true',
  's3.endpoint': endpoint,
  's3.region': region,
  's3.path-style-access': 'true',
  's3.aws-access-key': accessKeyId,
  's3.aws-secret-key': secretAccessKey,
});

/** By catalog. Nothing is cached: a query sees what Glue and S3 hold when it begins. */
const catalogs = (aws: LocalState['aws']): Readonly<Record<TrinoCatalog, Properties>> => ({
  hive: {
    ...{ 'connector.name': 'hive', 'hive.metastore': 'glue', ...glueAndS3(aws) },
    // The local Glue answers each segment with all partitions: each would be there once for every segment.
    'hive.metastore.glue.partitions-segments': '1',
    'hive.metastore-cache-ttl': '0s',
    'hive.file-status-cache-expire-time': '0s',
    // As Athena reads Parquet.
    'hive.parquet.use-column-names': 'true',
  },
  iceberg: { 'connector.name': 'iceberg', 'iceberg.catalog.type': 'glue', ...glueAndS3(aws) },
});

interface Answer {
  readonly nextUri?: string;
  readonly data?: readonly (readonly unknown[])[];
  readonly error?: { readonly errorName: string; readonly message: string };
}

export interface Trino {
  /** Its rows, each value as JSON gives it. @throws with the name of Trino's error and what it said. */
  query(catalog: TrinoCatalog, database: string, sql: string): Promise<readonly (readonly unknown[])[]>;
  stop(): Promise<void>;
}

const ask = async (url: string, init: RequestInit = {}): Promise<Answer> => {
  for (;;) {
    const response = await fetch(url, { signal: AbortSignal.timeout(60_000), ...init });
    const body = await response.text();
    // Busy: the same request is to be made again.
    if (response.status === 503) continue;
    if (!response.ok) throw new Error(`Trino answered ${String(response.status)}: ${body.slice(0, 500)}`);
    return JSON.parse(body) as Answer;
  }
};

const query = async (
  endpoint: string,
  catalog: TrinoCatalog,
  database: string,
  sql: string,
): Promise<readonly (readonly unknown[])[]> => {
  const headers = {
    ...{ 'X-Trino-User': 'reader', 'X-Trino-Source': 'branchline', 'X-Trino-Time-Zone': 'UTC' },
    ...{ 'X-Trino-Catalog': catalog, 'X-Trino-Schema': database },
  };
  const rows: (readonly unknown[])[] = [];
  let answer = await ask(`${endpoint}/v1/statement`, { method: 'POST', headers, body: sql });
  for (;;) {
    if (answer.error !== undefined) throw new Error(`${answer.error.errorName}: ${answer.error.message}`);
    rows.push(...(answer.data ?? []));
    if (answer.nextUri === undefined) return rows;
    answer = await ask(answer.nextUri);
  }
};

/** Until it answers queries of both catalogs: for a moment after its start it has "no nodes available". */
const untilItReads = async (endpoint: string, server: GuardedProcess): Promise<void> => {
  let last = '';
  await waitFor(
    async () => {
      if (!server.alive()) throw new Error(`Trino ended. The end of ${server.logFile}:\n${await server.logTail()}`);
      try {
        for (const name of PLUGINS) await query(endpoint, name, 'information_schema', 'SHOW SCHEMAS');
        return true;
      } catch (error) {
        last = (error as Error).message;
        return undefined;
      }
    },
    { what: 'Trino answers queries', timeoutMs: START_MS, everyMs: 1000 },
    () => last,
  );
};

export interface TrinoOptions extends TrinoHome {
  readonly aws: LocalState['aws'];
  /** Holds its settings and data; the caller removes it. */
  readonly scratch: string;
  readonly logFile: string;
}

export const startTrino = async ({ home, java, aws, scratch, logFile }: TrinoOptions): Promise<Trino> => {
  const endpoint = `http://127.0.0.1:${String(await freePort())}`;
  const [etc, plugins, data] = ['etc', 'plugin', 'data'].map((name) => join(scratch, name)) as [string, string, string];
  for (const folder of [join(etc, 'catalog'), plugins, data]) await mkdir(folder, { recursive: true });
  // With all the others it takes three times as long to start.
  for (const name of PLUGINS) await symlink(join(home, 'plugin', name), join(plugins, name));
  await write(join(etc, 'config.properties'), {
    ...{ coordinator: 'true', 'node-scheduler.include-coordinator': 'true', 'discovery.uri': endpoint },
    ...{ 'http-server.http.port': new URL(endpoint).port, 'node.bind-ip': '127.0.0.1' },
    ...{ 'node.internal-address': '127.0.0.1', 'catalog.config-dir': join(etc, 'catalog') },
    ...{ 'node.environment': 'branchline', 'node.id': randomUUID(), 'plugin.dir': plugins },
    // All of it to our log file.
    'log.enable-console': 'true',
  });
  for (const [name, properties] of Object.entries(catalogs(aws)))
    await write(join(etc, 'catalog', `${name}.properties`), properties);
  const server = await startGuarded({
    name: 'Trino',
    command: java,
    args: [
      ...['-Xmx2G', '-XX:+UseG1GC', '-XX:+ExitOnOutOfMemoryError', '-Duser.timezone=UTC'],
      ...['-Djdk.attach.allowAttachSelf=true', '-Djdk.nio.maxCachedBufferSize=2000000'],
      ...['--add-opens=java.base/java.nio=ALL-UNNAMED', '--add-modules=jdk.incubator.vector'],
      ...['--sun-misc-unsafe-memory-access=allow', '--enable-native-access=ALL-UNNAMED'],
      ...[
        `-Dnode.data-dir=${data}`,
        `-Dconfig=${join(etc, 'config.properties')}`,
        '-cp',
        join(home, 'lib', '*'),
        'io.trino.server.TrinoServer',
      ],
    ],
    cwd: scratch,
    env: cleanEnvironment(),
    logFile,
  });
  try {
    await untilItReads(endpoint, server);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    query: (catalog, database, sql) => query(endpoint, catalog, database, sql),
    stop: () => server.stop(),
  };
};
