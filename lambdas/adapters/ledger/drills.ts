/** The ledger's records of drills. Never forgotten: a name that was used once is not used again. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Drills } from '../../drill-ports.ts';
import { ENTRY_IS_NEW, VERSION_IS_WHAT_WAS_READ } from './conditions.ts';
import { drillItem, toDrill } from './items.ts';
import { drillItemKey } from './keys.ts';
import { createTable } from './table.ts';

export const createDrills = (options: {
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
}): Drills => {
  const table = createTable(options.client, options.tableName);
  return {
    async get(kind, id) {
      const item = await table.get(drillItemKey(kind, id));
      return item === undefined ? undefined : toDrill(item);
    },

    async *list(kind) {
      const query = {
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': drillItemKey(kind, '').pk },
        ConsistentRead: true,
        ScanIndexForward: false,
      };
      for await (const page of table.pages(query)) yield* page.map(toDrill);
    },

    async put(next) {
      const condition = next.version === 1 ? ENTRY_IS_NEW : VERSION_IS_WHAT_WAS_READ(next.version);
      const answer = await table.putWhere((writtenBy) => drillItem(next, writtenBy), condition);
      if (answer.outcome === 'written') return { outcome: 'written' };
      return { outcome: 'stale', drill: answer.stored === undefined ? undefined : toDrill(answer.stored) };
    },
  };
};
