/** The ledger's entries about the second region, one for each repository. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Replications } from '../../replication-ports.ts';
import { ENTRY_IS_NEW, VERSION_IS_WHAT_WAS_READ } from './conditions.ts';
import { replicationItem, toReplication } from './items.ts';
import { replicationItemKey } from './keys.ts';
import { createTable } from './table.ts';

export const createReplications = (options: {
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
}): Replications => {
  const table = createTable(options.client, options.tableName);
  return {
    async get(repository) {
      const item = await table.get(replicationItemKey(repository));
      return item === undefined ? undefined : toReplication(item);
    },

    async put(next) {
      const condition = next.version === 1 ? ENTRY_IS_NEW : VERSION_IS_WHAT_WAS_READ(next.version);
      const answer = await table.putWhere((writtenBy) => replicationItem(next, writtenBy), condition);
      if (answer.outcome === 'written') return { outcome: 'written' };
      return { outcome: 'stale', record: answer.stored === undefined ? undefined : toReplication(answer.stored) };
    },
  };
};
