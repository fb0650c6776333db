/** Deploys once for all integration tests: into an environment of their own, or into the one that `local:up` keeps. */
import type { TestProject } from 'vitest/node';
import { redeploy, startEnvironment } from '../../../local/environment.ts';
import { progressOn } from '../../../local/progress.ts';
import { type LocalState, readState } from '../../../local/state.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The environment that the tests use. */
    localState: LocalState;
    /** False where `local:up` keeps it for somebody. */
    ownEnvironment: boolean;
  }
}

export default async (project: TestProject): Promise<(() => Promise<void>) | undefined> => {
  const progress = progressOn(process.stderr);
  const running = await readState();
  if (running !== undefined) {
    progress.step('deploying what is in the work tree into the environment that runs');
    await redeploy(running);
    progress.done();
    project.provide('localState', running);
    project.provide('ownEnvironment', false);
    return undefined;
  }
  const environment = await startEnvironment({
    label: 'test',
    progress,
    onError: (error) => console.error(`relay: ${error.message}`),
  });
  project.provide('localState', environment.state);
  project.provide('ownEnvironment', true);
  return () => environment.stop();
};
