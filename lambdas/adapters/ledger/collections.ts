/** The ledger's entries about garbage collections, one for each repository. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Collections } from '../../collection-ports.ts';
import { ENTRY_IS_NEW, VERSION_IS_WHAT_WAS_READ } from './conditions.ts';
import { collectionItem, toCollection } from './items.ts';
import { collectionItemKey } from './keys.ts';
import { createTable } from './table.ts';

export const createCollections = (options: {
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
}): Collections => {
  const table = createTable(options.client, options.tableName);
  return {
    async get(repository) {
      const item = await table.get(collectionItemKey(repository));
      return item === undefined ? undefined : toCollection(item);
    },

    async put(next) {
      const condition = next.version === 1 ? ENTRY_IS_NEW : VERSION_IS_WHAT_WAS_READ(next.version);
      const answer = await table.putWhere((writtenBy) => collectionItem(next, writtenBy), condition);
      if (answer.outcome === 'written') return { outcome: 'written' };
      return { outcome: 'stale', record: answer.stored === undefined ? undefined : toCollection(answer.stored) };
    },
  };
};
