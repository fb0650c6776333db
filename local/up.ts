/** `npm run local:up`: starts the local environment and leaves it running until `npm run local:down`. */
import { spawn } from 'node:child_process';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Word } from './daemon-words.ts';
import { LOCAL, PROJECT, STATE_FILE } from './paths.ts';
import { progressOn } from './progress.ts';
import { type LocalState, readState } from './state.ts';

const LOG_FILE = join(LOCAL, 'up.log');

const tell = (state: LocalState, verb: string): void => {
  process.stderr.write(`The local environment ${verb}: ${state.lakefs.description}; ${STATE_FILE}\n`);
  const { aws } = state;
  const variables = {
    AWS_ENDPOINT_URL: aws.endpoint,
    AWS_REGION: aws.region,
    AWS_ACCESS_KEY_ID: aws.accessKeyId,
    AWS_SECRET_ACCESS_KEY: aws.secretAccessKey,
  };
  // Data on standard output: `eval "$(npm run --silent local:up)"` points a shell at it.
  for (const [name, value] of Object.entries(variables)) process.stdout.write(`export ${name}=${value}\n`);
};

const running = await readState();
if (running !== undefined) {
  tell(running, 'runs already');
  process.exit(0);
}

await mkdir(LOCAL, { recursive: true });
const log = await open(LOG_FILE, 'w');
const daemon = spawn(process.execPath, [join(import.meta.dirname, 'daemon.ts')], {
  cwd: PROJECT,
  detached: true,
  stdio: ['ignore', log.fd, log.fd, 'ipc'],
});
const interrupted = (): void => {
  daemon.kill('SIGTERM');
  process.exit(130);
};
process.once('SIGINT', interrupted).once('SIGTERM', interrupted);

const progress = progressOn(process.stderr);
const failure = await new Promise<string | undefined>((resolve) => {
  daemon.on('message', (message) => {
    const word = message as Word;
    if (word.step !== undefined) progress.step(word.step);
    else if (word.failed !== undefined) resolve(word.failed);
    else if (word.ready) resolve(undefined);
    else progress.done(word.done);
  });
  daemon.once('exit', (code) => resolve(`it ended with code ${String(code)}; see ${LOG_FILE}`));
});
const state = failure === undefined ? await readState() : undefined;
if (state === undefined) {
  process.stderr.write(`The local environment did not start: ${failure ?? `${STATE_FILE} could not be read`}\n`);
  process.exit(1);
}
tell(state, 'runs');
process.exit(0);
