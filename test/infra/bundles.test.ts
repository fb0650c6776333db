import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FUNCTION } from '../../lambdas/contract.ts';
import { bundleOf } from '../../lib/constructs/bundle.ts';

/** What a function carries is loaded at every cold start. Import times are measured by `npm run bench -- bundles`. */
const MAX_BYTES = 500 * 1024;

test.each(Object.values(FUNCTION))('%s is a bundle of at most 500 KB', (name) => {
  const { size } = statSync(join(bundleOf(name), 'index.mjs'));
  expect(size).toBeGreaterThan(1024);
  expect(size).toBeLessThanOrEqual(MAX_BYTES);
});
