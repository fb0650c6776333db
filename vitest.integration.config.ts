import { defineConfig } from 'vitest/config';

/** `npm run test:integration`: the deployed stack on the local AWS. One deployment serves all files, so they run in turn. */
export default defineConfig({
  test: {
    include: ['test/integration/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 600_000,
  },
});
