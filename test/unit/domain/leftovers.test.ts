import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { leftoverOf } from '../../../lambdas/domain/leftovers.ts';

const VECTORS = JSON.parse(
  readFileSync(new URL('../../fixtures/leftovers.json', import.meta.url), 'utf8'),
) as readonly { readonly path: string; readonly leftover: string | null }[];

describe('what no commit of a run may hold', () => {
  // glue/tests/test_leftovers.py reads the same file.
  it.each(VECTORS)('$path', ({ path, leftover }) => {
    expect(leftoverOf(path) ?? null).toBe(leftover);
  });
});
