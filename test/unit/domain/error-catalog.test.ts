import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ErrorEntry } from '../../../lambdas/domain/error-catalog/entry.ts';
import { ERROR_CATALOG } from '../../../lambdas/domain/errors.ts';

const FOLDER = new URL('../../../lambdas/domain/error-catalog/', import.meta.url);

describe('the families of the catalog of errors', () => {
  it('are all in the catalog, and no code is in two of them', async () => {
    const codes: string[] = [];
    for (const file of readdirSync(FOLDER).filter((name) => name !== 'entry.ts')) {
      const families = Object.entries((await import(new URL(file, FOLDER).href)) as Record<string, object>);
      expect(families.length, file).toBe(1);
      codes.push(...families.flatMap(([, family]) => Object.keys(family as Record<string, ErrorEntry>)));
    }
    expect(codes.toSorted()).toStrictEqual(Object.keys(ERROR_CATALOG).toSorted());
  });
});
