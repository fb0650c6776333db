/** The invariants of docs/architecture.md, over event orders, duplicates, losses, concurrency and a crash at any call. */
import * as fc from 'fast-check';
import { describe, it } from 'vitest';
import { checkAll } from './invariants.ts';
import { type Story, story, undoingStory } from './plot.ts';
import { play } from './teller.ts';

const RUNS = Number(process.env['FAST_CHECK_RUNS'] ?? 2000);

const strikeEveryCall = async (plot: Story): Promise<void> => {
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
};

/** Stories that failed once. */
const TOLD: readonly { readonly what: string; readonly plot: Story }[] = [
  {
    what: 'a target is reset to before the revert by which a run was noted as ROLLED_BACK',
    plot: {
      runs: [
        {
          ...{ job: 'job-bookmarks', opens: 'claim', writes: [0], attempts: ['SUCCEEDED'] },
          ...{ events: 2, hints: 1, checkpoint: false, zombie: false },
        },
        {
          ...{ job: 'job-a', opens: 'start-run', writes: [], attempts: ['FAILED', 'SUCCEEDED'] },
          ...{ events: 2, hints: 1, checkpoint: false, zombie: true },
        },
        {
          ...{ job: 'job-a', opens: 'claim', writes: [], attempts: ['FAILED'] },
          ...{ events: 0, hints: 0, checkpoint: false, zombie: false },
        },
      ],
      onConflict: 'keep',
      keepFailed: false,
      meddling: [
        { what: 'revert-run-commit', pick: 0 },
        { what: 'revert-last-commit', pick: 0 },
        { what: 'reset-target', pick: 0 },
      ],
      repositoryGone: undefined,
      outage: undefined,
      faults: [],
      dice: [116, 23, 524, 0, 0, 39, 487, 0, 25, 0, 898, 26, 0, 543, 207, 698, 623, 190],
    },
  },
];

describe('the life cycle of runs', () => {
  it(`keeps I1 to I4, I7 and I8 in ${String(RUNS)} stories`, { timeout: 3_600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(story, async (plot) => {
        checkAll(await play(plot));
      }),
      { numRuns: RUNS },
    );
  });

  const UNDONE = Math.ceil(RUNS / 4);
  it(`keeps them in ${String(UNDONE)} stories of people who undo and reset`, { timeout: 3_600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(undoingStory(), async (plot) => {
        checkAll(await play(plot));
      }),
      { numRuns: UNDONE },
    );
  });

  it.each(TOLD)(
    'keeps them where $what, with a crash before and after every single call',
    {
      timeout: 300_000,
    },
    async ({ plot }) => {
      await strikeEveryCall(plot);
    },
  );

  /** Every story is one more with a crash at each of its calls: a few in depth beside the many at random. */
  const DEEP = Math.ceil(RUNS / 500);
  it(`survives a crash before and after every single external call of ${String(DEEP)} stories`, {
    timeout: 3_600_000,
  }, async () => {
    for (const plot of fc.sample(story, { numRuns: DEEP, seed: 20261124 })) await strikeEveryCall(plot);
  });
});
