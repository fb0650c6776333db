/** `npm run local:down`: ends the environment that `local:up` started, with all that runs in it. */
import { readFile } from 'node:fs/promises';
import { STATE_FILE } from './paths.ts';
import { isAlive, keepsEnvironment, type LocalState, removeState } from './state.ts';

const DEADLINE_MS = 20_000;

const gone = async (pid: number, timeoutMs: number): Promise<boolean> => {
  const deadline = Date.now() + timeoutMs;
  while (isAlive(pid)) {
    if (Date.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return true;
};

const text = await readFile(STATE_FILE, 'utf8').catch(() => undefined);
if (text === undefined) {
  process.stderr.write('No local environment runs.\n');
  process.exit(0);
}
const { pid } = JSON.parse(text) as LocalState;
if (await keepsEnvironment(pid)) {
  process.kill(pid, 'SIGTERM');
  // What it started ends with it, however it ends: see guard.ts.
  if (!(await gone(pid, DEADLINE_MS))) process.kill(pid, 'SIGKILL');
}
await removeState();
process.stderr.write('The local environment has ended.\n');
