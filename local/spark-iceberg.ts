/**
 * Spark with Iceberg's runtime for the local environment: a reader of Iceberg tables in Glue that is not ours. `glue/spark-setup.sh iceberg`
 * installs it, where there is a Java that Spark 3.5 runs on, and Maven.
 */
import { execFile, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { LOCAL, PROJECT } from './paths.ts';
import type { LocalState } from './state.ts';

const run = promisify(execFile);
const JARS = join(LOCAL, 'spark-iceberg-jars');
const PYTHON = join(LOCAL, 'venv-spark', 'bin', 'python');
/** Source: Spark 3.5 documentation, "Overview": Java 8, 11 and 17. */
const NEWEST_JAVA = 17;

/** A sentence that says what is missing; nothing once it is installed. @throws in CI where it could be and was not. */
export const installSparkIceberg = async (): Promise<string | undefined> => {
  // It is written to standard error.
  const home = process.env['JAVA_HOME'] ?? '';
  const said = await run(home === '' ? 'java' : join(home, 'bin', 'java'), ['-version']).then(
    ({ stderr }) => stderr,
    () => '',
  );
  const version = Number(/version "(?:1\.)?(\d+)/.exec(said)?.[1] ?? 0);
  if (version === 0 || version > NEWEST_JAVA)
    return `Spark 3.5 needs Java ${String(NEWEST_JAVA)}; ${version === 0 ? 'none is on the PATH, or at JAVA_HOME' : `found ${String(version)}`}`;
  if ((await run('mvn', ['--version']).catch(() => undefined)) === undefined)
    return 'Spark’s jars need Maven; no mvn is on the PATH';
  try {
    await run('sh', [join(PROJECT, 'glue', 'spark-setup.sh'), 'iceberg'], { maxBuffer: 16 * 1024 * 1024 });
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    const why = `Spark cannot be installed: ${(stderr?.trim() || message).split('\n').at(-1) ?? ''}`;
    // In CI the registries are reached: there a reader that is missing is a fault, and no reason to skip what it judges.
    if (process.env['CI'] !== undefined) throw new Error(why, { cause: error });
    return why;
  }
  return undefined;
};

export interface SparkIceberg {
  /** Rows, each value as JSON has it. `glue.<database>.<table>` is a table in Glue. @throws what Spark said. */
  query(sql: string): Promise<readonly (readonly unknown[])[]>;
  stop(): Promise<void>;
}

interface Options {
  readonly aws: LocalState['aws'];
  /** The caller removes it. */
  readonly scratch: string;
  readonly logFile: string;
}

export const startSparkIceberg = async ({ aws, scratch, logFile }: Options): Promise<SparkIceberg> => {
  for (const folder of [scratch, dirname(logFile)]) await mkdir(folder, { recursive: true });
  const jars = (await readdir(JARS)).filter((name) => name.endsWith('.jar')).map((name) => join(JARS, name));
  const child = spawn(PYTHON, [join(import.meta.dirname, 'spark_sql.py'), jars.join(',')], {
    cwd: scratch,
    stdio: 'pipe',
    env: {
      ...{ PATH: process.env['PATH'], HOME: process.env['HOME'], JAVA_HOME: process.env['JAVA_HOME'] },
      ...{ AWS_ENDPOINT_URL: aws.endpoint, AWS_REGION: aws.region, AWS_EC2_METADATA_DISABLED: 'true' },
      ...{ AWS_ACCESS_KEY_ID: aws.accessKeyId, AWS_SECRET_ACCESS_KEY: aws.secretAccessKey },
    },
  });
  child.stderr.pipe(createWriteStream(logFile, { flags: 'a' }));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    async query(sql) {
      child.stdin.write(`${JSON.stringify(sql)}\n`);
      const line = await answers.next();
      if (line.done === true) throw new Error(`Spark ended; see ${logFile}`);
      const answer = JSON.parse(line.value) as { rows?: readonly (readonly unknown[])[]; error?: string };
      if (answer.rows === undefined) throw new Error(answer.error);
      return answer.rows;
    },
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
};
