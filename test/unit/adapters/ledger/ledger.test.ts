import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchGetCommand, DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Item, runItem, targetItem } from '../../../../lambdas/adapters/ledger/items.ts';
import { createLedger } from '../../../../lambdas/adapters/ledger/ledger.ts';
import { formatRunKey, type Run } from '../../../../lambdas/domain/run.ts';
import type { RunFilter } from '../../../../lambdas/ports.ts';
import { sampleRun } from './sample-run.ts';

const client = DynamoDBDocumentClient.from(new DynamoDBClient({ region: 'us-east-1' }));
const sdk = mockClient(client);
const ledger = createLedger({ client, tableName: 'ledger' });

const refusal = (item?: Item): ConditionalCheckFailedException =>
  new ConditionalCheckFailedException({
    message: 'The conditional request failed',
    $metadata: {},
    ...(item === undefined ? {} : { Item: marshall(item, { removeUndefinedValues: true }) }),
  });

/** Indexes show `indexed`, the table holds `stored`. */
const holds = (indexed: readonly Run[], stored: readonly Run[] = indexed): void => {
  sdk.on(QueryCommand).callsFake((input: { ExpressionAttributeValues: Record<string, string>; IndexName: string }) => {
    const partition = input.ExpressionAttributeValues[':partition'];
    const items = indexed.map((run) => runItem(run, 'w'));
    const key = input.IndexName === 'state-index' ? 'stateKey' : 'listKey';
    const found = items.filter((item) => item[key] === partition);
    return { Items: found.sort((a, b) => (String(a.sortKey) < String(b.sortKey) ? 1 : -1)) };
  });
  sdk.on(BatchGetCommand).callsFake((input: { RequestItems: { ledger: { Keys: Item[] } } }) => {
    const keys = input.RequestItems.ledger.Keys;
    const items = stored.map((run) => runItem(run, 'w'));
    // In no order, as DynamoDB answers.
    return {
      Responses: { ledger: items.filter((item) => keys.some(({ pk, sk }) => pk === item.pk && sk === item.sk)) },
    };
  });
};

const list = async (filter: RunFilter): Promise<string[]> => {
  const found: string[] = [];
  for await (const run of ledger.listRuns(filter)) found.push(formatRunKey(run));
  return found;
};

beforeEach(() => sdk.reset());

