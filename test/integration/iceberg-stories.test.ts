/**
 * Random histories of published tables, as readers that are not ours find them: files come, change and go, columns are added and
 * widened, partition columns come, go and change their type, targets are rolled back, refreshes die at any call and cross. Every state that Glue ever named is read by pyiceberg and by
 * DuckDB, with its snapshots, and holds the rows of the commit that it names, read directly.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scratchDirectory } from '../../local/paths.ts';
import { type Step, steps } from '../property/catalog-story.ts';
import { installReader, READERS_OF_STATES, readStates } from './setup/iceberg-reader.ts';
import { expectTold, type State, tell } from './setup/iceberg-told.ts';

const STORIES = Number(process.env['ICEBERG_STORIES'] ?? 25);
const SEED = Number(process.env['ICEBERG_SEED'] ?? 20261130);

const SHOWN_AT_LAST: readonly Step[] = [
  { does: 'change', writes: ['sales/dt=1/a', 'deep/dt=2/hh=1/a', 'stock/a'], removes: [], empty: false },
  { does: 'wait' },
  { does: 'refresh', after: false },
];

let scratch = '';
let missing: string | undefined;

beforeAll(async () => {
  missing = await installReader();
  scratch = scratchDirectory('iceberg-stories');
  await mkdir(scratch, { recursive: true });
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

describe('in every state of random histories the rows of its commit', () => {
  // Each in three parts, every part shown in the end: what dies in one is taken over in the next.
  const part = steps(true).map((told) => [...told, ...SHOWN_AT_LAST]);
  const whole = fc.tuple(part, part, part).map((parts) => parts.flat());
  const told: (State & { readonly folder: string })[] = [];

  beforeAll(async () => {
    for (const [at, story] of fc.sample(whole, { numRuns: STORIES, seed: SEED }).entries()) {
      const folder = join(scratch, String(at));
      for (const state of await tell(folder, story)) told.push({ ...state, folder });
    }
  });

  test.for(READERS_OF_STATES)(
    `are found by %s in ${String(STORIES)} histories`,
    {
      timeout: 600_000,
    },
    async (reader, context) => {
      // Without a package index there is no reader to ask; CI has one, and fails.
      if (missing !== undefined) context.skip(missing);
      const read = await readStates(reader, told);
      const snapshots = expectTold(told, read);
      // Histories in which nothing is ever shown prove nothing.
      expect(told.length).toBeGreaterThan(STORIES);
      expect(snapshots).toBeGreaterThan(told.length);
    },
  );
});
