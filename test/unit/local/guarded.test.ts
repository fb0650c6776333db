import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePort, startGuarded, waitUntilServing } from '../../../local/guarded.ts';
import { isAlive } from '../../../local/state.ts';
import { waitFor } from '../../../local/wait.ts';

const LOCAL = join(import.meta.dirname, '..', '..', '..', 'local');

/** A server that starts a grandchild, writes both process ids, and does not end when it is asked to. */
const STUBBORN = `
  const { spawn } = require('node:child_process');
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  process.on('SIGTERM', () => {});
  console.log(JSON.stringify([process.pid, child.pid]));
  setInterval(() => {}, 1000);
`;

let folder: string;
let logFile: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guarded-'));
  logFile = join(folder, 'log');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const processes = (): Promise<number[]> =>
  waitFor(
    async () => {
      const [line] = (await readFile(logFile, 'utf8').catch(() => '')).split('\n');
      return line === undefined || line === '' ? undefined : (JSON.parse(line) as number[]);
    },
    { what: 'the process ids are written', timeoutMs: 10_000, everyMs: 20 },
  );

const gone = (pids: readonly number[]): Promise<true> =>
  waitFor(async () => (pids.some(isAlive) ? undefined : true), {
    what: `processes ${pids.join(', ')} are gone`,
    timeoutMs: 10_000,
    everyMs: 20,
  });

const command = (script: string) => ({
  name: 'server',
  command: process.execPath,
  args: ['-e', script],
  env: process.env,
  cwd: folder,
  logFile,
});

test('stop ends the command and what it started, even where it does not want to', async () => {
  const server = await startGuarded(command(STUBBORN));
  const pids = await processes();
  expect(pids.every(isAlive)).toBe(true);
  await server.stop();
  await gone(pids);
  expect(server.alive()).toBe(false);
});

test('nothing is left when the owner is killed', async () => {
  const owner = spawn(process.execPath, [
    '--input-type=module',
    '-e',
    `import { startGuarded } from ${JSON.stringify(join(LOCAL, 'guarded.ts'))};
     await startGuarded(${JSON.stringify(command(STUBBORN))});
     setInterval(() => {}, 1000);`,
  ]);
  const pids = await processes();
  owner.kill('SIGKILL');
  await gone(pids);
});

test('a server that ends at once is reported with the end of its log', async () => {
  const server = await startGuarded(command('console.error("no such setting: x"); process.exit(3)'));
  const url = `http://127.0.0.1:${String(await freePort())}`;
  await expect(waitUntilServing(server, url, 10_000)).rejects.toThrow(/server ended at once[\s\S]*no such setting: x/);
});
