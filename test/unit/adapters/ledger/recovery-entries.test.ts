/** The ledger's entries of ways back in DynamoDB, as it is asked and as it answers. */
import { readFileSync } from 'node:fs';
import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchGetCommand, DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { createCollections } from '../../../../lambdas/adapters/ledger/collections.ts';
import {
  type Item,
  rollbackItem,
  toCollection,
  toReplication,
  toRestore,
  toRollback,
  toRotation,
} from '../../../../lambdas/adapters/ledger/items.ts';
import { createReplications } from '../../../../lambdas/adapters/ledger/replications.ts';
import { createRestores } from '../../../../lambdas/adapters/ledger/restores.ts';
import { createRollbacks } from '../../../../lambdas/adapters/ledger/rollbacks.ts';
import { createRotations } from '../../../../lambdas/adapters/ledger/rotations.ts';

const client = mockClient(DynamoDBDocumentClient);
const options = { client: DynamoDBDocumentClient.from(new DynamoDBClient({})), tableName: 't' };
beforeEach(() => client.reset());

const stored = (name: string): Item =>
  JSON.parse(readFileSync(new URL(`../../../fixtures/ledger/v1/${name}.json`, import.meta.url), 'utf8')) as Item;

interface Entries {
  readonly name: string;
  readonly key: { readonly pk: string; readonly sk: string };
  /** What is told as stale. */
  readonly field: string;
  readonly entry: { readonly version: number };
  get(): Promise<unknown>;
  put(next: never): Promise<unknown>;
}

const [rollbacks, restores] = [createRollbacks(options), createRestores(options)];
const [rotations, replications, collections] = [
  createRotations(options),
  createReplications(options),
  createCollections(options),
];
const ROLLBACK = toRollback(stored('rollback'));
const RESTORE = toRestore(stored('restore'));

const ALL: readonly Entries[] = [
  {
    ...{ name: 'rollback', field: 'rollback', entry: ROLLBACK, put: (next) => rollbacks.put(next) },
    ...{ key: { pk: `ROLLBACK#${ROLLBACK.id}`, sk: 'ROLLBACK' }, get: () => rollbacks.get(ROLLBACK.id) },
  },
  {
    ...{ name: 'restore', field: 'restore', entry: RESTORE, put: (next) => restores.put(next) },
    ...{ key: { pk: 'RESTORE#lake', sk: RESTORE.id }, get: () => restores.get('lake', RESTORE.id) },
  },
  {
    ...{
      name: 'rotation',
      field: 'rotation',
      entry: toRotation(stored('rotation')),
      put: (next) => rotations.put(next),
    },
    ...{ key: { pk: 'ROTATION', sk: 'ROTATION' }, get: () => rotations.get() },
  },
  {
    ...{ name: 'replication', field: 'record', entry: toReplication(stored('replication')) },
    ...{ key: { pk: 'REPLICATION#lake', sk: 'REPLICATION' }, get: () => replications.get('lake') },
    put: (next) => replications.put(next),
  },
  {
    ...{ name: 'collection', field: 'record', entry: toCollection(stored('collection')) },
    ...{ key: { pk: 'COLLECTION#lake', sk: 'COLLECTION' }, get: () => collections.get('lake') },
    put: (next) => collections.put(next),
  },
];

describe.each(ALL)('the entry of a $name', ({ name, key, field, entry, get, put }) => {
  it('is read by its key, consistently; one that is not there is none', async () => {
    client.on(GetCommand).resolves({ Item: stored(name) });
    expect(await get()).toEqual(entry);
    expect(client.commandCalls(GetCommand)[0]?.args[0].input).toMatchObject({ Key: key, ConsistentRead: true });
    client.on(GetCommand).resolves({});
    expect(await get()).toBeUndefined();
  });

  it('is made where none is, and written where it is what was read', async () => {
    client.on(PutCommand).resolves({});
    expect(await put({ ...entry, version: 1 } as never)).toEqual({ outcome: 'written' });
    expect(await put({ ...entry, version: 8 } as never)).toEqual({ outcome: 'written' });
    const [first, second] = client.commandCalls(PutCommand).map(({ args }) => args[0].input);
    expect(first).toMatchObject({ ConditionExpression: 'attribute_not_exists(pk)', Item: { ...key, version: 1 } });
    expect(second).toMatchObject({ ExpressionAttributeValues: { ':read': 7 }, Item: { ...key, version: 8 } });
  });

  it('that another has written meanwhile is told as it is', async () => {
    const Item = marshall(stored(name), { removeUndefinedValues: true });
    client.on(PutCommand).rejects(new ConditionalCheckFailedException({ $metadata: {}, message: '', Item }));
    const answer = (await put({ ...entry, version: entry.version + 1 } as never)) as Record<string, unknown>;
    expect(answer['outcome']).toBe('stale');
    if (field in answer) expect(answer[field]).toEqual(entry);
  });

  it('that is no such entry is refused, with what is wrong', async () => {
    const { version: _, ...item } = stored(name);
    client.on(GetCommand).resolves({ Item: item });
    await expect(get()).rejects.toMatchObject({ code: 'BL5001', message: expect.stringContaining('version') });
  });
});

describe('lists of rollbacks', () => {
  it('those that are unfinished come from the sparse index; what is listed is read from the table itself', async () => {
    const done = { ...ROLLBACK, id: 'later', requestedAt: ROLLBACK.requestedAt + 1, state: 'DONE' as const };
    const items = [rollbackItem(ROLLBACK, 'w'), rollbackItem(done, 'w')];
    client.on(QueryCommand).resolves({ Items: items.map(({ pk, sk }) => ({ pk, sk })) });
    client.on(BatchGetCommand).resolves({ Responses: { t: items } });
    expect(await Array.fromAsync(rollbacks.list({}))).toEqual([done, ROLLBACK]);
    await Array.fromAsync(rollbacks.list({ unfinished: true, repository: 'lake', target: 'main' }));
    const [all, some] = client.commandCalls(QueryCommand).map(({ args }) => args[0].input);
    expect(all).toMatchObject({ IndexName: 'recent-index', ExpressionAttributeValues: { ':partition': 'ROLLBACKS' } });
    expect(some).toMatchObject({
      ...{ IndexName: 'state-index', FilterExpression: '#repository = :repository AND #target = :target' },
      ExpressionAttributeValues: { ':partition': 'STATE#ROLLBACK', ':repository': 'lake', ':target': 'main' },
    });
  });

  it('one that has ended is in the sparse index no more', () => {
    expect(rollbackItem(ROLLBACK, 'w')).toHaveProperty('stateKey', 'STATE#ROLLBACK');
    expect(rollbackItem({ ...ROLLBACK, state: 'DONE' }, 'w')).not.toHaveProperty('stateKey');
  });
});

describe('lists of restores', () => {
  it('are of one repository, newest first, consistently', async () => {
    client.on(QueryCommand).resolves({ Items: [stored('restore')] });
    expect(await Array.fromAsync(restores.list('lake'))).toEqual([RESTORE]);
    expect(client.commandCalls(QueryCommand)[0]?.args[0].input).toMatchObject({
      ...{ ConsistentRead: true, ScanIndexForward: false },
      ExpressionAttributeValues: { ':pk': 'RESTORE#lake' },
    });
  });
});
