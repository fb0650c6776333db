import { defineConfig } from 'vitest/config';

/**
 * `npm test`: everything that needs only Node. The contract suite runs here against the emulator. On as many workers as there
 * are processors: Vitest's default leaves one for others, which on two processors is half of the time.
 */
export default defineConfig({
  test: {
    include: ['test/{unit,property,contract,infra}/**/*.test.ts'],
    globalSetup: ['test/setup/scratch-folder.ts'],
    maxWorkers: '100%',
    // For what hangs, not a judge of speed: stories of a property take ten seconds of processor, and ten times that where others work.
    testTimeout: 180_000,
    hookTimeout: 180_000,
  },
});
