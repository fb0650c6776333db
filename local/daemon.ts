/** Keeps the local environment between `local:up` and `local:down`. Started by up.ts, told to end by SIGTERM. */

import type { Word } from './daemon-words.ts';
import { startEnvironment } from './environment.ts';
import { removeState, writeState } from './state.ts';

const say = (word: Word): void => {
  // Whoever started us may have gone (Ctrl-C): then nobody listens.
  if (process.connected) process.send?.(word);
};

const environment = await startEnvironment({
  label: 'up',
  progress: { step: (step) => say({ step }), done: (done) => say(done === undefined ? {} : { done }) },
  onError: (error) => console.error(`${new Date().toISOString()} relay: ${error.message}`),
}).catch((error: Error) => {
  say({ failed: error.message });
  process.exit(1);
});

const end = async (): Promise<void> => {
  await environment.stop();
  await removeState();
  process.exit(0);
};
process.once('SIGTERM', () => void end());
process.once('SIGINT', () => void end());

await writeState(environment.state);
say({ ready: true });
if (process.connected) process.disconnect();
