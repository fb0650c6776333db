import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { faultsOf } from './sample.ts';
import { leavesOf } from './schema-leaves.ts';

const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'configuration.md'), 'utf8');

/** Default by key, `repositories.*.targets` → `[main]`, from headings and the rows beneath. */
const documented = (): ReadonlyMap<string, string> => {
  const found = new Map<string, string>();
  let section = '';
  for (const line of page.split('\n')) {
    const heading = /^##+ (?:`([^`]+)`)?/.exec(line);
    if (heading !== null) section = (heading[1] ?? '').replaceAll('<name>', '*');
    const [, key, byDefault] = /^\| `(\w+)` \| ([^|]+) \|/.exec(line) ?? [];
    if (key !== undefined && byDefault !== undefined) found.set(`${section}.${key}`, byDefault.replaceAll('`', ''));
    if (section !== '') found.set(section, 'section');
  }
  return found;
};

const asWritten = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.join(', ')}]`;
  return typeof value === 'object' ? 'none' : String(value);
};

test('the page tells every key of the schema, and no other', () => {
  const keys = new Set(leavesOf().map(({ path }) => path));
  const containers = new Set([...keys].flatMap((path) => [`${path}.*`, path]));
  const told = [...documented().keys()];
  const isTold = (path: string): boolean => told.some((each) => each === path || each.startsWith(`${path}.`));
  expect([...keys].filter((path) => !isTold(path))).toEqual([]);
  expect(told.filter((path) => !containers.has(path))).toEqual([]);
});

test('the page tells every default, and which keys are required', () => {
  const told = documented();
  const rows = leavesOf().filter(({ path }) => told.has(path) && told.get(path) !== 'section');
  expect(rows.length).toBeGreaterThan(25);
  const expected = rows.map(({ path, isRequired, hasDefault, default: value }) => [
    path,
    isRequired ? 'required' : hasDefault ? asWritten(value) : path.endsWith('.target') ? 'first of targets' : 'none',
  ]);
  expect(rows.map(({ path }) => [path, told.get(path)])).toEqual(expected);
});

const examples = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text ?? '');

test('the page has examples', () => {
  expect(examples.length).toBeGreaterThanOrEqual(2);
});

test.each(examples.map((text, i) => [i + 1, text] as const))('example %i of the page is right', (_, text) => {
  expect(faultsOf(text)).toEqual([]);
});

test('the last two examples, one with a server that is there and one with its own, have every key', () => {
  const example = examples.slice(-2).join('\n');
  // A snapshot is of the other metadata store than the one that the example shows; the line beneath it tells of it.
  const missing = leavesOf()
    .filter(({ path }) => !/\.restore(FromSnapshot|ToPoint)\b/.test(path))
    .filter(({ path }) => !new RegExp(`\\b${path.split('.').at(-1) ?? ''}:`).test(example));
  expect(missing.map(({ path }) => path)).toEqual([]);
});
