/** The records of drills in DynamoDB, as it is asked and as it answers. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { createDrills } from '../../../../lambdas/adapters/ledger/drills.ts';
import { drillItem } from '../../../../lambdas/adapters/ledger/items.ts';
import type { Drill } from '../../../../lambdas/domain/drill.ts';

const client = mockClient(DynamoDBDocumentClient);
const drills = createDrills({ client: DynamoDBDocumentClient.from(new DynamoDBClient({})), tableName: 't' });
beforeEach(() => client.reset());

const DRILL: Drill = {
  ...{ schemaVersion: 1, version: 1, id: 'drill-restore-20261120t020000z-5f0c2a', drillKind: 'restore' },
  ...{ state: 'RUNNING', repository: 'lake', storageNamespace: 's3://b/d/x', requestedBy: 'anna' },
  ...{ startedAt: 1, updatedAt: 1, leaseUntil: 2, steps: [], isRemoved: false },
};

describe('records of drills', () => {
  it('are listed by kind, newest first, consistently', async () => {
    client.on(QueryCommand).resolves({ Items: [drillItem(DRILL, 'w')] });
    expect(await Array.fromAsync(drills.list('restore'))).toEqual([DRILL]);
    expect(client.commandCalls(QueryCommand)[0]?.args[0].input).toMatchObject({
      ...{ ConsistentRead: true, ScanIndexForward: false },
      ExpressionAttributeValues: { ':pk': 'DRILL#restore' },
    });
  });

  it('are read by kind and id', async () => {
    client.on(GetCommand).resolves({ Item: drillItem(DRILL, 'w') });
    expect(await drills.get('restore', DRILL.id)).toEqual(DRILL);
    expect(client.commandCalls(GetCommand)[0]?.args[0].input).toMatchObject({
      Key: { pk: 'DRILL#restore', sk: DRILL.id },
    });
    client.on(GetCommand).resolves({});
    expect(await drills.get('restore', 'x')).toBeUndefined();
  });

  it('are written where the version fits, and otherwise what is stored is told', async () => {
    client.on(PutCommand).resolves({});
    expect(await drills.put(DRILL)).toEqual({ outcome: 'written' });
    expect(client.commandCalls(PutCommand)[0]?.args[0].input.ConditionExpression).toContain('attribute_not_exists');
    await drills.put({ ...DRILL, version: 2 });
    expect(client.commandCalls(PutCommand)[1]?.args[0].input.ConditionExpression).toContain('version');
  });

  it('that are none are refused, with what is wrong', async () => {
    const { state: _, ...item } = drillItem(DRILL, 'w');
    client.on(GetCommand).resolves({ Item: item });
    await expect(drills.get('restore', DRILL.id)).rejects.toMatchObject({ code: 'BL5001' });
    client.on(GetCommand).resolves({ Item: { ...drillItem(DRILL, 'w'), drillKind: 'fire' } });
    await expect(drills.get('restore', DRILL.id)).rejects.toThrow(/drillKind "fire"/);
  });
});
