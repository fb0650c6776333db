import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Removes the stack at its end: nothing can run after it. */
const LAST = 'deployment.test.ts';

class Alphabetically extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const key = ({ moduleId }: TestSpecification): string => `${moduleId.endsWith(LAST) ? '1' : '0'}${moduleId}`;
    return files.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  }
}

/** `npm run test:integration`: the deployed stack on the local AWS. One deployment serves all files, so they run in turn. */
export default defineConfig({
  test: {
    include: ['test/integration/**/*.test.ts'],
    globalSetup: ['test/integration/setup/deployment.ts'],
    fileParallelism: false,
    sequence: { sequencer: Alphabetically },
    testTimeout: 180_000,
    hookTimeout: 600_000,
  },
});
