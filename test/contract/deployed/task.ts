/** Runs the containers of a task as processes: the commands of the template, with its settings, in a folder of their own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../local/guarded.ts';
import type { Container } from './containers.ts';
import { giveAway, UNPRIVILEGED } from './postgres.ts';

/** What differs from Fargate: where the disk is, which port is free, where the local AWS is. */
const DISK = '/var/lib/lakefs';

export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

export interface Running {
  readonly endpoint: string;
  output(): string;
  /** SIGTERM, as ECS sends it. @returns the exit code */
  stop(): Promise<number | null>;
}

export class Task {
  readonly #folder = mkdtempSync(join(tmpdir(), 'branchline-task-'));
  readonly #containers: readonly Container[];
  readonly #overrides: Readonly<Record<string, string>>;

  constructor(bin: string, containers: readonly Container[], overrides: Readonly<Record<string, string>>) {
    this.#containers = containers;
    this.#overrides = overrides;
    chmodSync(this.#folder, 0o755);
    mkdirSync(join(this.#folder, 'app'));
    symlinkSync(bin, join(this.#folder, 'app', 'lakefs'));
    // What the container `volume` does; by us, since a test need not run as root.
    for (const part of ['disk', 'disk/cache', 'disk/tmp']) {
      mkdirSync(join(this.#folder, part));
      giveAway(join(this.#folder, part));
    }
  }

  /** @param changes what is wrong on purpose. */
  async firstStart(changes: Readonly<Record<string, string>> = {}): Promise<Ended> {
    const child = this.#spawn('first-start', { SETUP_PAUSE_SECONDS: '0', ...changes });
    const said = collect(child);
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output: said() };
  }

  /** One command of the image in place of the server's, as `aws ecs run-task` with an override does it. */
  async command(...words: readonly string[]): Promise<Ended> {
    const child = this.#spawn('lakefs', {}, ['lakefs', ...words]);
    const said = collect(child);
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, output: said() };
  }

  async serve(changes: Readonly<Record<string, string>> = {}): Promise<Running> {
    const listen = changes['LAKEFS_LISTEN_ADDRESS'] ?? `127.0.0.1:${String(await freePort())}`;
    const child = this.#spawn('lakefs', { LAKEFS_LISTEN_ADDRESS: listen, ...changes });
    const output = collect(child);
    const endpoint = `http://${listen}`;
    const until = Date.now() + 30_000;
    while (!(await isHealthy(endpoint))) {
      if (child.exitCode !== null || Date.now() > until) {
        child.kill('SIGKILL');
        throw new Error(`lakeFS did not become healthy:\n${output()}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const stop = async (): Promise<number | null> => {
      if (child.exitCode === null) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      return child.exitCode;
    };
    return { endpoint, output, stop };
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #spawn(name: string, changes: Readonly<Record<string, string>>, words?: readonly string[]): ChildProcess {
    const container = this.#containers.find((each) => each.name === name);
    if (container === undefined) throw new Error(`the template has no container ${name}`);
    const here = (text: string): string => text.replaceAll(DISK, join(this.#folder, 'disk'));
    const environment = Object.fromEntries(
      Object.entries({ ...container.environment, ...this.#overrides, ...changes }).map(([key, value]) => [
        key,
        here(value),
      ]),
    );
    const [command = '', ...args] = (words ?? container.command).map(here);
    const path = `${join(this.#folder, 'app')}:/usr/bin:/bin`;
    return spawn(command === 'lakefs' ? join(this.#folder, 'app', 'lakefs') : command, args, {
      ...UNPRIVILEGED,
      cwd: '/',
      env: { PATH: path, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }
}

const collect = (child: ChildProcess): (() => string) => {
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  }
  return () => said;
};

const isHealthy = (endpoint: string): Promise<boolean> =>
  fetch(`${endpoint}/_health`).then(
    ({ ok }) => ok,
    () => false,
  );
