/** A rollback on the deployed stack, by the command line alone. */
import { beforeAll, expect, test } from 'vitest';
import type { Rollback } from '../../lambdas/domain/rollback.ts';
import { difference } from '../../local/harness.ts';
import { branchline } from './setup/cli.ts';
import { openHarness } from './setup/harness.ts';
import { createJob, runTo } from './setup/jobs.ts';

const harness = openHarness();
const JOB = 'it-rollback';
const TARGET = 'main';
const name = (): string => `${harness.repository}/${TARGET}`;

beforeAll(() => createJob(harness, JOB));

test('a target is looked at, put back and brought forward again; every asking is written down', async () => {
  await runTo(harness, JOB, { files: { 'it-rollback/a.txt': 'good' } }, 'PROMOTED');
  const state = await harness.head(TARGET);
  const before = await harness.listing(TARGET);
  const bad = await runTo(
    harness,
    JOB,
    { files: { 'it-rollback/a.txt': 'bad', 'it-rollback/b.txt': 'bad' } },
    'PROMOTED',
  );
  const words = ['rollback', '--target', name(), '--to', state.slice(0, 16), '--who', 'anna', '--json'];
  const dry = await branchline([...words, '--dry-run']);
  expect(dry).toMatchObject({ code: 0 });
  expect(dry.json()).toMatchObject({ outcome: 'would-roll-back', effect: { undone: [bad.runId], fileCount: 2 } });
  const done = await branchline([...words, '--yes', '--wait', '--reason', 'wrong']);
  expect(done).toMatchObject({ code: 0 });
  const { rollback } = done.json<{ rollback: Rollback }>();
  expect(rollback).toMatchObject({ state: 'DONE', undone: [bad.runId], requestedBy: 'anna', reason: 'wrong' });
  expect(difference(before, await harness.listing(TARGET))).toEqual([]);
  expect(await harness.head(TARGET)).toBe(rollback.mergeCommit);
  await harness.waitForRun(bad.runId, ['ROLLED_BACK']);
  const listed = await branchline(['rollbacks', 'list', '--json']);
  // Newest first; other tests may have asked before.
  const [newest, second] = listed.json<{ rollbacks: readonly Rollback[] }>().rollbacks;
  expect([newest, second]).toMatchObject([{ id: rollback.id }, { state: 'DRY_RUN', dryRun: true }]);
  const again = await branchline([...words, '--yes']);
  expect(again.json()).toMatchObject({ outcome: 'nothing-to-do' });
  const forward = ['rollback', '--target', name(), '--to', rollback.safetyTag ?? '', '--yes', '--json'];
  expect((await branchline(forward)).json()).toMatchObject({ outcome: 'rolled-back' });
  await harness.waitForRun(bad.runId, ['PROMOTED']);
});

test('promotions wait while a target is held, and go on when it is released', async () => {
  const held = await branchline(['targets', 'hold', name(), '--reason', 'a look', '--who', 'anna', '--json']);
  expect(held.json()).toMatchObject({ outcome: 'held', target: { hold: { owner: 'anna' } } });
  const run = await runTo(harness, JOB, { files: { 'it-rollback/c.txt': 'held' } }, 'COMMITTED');
  expect((await branchline(['targets', 'release', name(), '--json'])).json()).toMatchObject({ outcome: 'released' });
  await harness.waitForRun(run.runId, ['PROMOTED']);
});
