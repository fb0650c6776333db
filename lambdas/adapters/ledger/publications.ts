/** The ledger's entries about what readers see, one for each target, beside the target's own entry. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Publications } from '../../catalog-ports.ts';
import { ENTRY_IS_NEW, VERSION_IS_WHAT_WAS_READ } from './conditions.ts';
import { descriptionItems, getDescriptions } from './descriptions.ts';
import { columnsItem, type Item, publicationItem, toColumns, toPublication } from './items.ts';
import { columnsItemKey, publicationItemKey, unnamedItemKey, unnamedPrefix } from './keys.ts';
import { createTable } from './table.ts';
import { toUnnamed, unnamedItems } from './unnamed.ts';

export const createPublications = (options: {
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
}): Publications => {
  const table = createTable(options.client, options.tableName);
  return {
    async get(repository, branch) {
      const item = await table.get(publicationItemKey(repository, branch));
      return item === undefined ? undefined : toPublication(item);
    },

    async putColumns(of, digest, columns) {
      await table.put(columnsItem(columnsItemKey(of, digest), columns));
    },

    async getColumns(of, digest) {
      const item = await table.get(columnsItemKey(of, digest));
      return item === undefined ? undefined : toColumns(item);
    },

    async putDescriptions(of, digest, descriptions) {
      for (const item of descriptionItems(of, digest, descriptions)) await table.put(item);
    },

    getDescriptions: (of, digest) => getDescriptions(table, of, digest),

    async putUnnamed(of, unnamed) {
      for (const item of unnamedItems(of, unnamed)) await table.put(item);
    },

    async getUnnamed(of, { since, count }) {
      const items: Item[] = [];
      const query = {
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
        ExpressionAttributeValues: { ':pk': unnamedItemKey(of, 0).pk, ':prefix': unnamedPrefix(of) },
        ConsistentRead: true,
      };
      for await (const page of table.pages(query)) items.push(...page);
      return toUnnamed(items, since, count);
    },

    async put(next) {
      const condition = next.version === 1 ? ENTRY_IS_NEW : VERSION_IS_WHAT_WAS_READ(next.version);
      const answer = await table.putWhere((writtenBy) => publicationItem(next, writtenBy), condition);
      if (answer.outcome === 'written') return { outcome: 'written' };
      return { outcome: 'stale', publication: answer.stored === undefined ? undefined : toPublication(answer.stored) };
    },
  };
};
