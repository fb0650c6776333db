/** Servers as child processes that end when this process does. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, open, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';

export interface GuardedProcess {
  readonly name: string;
  /** Leader of the process group. */
  readonly pid: number;
  readonly logFile: string;
  /** False from the moment the process has ended, for whatever reason. */
  alive(): boolean;
  /** Ends the process and all that it started; resolves when they are gone. Safe to repeat. */
  stop(): Promise<void>;
  /** The last lines of what it printed. */
  logTail(lines?: number): Promise<string>;
}

export interface GuardedCommand {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly logFile: string;
}

const GUARD = join(import.meta.dirname, 'guard.ts');

const exited = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });

/** Starts a command under `guard.ts`, in a process group of its own, output appended to `logFile`. */
export const startGuarded = async (what: GuardedCommand): Promise<GuardedProcess> => {
  await mkdir(dirname(what.logFile), { recursive: true });
  const log = await open(what.logFile, 'a');
  // A group of its own: Ctrl-C in a terminal reaches us alone, and we end the rest in order.
  const child = spawn(process.execPath, [GUARD, what.command, ...what.args], {
    cwd: what.cwd,
    env: what.env,
    detached: true,
    stdio: ['pipe', log.fd, log.fd],
  });
  const gone = exited(child);
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject);
  });
  await Promise.race([new Promise((resolve) => child.once('spawn', resolve)), failed]);
  await log.close();
  const { stdin: lifeline, pid } = child;
  if (lifeline === null || pid === undefined) throw new Error(`${what.name} could not be started`);
  // A pipe whose reader died is what `alive()` tells about; it need not end this process.
  lifeline.on('error', () => undefined);
  return {
    name: what.name,
    pid,
    logFile: what.logFile,
    alive: () => child.exitCode === null && child.signalCode === null,
    stop: async () => {
      lifeline.end();
      await gone;
    },
    logTail: async (lines = 15) => {
      const text = await readFile(what.logFile, 'utf8').catch(() => '');
      return text.trimEnd().split('\n').slice(-lines).join('\n');
    },
  };
};

/** A TCP port on the loopback address that nobody used a moment ago. */
export const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === 'string') reject(new Error('no TCP port could be had on 127.0.0.1'));
        else resolve(address.port);
      });
    });
  });

/**
 * Waits until `url` answers with a status below 500.
 * @throws with the end of the process's log where it dies first or does not answer in time.
 */
export const waitUntilServing = async (server: GuardedProcess, url: string, timeoutMs: number): Promise<void> => {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer !== undefined && answer.status < 500) return;
    if (!server.alive() || Date.now() > deadline) {
      const seen = server.alive() ? `did not answer ${url} within ${String(timeoutMs / 1000)} s` : 'ended at once';
      throw new Error(`${server.name} ${seen}. The end of ${server.logFile}:\n${await server.logTail()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};
