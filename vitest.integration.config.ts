import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { readState } from './local/state.ts';

/** Removes the stack of its environment at its end: none may run there after it. */
const LAST = 'deployment.test.ts';

class Alphabetically extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const key = ({ moduleId }: TestSpecification): string => `${moduleId.endsWith(LAST) ? '1' : '0'}${moduleId}`;
    return files.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  }
}

/** More would leave too little of the processors to each: jobs, functions and servers of an environment work there too. */
const MOST = 2;

/** Each file has an environment for itself while it runs. One that somebody keeps is there once, and so is a server of his. */
const environments = async (): Promise<number> => {
  const kept = await readState();
  const foreign = (process.env['LAKEFS_ENDPOINT'] ?? '') !== '';
  return kept !== undefined || foreign ? 1 : Math.min(MOST, availableParallelism());
};

/** `npm run test:integration`: the deployed stack on the local AWS. A deployment serves one file after the other. */
export default defineConfig(async () => ({
  test: {
    include: ['test/integration/**/*.test.ts'],
    globalSetup: ['test/setup/scratch-folder.ts', 'test/integration/setup/deployment.ts'],
    maxWorkers: await environments(),
    sequence: { sequencer: Alphabetically },
    testTimeout: 180_000,
    hookTimeout: 600_000,
  },
}));
