/** The CLI as a person or a script has it: its own process, pointed at the environment by AWS variables alone. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { EXIT } from '../../../cli/exit-codes.ts';
import { waitFor } from '../../../local/wait.ts';
import { localState } from './environment.ts';

const ENTRY = join(import.meta.dirname, '..', '..', '..', 'bin', 'branchline.ts');

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  /** Standard output as JSON. */
  json<T>(): T;
}

export const branchline = (words: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ended> => {
  const { aws } = localState();
  const child = spawn(process.execPath, [ENTRY, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      AWS_ENDPOINT_URL: aws.endpoint,
      AWS_REGION: aws.region,
      AWS_ACCESS_KEY_ID: aws.accessKeyId,
      AWS_SECRET_ACCESS_KEY: aws.secretAccessKey,
      ...environment,
    },
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject).once('close', (code) => {
      resolve({ code, out, err, json: <T>() => JSON.parse(out) as T });
    });
  });
};

/** `catalog verify`: while the schedule's sweep holds the tables, it says that it is busy. */
export const verifyCatalog = (...words: readonly string[]): Promise<Ended> =>
  waitFor(
    async () => {
      const ended = await branchline(['catalog', 'verify', ...words]);
      return ended.code === EXIT.timedOut ? undefined : ended;
    },
    { what: 'the tables are free to be looked at', timeoutMs: 60_000, everyMs: 1000 },
  );
