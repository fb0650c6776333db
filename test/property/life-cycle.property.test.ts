/** The invariants of docs/architecture.md, over event orders, duplicates, losses, concurrency and a crash at any call. */
import * as fc from 'fast-check';
import { describe, it } from 'vitest';
import { checkAll } from './invariants.ts';
import { type Story, story } from './plot.ts';
import { play } from './teller.ts';

const RUNS = Number(process.env['FAST_CHECK_RUNS'] ?? 2000);

describe('the life cycle of runs', () => {
  it(`keeps I1 to I4, I7 and I8 in ${String(RUNS)} stories`, { timeout: 3_600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(story, async (plot) => {
        checkAll(await play(plot));
      }),
      { numRuns: RUNS },
    );
  });

  /** Every story is one more with a crash at each of its calls: a few in depth beside the many at random. */
  const DEEP = Math.ceil(RUNS / 500);
  it(`survives a crash before and after every single external call of ${String(DEEP)} stories`, {
    timeout: 3_600_000,
  }, async () => {
    for (const plot of fc.sample(story, { numRuns: DEEP, seed: 20261124 })) {
      const { calls } = await play({ ...plot, faults: [] });
      for (let call = 0; call < calls; call += 1) {
        for (const fault of ['crash-before', 'crash-after', 'unreachable-after'] as const) {
          const struck: Story = { ...plot, faults: [[call, fault]] };
          try {
            checkAll(await play(struck));
          } catch (error) {
            throw new Error(`${fault} at call ${String(call)} of ${JSON.stringify(plot)}`, { cause: error });
          }
        }
      }
    }
  });
});
