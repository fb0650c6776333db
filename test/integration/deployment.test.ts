import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { beforeAll, expect, inject, test } from 'vitest';
import { describeStack, destroy } from '../../local/deploy.ts';
import { cdkOptionsOf, redeploy } from '../../local/environment.ts';
import { Harness } from '../../local/harness.ts';
import { lakefsOf } from '../../local/lakefs-client.ts';
import { openHarness } from './setup/harness.ts';
import { createJob, runTo } from './setup/jobs.ts';

const harness = openHarness();
const { state } = harness;
const JOB = 'it-deployment';

beforeAll(() => createJob(harness, JOB));

test('deploying again without a change changes nothing', async () => {
  const before = await describeStack(harness.aws.cloudFormation, state.stack.name, state.stack.configFile);
  const head = await harness.head('main');
  await redeploy(state);
  expect(await describeStack(harness.aws.cloudFormation, state.stack.name, state.stack.configFile)).toEqual(before);
  expect(await harness.head('main')).toBe(head);
});

/** Runs last of all files (see the sequencer), and not on an environment that `local:up` keeps for somebody. */
test.skipIf(!inject('ownEnvironment'))(
  'removing the stack deletes no data, and deploying it again goes on',
  async () => {
    const run = await runTo(harness, JOB, { files: { 'it-deployment/a.txt': 'x' } }, 'PROMOTED');
    const before = await harness.listing('main');
    const head = await harness.head('main');
    await destroy(cdkOptionsOf(state), state.stack.name);
    expect(await harness.head('main')).toBe(head);
    expect(await harness.listing('main')).toEqual(before);
    expect(await harness.lakefs.getProtectedBranches(harness.repository)).toContain('main');
    const kept = await harness.aws.dynamo.send(new DescribeTableCommand({ TableName: state.stack.ledgerTable }));
    expect(kept.Table?.ItemCount ?? 0, 'the ledger is kept, with its entries').toBeGreaterThan(0);

    await redeploy(state);
    const stack = await describeStack(harness.aws.cloudFormation, state.stack.name, state.stack.configFile);
    const again = new Harness({ ...state, stack }, lakefsOf(state));
    try {
      expect(await again.head('main')).toBe(head);
      const next = await runTo(again, JOB, { files: { 'it-deployment/b.txt': 'x' } }, 'PROMOTED');
      expect(next.baseCommit).toBe(run.mergeCommit);
    } finally {
      again.close();
    }
  },
);
