/** The ledger's entries of rollbacks, dry runs and refused ones among them: never forgotten. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { LEDGER_INDEX } from '../../contract.ts';
import type { RollbackFilter, Rollbacks } from '../../rollback-ports.ts';
import { ENTRY_IS_NEW, VERSION_IS_WHAT_WAS_READ } from './conditions.ts';
import { rollbackItem, toRollback } from './items.ts';
import { type ItemKey, ROLLBACKS_LIST, rollbackItemKey, UNFINISHED_ROLLBACKS } from './keys.ts';
import { createTable, type Query } from './table.ts';

const queryOf = ({ unfinished, repository, target }: RollbackFilter): Query => {
  const index = unfinished === true ? LEDGER_INDEX.state : LEDGER_INDEX.recent;
  const filters = Object.entries({ repository, target }).filter(([, value]) => value !== undefined);
  const expression = filters.map(([name]) => `#${name} = :${name}`).join(' AND ');
  return {
    IndexName: index.name,
    KeyConditionExpression: '#partition = :partition',
    ExpressionAttributeNames: {
      '#partition': index.partitionKey,
      ...Object.fromEntries(filters.map(([name]) => [`#${name}`, name])),
    },
    ExpressionAttributeValues: {
      ':partition': unfinished === true ? UNFINISHED_ROLLBACKS : ROLLBACKS_LIST,
      ...Object.fromEntries(filters.map(([name, value]) => [`:${name}`, value])),
    },
    ...(expression === '' ? {} : { FilterExpression: expression }),
    ScanIndexForward: false,
  };
};

export const createRollbacks = (options: {
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
}): Rollbacks => {
  const table = createTable(options.client, options.tableName);
  return {
    async get(id) {
      const item = await table.get(rollbackItemKey(id));
      return item === undefined ? undefined : toRollback(item);
    },

    async put(next) {
      const condition = next.version === 1 ? ENTRY_IS_NEW : VERSION_IS_WHAT_WAS_READ(next.version);
      const answer = await table.putWhere((writtenBy) => rollbackItem(next, writtenBy), condition);
      if (answer.outcome === 'written') return { outcome: 'written' };
      return { outcome: 'stale', rollback: answer.stored === undefined ? undefined : toRollback(answer.stored) };
    },

    async *list(filter) {
      // The index tells which, the table what they are: see listing.ts.
      for await (const page of table.pages(queryOf(filter))) {
        const keys = page.map((item) => ({ pk: item.pk, sk: item.sk }) as ItemKey);
        const found = (await table.getAll(keys)).map(toRollback);
        yield* found.sort((a, b) => b.requestedAt - a.requestedAt || (a.id < b.id ? 1 : -1));
      }
    },
  };
};
