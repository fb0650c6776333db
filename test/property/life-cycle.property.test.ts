/** The invariants of docs/architecture.md, over event orders, duplicates, losses, concurrency and a crash at any call. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RESOLUTION_BRANCH_PREFIX, RUN_BRANCH_PREFIX } from '../../lambdas/contract.ts';
import { findMerge } from '../../lambdas/domain/history.ts';
import { clashingPartitions, partitionsOf } from '../../lambdas/domain/partitions.ts';
import { formatRunKey, isSettled, isWaiting, type Run } from '../../lambdas/domain/run.ts';
import type { Tree } from '../fakes/lakefs.ts';
import { TABLES } from '../fakes/ports.ts';
import { type Ending, play, type Story, story } from './story.ts';

const RUNS = Number(process.env['FAST_CHECK_RUNS'] ?? 2000);

const changed = (before: Tree, after: Tree): string[] =>
  [...new Set([...before.keys(), ...after.keys()])]
    .filter((path) => before.get(path)?.content !== after.get(path)?.content)
    .sort();

const merges = (ending: Ending, run: Run) =>
  ending.world.lakefs
    .firstParentLog('lake', 'main')
    .filter(({ parents }) => parents[1] !== undefined && parents[1] === run.runCommit);

const check = (ending: Ending, plot: Story): void => {
  const { lakefs, ledger } = ending.world;
  const log = lakefs.firstParentLog('lake', 'main');
  const runs = [...ledger.runs.values()];
  expect(ending.surprises).toEqual([]);

  for (const run of runs) {
    const name = formatRunKey(run);
    const made = merges(ending, run);
    const inForce = run.runCommit !== undefined && findMerge(log, run.runCommit)?.inForce === true;

    // I3: at most once.
    expect(made.length, `I3: merges of ${name}`).toBeLessThanOrEqual(1);
    // I1: all or none; and the ledger says which.
    expect(inForce, `I1: ${name} is ${run.state}`).toBe(run.state === 'PROMOTED');
    if (run.state === 'PROMOTED' && run.runCommit !== undefined && made[0] !== undefined) {
      const base = lakefs.tree('lake', run.promotionBase ?? run.baseCommit);
      const mine = changed(base, lakefs.tree('lake', run.runCommit));
      const brought = changed(lakefs.tree('lake', made[0].parents[0] ?? ''), lakefs.tree('lake', made[0].id));
      expect(brought, `I1: what ${name} brought`).toEqual(
        mine.filter((path) => brought.includes(path) || !sameOnBoth(ending, run, path)),
      );
    }
    // I4: an end or a wait, and the branch only where something is left to decide.
    expect(isSettled(run.state) || isWaiting(run.state), `I4: ${name} is ${run.state}`).toBe(true);
    // I7: what waits says why.
    if (isWaiting(run.state) || run.state === 'DISCARDED') expect(run.cause, `I7: ${name}`).toBeDefined();
    // I8: nobody else changed its partitions since its base, unless a policy decided about it.
    if (run.state === 'PROMOTED' && made[0] !== undefined) checkPartitions(ending, run, made[0].parents[0] ?? '');
  }

  // I2: nothing of a run that did not succeed was ever on the target, and nothing of a zombie.
  const failed = new Set(
    [...ending.wrote].filter(([, { plan }]) => plan.ends !== 'SUCCEEDED').map(([name]) => `by ${name}`),
  );
  for (const commit of log) {
    for (const [path, { content }] of lakefs.tree('lake', commit.id)) {
      expect(failed.has(content), `I2: ${path} ${content}`).toBe(false);
      expect(path.startsWith('_branchline/'), `I2: ${path}`).toBe(false);
    }
  }

  // I4: no branch of ours is left but those of runs that wait, or are kept for a look.
  const expected = new Set(
    runs.filter((run) => isWaiting(run.state)).flatMap((run) => [run.branch, run.resolutionBranch]),
  );
  const left = lakefs
    .branchNames('lake')
    .filter((name) => name.startsWith(RUN_BRANCH_PREFIX) || name.startsWith(RESOLUTION_BRANCH_PREFIX));
  expect(
    left.filter((name) => !expected.has(name)),
    'I4: branches left',
  ).toEqual([]);

  // I7: a job that succeeded with its run has not been forgotten.
  for (const [name, { plan }] of ending.wrote) {
    const run = ledger.runs.get(name);
    expect(run, `I7: ${name}`).toBeDefined();
    if (plan.ends === 'SUCCEEDED' && plan.writes.length > 0 && plot.onConflict === 'keep') {
      const end = run?.rerunAs === undefined ? run?.state : 'run again';
      expect(['PROMOTED', 'CONFLICTED', 'ROLLED_BACK', 'UNCHANGED', 'run again'], `I7: ${name}`).toContain(end);
    }
  }
};

/** A path that the target held just so already: a change of both sides to the same content is no change of the merge. */
const sameOnBoth = (ending: Ending, run: Run, path: string): boolean => {
  const first = merges(ending, run)[0]?.parents[0] ?? '';
  const { lakefs } = ending.world;
  return lakefs.tree('lake', first).get(path)?.content === lakefs.tree('lake', run.runCommit ?? '').get(path)?.content;
};

const checkPartitions = (ending: Ending, run: Run, until: string): void => {
  const { lakefs } = ending.world;
  const base = run.promotionBase ?? run.baseCommit;
  const mine = partitionsOf(changed(lakefs.tree('lake', base), lakefs.tree('lake', run.runCommit ?? '')), TABLES);
  let commit = until;
  while (commit !== base && commit !== '') {
    const parent = lakefs.firstParentLog('lake', commit)[0]?.parents[0] ?? '';
    const theirs = partitionsOf(changed(lakefs.tree('lake', parent), lakefs.tree('lake', commit)), TABLES);
    expect(clashingPartitions(mine, theirs, TABLES), `I8: ${formatRunKey(run)} and ${commit}`).toEqual([]);
    commit = parent;
  }
};

describe('the life cycle of runs', () => {
  it(`keeps I1 to I4, I7 and I8 in ${String(RUNS)} stories`, { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(story, async (plot) => {
        check(await play(plot), plot);
      }),
      { numRuns: RUNS },
    );
  });

  it('survives a crash before and after every single external call of a story with a conflict', {
    timeout: 300_000,
  }, async () => {
    const plot: Story = {
      runs: [
        { opens: 'start-run', writes: [0, 2], ends: 'SUCCEEDED', events: 1, zombie: false },
        { opens: 'claim', writes: [0], ends: 'SUCCEEDED', events: 1, zombie: true },
        { opens: 'start-run', writes: [1], ends: 'FAILED', events: 1, zombie: false },
      ],
      onConflict: 'source-wins',
      keepFailed: true,
      byHand: [],
      faults: [],
      dice: [0, 3, 1, 2, 5, 4, 7, 6],
    };
    const { calls } = await play(plot);
    for (const onConflict of ['keep', 'rerun', 'source-wins', 'target-wins'] as const) {
      for (let call = 0; call < calls; call += 1) {
        for (const fault of ['crash-before', 'crash-after', 'unreachable-after'] as const) {
          const struck = { ...plot, onConflict, faults: [[call, fault]] as const };
          try {
            check(await play(struck), struck);
          } catch (error) {
            throw new Error(`${fault} at call ${String(call)} under ${onConflict}`, { cause: error });
          }
        }
      }
    }
  });
});
