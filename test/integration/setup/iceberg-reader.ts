/** Iceberg tables as pyiceberg reads them from Glue: in a venv of its own, made once. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LOCAL, VENV } from '../../../local/paths.ts';
import type { LocalState } from '../../../local/state.ts';

const run = promisify(execFile);
const REQUIREMENTS = join(import.meta.dirname, 'iceberg-requirements.txt');
const SCRIPT = join(import.meta.dirname, 'read_iceberg.py');
const WATCH_SCRIPT = join(import.meta.dirname, 'watch_iceberg.py');
/** Readers of metadata files in folders. */
const STATE_READERS = {
  pyiceberg: join(import.meta.dirname, 'read_metadata.py'),
  DuckDB: join(import.meta.dirname, 'read_metadata_duckdb.py'),
} as const;
export type StateReader = keyof typeof STATE_READERS;
export const READERS_OF_STATES = Object.keys(STATE_READERS) as StateReader[];
const READER = join(LOCAL, 'iceberg-venv');
export const READER_PYTHON = join(READER, 'bin', 'python3');
const STAMP = join(READER, 'requirements.sha256');

/** Rows are text, sorted: values by the names of their columns, with a blank between. */
export interface IcebergRead {
  readonly rows: readonly string[];
  /** Those with an `id` of at least 3. */
  readonly filtered: readonly string[];
  readonly metadata: string;
  readonly summary: Readonly<Record<string, string>>;
  /** Commit → rows of its snapshot. */
  readonly history: Readonly<Record<string, readonly string[]>>;
  /** Id of a snapshot → its rows. */
  readonly by_snapshot: Readonly<Record<string, readonly string[]>>;
  readonly columns: readonly (readonly [name: string, type: string])[];
}

/** @returns what is missing, where it cannot be installed. @throws that in CI. */
export const installReader = async (): Promise<string | undefined> => {
  const wanted = createHash('sha256')
    .update(await readFile(REQUIREMENTS))
    .digest('hex');
  if ((await readFile(STAMP, 'utf8').catch(() => undefined)) === wanted) return undefined;
  await rm(READER, { recursive: true, force: true });
  try {
    await run(join(VENV, 'bin', 'python3'), ['-m', 'venv', READER]);
    await run(READER_PYTHON, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS], {
      maxBuffer: 16 * 1024 * 1024,
    });
  } catch (error) {
    const { stderr, message } = error as { stderr?: string; message: string };
    const said = `pyiceberg cannot be installed: ${(stderr?.trim() || message).split('\n').at(-1) ?? ''}`;
    // In CI the package index is reached: there a reader that is missing is a fault, and no reason to skip what it judges.
    if (process.env['CI'] !== undefined) throw new Error(said, { cause: error });
    return said;
  }
  await writeFile(STAMP, wanted);
  return undefined;
};

const reading = ({ aws }: LocalState, script: string, database: string, table: string) =>
  run(READER_PYTHON, [script, database, table], {
    maxBuffer: 64 * 1024 * 1024,
    env: {
      ...{ PATH: process.env['PATH'], HOME: process.env['HOME'] },
      ...{ AWS_ENDPOINT_URL: aws.endpoint, AWS_REGION: aws.region, AWS_DEFAULT_REGION: aws.region },
      // Nobody is there to be asked about the machine.
      AWS_EC2_METADATA_DISABLED: 'true',
      ...{ AWS_ACCESS_KEY_ID: aws.accessKeyId, AWS_SECRET_ACCESS_KEY: aws.secretAccessKey },
    },
  });

export const readIceberg = async (state: LocalState, database: string, table: string): Promise<IcebergRead> =>
  JSON.parse((await reading(state, SCRIPT, database, table)).stdout) as IcebergRead;

/** Reads the table again and again. `end` tells the rows of each reading as text, the last one begun after it was called. */
export const watchIceberg = (state: LocalState, database: string, table: string) => {
  const watching = reading(state, WATCH_SCRIPT, database, table);
  return {
    async end(): Promise<readonly (readonly string[])[]> {
      watching.child.stdin?.end();
      const { stdout } = await watching;
      return stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as readonly string[]);
    },
  };
};

export interface StateRead {
  /** Each row as JSON of the text of its values, nulls left out; sorted. */
  readonly rows: readonly string[];
  /** Those with an `id` of at least 2000. */
  readonly few: readonly string[];
  /** Id of each snapshot → its rows. */
  readonly history: Readonly<Record<string, readonly string[]>>;
}

/** As `readIceberg`, of metadata files and all that they name in folders: `s3://bucket/key` lies at `bucket/key` of the folder. */
export const readStates = async (
  reader: StateReader,
  states: readonly { readonly folder: string; readonly metadata: string }[],
): Promise<readonly StateRead[]> => {
  const read = run(READER_PYTHON, [STATE_READERS[reader]], { maxBuffer: 64 * 1024 * 1024 });
  read.child.stdin?.end(JSON.stringify(states.map(({ folder, metadata }) => [folder, metadata])));
  return JSON.parse((await read).stdout) as readonly StateRead[];
};
