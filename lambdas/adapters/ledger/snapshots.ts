/** The ledger's entries about snapshots. Pruned ones stay for a while, in no listing. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { LEDGER_INDEX } from '../../contract.ts';
import type { Snapshots } from '../../snapshot-ports.ts';
import { ENTRY_IS_NEW, VERSION_IS_WHAT_WAS_READ } from './conditions.ts';
import { snapshotItem, toSnapshot } from './items.ts';
import { type ItemKey, SNAPSHOTS_LIST, snapshotItemKey } from './keys.ts';
import { createTable } from './table.ts';

export const createSnapshots = (options: {
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
}): Snapshots => {
  const table = createTable(options.client, options.tableName);
  return {
    async get(repository, id) {
      const item = await table.get(snapshotItemKey(repository, id));
      return item === undefined ? undefined : toSnapshot(item);
    },

    async *list({ repository, target }) {
      const { name, partitionKey } = LEDGER_INDEX.recent;
      const query = {
        IndexName: name,
        KeyConditionExpression: '#partition = :partition',
        ExpressionAttributeNames: { '#partition': partitionKey },
        ExpressionAttributeValues: { ':partition': SNAPSHOTS_LIST },
        ScanIndexForward: false,
      };
      for await (const page of table.pages(query)) {
        const keys = page
          .filter((item) => repository === undefined || item.repository === repository)
          .filter((item) => target === undefined || item.target === target)
          .map((item) => ({ pk: item.pk, sk: item.sk }) as ItemKey);
        const snapshots = (await table.getAll(keys)).map(toSnapshot).filter(({ state }) => state !== 'PRUNED');
        yield* snapshots.sort((a, b) => b.startedAt - a.startedAt || (a.id < b.id ? 1 : -1));
      }
    },

    async put(next) {
      const condition = next.version === 1 ? ENTRY_IS_NEW : VERSION_IS_WHAT_WAS_READ(next.version);
      const answer = await table.putWhere((writtenBy) => snapshotItem(next, writtenBy), condition);
      if (answer.outcome === 'written') return { outcome: 'written' };
      return { outcome: 'stale', snapshot: answer.stored === undefined ? undefined : toSnapshot(answer.stored) };
    },
  };
};
