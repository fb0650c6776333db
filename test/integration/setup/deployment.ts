/**
 * Deploys for the integration tests: into environments of their own, one for each file that runs at once, or into the one that
 * `local:up` keeps.
 */
import type { TestProject } from 'vitest/node';
import { type Environment, redeploy, startEnvironment } from '../../../local/environment.ts';
import { type Progress, progressOn } from '../../../local/progress.ts';
import { ensurePython } from '../../../local/python.ts';
import { type LocalState, readState } from '../../../local/state.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The environments that the tests use, by the place of the worker. */
    localStates: readonly LocalState[];
    /** False where `local:up` keeps it for somebody. */
    ownEnvironment: boolean;
  }
}

/** One tells how far it is; the others do the same at the same time. */
const SILENT: Progress = { step: () => undefined, done: () => undefined };

/** @throws where one does not start; those that did are ended first. */
const startAll = async (count: number, progress: Progress): Promise<readonly Environment[]> => {
  // Once, before all of them look for it.
  await ensurePython(progress);
  const starting = Array.from({ length: count }, (_, i) =>
    startEnvironment({
      label: i === 0 ? 'test' : `test-${String(i + 1)}`,
      progress: i === 0 ? progress : SILENT,
      onError: (error) => console.error(`relay: ${error.message}`),
    }),
  );
  const outcomes = await Promise.allSettled(starting);
  const started = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed === undefined) return started;
  await Promise.all(started.map((each) => each.stop()));
  throw failed.reason;
};

export default async (project: TestProject): Promise<(() => Promise<unknown>) | undefined> => {
  const progress = progressOn(process.stderr);
  const running = await readState();
  if (running !== undefined) {
    progress.step('deploying what is in the work tree into the environment that runs');
    await redeploy(running);
    progress.done();
    project.provide('localStates', [running]);
    project.provide('ownEnvironment', false);
    return undefined;
  }
  // A single file needs a single one.
  const count = Math.min(project.config.maxWorkers, project.vitest.state.getPaths().length);
  const environments = await startAll(Math.max(count, 1), progress);
  project.provide(
    'localStates',
    environments.map(({ state }) => state),
  );
  project.provide('ownEnvironment', true);
  return () => Promise.all(environments.map((each) => each.stop()));
};
