import { defineConfig } from 'vitest/config';

/** `npm run test:contract`: the lakeFS contract, against the emulator and against a real server where one is named. */
export default defineConfig({
  test: {
    include: ['test/contract/**/*.test.ts'],
    globalSetup: ['test/setup/scratch-folder.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
