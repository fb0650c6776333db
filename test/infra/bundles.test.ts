import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { FUNCTION, ON_THE_WAY_OF_A_RUN, READS_DESCRIPTIONS } from '../../lambdas/contract.ts';
import { bundleOf } from '../../lib/constructs/bundle.ts';

/**
 * What a function loads at every cold start. On the way of a run every start counts; readers, schedules and operators can wait a moment longer,
 * and what serves them does more. Import times are measured by `npm run bench -- bundles`.
 */
const sizes = Object.values(FUNCTION).map((name) => [name, ON_THE_WAY_OF_A_RUN.includes(name) ? 500 : 640] as const);

/** All of them are made at the first question. */
beforeAll(() => {
  bundleOf(FUNCTION.startRun);
}, 120_000);

/** A file, and those that it imports before it does anything: the others are loaded when they are needed. */
const loadedAtStart = (folder: string, file: string, seen = new Set<string>()): ReadonlySet<string> => {
  if (seen.has(file)) return seen;
  seen.add(file);
  const text = readFileSync(join(folder, file), 'utf8');
  for (const [, other = ''] of text.matchAll(/(?:\bfrom|\bimport)"\.\/([\w-]+\.mjs)"/g))
    loadedAtStart(folder, other, seen);
  return seen;
};

test.each(sizes)('%s is a bundle of at most %i KB', (name, kilobytes) => {
  const folder = bundleOf(name);
  const files = [...loadedAtStart(folder, 'index.mjs')];
  const size = files.reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
  expect(size).toBeGreaterThan(1024);
  expect(size).toBeLessThanOrEqual(kilobytes * 1024);
});

const holds = (folder: string, file: string): boolean =>
  readFileSync(join(folder, file), 'utf8').includes('maxAliasCount');

test.each(Object.values(FUNCTION))('%s loads no library for YAML before there is some', (name) => {
  const folder = bundleOf(name);
  expect([...loadedAtStart(folder, 'index.mjs')].filter((file) => holds(folder, file))).toEqual([]);
});

test.each(READS_DESCRIPTIONS)('%s finds it when it is needed', (name) => {
  const folder = bundleOf(name);
  const index = readFileSync(join(folder, 'index.mjs'), 'utf8');
  const [, later = ''] = /import\("\.\/(description-file-[\w-]+\.mjs)"\)/.exec(index) ?? [];
  expect(holds(folder, later)).toBe(true);
});
