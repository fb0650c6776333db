/** The ledger's entries about previews. Dropped ones stay for a while, in no listing. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Previews } from '../../catalog-ports.ts';
import { LEDGER_INDEX } from '../../contract.ts';
import { ENTRY_IS_NEW, VERSION_IS_WHAT_WAS_READ } from './conditions.ts';
import { type ItemKey, PREVIEWS_LIST, previewItemKey } from './keys.ts';
import { previewItem, toPreview } from './preview-items.ts';
import { createTable } from './table.ts';

export const createPreviews = (options: {
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
}): Previews => {
  const table = createTable(options.client, options.tableName);
  return {
    async get(name) {
      const item = await table.get(previewItemKey(name));
      return item === undefined ? undefined : toPreview(item);
    },

    async *list() {
      const { name, partitionKey } = LEDGER_INDEX.recent;
      const query = {
        IndexName: name,
        KeyConditionExpression: '#partition = :partition',
        ExpressionAttributeNames: { '#partition': partitionKey },
        ExpressionAttributeValues: { ':partition': PREVIEWS_LIST },
      };
      for await (const page of table.pages(query)) {
        const previews = (await table.getAll(page.map((item) => ({ pk: item.pk, sk: item.sk }) as ItemKey))).map(
          toPreview,
        );
        // The index lags behind: what was dropped a moment ago may still be in it.
        yield* previews.filter(({ state }) => state !== 'DROPPED').sort((a, b) => a.createdAt - b.createdAt);
      }
    },

    async put(next) {
      const condition = next.version === 1 ? ENTRY_IS_NEW : VERSION_IS_WHAT_WAS_READ(next.version);
      const answer = await table.putWhere((writtenBy) => previewItem(next, writtenBy), condition);
      return { outcome: answer.outcome === 'written' ? 'written' : 'stale' };
    },
  };
};
