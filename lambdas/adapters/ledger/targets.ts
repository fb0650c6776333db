/** The ledger's entries about targets; apart from ledger.ts, so that functions which never touch runs do not carry the rest. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { LEDGER_INDEX } from '../../contract.ts';
import type { TargetLedger } from '../../ports.ts';
import { ENTRY_IS_NEW, VERSION_IS_WHAT_WAS_READ } from './conditions.ts';
import { getDescriptions } from './descriptions.ts';
import { targetItem, toColumns, toPublication, toTarget } from './items.ts';
import { columnsItemKey, type ItemKey, publicationItemKey, TARGETS_LIST, targetItemKey } from './keys.ts';
import { createTable, type Table } from './table.ts';

export interface LedgerOptions {
  /** With `marshallOptions.removeUndefinedValues`. */
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
}

export const createTargetLedger = ({ client, tableName }: LedgerOptions): TargetLedger =>
  targetsOf(createTable(client, tableName));

export const targetsOf = (table: Table): TargetLedger => ({
  async getTarget(repository, branch) {
    const item = await table.get(targetItemKey(repository, branch));
    return item === undefined ? undefined : toTarget(item);
  },

  async getColumns(repository, target, name) {
    const item = await table.get(publicationItemKey(repository, target));
    const digest = item === undefined ? undefined : toPublication(item).tables[name]?.columns;
    const columns =
      digest === undefined ? undefined : await table.get(columnsItemKey({ repository, target, name }, digest));
    return columns === undefined ? undefined : toColumns(columns).columns;
  },

  async getDescriptions(repository, branch) {
    const item = await table.get(publicationItemKey(repository, branch));
    const digest = item === undefined ? undefined : toPublication(item).described?.digest;
    return digest === undefined ? [] : ((await getDescriptions(table, { repository, branch }, digest)) ?? []);
  },

  async *listTargets() {
    const { name, partitionKey } = LEDGER_INDEX.recent;
    const query = {
      IndexName: name,
      KeyConditionExpression: '#partition = :partition',
      ExpressionAttributeNames: { '#partition': partitionKey },
      ExpressionAttributeValues: { ':partition': TARGETS_LIST },
    };
    for await (const page of table.pages(query)) {
      const keys = page.map((item) => ({ pk: item.pk, sk: item.sk }) as ItemKey);
      const targets = (await table.getAll(keys)).map(toTarget);
      yield* targets.sort((a, b) => `${a.repository}#${a.branch}`.localeCompare(`${b.repository}#${b.branch}`, 'en'));
    }
  },

  async putTarget(next) {
    const condition = next.version === 1 ? ENTRY_IS_NEW : VERSION_IS_WHAT_WAS_READ(next.version);
    const answer = await table.putWhere((writtenBy) => targetItem(next, writtenBy), condition);
    if (answer.outcome === 'written') return { outcome: 'written' };
    return { outcome: 'stale', target: answer.stored === undefined ? undefined : toTarget(answer.stored) };
  },
});
