/**
 * `node local/guard.ts COMMAND [ARGUMENT …]`: runs a server so that it cannot outlive whoever started it.
 *
 * Started as the leader of its own process group with a pipe for standard input. When that pipe closes, because its
 * owner ended it or died in whatever way (SIGKILL too), the guard asks the command to end, and three seconds later
 * kills the whole group: the command, its workers, and the jobs that they run.
 */
import { spawn } from 'node:child_process';

const GRACE_MS = 3_000;

const [command, ...args] = process.argv.slice(2);
if (command === undefined) {
  process.stderr.write('usage: node local/guard.ts COMMAND [ARGUMENT …]\n');
  process.exit(2);
}

const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });

const killGroup = (): void => {
  process.kill(-process.pid, 'SIGKILL');
};
const end = (): void => {
  child.kill('SIGTERM');
  setTimeout(killGroup, GRACE_MS);
};

child.once('error', (error) => {
  process.stderr.write(`${command} could not be started: ${error.message}\n`);
  process.exit(127);
});
child.once('exit', (code, signal) => {
  // What the command left behind (workers, jobs) is in this group as well.
  process.stderr.write(`${command} ended with ${signal ?? `code ${String(code)}`}\n`);
  killGroup();
});
process.stdin.once('end', end).once('error', end).resume();
process.once('SIGTERM', end);
process.once('SIGINT', end);
