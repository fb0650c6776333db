import { readFile } from 'node:fs/promises';
import openapiTS, { astToString, COMMENT_HEADER } from 'openapi-typescript';
import { expect, it } from 'vitest';

const FOLDER = new URL('../../../../lambdas/adapters/lakefs/', import.meta.url);

it('the types are what `npm run generate:lakefs-types` makes of openapi.yaml', async () => {
  const made = `${COMMENT_HEADER}${astToString(await openapiTS(new URL('openapi.yaml', FOLDER), { silent: true }))}`;
  expect(await readFile(new URL('api-types.ts', FOLDER), 'utf8')).toBe(made);
});
