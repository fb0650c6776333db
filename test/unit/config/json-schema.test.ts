import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { jsonSchema, SCHEMA_FILE } from '../../../lib/config/json-schema.ts';
import { leavesOf } from './schema-leaves.ts';

test('the schema for editors is the one that this code makes; else: npm run generate:schema', () => {
  expect(readFileSync(SCHEMA_FILE, 'utf8')).toBe(jsonSchema());
});

test('every key tells an editor what it means', () => {
  const silent = leavesOf().filter(({ description }) => description === undefined);
  expect(silent.map(({ path }) => path)).toEqual([]);
});

test('keys with a default may be left out', () => {
  const wrong = leavesOf().filter((leaf) => leaf.hasDefault && leaf.isRequired);
  expect(wrong).toEqual([]);
});
