/** The ledger in DynamoDB. See keys.ts for where things lie. */
import { LEDGER_TTL, SCHEMA_VERSION } from '../../contract.ts';
import { BranchlineError } from '../../domain/errors.ts';
import { formatRunKey } from '../../domain/run.ts';
import type { Ledger } from '../../ports.ts';
import { changesItems, toChanges } from './changes.ts';
import { ENTRY_IS_NEW, VERSION_IS_WHAT_WAS_READ } from './conditions.ts';
import { ITEM_KIND, type Item, runItem, toRun } from './items.ts';
import { changesPrefix, runItemKey, unmanagedItemKey } from './keys.ts';
import { listRuns } from './listing.ts';
import { createTable } from './table.ts';
import { type LedgerOptions, targetsOf } from './targets.ts';

const UNMANAGED_DAYS = 90;

export const createLedger = ({ client, tableName }: LedgerOptions): Ledger => {
  const table = createTable(client, tableName);
  return {
    ...targetsOf(table),

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
