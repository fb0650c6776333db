import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FUNCTION, ON_THE_WAY_OF_A_RUN } from '../../lambdas/contract.ts';
import { bundleOf } from '../../lib/constructs/bundle.ts';

/**
 * What a function carries is loaded at every cold start. On the way of a run to its readers every start counts; schedules and operators
 * can wait a moment longer, and do more. Import times are measured by `npm run bench -- bundles`.
 */
const sizes = Object.values(FUNCTION).map((name) => [name, ON_THE_WAY_OF_A_RUN.includes(name) ? 500 : 600] as const);

test.each(sizes)('%s is a bundle of at most %i KB', (name, kilobytes) => {
  const { size } = statSync(join(bundleOf(name), 'index.mjs'));
  expect(size).toBeGreaterThan(1024);
  expect(size).toBeLessThanOrEqual(kilobytes * 1024);
});
