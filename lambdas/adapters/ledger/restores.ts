/** The ledger's records of restores, plans among them. Never forgotten. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Restores } from '../../restore-ports.ts';
import { ENTRY_IS_NEW, VERSION_IS_WHAT_WAS_READ } from './conditions.ts';
import { restoreItem, toRestore } from './items.ts';
import { restoreItemKey } from './keys.ts';
import { createTable } from './table.ts';

export const createRestores = (options: {
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
}): Restores => {
  const table = createTable(options.client, options.tableName);
  return {
    async get(repository, id) {
      const item = await table.get(restoreItemKey(repository, id));
      return item === undefined ? undefined : toRestore(item);
    },

    async *list(repository) {
      const query = {
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': restoreItemKey(repository, '').pk },
        ConsistentRead: true,
        ScanIndexForward: false,
      };
      for await (const page of table.pages(query)) yield* page.map(toRestore);
    },

    async put(next) {
      const condition = next.version === 1 ? ENTRY_IS_NEW : VERSION_IS_WHAT_WAS_READ(next.version);
      const answer = await table.putWhere((writtenBy) => restoreItem(next, writtenBy), condition);
      if (answer.outcome === 'written') return { outcome: 'written' };
      return { outcome: 'stale', restore: answer.stored === undefined ? undefined : toRestore(answer.stored) };
    },
  };
};
