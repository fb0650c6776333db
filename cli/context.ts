/** What a command works with: the deployment, the terminal, and how the answer is wanted. */
import type { Command } from 'commander';
import { DEFAULT_PREFIX, ENV } from '../lambdas/contract.ts';
import type { EpochMs } from '../lambdas/domain/run.ts';
import type { Connect, Connection } from './connection.ts';
import { type Deployment, deploymentOf } from './deployment.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { Failure } from './failure.ts';
import type { Terminal } from './terminal.ts';

/** The world outside, so that tests bring their own. */
export interface Outside {
  readonly terminal: Terminal;
  readonly connect: Connect;
  readonly environment: Readonly<Record<string, string | undefined>>;
  now(): EpochMs;
  pause(ms: number): Promise<void>;
  newRunId(): string;
}

export interface Context extends Outside {
  readonly connection: Connection;
  readonly deployment: Deployment;
  readonly prefix: string;
  readonly json: boolean;
  /** The answer of a command: as JSON where that is wanted, else as `show` writes it. */
  answer(data: unknown, show: () => void): void;
  /** A line of talk; none beside JSON. */
  say(text: string): void;
}

/** Who asks, for the audit trail: AWS tells a function nothing of who invokes it. */
const askerOf = async ({ environment }: Outside, connection: Connection): Promise<string> => {
  if (environment['BRANCHLINE_WHO'] !== undefined) return environment['BRANCHLINE_WHO'];
  // What was asked for matters more than who: whoever may not ask STS is known to CloudTrail.
  const arn = await connection.identity().then(
    (identity) => identity.arn,
    () => '',
  );
  return arn === '' ? (environment['USER'] ?? environment['USERNAME'] ?? 'unknown') : arn;
};

interface GlobalOptions {
  readonly json?: boolean;
  readonly prefix?: string;
  readonly region?: string;
  readonly profile?: string;
}

const PREFIX = /^[a-z][a-z0-9-]{0,19}$/;

const prefixOf = (given: string): string => {
  if (PREFIX.test(given)) return given;
  throw new Failure('BL6001', `prefix "${given}": at most 20 lower-case letters, digits and -, first a letter`);
};

/** One run of the program: opens a connection for the command that needs one, and keeps its exit code. */
export class Session {
  readonly outside: Outside;
  exitCode: ExitCode = EXIT.ok;
  #connection: Connection | undefined;

  constructor(outside: Outside) {
    this.outside = outside;
  }

  open(command: Command): Context {
    const { outside } = this;
    const options = command.optsWithGlobals<GlobalOptions>();
    const prefix = prefixOf(options.prefix ?? outside.environment[ENV.prefix] ?? DEFAULT_PREFIX);
    const { region, profile } = options;
    const connection = outside.connect({
      prefix,
      ...(region === undefined ? {} : { region }),
      ...(profile === undefined ? {} : { profile }),
    });
    this.#connection = connection;
    const { terminal } = outside;
    let asker: Promise<string> | undefined;
    const json = options.json === true;
    return {
      ...outside,
      connection,
      deployment: deploymentOf(connection, () => {
        asker ??= askerOf(outside, connection);
        return asker;
      }),
      prefix,
      json,
      answer: (data, show) => {
        if (json) terminal.out(`${asJson(data, terminal)}\n`);
        else show();
      },
      say: (text) => {
        if (!json) terminal.err(`${text}\n`);
      },
    };
  }

  close(): void {
    this.#connection?.close();
  }
}

/** One line for programs, indented where a person looks. */
export const asJson = (data: unknown, terminal: Terminal): string =>
  terminal.columns === undefined ? JSON.stringify(data) : JSON.stringify(data, null, 2);
