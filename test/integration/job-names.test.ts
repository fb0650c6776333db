import { expect, test } from 'vitest';
import { openHarness } from './setup/harness.ts';
import { createJob, runTo } from './setup/jobs.ts';

const harness = openHarness();

const LONG = `it-names ${'x'.repeat(240)}`;
const NAMES = [
  'it-names with spaces',
  'it-names/with/slashes',
  'it-names.with.dots',
  'it-names-Größe-🦆',
  'it-names',
  'it-names ',
  `${LONG}a`.slice(0, 255),
  `${LONG}b`.slice(0, 255),
];

test('jobs with long and odd names each run on a branch of their own', { timeout: 240_000 }, async () => {
  const branches: string[] = [];
  for (const [index, name] of NAMES.entries()) {
    await createJob(harness, name);
    const path = `it-names/${String(index)}.txt`;
    const run = await runTo(harness, name, { files: { [path]: name } }, 'PROMOTED');
    expect(run.job).toBe(name);
    expect(run.branch).toMatch(/^run-[A-Za-z0-9_-]{1,96}$/);
    expect([...(await harness.listing('main', path)).keys()]).toEqual([path]);
    branches.push(run.branch);
  }
  expect(new Set(branches).size).toBe(NAMES.length);
});
