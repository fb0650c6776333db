/** The ledger's entries about exports. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Exports } from '../../export-ports.ts';
import { ENTRY_IS_NEW, VERSION_IS_WHAT_WAS_READ } from './conditions.ts';
import { exportItem, toExport } from './items.ts';
import { exportItemKey } from './keys.ts';
import { createTable } from './table.ts';

export const createExports = (options: {
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
}): Exports => {
  const table = createTable(options.client, options.tableName);
  return {
    async get(name) {
      const item = await table.get(exportItemKey(name));
      return item === undefined ? undefined : toExport(item);
    },

    async put(next) {
      const condition = next.version === 1 ? ENTRY_IS_NEW : VERSION_IS_WHAT_WAS_READ(next.version);
      const answer = await table.putWhere((writtenBy) => exportItem(next, writtenBy), condition);
      if (answer.outcome === 'written') return { outcome: 'written' };
      return { outcome: 'stale', record: answer.stored === undefined ? undefined : toExport(answer.stored) };
    },
  };
};
