import { expect, test } from 'vitest';
import { deletePartitions, type GlueCall } from '../../../local/partitions.ts';

const batch = (...values: string[]) => ({
  DatabaseName: 'lake',
  TableName: 'sales',
  PartitionsToDelete: values.map((value) => ({ Values: [value] })),
});

test('deletes one after the other, and answers 200 with what was refused', async () => {
  const sent: unknown[] = [];
  const call: GlueCall = async (action, body) => {
    sent.push([action, body]);
    const isThere = (body as { PartitionValues: string[] }).PartitionValues[0] === '1';
    return isThere ? { status: 200, body: {} } : { status: 400, body: { __type: 'x#EntityNotFoundException' } };
  };
  const answer = await deletePartitions(call, batch('1', '2'));
  expect(sent[0]).toEqual(['DeletePartition', { DatabaseName: 'lake', TableName: 'sales', PartitionValues: ['1'] }]);
  expect(answer).toEqual({
    status: 200,
    body: {
      Errors: [{ PartitionValues: ['2'], ErrorDetail: { ErrorCode: 'EntityNotFoundException', ErrorMessage: '' } }],
    },
  });
});

test('takes as many as AWS does', async () => {
  const call: GlueCall = async () => ({ status: 200, body: {} });
  const values = Array.from({ length: 26 }, (_, i) => String(i));
  expect(await deletePartitions(call, batch(...values))).toMatchObject({ status: 400 });
  expect(await deletePartitions(call, batch(...values.slice(1)))).toMatchObject({ status: 200 });
});
