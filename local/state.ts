/** `.local/state.json`: where everything of the running local environment is. Stable: others script against it. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { FunctionName } from '../lambdas/contract.ts';
import { LOCAL, STATE_FILE } from './paths.ts';

const run = promisify(execFile);

export type LakefsKind = 'endpoint' | 'binary' | 'docker' | 'emulator';

export interface LakefsState {
  readonly kind: LakefsKind;
  /** For a person: `lakeFS 1.84.0 (/usr/local/bin/lakefs)`. */
  readonly description: string;
  readonly version: string;
  /** Base URL without `/api/v1`, through the gate where there is one. */
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Secret of the local AWS that holds this pair for the functions. */
  readonly secretArn: string;
  /** An outage can be tried: `PUT /_local/lakefs {"open": false}`. */
  readonly gated: boolean;
  /** The repository that the deployed configuration names. */
  readonly repository: string;
  readonly storageNamespace: string;
}

export interface StackState {
  readonly name: string;
  /** Deployed names by the names of `FUNCTION` in lambdas/contract.ts. */
  readonly functions: Readonly<Partial<Record<FunctionName, string>>>;
  /** URLs by logical id. */
  readonly queues: Readonly<Record<string, string>>;
  readonly buckets: readonly string[];
  readonly ledgerTable: string;
  readonly bus: string;
  readonly configFile: string;
}

export interface LocalState {
  readonly stateVersion: 1;
  /** The process that keeps the environment; it ends all when it ends. */
  readonly pid: number;
  readonly startedAt: string;
  readonly aws: {
    /** What AWS_ENDPOINT_URL is to say. */
    readonly endpoint: string;
    readonly region: string;
    readonly account: string;
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
  };
  readonly lakefs: LakefsState;
  readonly stack: StackState;
  /** Bucket that takes job scripts. */
  readonly scriptBucket: string;
  readonly logs: string;
}

/** Holds keys that open only the local environment, and those of a given lakeFS: readable by the owner alone. */
export const writeState = async (state: LocalState): Promise<void> => {
  await mkdir(LOCAL, { recursive: true });
  const temporary = `${STATE_FILE}.${String(process.pid)}`;
  await writeFile(temporary, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
  await rename(temporary, STATE_FILE);
};

export const removeState = (): Promise<void> => rm(STATE_FILE, { force: true });

/** Whether a process with this id exists. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** Whether that process is the one that keeps an environment, not another that was given its id since. */
export const keepsEnvironment = async (pid: number): Promise<boolean> => {
  const answer = await run('ps', ['-o', 'command=', '-p', String(pid)]).catch(() => undefined);
  return answer?.stdout.includes('daemon.ts') ?? false;
};

/** The state of an environment that runs; undefined where none does (a file left by one that died is ignored). */
export const readState = async (): Promise<LocalState | undefined> => {
  const text = await readFile(STATE_FILE, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const state = JSON.parse(text) as LocalState;
  if (!isAlive(state.pid)) return undefined;
  const answer = await fetch(`${state.aws.endpoint}/_local/state`, { signal: AbortSignal.timeout(3_000) }).catch(
    () => undefined,
  );
  return answer?.ok === true ? state : undefined;
};
