import { expect, test } from 'vitest';
import { nearest } from '../../../lib/config/nearest.ts';

const KEYS = ['repository', 'target', 'onConflict', 'jobs'];

test.each<[string, string | undefined]>([
  ['repositry', 'repository'],
  ['onconflict', 'onConflict'],
  ['job', 'jobs'],
  ['tagret', 'target'],
  ['schedule', undefined],
  ['', undefined],
])('%s → %s', (word, expected) => {
  expect(nearest(word, KEYS)).toBe(expected);
});
