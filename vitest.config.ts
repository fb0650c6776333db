import { defineConfig } from 'vitest/config';

/** `npm test`: everything that needs only Node. The contract suite runs here against the emulator. */
export default defineConfig({
  test: {
    include: ['test/{unit,property,contract,infra}/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
