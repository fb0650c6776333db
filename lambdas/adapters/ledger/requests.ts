/** The ledger's records of what people asked for, dry runs among them. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { LEDGER_INDEX } from '../../contract.ts';
import type { RequestFilter, Requests } from '../../request-ports.ts';
import { ENTRY_IS_NEW, VERSION_IS_WHAT_WAS_READ } from './conditions.ts';
import { type ItemKey, REQUESTS_LIST } from './keys.ts';
import { requestItem, toRequest } from './request-items.ts';
import { createTable, type Query } from './table.ts';

const queryOf = (filter: RequestFilter): Query => {
  const { name, partitionKey } = LEDGER_INDEX.recent;
  const filters = Object.entries(filter).filter(([, value]) => value !== undefined);
  const expression = filters.map(([field]) => `#${field} = :${field}`).join(' AND ');
  return {
    IndexName: name,
    KeyConditionExpression: '#partition = :partition',
    ExpressionAttributeNames: {
      '#partition': partitionKey,
      ...Object.fromEntries(filters.map(([field]) => [`#${field}`, field])),
    },
    ExpressionAttributeValues: {
      ':partition': REQUESTS_LIST,
      ...Object.fromEntries(filters.map(([field, value]) => [`:${field}`, value])),
    },
    ...(expression === '' ? {} : { FilterExpression: expression }),
    ScanIndexForward: false,
  };
};

export const createRequests = (options: {
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
}): Requests => {
  const table = createTable(options.client, options.tableName);
  return {
    async *list(filter) {
      // The index tells which, the table what they are: see listing.ts.
      for await (const page of table.pages(queryOf(filter))) {
        const keys = page.map((item) => ({ pk: item.pk, sk: item.sk }) as ItemKey);
        const found = (await table.getAll(keys)).map(toRequest);
        yield* found.sort((a, b) => (a.id < b.id ? 1 : -1));
      }
    },

    async put(next) {
      const condition = next.version === 1 ? ENTRY_IS_NEW : VERSION_IS_WHAT_WAS_READ(next.version);
      const answer = await table.putWhere((writtenBy) => requestItem(next, writtenBy), condition);
      if (answer.outcome === 'written') return { outcome: 'written' };
      return { outcome: 'stale', request: answer.stored === undefined ? undefined : toRequest(answer.stored) };
    },
  };
};
