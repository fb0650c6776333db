/** The state machine of docs/triggers.md, played as it stands: only job, day and pause are the test's. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { PROJECT } from '../../local/paths.ts';
import { waitFor } from '../../local/wait.ts';
import { openHarness } from './setup/harness.ts';
import { argumentsFor, createJob, type Work } from './setup/jobs.ts';

const harness = openHarness();
const JOB = 'it-triggers';
const CALLED = 'application/x-amz-json-1.0';

type Execution = Record<string, unknown>;

/** There is no other use for a client of Step Functions. Signatures are not checked by the local AWS, which wants the scope. */
const stepFunctions = async (action: string, body: unknown): Promise<Execution> => {
  const answer = await fetch(harness.state.aws.endpoint, {
    method: 'POST',
    headers: {
      'content-type': CALLED,
      'x-amz-target': `AWSStepFunctions.${action}`,
      authorization:
        'AWS4-HMAC-SHA256 Credential=test/20261124/us-east-1/states/aws4_request, SignedHeaders=host, Signature=0',
    },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${action}: ${String(answer.status)} ${await answer.text()}`);
  return (await answer.json()) as Record<string, unknown>;
};

const definition = (): string => {
  const page = readFileSync(join(PROJECT, 'docs', 'triggers.md'), 'utf8');
  const [, shown = ''] = /## Step Functions[\s\S]*?```json\n([\s\S]*?)```/.exec(page) ?? [];
  return shown
    .replace('"sales-load"', JSON.stringify(JOB))
    .replace('"arguments": { "--day.$": "$.day" }', '"arguments.$": "$.arguments"')
    .replace('"Seconds": 20', '"Seconds": 1');
};

let machine = '';

beforeAll(async () => {
  await createJob(harness, JOB);
  const made = await stepFunctions('CreateStateMachine', {
    name: 'it-triggers',
    definition: definition(),
    roleArn: `arn:aws:iam::${harness.state.aws.account}:role/it`,
  });
  machine = String(made['stateMachineArn']);
});

const play = async (day: string, work: Work): Promise<Execution> => {
  const input = JSON.stringify({ day, arguments: argumentsFor(work) });
  const { executionArn } = await stepFunctions('StartExecution', { stateMachineArn: machine, input });
  return waitFor(
    async () => {
      const now = await stepFunctions('DescribeExecution', { executionArn });
      return now['status'] === 'RUNNING' ? undefined : now;
    },
    { what: 'the execution has ended', timeoutMs: 90_000 },
  );
};

test('a state machine waits until the work is on the target', { timeout: 120_000 }, async () => {
  const ended = await play('20261124', { files: { 'it-triggers/a.txt': 'one' } });
  expect(ended).toMatchObject({ status: 'SUCCEEDED' });
  expect([...(await harness.listing('main', 'it-triggers/')).keys()]).toEqual(['it-triggers/a.txt']);
});

test('and fails where the job did', { timeout: 120_000 }, async () => {
  const ended = await play('20261125', { files: { 'it-triggers/b.txt': 'half' }, fail: true });
  expect(ended).toMatchObject({ status: 'FAILED', error: 'NotPromoted' });
  expect([...(await harness.listing('main', 'it-triggers/')).keys()]).not.toContain('it-triggers/b.txt');
});
