/** The ledger's entries about erasures. Never forgotten. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Erasures } from '../../erasure-ports.ts';
import { ENTRY_IS_NEW, VERSION_IS_WHAT_WAS_READ } from './conditions.ts';
import { erasureItem, toErasure } from './items.ts';
import { erasureItemKey } from './keys.ts';
import { createTable } from './table.ts';

export const createErasures = (options: {
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
}): Erasures => {
  const table = createTable(options.client, options.tableName);
  return {
    async get(repository, id) {
      const item = await table.get(erasureItemKey(repository, id));
      return item === undefined ? undefined : toErasure(item);
    },

    async *list(repository) {
      const query = {
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': erasureItemKey(repository, '').pk },
        ConsistentRead: true,
        ScanIndexForward: false,
      };
      for await (const page of table.pages(query)) yield* page.map(toErasure);
    },

    async put(next) {
      const condition = next.version === 1 ? ENTRY_IS_NEW : VERSION_IS_WHAT_WAS_READ(next.version);
      const answer = await table.putWhere((writtenBy) => erasureItem(next, writtenBy), condition);
      if (answer.outcome === 'written') return { outcome: 'written' };
      return { outcome: 'stale', erasure: answer.stored === undefined ? undefined : toErasure(answer.stored) };
    },
  };
};
