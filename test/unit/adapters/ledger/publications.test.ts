import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, it } from 'vitest';
import { createPublications } from '../../../../lambdas/adapters/ledger/publications.ts';

const client = DynamoDBDocumentClient.from(new DynamoDBClient({ region: 'us-east-1' }));
const table = { repository: 'lake', target: 'main', name: 'sales' };
const found = {
  columns: [{ name: 'id', type: 'int' }],
  leftOut: [{ name: 't', why: 'no type', file: 'a' }],
  misfits: [{ table: 'sales', kind: 'unreadable' as const, file: 'b', why: 'no Parquet' }],
};

it('keeps the columns of a table under the name that says what they are, and gives them back', async () => {
  const mock = mockClient(client);
  const publications = createPublications({ client, tableName: 'ledger' });
  mock.on(PutCommand).resolves({});
  await publications.putColumns(table, 'abc', found);
  const { Item } = mock.commandCalls(PutCommand)[0]?.args[0].input ?? {};
  expect(Item).toMatchObject({ pk: 'TARGET#lake#main', sk: 'COLUMNS#sales#abc', kind: 'columns', schemaVersion: 1 });
  mock.on(GetCommand).resolves(Item === undefined ? {} : { Item });
  expect(await publications.getColumns(table, 'abc')).toEqual(found);
  mock.on(GetCommand).resolves({});
  expect(await publications.getColumns(table, 'abc')).toBeUndefined();
  mock.on(GetCommand).resolves({ Item: { pk: 'p', sk: 's', columns: 'none' } });
  await expect(publications.getColumns(table, 'abc')).rejects.toMatchObject({ code: 'BL5001' });
});
