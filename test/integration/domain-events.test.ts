import {
  DeleteRuleCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { CreateQueueCommand, DeleteQueueCommand, GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DOMAIN_EVENT, EVENT_SOURCE } from '../../lambdas/contract.ts';
import { waitFor } from '../../local/wait.ts';
import { openHarness } from './setup/harness.ts';
import { createJob, runTo } from './setup/jobs.ts';

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