describe('conditional writes', () => {
  it('creates where nothing is, and asks for what is there instead', async () => {
    sdk.on(PutCommand).resolves({});
    expect(await ledger.createRun(sampleRun())).toEqual({ outcome: 'created' });
    expect(sdk.commandCalls(PutCommand)[0]?.args[0].input).toMatchObject({
      TableName: 'ledger',
      ConditionExpression: 'attribute_not_exists(pk)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
  });

  it("gives the loser of two creations the winner's entry", async () => {
    const winner = sampleRun({ jobRunId: 'jr_winner' });
    sdk.on(PutCommand).rejects(refusal(runItem(winner, 'somebody')));
    expect(await ledger.createRun(sampleRun())).toEqual({ outcome: 'exists', run: winner });
  });

  it('recognises its own write, repeated by the SDK after a lost answer', async () => {
    sdk.on(PutCommand).callsFake((input: { Item: Item }) => Promise.reject(refusal(input.Item)));
    expect(await ledger.createRun(sampleRun())).toEqual({ outcome: 'created' });
    expect(await ledger.updateRun(sampleRun({ version: 2 }))).toEqual({ outcome: 'updated' });
  });

  it('does not take an equal entry of another writer for its own', async () => {
    sdk
      .on(PutCommand)
      .callsFake((input: { Item: Item }) => Promise.reject(refusal({ ...input.Item, writtenBy: 'other' })));
    expect(await ledger.updateRun(sampleRun({ version: 2 }))).toEqual({
      outcome: 'stale',
      run: sampleRun({ version: 2 }),
    });
  });

  it('updates only what has the version that was read', async () => {
    sdk.on(PutCommand).resolves({});
    await ledger.updateRun(sampleRun({ version: 5 }));
    expect(sdk.commandCalls(PutCommand)[0]?.args[0].input).toMatchObject({
      ConditionExpression: '#version = :read',
      ExpressionAttributeValues: { ':read': 4 },
    });
  });

  it('tells that an entry is gone', async () => {
    sdk.on(PutCommand).rejects(refusal());
    expect(await ledger.updateRun(sampleRun({ version: 2 }))).toEqual({ outcome: 'stale', run: undefined });
  });

  it('creates a target at version 1 and updates it afterwards', async () => {
    const target = {
      schemaVersion: 1,
      version: 1,
      repository: 'lake',
      branch: 'main',
      verifiedCommit: 'c',
      updatedAt: 1,
    };
    sdk
      .on(PutCommand)
      .resolvesOnce({})
      .resolvesOnce({})
      .rejectsOnce(refusal(targetItem(target, 'somebody')));
    await ledger.putTarget(target);
    await ledger.putTarget({ ...target, version: 2 });
    const conditions = sdk.commandCalls(PutCommand).map((call) => call.args[0].input.ConditionExpression);
    expect(conditions).toEqual(['attribute_not_exists(pk)', '#version = :read']);
    expect(await ledger.putTarget({ ...target, version: 2 })).toEqual({ outcome: 'stale', target });
  });
});

describe('listing runs', () => {
  const at = (minute: number): { openedAt: number } => ({ openedAt: Date.UTC(2026, 10, 24, 15, minute) });
  const runs = [
    sampleRun({ runId: 'open1', ...at(1) }),
    sampleRun({ runId: 'open3', ...at(3) }),
    sampleRun({ runId: 'committed2', state: 'COMMITTED', ...at(2), job: 'other' }),
    sampleRun({ runId: 'done4', state: 'PROMOTED', branchDeleted: true, ...at(4) }),
    sampleRun({ runId: 'failed5', state: 'DISCARDED', ...at(5) }),
  ];
  beforeEach(() => holds(runs));

  it.each<[string, RunFilter, string[], string[]]>([
    ['all, newest first', {}, ['failed5', 'done4', 'open3', 'committed2', 'open1'], ['recent-index']],
    [
      'moving states over several partitions',
      { states: ['OPEN', 'COMMITTED'] },
      ['open3', 'committed2', 'open1'],
      ['state-index', 'state-index'],
    ],
    ['settled states', { states: ['PROMOTED', 'DISCARDED'] }, ['failed5', 'done4'], ['recent-index']],
    ['settled and moving states', { states: ['PROMOTED', 'OPEN'] }, ['done4', 'open3', 'open1'], ['recent-index']],
    ['what is to be cleaned up', { needsCleanUp: true }, ['failed5'], ['state-index']],
    ['one job', { job: 'other' }, ['committed2'], ['recent-index']],
    ['another target', { target: 'staging' }, [], ['recent-index']],
    ['the newest two', { limit: 2 }, ['failed5', 'done4'], ['recent-index']],
    ['no state', { states: [] }, [], []],
  ])('%s', async (_, filter, expected, indexes) => {
    expect(await list(filter)).toEqual(expected);
    expect(sdk.commandCalls(QueryCommand).map((call) => call.args[0].input.IndexName)).toEqual(indexes);
  });

  it('believes the table where the index lags behind', async () => {
    const moved = runs.map((run) => (run.runId === 'open3' ? { ...run, state: 'COMMITTED' as const } : run));
    holds(runs, moved);
    expect(await list({ states: ['OPEN'] })).toEqual(['open1']);
    const [call] = sdk.commandCalls(BatchGetCommand);
    expect(call?.args[0].input.RequestItems?.ledger?.ConsistentRead).toBe(true);
  });

  it('names a run once that the index shows in two partitions', async () => {
    const [open1] = runs;
    if (open1 === undefined) throw new Error('no run');
    const committed = { ...open1, state: 'COMMITTED' as const };
    holds([open1, committed], [committed]);
    expect(await list({ states: ['OPEN', 'COMMITTED'] })).toEqual(['open1']);
  });

  it('asks again for keys that DynamoDB left unprocessed', async () => {
    const [open1, open3] = runs;
    if (open1 === undefined || open3 === undefined) throw new Error('no runs');
    const [one, three] = [runItem(open1, 'w'), runItem(open3, 'w')];
    sdk
      .on(BatchGetCommand)
      .resolvesOnce({
        Responses: { ledger: [one] },
        UnprocessedKeys: { ledger: { Keys: [{ pk: three.pk, sk: three.sk }] } },
      })
      .resolvesOnce({ Responses: { ledger: [three] } });
    expect(await list({ states: ['OPEN'] })).toEqual(['open3', 'open1']);
    expect(sdk.commandCalls(BatchGetCommand)[1]?.args[0].input.RequestItems?.ledger?.Keys).toEqual([
      { pk: three.pk, sk: three.sk },
    ]);
  });

  it('reads more than 100 runs in batches of 100', async () => {
    const many = Array.from({ length: 250 }, (_, minute) => sampleRun({ runId: `x${String(minute)}`, ...at(minute) }));
    holds(many);
    expect(await list({})).toHaveLength(250);
    const sizes = sdk
      .commandCalls(BatchGetCommand)
      .map((call) => call.args[0].input.RequestItems?.ledger?.Keys?.length);
    expect(sizes).toEqual([100, 100, 50]);
  });
});

describe('faults of AWS', () => {
  it.each([
    ['AccessDeniedException', 'BL4002'],
    ['ProvisionedThroughputExceededException', 'BL4001'],
  ])('%s becomes %s', async (name, code) => {
    sdk.on(GetCommand).rejects(Object.assign(new Error('no'), { name }));
    await expect(ledger.getRun({ runId: 'a', attempt: 0 })).rejects.toMatchObject({ code });
  });
});

describe('job runs that are not ours', () => {
  it('are forgotten after 90 days', async () => {
    sdk.on(PutCommand).resolves({});
    await ledger.recordUnmanaged({ job: 'j', jobRunId: 'jr_1', pipeline: 'p', state: 'FAILED', at: 1_000 });
    expect(sdk.commandCalls(PutCommand)[0]?.args[0].input.Item).toMatchObject({
      pk: 'UNMANAGED#jr_1',
      jobRunId: 'jr_1',
      ttl: 1 + 90 * 86_400,
    });
  });
});
