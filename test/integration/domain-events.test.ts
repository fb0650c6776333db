import {
  DeleteRuleCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { CreateQueueCommand, DeleteQueueCommand, GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DOMAIN_EVENT, EVENT_SOURCE } from '../../lambdas/contract.ts';
import { EXPORT_BUCKET, TEST_EXPORT } from '../../local/config.ts';
import { waitFor } from '../../local/wait.ts';
import { openHarness } from './setup/harness.ts';
import { createJob, runTo } from './setup/jobs.ts';
import { textInS3 } from './setup/second.ts';

const harness = openHarness();
const JOB = 'it-domain-events';
const RULE = 'it-domain-events';
const EventBusName = harness.state.stack.bus;
let queue = '';

interface DomainEvent {
  readonly 'detail-type': string;
  readonly source: string;
  readonly detail: Record<string, unknown>;
}

beforeAll(async () => {
  await createJob(harness, JOB);
  const { QueueUrl = '' } = await harness.aws.sqs.send(new CreateQueueCommand({ QueueName: RULE }));
  queue = QueueUrl;
  const { Attributes } = await harness.aws.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }),
  );
  const EventPattern = JSON.stringify({ source: [EVENT_SOURCE] });
  await harness.aws.events.send(new PutRuleCommand({ Name: RULE, EventBusName, EventPattern }));
  const Targets = [{ Id: 'queue', Arn: Attributes?.QueueArn ?? '' }];
  await harness.aws.events.send(new PutTargetsCommand({ Rule: RULE, EventBusName, Targets }));
});

afterAll(async () => {
  await harness.aws.events.send(new RemoveTargetsCommand({ Rule: RULE, EventBusName, Ids: ['queue'] }));
  await harness.aws.events.send(new DeleteRuleCommand({ Name: RULE, EventBusName }));
  await harness.aws.sqs.send(new DeleteQueueCommand({ QueueUrl: queue }));
});

const collect = async (runId: string, last: string): Promise<readonly DomainEvent[]> => {
  const events: DomainEvent[] = [];
  await waitFor(
    async () => {
      const bodies = await harness.drain(queue);
      events.push(
        ...bodies.map((body) => JSON.parse(body) as DomainEvent).filter((event) => event.detail.runId === runId),
      );
      return events.some((event) => event['detail-type'] === last) ? true : undefined;
    },
    { what: `${last} of ${runId} is on the bus`, timeoutMs: 60_000 },
    () => events.map((event) => event['detail-type']).join(', '),
  );
  return events;
};

test('what happened to a run is told on the bus, each once and in its order', async () => {
  const run = await runTo(harness, JOB, { files: { 'it-bus/a.txt': 'x' } }, 'PROMOTED');
  const events = await collect(run.runId, DOMAIN_EVENT.runPromoted);
  expect(events.map((event) => event['detail-type'])).toEqual([
    DOMAIN_EVENT.runOpened,
    DOMAIN_EVENT.runCommitted,
    DOMAIN_EVENT.runPromoted,
  ]);
  expect(events.every((event) => event.source === EVENT_SOURCE)).toBe(true);
  expect(events.at(-1)?.detail).toMatchObject({ runId: run.runId, job: JOB, mergeCommit: run.mergeCommit });
});

test('a discarded run says so', async () => {
  const run = await runTo(harness, JOB, { files: { 'it-bus/b.txt': 'x' }, fail: true }, 'DISCARDED');
  const events = await collect(run.runId, DOMAIN_EVENT.runDiscarded);
  expect(events.map((event) => event['detail-type'])).toEqual([DOMAIN_EVENT.runOpened, DOMAIN_EVENT.runDiscarded]);
});

test('an export that followed a promotion is told, with where its manifest lies', async () => {
  const path = 'it-parted/dt=bus/a.json';
  await runTo(harness, JOB, { files: { [path]: '{"id": 1, "name": "bus"}\n' } }, 'PROMOTED');
  const to = await harness.head('main');
  const seen: DomainEvent[] = [];
  const { detail } = await waitFor(
    async () => {
      seen.push(...(await harness.drain(queue)).map((body) => JSON.parse(body) as DomainEvent));
      return seen.find(
        ({ 'detail-type': type, detail: { export: name, to: commit } }) =>
          type === DOMAIN_EVENT.exportCompleted && name === TEST_EXPORT && commit === to,
      );
    },
    { what: `the export of ${to} is on the bus`, timeoutMs: 60_000 },
    () => seen.map((event) => event['detail-type']).join(', '),
  );
  expect(detail).toMatchObject({ export: TEST_EXPORT, to, copied: 1 });
  const manifest = JSON.parse((await textInS3(harness, String(detail['manifest']))) ?? '') as {
    readonly parts: readonly string[];
    readonly redshift: readonly string[];
  };
  expect(manifest).toMatchObject({ commit: to, copied: 1 });
  const [part = '', redshift = ''] = [manifest.parts[0], manifest.redshift[0]];
  const url = `s3://${EXPORT_BUCKET}/lake/it_parted/dt=bus/a.json`;
  expect(JSON.parse((await textInS3(harness, part)) ?? '')).toMatchObject({ url, sizeBytes: 25 });
  const entry = { url, mandatory: true, meta: { content_length: 25 } };
  expect(JSON.parse((await textInS3(harness, redshift)) ?? '')).toEqual({ entries: [entry] });
});
