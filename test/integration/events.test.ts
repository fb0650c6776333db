import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { GetQueueAttributesCommand, SendMessageCommand, SetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { FUNCTION, GLUE_DETAIL_TYPE, METADATA } from '../../lambdas/contract.ts';
import type { ReconcileReport } from '../../lambdas/usecases/reconcile.ts';
import { stateChange } from '../../local/glue-event.ts';
import { waitFor } from '../../local/wait.ts';
import { openHarness } from './setup/harness.ts';
import { createJob, runJob } from './setup/jobs.ts';
import { deadLetterQueueOf, INTAKE_QUEUE, onlyQueue } from './setup/queues.ts';

const harness = openHarness();
const JOB = 'it-events';
const TARGET = 'main';

beforeAll(() => createJob(harness, JOB));
afterEach(() => harness.deliver());

const promotionsOf = async (runId: string): Promise<number> => {
  let count = 0;
  for await (const commit of harness.lakefs.log(harness.repository, TARGET, { limit: 200 }))
    if (commit.metadata[METADATA.runId] === runId) count += 1;
  return count;
};

const dealtWith = async (jobRunId: string | undefined, copies: number): Promise<void> => {
  await waitFor(
    async () => (await harness.delivered()).find((each) => each.detail.jobRunId === jobRunId && each.copies === copies),
    { what: `the event of ${jobRunId ?? ''} was sent`, timeoutMs: 30_000 },
  );
  await waitFor(async () => ((await harness.depth(onlyQueue(harness, INTAKE_QUEUE))) === 0 ? true : undefined), {
    what: 'the intake queue is empty',
    timeoutMs: 30_000,
  });
};

test('an event that comes five times promotes once', async () => {
  await harness.deliver({ job: JOB, copies: 5, delayMs: 0 });
  const run = await runJob(harness, JOB, { files: { 'it-events/twice.txt': 'x' } });
  const promoted = await harness.waitForRun(run.runId, ['PROMOTED']);
  await dealtWith(run.jobRunId, 5);
  expect(await promotionsOf(run.runId)).toBe(1);
  expect((await harness.run(run.runId))?.mergeCommit).toBe(promoted.mergeCommit);
});

test('a late FAILED for a run that succeeded changes nothing', async () => {
  const run = await runJob(harness, JOB, { files: { 'it-events/late.txt': 'x' } });
  const promoted = await harness.waitForRun(run.runId, ['PROMOTED']);
  await harness.sendEvent(stateChange(JOB, run.jobRunId ?? '', 'FAILED', 'a lie'));
  const marker = await runJob(harness, JOB, { files: { 'it-events/marker.txt': 'x' } });
  await harness.waitForRun(marker.runId, ['PROMOTED']);
  expect(await harness.run(run.runId)).toMatchObject({ state: 'PROMOTED', mergeCommit: promoted.mergeCommit });
});

test('a lie about a job run that still goes is not believed', async () => {
  const { run } = await harness.startRun({
    job: JOB,
    arguments: { '--files': '{"it-events/lie.txt":"x"}', '--hold_seconds': '2' },
  });
  await harness.sendEvent(stateChange(JOB, run.jobRunId ?? '', 'FAILED', 'a lie'));
  expect((await harness.waitForRun(run.runId, ['PROMOTED', 'DISCARDED'])).state).toBe('PROMOTED');
});

test('what a lost event should have done is done by reconcile', async () => {
  await harness.deliver({ job: JOB, copies: 0, delayMs: 0 });
  const succeeded = await runJob(harness, JOB, { files: { 'it-events/lost.txt': 'x' } });
  const failed = await runJob(harness, JOB, { files: { 'it-events/lost-too.txt': 'x' }, fail: true });
  await dealtWith(succeeded.jobRunId, 0);
  expect((await harness.run(succeeded.runId))?.state).toBe('OPEN');
  const report = await harness.invoke<ReconcileReport>(FUNCTION.reconcile, {});
  expect(report).toMatchObject({ failures: 0, complete: true });
  await harness.waitForRun(succeeded.runId, ['PROMOTED']);
  await harness.waitForRun(failed.runId, ['DISCARDED']);
});

test('events of jobs that nobody manages are let be', async () => {
  await harness.sendEvent(stateChange('somebody-elses-job', 'jr_1', 'SUCCEEDED'));
  const marker = await runJob(harness, JOB, { files: { 'it-events/other.txt': 'x' } });
  await harness.waitForRun(marker.runId, ['PROMOTED']);
  expect(await harness.depth(deadLetterQueueOf(harness, INTAKE_QUEUE))).toBe(0);
});

/** Redeliveries wait for the visibility time-out, minutes in production: not here. */
const withQuickRedelivery = async (work: () => Promise<void>): Promise<void> => {
  const QueueUrl = onlyQueue(harness, INTAKE_QUEUE);
  const { Attributes } = await harness.aws.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['VisibilityTimeout'] }),
  );
  await harness.aws.sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout: '1' } }));
  try {
    await work();
  } finally {
    await harness.aws.sqs.send(
      new SetQueueAttributesCommand({
        QueueUrl,
        Attributes: { VisibilityTimeout: Attributes?.VisibilityTimeout ?? '30' },
      }),
    );
  }
};

const expectDeadLetters = async (wanted: readonly string[]): Promise<void> => {
  const found: string[] = [];
  await waitFor(
    async () => {
      found.push(...(await harness.drain(deadLetterQueueOf(harness, INTAKE_QUEUE))));
      return wanted.every((part) => found.some((body) => body.includes(part))) ? true : undefined;
    },
    { what: `the dead-letter queue holds ${wanted.join(' and ')}`, timeoutMs: 60_000 },
    () => found.map((body) => body.slice(0, 100)).join(' | '),
  );
};

test('malformed events end in the dead-letter queue, as they came, and hold nobody else up', async () => {
  await withQuickRedelivery(async () => {
    const detail = (broken: unknown): string => JSON.stringify(broken);
    await harness.aws.events.send(
      new PutEventsCommand({
        Entries: [
          { jobName: 'broken-1', state: 'SUCCEEDED' },
          { jobName: 'broken-2', jobRunId: 7, state: 'SUCCEEDED' },
          { jobName: 'broken-3'.padEnd(300, 'x'), jobRunId: 'jr_1', state: 'SUCCEEDED' },
        ].map((broken) => ({
          Source: 'branchline.glue',
          DetailType: GLUE_DETAIL_TYPE.stateChange,
          Detail: detail(broken),
        })),
      }),
    );
    const QueueUrl = onlyQueue(harness, INTAKE_QUEUE);
    await harness.aws.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: '{"truncated-4": ' }));
    const run = await runJob(harness, JOB, { files: { 'it-events/beside.txt': 'x' } });
    await harness.waitForRun(run.runId, ['PROMOTED']);
    await expectDeadLetters(['broken-1', 'broken-2', 'broken-3', 'truncated-4']);
  });
});

test('an event of 256 KB is refused or ends in the dead-letter queue', async () => {
  const huge = { jobName: 'huge-5', state: 'SUCCEEDED', padding: 'x'.repeat(256 * 1024 - 400) };
  await withQuickRedelivery(async () => {
    const answer = await harness.aws.events
      .send(
        new PutEventsCommand({
          Entries: [
            { Source: 'branchline.glue', DetailType: GLUE_DETAIL_TYPE.stateChange, Detail: JSON.stringify(huge) },
          ],
        }),
      )
      .catch((error: Error) => error);
    const refused = answer instanceof Error || answer.FailedEntryCount === 1;
    if (!refused) await expectDeadLetters(['huge-5']);
    expect.assertions(0);
  });
});
