import { beforeAll, expect, test } from 'vitest';
import { COMMIT_KIND, FUNCTION, METADATA } from '../../lambdas/contract.ts';
import { difference, FunctionError } from '../../local/harness.ts';
import { waitFor } from '../../local/wait.ts';
import { openHarness } from './setup/harness.ts';
import { createJob, runJob, runTo, start } from './setup/jobs.ts';

const harness = openHarness();
const JOB = 'it-life-cycle';
const KEEPING = 'it-keep-failed';
const TARGET = 'main';

beforeAll(async () => {
  await createJob(harness, JOB);
  await createJob(harness, KEEPING);
});

test('a run that succeeds is promoted by one merge that says where it came from, and its branch is gone', async () => {
  const before = await harness.listing(TARGET);
  const head = await harness.head(TARGET);
  const run = await runTo(harness, JOB, { files: { 'it-life/a.txt': 'one', 'it-life/b.txt': 'two' } }, 'PROMOTED');
  expect(run.baseCommit).toBe(head);
  expect(difference(before, await harness.listing(TARGET))).toEqual(['it-life/a.txt', 'it-life/b.txt']);
  const merge = await harness.lakefs.getCommit(harness.repository, run.mergeCommit ?? '');
  expect(merge?.parents).toEqual([head, run.runCommit]);
  expect(merge?.metadata).toMatchObject({
    [METADATA.runId]: run.runId,
    [METADATA.job]: JOB,
    [METADATA.jobRunId]: run.jobRunId,
    [METADATA.baseCommit]: head,
    [METADATA.kind]: COMMIT_KIND.promotion,
  });
  await waitFor(async () => ((await harness.branchExists(run.branch)) ? undefined : true), {
    what: `${run.branch} is gone`,
    timeoutMs: 20_000,
  });
});

test('a run that fails leaves the target as it was, and says why it was discarded', async () => {
  const before = await harness.listing(TARGET);
  const head = await harness.head(TARGET);
  const run = await runTo(harness, JOB, { files: { 'it-life/a.txt': 'half' }, fail: true }, 'DISCARDED');
  expect(run.cause?.code).toBe('BL2005');
  expect(run.jobState).toBe('FAILED');
  expect(run.jobMessage).toContain('told to fail');
  expect(await harness.head(TARGET)).toBe(head);
  expect(difference(before, await harness.listing(TARGET))).toEqual([]);
  await waitFor(async () => ((await harness.branchExists(run.branch)) ? undefined : true), {
    what: `${run.branch} is gone`,
    timeoutMs: 20_000,
  });
});

test('a run that writes nothing ends UNCHANGED without a commit on the target', async () => {
  const head = await harness.head(TARGET);
  const run = await runTo(harness, JOB, {}, 'UNCHANGED');
  expect(run.mergeCommit).toBeUndefined();
  expect(await harness.head(TARGET)).toBe(head);
});

test('the work of a failed run is kept, committed and marked, where its pipeline says so', async () => {
  const run = await runTo(harness, KEEPING, { files: { 'it-life/kept.txt': 'half' }, fail: true }, 'DISCARDED');
  expect(run.keepUntil ?? 0).toBeGreaterThan(Date.now());
  const commit = await waitFor(
    async () => {
      const head = await harness.head(run.branch);
      return head === run.baseCommit ? undefined : harness.lakefs.getCommit(harness.repository, head);
    },
    { what: `the work of ${run.runId} is committed`, timeoutMs: 20_000 },
  );
  expect(commit.metadata[METADATA.kind]).toBe(COMMIT_KIND.failed);
  expect([...(await harness.listing(run.branch)).keys()]).toContain('it-life/kept.txt');
  expect([...(await harness.listing(TARGET)).keys()]).not.toContain('it-life/kept.txt');
  await expect(
    harness.invoke(FUNCTION.resolveRun, { action: 'promote', runId: run.runId }),
    'a failed run can never be promoted',
  ).rejects.toMatchObject({ code: 'BL1005' });
});

test('start-run repeated with the same run id starts no second job run', async () => {
  const work = { files: { 'it-life/once.txt': 'x' } };
  const runId = `it_once_${String(Date.now())}`;
  const first = await start(harness, JOB, work, runId);
  const second = await start(harness, JOB, work, runId);
  expect(second.jobRunId).toBe(first.jobRunId);
  await harness.waitForRun(runId, ['PROMOTED']);
});

test('a second job run that claims the same run is refused', async () => {
  const run = await runJob(harness, JOB, { files: { 'it-life/claim.txt': 'x' } });
  const refused = harness.invoke(FUNCTION.claimRun, { jobName: JOB, jobRunId: 'jr_other', runId: run.runId });
  await expect(refused).rejects.toBeInstanceOf(FunctionError);
  await harness.waitForRun(run.runId, ['PROMOTED']);
});
