#!/usr/bin/env node
/** The operator's CLI. `npx branchline` runs it with the Node that the project brings; see docs/cli.md. */
import { connect } from '../cli/connection.ts';
import { main } from '../cli/main.ts';
import { newRunId } from '../cli/run-ids.ts';
import { terminalOf } from '../cli/terminal.ts';

for (const stream of [process.stdout, process.stderr]) {
  // `branchline runs list | head`: the reader has what it wanted.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
}

process.once('SIGINT', () => {
  // A living line may stand there; what was started goes on without us.
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K');
  process.exit(130);
});

process.exitCode = await main(process.argv.slice(2), {
  terminal: terminalOf(process),
  connect,
  environment: process.env,
  now: Date.now,
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  newRunId: () => newRunId(Date.now()),
});
