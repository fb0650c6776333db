/** The records of requests in DynamoDB, as it is asked and as it answers. */
import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchGetCommand, DynamoDBDocumentClient, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { requestItem, toRequest } from '../../../../lambdas/adapters/ledger/request-items.ts';
import { createRequests } from '../../../../lambdas/adapters/ledger/requests.ts';
import { newRequest, type RequestRecord } from '../../../../lambdas/domain/request.ts';

const client = mockClient(DynamoDBDocumentClient);
const requests = createRequests({ client: DynamoDBDocumentClient.from(new DynamoDBClient({})), tableName: 't' });
beforeEach(() => client.reset());

const made = (at: number): RequestRecord =>
  newRequest(
    {
      ...{ function: 'snapshot', action: 'prune', dryRun: true, requestedBy: 'anna', repository: 'lake' },
      asked: { id: 'snapshot-main-20261120T020000Z' },
    },
    'o1',
    at,
  );
const FIRST = made(Date.parse('2026-11-30T17:00:00Z'));
const SECOND = made(Date.parse('2026-11-30T18:00:00Z'));

describe('records of requests', () => {
  it('are found by the list of all, newest first, and read from the table itself', async () => {
    client.on(QueryCommand).resolves({ Items: [requestItem(SECOND, 'w'), requestItem(FIRST, 'w')] });
    client.on(BatchGetCommand).resolves({ Responses: { t: [requestItem(FIRST, 'w'), requestItem(SECOND, 'w')] } });
    expect(await Array.fromAsync(requests.list({ repository: 'lake' }))).toEqual([SECOND, FIRST]);
    expect(client.commandCalls(QueryCommand)[0]?.args[0].input).toMatchObject({
      ...{ IndexName: 'recent-index', ScanIndexForward: false, FilterExpression: '#repository = :repository' },
      ExpressionAttributeValues: { ':partition': 'REQUESTS', ':repository': 'lake' },
    });
  });

  it('are all listed where nothing is asked for', async () => {
    client.on(QueryCommand).resolves({ Items: [] });
    expect(await Array.fromAsync(requests.list({}))).toEqual([]);
    expect(client.commandCalls(QueryCommand)[0]?.args[0].input).not.toHaveProperty('FilterExpression');
  });

  it('are made once, then changed where the version fits; otherwise what is stored is told', async () => {
    client.on(PutCommand).resolves({});
    expect(await requests.put(FIRST)).toEqual({ outcome: 'written' });
    expect(client.commandCalls(PutCommand)[0]?.args[0].input).toMatchObject({
      ConditionExpression: 'attribute_not_exists(pk)',
      Item: {
        pk: `REQUEST#${FIRST.id}`,
        sk: 'REQUEST',
        listKey: 'REQUESTS',
        ttl: FIRST.startedAt / 1000 + 400 * 86_400,
      },
    });
    const Item = marshall(requestItem(FIRST, 'another'));
    client.on(PutCommand).rejects(new ConditionalCheckFailedException({ $metadata: {}, message: '', Item }));
    expect(await requests.put({ ...FIRST, version: 2 })).toEqual({ outcome: 'stale', request: FIRST });
  });

  it('that are none are refused, with what is wrong', () => {
    expect(() => toRequest({ ...requestItem(FIRST, 'w'), requestedBy: 7 })).toThrow(/requestedBy 7, expected a text/);
  });
});
