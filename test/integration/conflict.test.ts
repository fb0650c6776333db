import { beforeAll, expect, test } from 'vitest';
import { FUNCTION } from '../../lambdas/contract.ts';
import type { Run } from '../../lambdas/domain/run.ts';
import { openHarness } from './setup/harness.ts';
import { createJob, start } from './setup/jobs.ts';

const harness = openHarness();
const KEEP = ['it-conflict-a', 'it-conflict-b'] as const;
const RERUN = ['it-rerun-a', 'it-rerun-b'] as const;
const TARGET = 'main';

beforeAll(async () => {
  for (const job of [...KEEP, ...RERUN]) await createJob(harness, job);
});

/** Two jobs at once that overwrite one partition of a registered table under different names. */
const race = async (jobs: readonly [string, string], partition: string): Promise<readonly [Run, Run]> => {
  const [a, b] = jobs;
  const runs = await Promise.all([
    start(harness, a, { files: { [`${partition}from-a.txt`]: 'a' }, holdSeconds: 1.5 }),
    start(harness, b, { files: { [`${partition}from-b.txt`]: 'b' }, holdSeconds: 1.5 }),
  ]);
  expect(runs[0].baseCommit).toBe(runs[1].baseCommit);
  return runs;
};

const winnerAndLoser = async (runs: readonly [Run, Run]): Promise<readonly [Run, Run]> => {
  const ended = await Promise.all(runs.map((run) => harness.waitForRun(run.runId, ['PROMOTED', 'CONFLICTED'])));
  const winner = ended.find((run) => run.state === 'PROMOTED');
  const loser = ended.find((run) => run.state === 'CONFLICTED');
  if (winner === undefined || loser === undefined)
    throw new Error(`both ended ${ended.map((run) => run.state).join()}`);
  return [winner, loser];
};

test('of two runs that overwrite one partition one is promoted, the other waits with what clashed', async () => {
  const partition = 'events/day=2026-11-01/';
  const [winner, loser] = await winnerAndLoser(await race(KEEP, partition));
  expect(loser.clashes).toEqual([
    { kind: 'partition', what: partition, run: winner.runId, commit: winner.mergeCommit },
  ]);
  expect((await harness.listing(TARGET, partition)).size).toBe(1);
  expect(await harness.branchExists(loser.branch)).toBe(true);
});

test('a person who decides for the conflicted run gets its partition, and its alone', async () => {
  const partition = 'events/day=2026-11-02/';
  const [winner, loser] = await winnerAndLoser(await race(KEEP, partition));
  await harness.invoke(FUNCTION.resolveRun, { action: 'promote', runId: loser.runId, strategy: 'source-wins' });
  const promoted = await harness.waitForRun(loser.runId, ['PROMOTED']);
  const [path] = [...(await harness.listing(TARGET, partition)).keys()];
  expect((await harness.listing(TARGET, partition)).size).toBe(1);
  expect(path).toContain(loser.job.endsWith('a') ? 'from-a' : 'from-b');
  expect(promoted.mergeCommit).not.toBe(winner.mergeCommit);
});

test('a conflicted run is discarded by hand', async () => {
  const partition = 'events/day=2026-11-03/';
  const [, loser] = await winnerAndLoser(await race(KEEP, partition));
  await harness.invoke(FUNCTION.resolveRun, { action: 'discard', runId: loser.runId, reason: 'not needed' });
  const discarded = await harness.waitForRun(loser.runId, ['DISCARDED']);
  expect(discarded.cause).toEqual({ code: 'BL2011', message: 'not needed' });
});

test('under onConflict: rerun the conflicted run is started again on a fresh branch and promoted', async () => {
  const partition = 'events/day=2026-11-04/';
  const runs = await race(RERUN, partition);
  const ended = await Promise.all(runs.map((run) => harness.waitForRun(run.runId, ['PROMOTED', 'DISCARDED'])));
  const replaced = ended.find((run) => run.state === 'DISCARDED');
  expect(ended.map((run) => run.state).toSorted()).toEqual(['DISCARDED', 'PROMOTED']);
  expect(replaced?.rerunAs).toBe(`${replaced?.runId ?? ''}-r1`);
  const rerun = await harness.waitForRun(replaced?.rerunAs ?? '', ['PROMOTED']);
  expect(rerun.rerunOf).toBe(replaced?.runId);
  expect(rerun.baseCommit).not.toBe(replaced?.baseCommit);
});
