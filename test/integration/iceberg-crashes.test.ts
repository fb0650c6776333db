/**
 * A refresh that dies at each of its calls, before and after it took effect, while files came, changed and went, a column was added and a
 * layout changed: what Glue names then, and after the next refresh, is read by pyiceberg and holds the rows of its commit.
 */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scratchDirectory } from '../../local/paths.ts';
import type { Step } from '../property/catalog-story.ts';
import { installReader, readStates } from './setup/iceberg-reader.ts';
import { expectTold, type State, tell } from './setup/iceberg-told.ts';

/** More calls than the refresh makes: the last ones die nowhere. */
const MOST_CALLS = 120;

const shows = (dies?: number, after = false): Step => ({ does: 'refresh', after, dies });
const story = (dies: number, after: boolean): readonly Step[] => [
  {
    does: 'change',
    writes: ['sales/dt=1/a', 'sales/dt=2/a', 'deep/dt=1/hh=1/a', 'stock/a'],
    removes: [],
    empty: false,
  },
  shows(),
  {
    ...{ does: 'change', writes: ['sales/dt=1/a', 'sales/dt=3/deep/a', 'deep/dt=2/hh=1/a', 'stock/b'] },
    ...{ removes: ['sales/dt=2/a'], empty: false },
  },
  // The second table loses a partition column.
  { does: 'edit', what: 1, which: 1 },
  shows(dies, after),
  { does: 'wait' },
  shows(),
];

let scratch = '';
let missing: string | undefined;

beforeAll(async () => {
  missing = await installReader();
  scratch = scratchDirectory('iceberg-crashes');
  await mkdir(scratch, { recursive: true });
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

test.for([false, true])(
  'whole states alone are shown (dies after its call took effect: %s)',
  { timeout: 600_000 },
  async (after, context) => {
    // Without a package index there is no reader to ask; CI has one, and fails.
    if (missing !== undefined) context.skip(missing);
    const told: (State & { readonly folder: string })[] = [];
    let calls = 0;
    for (let dies = 0; dies < MOST_CALLS; dies += 1) {
      const outcomes: (string | undefined)[] = [];
      const folder = join(scratch, `${String(after)}-${String(dies)}`);
      const states = await tell(folder, story(dies, after), (outcome) => outcomes.push(outcome));
      expect(outcomes.at(-1), `dies at call ${String(dies)}`).toMatch(/published|up-to-date/);
      if (outcomes[4] !== 'died') break;
      calls += 1;
      for (const state of states) told.push({ ...state, folder });
    }
    expect(calls).toBeGreaterThan(20);
    expect(calls).toBeLessThan(MOST_CALLS);
    expectTold(told, await readStates('pyiceberg', told));
  },
);
