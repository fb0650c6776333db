import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchGetCommand, DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, expect, it } from 'vitest';
import { type Item, snapshotItem, toSnapshot } from '../../../../lambdas/adapters/ledger/items.ts';
import { createSnapshots } from '../../../../lambdas/adapters/ledger/snapshots.ts';
import { advanceSnapshot, type Snapshot } from '../../../../lambdas/domain/snapshot.ts';

const FIXTURE = join(import.meta.dirname, '../../../fixtures/ledger/v1/snapshot.json');
const item = JSON.parse(readFileSync(FIXTURE, 'utf8')) as Item;
const snapshot = toSnapshot(item);
const client = DynamoDBDocumentClient.from(new DynamoDBClient({ region: 'us-east-1' }));
const sdk = mockClient(client);
const snapshots = createSnapshots({ client, tableName: 'ledger' });

beforeEach(() => sdk.reset());

it('an item of the first version is read, and written back as it was', () => {
  expect(snapshot).toMatchObject({ id: 'snapshot-main-20261120T020000Z', kind: 'scheduled', state: 'COMPLETE' });
  expect(snapshotItem(snapshot, String(item.writtenBy))).toEqual(item);
});

it('what is no snapshot is refused, naming field and item', () => {
  expect(() => toSnapshot({ ...item, state: 'GONE' })).toThrow(/state "GONE", expected one of CREATING, COMPLETE/);
  expect(() => toSnapshot({ ...item, commit: undefined })).toThrow(/SNAPSHOT#lake#.* has commit/);
});

it('is found by repository and id, consistently', async () => {
  sdk.on(GetCommand).resolves({ Item: item });
  expect(await snapshots.get('lake', snapshot.id)).toEqual(snapshot);
  expect(sdk.commandCalls(GetCommand)[0]?.args[0].input).toMatchObject({
    Key: { pk: `SNAPSHOT#lake#${snapshot.id}`, sk: 'SNAPSHOT' },
    ConsistentRead: true,
  });
  sdk.on(GetCommand).resolves({});
  expect(await snapshots.get('lake', 'nope')).toBeUndefined();
});

it('version 1 is written where nothing is, a later one where the earlier is; otherwise what is there comes back', async () => {
  sdk.on(PutCommand).resolves({});
  expect(await snapshots.put({ ...snapshot, version: 1 })).toEqual({ outcome: 'written' });
  expect(await snapshots.put({ ...snapshot, version: 5 })).toEqual({ outcome: 'written' });
  const inputs = sdk.commandCalls(PutCommand).map(({ args }) => args[0].input);
  expect(inputs[0]?.ConditionExpression).toBe('attribute_not_exists(pk)');
  expect(inputs[1]?.ExpressionAttributeValues).toEqual({ ':read': 4 });
  sdk.on(PutCommand).rejects(new ConditionalCheckFailedException({ message: '', $metadata: {}, Item: marshall(item) }));
  expect(await snapshots.put({ ...snapshot, version: 5 })).toEqual({ outcome: 'stale', snapshot });
});

it('lists the newest first, of one target where that is asked, none that are pruned, each read again', async () => {
  const later: Snapshot = {
    ...snapshot,
    id: 'snapshot-main-20261121T020000Z',
    startedAt: snapshot.startedAt + 86_400_000,
  };
  const other: Snapshot = { ...snapshot, id: 'snapshot-dev-20261121T020000Z', target: 'dev' };
  const gone: Snapshot = { ...snapshot, id: 'snapshot-main-20261119T020000Z', state: 'PRUNED' };
  const items = [snapshot, later, other, gone].map((each) => snapshotItem(each, 'w'));
  sdk.on(QueryCommand).resolves({ Items: items });
  sdk.on(BatchGetCommand).callsFake((input: { RequestItems: { ledger: { Keys: Item[] } } }) => ({
    Responses: {
      ledger: items.filter(({ pk }) => input.RequestItems.ledger.Keys.some((key) => key.pk === pk)),
    },
  }));
  const ids = async (filter: { repository?: string; target?: string }) =>
    (await Array.fromAsync(snapshots.list(filter))).map(({ id }) => id);
  expect(await ids({ target: 'main' })).toEqual([later.id, snapshot.id]);
  expect(await ids({})).toEqual([later.id, snapshot.id, other.id]);
  expect(await ids({ repository: 'elsewhere' })).toEqual([]);
});

it('a pruned one leaves the listing, and the ledger after 400 days', () => {
  const pruned = advanceSnapshot(snapshot, { state: 'PRUNED' }, snapshot.updatedAt);
  const written = snapshotItem(pruned, 'w');
  expect(written).not.toHaveProperty('listKey');
  expect(written.ttl).toBe(Math.floor(snapshot.updatedAt / 1000) + 400 * 86_400);
});
