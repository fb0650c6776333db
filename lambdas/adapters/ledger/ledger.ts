/** The ledger in DynamoDB. See keys.ts for where things lie. */
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { LEDGER_INDEX, LEDGER_TTL, SCHEMA_VERSION } from '../../contract.ts';
import { BranchlineError } from '../../domain/errors.ts';
import { formatRunKey } from '../../domain/run.ts';
import type { Ledger } from '../../ports.ts';
import { changesItems, toChanges } from './changes.ts';
import { ENTRY_IS_NEW, VERSION_IS_WHAT_WAS_READ } from './conditions.ts';
import { ITEM_KIND, type Item, runItem, targetItem, toColumns, toPublication, toRun, toTarget } from './items.ts';
import {
  changesPrefix,
  columnsItemKey,
  type ItemKey,
  publicationItemKey,
  runItemKey,
  TARGETS_LIST,
  targetItemKey,
  unmanagedItemKey,
} from './keys.ts';
import { listRuns } from './listing.ts';
import { createTable } from './table.ts';

const UNMANAGED_DAYS = 90;

export interface LedgerOptions {
  /** With `marshallOptions.removeUndefinedValues`. */
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
}

export const createLedger = ({ client, tableName }: LedgerOptions): Ledger => {
  const table = createTable(client, tableName);
  return {
    async getRun(key) {
      const item = await table.get(runItemKey(key));
      return item === undefined ? undefined : toRun(item);
    },

    async getRuns(keys) {
      return (await table.getAll(keys.map(runItemKey))).map(toRun);
    },

    async createRun(run) {
      const answer = await table.putWhere((writtenBy) => runItem(run, writtenBy), ENTRY_IS_NEW);
      if (answer.outcome === 'written') return { outcome: 'created' };
      if (answer.stored === undefined) {
        throw new BranchlineError(
          'BL4003',
          `run ${formatRunKey(run)} was there and left the ledger while it was created`,
        );
      }
      return { outcome: 'exists', run: toRun(answer.stored) };
    },

    async updateRun(next) {
      const answer = await table.putWhere(
        (writtenBy) => runItem(next, writtenBy),
        VERSION_IS_WHAT_WAS_READ(next.version),
      );
      if (answer.outcome === 'written') return { outcome: 'updated' };
      return { outcome: 'stale', run: answer.stored === undefined ? undefined : toRun(answer.stored) };
    },

    listRuns: (filter) => listRuns(table, filter),

    async putChanges(key, commit, partitions) {
      for (const item of changesItems(key, commit, partitions)) await table.put(item);
    },

    async getChanges(key, commit) {
      const items: Item[] = [];
      const query = {
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
        ExpressionAttributeValues: { ':pk': runItemKey(key).pk, ':prefix': changesPrefix(key) },
        ConsistentRead: true,
      };
      for await (const page of table.pages(query)) items.push(...page);
      return toChanges(items, commit);
    },

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

    async recordUnmanaged({ job, jobRunId, pipeline, state, at }) {
      await table.put({
        ...unmanagedItemKey(jobRunId),
        kind: ITEM_KIND.unmanaged,
        schemaVersion: SCHEMA_VERSION,
        job,
        jobRunId,
        pipeline,
        state,
        at,
        [LEDGER_TTL]: Math.floor(at / 1000) + UNMANAGED_DAYS * 86_400,
      });
    },
  };
};
