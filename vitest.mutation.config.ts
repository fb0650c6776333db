import { defineConfig } from 'vitest/config';

/** What Stryker runs against each mutant of the domain: its own tests, and the use cases that decide by it. */
export default defineConfig({
  test: { include: ['test/unit/{domain,usecases}/**/*.test.ts'], testTimeout: 30_000 },
});
