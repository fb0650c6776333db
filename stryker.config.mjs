/**
 * Mutation score of the pure core: `npm run test:mutation`. The report lies in reports/mutation/; docs/benchmarks.md has the
 * last score. Only tests that need nothing but the domain run, so that a mutant costs a second and not a minute.
 */
export default {
  testRunner: 'vitest',
  ignorePatterns: ['.local', 'cdk.out', 'glue', 'reports', 'docs'],
  mutate: ['lambdas/domain/**/*.ts'],
  vitest: { configFile: 'vitest.mutation.config.ts' },
  coverageAnalysis: 'perTest',
  reporters: ['clear-text', 'progress', 'json'],
  jsonReporter: { fileName: 'reports/mutation/domain.json' },
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  concurrency: 2,
  thresholds: { high: 95, low: 85, break: 85 },
};
