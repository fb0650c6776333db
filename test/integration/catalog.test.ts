/** What readers see on the deployed stack: tables of JSON and CSV behind symlinks, read as Athena reads them. */
import {
  DeleteRuleCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { BatchDeletePartitionCommand, BatchUpdatePartitionCommand, GetPartitionCommand } from '@aws-sdk/client-glue';
import { CreateQueueCommand, DeleteQueueCommand, GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { beforeAll, describe, expect, test } from 'vitest';
import { createLedger } from '../../lambdas/adapters/ledger/ledger.ts';
import { createPublications } from '../../lambdas/adapters/ledger/publications.ts';
import { DOMAIN_EVENT, EVENT_SOURCE, FUNCTION } from '../../lambdas/contract.ts';
import type { StatusAnswer, VerifyAnswer } from '../../lambdas/usecases/catalog.ts';
import { query, resolveTable } from '../../local/athena.ts';
import { DATABASE, TEST_TABLE } from '../../local/config.ts';
import { waitFor } from '../../local/wait.ts';
import { mergeByHand, put } from './setup/by-hand.ts';
import { branchline, verifyCatalog } from './setup/cli.ts';
import { openHarness } from './setup/harness.ts';
import { createJob, runTo } from './setup/jobs.ts';

const harness = openHarness();
const JOB = 'it-catalog';
const { parted, whole } = TEST_TABLE;
const ledgerTable = {
  client: DynamoDBDocumentClient.from(harness.aws.dynamo, { marshallOptions: { removeUndefinedValues: true } }),
  tableName: harness.state.stack.ledgerTable,
};
const publications = createPublications(ledgerTable);
const ledger = createLedger(ledgerTable);

beforeAll(() => createJob(harness, JOB));

const json = (...rows: readonly [id: number, name: string][]): string =>
  rows.map(([id, name]) => `${JSON.stringify({ id, name })}\n`).join('');

const rowsOf = async (table: string, sql: string): Promise<string> => {
  const rows = await query(harness.aws, DATABASE, table, sql).catch((error: Error) => {
    if (error.name === 'EntityNotFoundException') return [['no table']];
    throw error;
  });
  return rows.map((row) => row.join(' ')).join('; ');
};

const SALES = 'SELECT dt, id, name FROM t ORDER BY dt, id';

/** Readers come to see these rows. */
const seen = async (table: string, sql: string, rows: string, timeoutMs = 60_000): Promise<void> => {
  let last = '';
  await waitFor(
    async () => {
      last = await rowsOf(table, sql);
      return last === rows ? true : undefined;
    },
    { what: `readers of ${table} see ${rows}`, timeoutMs },
    () => last,
  );
};

const reconcile = (): Promise<unknown> => harness.invoke(FUNCTION.reconcile, {});

describe('after a promotion readers see', () => {
  test('new partitions, and what is hidden stays hidden', async () => {
    const files = {
      'it-parted/dt=1/a.json': json([1, 'one'], [2, 'two']),
      'it-parted/dt=2/a.json': json([3, 'three']),
      'it-parted/dt=2/_SUCCESS': 'x',
      'it-parted/dt=3/_temporary/a.json': json([9, 'nine']),
    };
    await runTo(harness, JOB, { files }, 'PROMOTED');
    await seen(parted, SALES, '1 1 one; 1 2 two; 2 3 three');
    const { commit } = await resolveTable(harness.aws, DATABASE, parted);
    expect((await harness.lakefs.getCommit(harness.repository, commit ?? ''))?.id).toBe(commit);
  });

  test('changed and added ones, each as a whole', async () => {
    const files = { 'it-parted/dt=1/a.json': json([1, 'ONE']), 'it-parted/dt=4/a.json': json([4, 'four']) };
    await runTo(harness, JOB, { files }, 'PROMOTED');
    await seen(parted, SALES, '1 1 ONE; 2 3 three; 4 4 four');
  });

  test('an unpartitioned table, switched in one', async () => {
    await runTo(harness, JOB, { files: { 'it-whole/a.csv': '1,"a, b"\n2,c\n' } }, 'PROMOTED');
    await seen(whole, 'SELECT id, name FROM t ORDER BY id', '1 a, b; 2 c');
    await runTo(harness, JOB, { files: { 'it-whole/a.csv': '3,d\n' } }, 'PROMOTED');
    await seen(whole, 'SELECT id, name FROM t ORDER BY id', '3 d');
  });

  test('the same as before where a job failed', async () => {
    await runTo(harness, JOB, { files: { 'it-parted/dt=1/a.json': json([7, 'bad']) }, fail: true }, 'DISCARDED');
    expect(await rowsOf(parted, SALES)).toBe('1 1 ONE; 2 3 three; 4 4 four');
  });
});

test('what a person merged is shown once it is verified, and partitions without files are gone', async () => {
  await mergeByHand(harness, 'by-hand', async (branch) => {
    await harness.lakefs.deleteObjects(harness.repository, branch, ['it-parted/dt=4/a.json']);
    await put(harness, branch, 'it-parted/dt=5/a.json', json([5, 'five']));
  });
  await reconcile();
  await seen(parted, SALES, '1 1 ONE; 2 3 three; 5 5 five');
});

describe('branchline catalog', () => {
  const status = async () => (await branchline(['catalog', 'status', '--json'])).json<StatusAnswer>().tables;
  const edit = async (): Promise<void> => {
    const { glue } = harness.aws;
    const TableName = parted;
    await glue.send(
      new BatchDeletePartitionCommand({ DatabaseName: DATABASE, TableName, PartitionsToDelete: [{ Values: ['2'] }] }),
    );
    const { Partition } = await glue.send(
      new GetPartitionCommand({ DatabaseName: DATABASE, TableName, PartitionValues: ['1'] }),
    );
    const { StorageDescriptor, Parameters } = Partition ?? {};
    if (StorageDescriptor === undefined) throw new Error('no partition');
    const PartitionInput = {
      Values: ['1'],
      StorageDescriptor: { ...StorageDescriptor, Location: `s3://${harness.state.scriptBucket}/nowhere/` },
      ...(Parameters === undefined ? {} : { Parameters }),
    };
    const Entries = [{ PartitionValueList: ['1'], PartitionInput }];
    await glue.send(new BatchUpdatePartitionCommand({ DatabaseName: DATABASE, TableName, Entries }));
  };

  test('status tells what is shown', async () => {
    await waitFor(
      async () => ((await status()).every(({ state }) => state === 'shown') ? true : undefined),
      { what: 'all tables are shown', timeoutMs: 60_000, everyMs: 1000 },
      () => 'some are behind',
    );
    const found = (await status()).find(({ table }) => table === parted);
    expect(found).toMatchObject({ state: 'shown', lagSeconds: 0, partitions: 3 });
    expect(found?.commit).toBe(found?.verifiedCommit);
    const { out } = await branchline(['catalog', 'status', parted]);
    expect(out).toMatch(new RegExp(`^${parted} +\\S+/main +${DATABASE}\\.${parted} +shown `, 'm'));
  });

  test('verify finds what somebody edited, repair puts it right', async () => {
    const before = await verifyCatalog('--json');
    expect(before.code, before.out).toBe(0);
    await edit();
    expect(await rowsOf(parted, SALES)).toBe('5 5 five');
    const found = await verifyCatalog(parted, '--json');
    expect(found.code).toBe(1);
    expect(found.json<VerifyAnswer>().verified[0]?.counts).toEqual({
      'partition-missing': 1,
      'partition-different': 1,
    });
    const repaired = await branchline(['catalog', 'repair', parted, '--timeout', '2m']);
    expect(repaired.code, repaired.err).toBe(0);
    expect(await rowsOf(parted, SALES)).toBe('1 1 ONE; 2 3 three; 5 5 five');
    const after = await verifyCatalog();
    expect(after.code, after.out).toBe(0);
    const [table] = (await branchline(['catalog', 'status', parted, '--json'])).json<StatusAnswer>().tables;
    expect(table?.drift?.what).toBe('1 partitions were missing, 1 different, 0 foreign');
  });

  test('refresh has nothing to do where all is shown', async () => {
    expect(await branchline(['catalog', 'refresh'])).toMatchObject({ code: 0, out: 'up-to-date\n' });
    expect((await branchline(['catalog', 'status', 'nothing', '--json'])).code).toBe(3);
  });
});

test('sweep notes manifests that nobody names, and leaves them for a day', async () => {
  const before = await rowsOf(parted, SALES);
  // The schedule may have looked already, when all were named; a day passes before it looks again.
  await waitFor(
    async () => {
      const found = await publications.get(harness.repository, 'main');
      const { unnamed: _, ...table } = found?.tables[parted] ?? {};
      if (found === undefined || found.lease !== undefined || !('descriptor' in table)) return undefined;
      const tables = { ...found.tables, [parted]: table as (typeof found.tables)[string] };
      const { outcome } = await publications.put({ ...found, version: found.version + 1, tables });
      return outcome === 'written' ? true : undefined;
    },
    { what: 'the look of the schedule is forgotten', timeoutMs: 60_000, everyMs: 500 },
  );
  await waitFor(
    async () => {
      await harness.invoke(FUNCTION.sweep, {});
      const publication = await publications.get(harness.repository, 'main');
      return publication?.tables[parted]?.unnamed;
    },
    { what: 'sweep has looked', timeoutMs: 60_000, everyMs: 1000 },
  );
  const { since, count } = (await publications.get(harness.repository, 'main'))?.tables[parted]?.unnamed ?? {
    ...{ since: 0, count: 0 },
  };
  const of = { repository: harness.repository, target: 'main', name: parted };
  const noted = await publications.getUnnamed(of, { since, count });
  // The first state of dt=1 at least, and that of dt=4.
  expect(noted?.digests.length).toBeGreaterThanOrEqual(2);
  expect(await rowsOf(parted, SALES)).toBe(before);
});

describe('a hundred promotions in a minute', () => {
  const NAME = 'it-catalog-refreshed';
  const EventBusName = harness.state.stack.bus;

  test('cost a handful of refreshes', async () => {
    const { events, sqs } = harness.aws;
    const { QueueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: NAME }));
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
    const EventPattern = JSON.stringify({ source: [EVENT_SOURCE], 'detail-type': [DOMAIN_EVENT.catalogRefreshed] });
    await events.send(new PutRuleCommand({ Name: NAME, EventBusName, EventPattern }));
    const Targets = [{ Id: 'queue', Arn: Attributes?.QueueArn ?? '' }];
    await events.send(new PutTargetsCommand({ Rule: NAME, EventBusName, Targets }));
    try {
      const began = Date.now();
      let newest = '';
      // As promote-run leaves the ledger after each merge of its own.
      for (let i = 0; i < 100; i += 1) {
        newest = await mergeByHand(harness, 'burst', (branch) =>
          put(harness, branch, `it-parted/dt=burst${String(i % 10)}/a.json`, json([i, 'burst'])),
        );
        const target = await ledger.getTarget(harness.repository, 'main');
        if (target === undefined || target.verifiedCommit === newest) continue;
        const now = Date.now();
        await ledger.putTarget({
          ...{ ...target, version: target.version + 1, verifiedCommit: newest, verifiedAt: now, updatedAt: now },
        });
      }
      const seconds = (Date.now() - began) / 1000;
      await seen(parted, 'SELECT count(*), max(id) FROM t WHERE name = $$burst$$', '10 99');
      const shown = await waitFor(
        async () => {
          const publication = await publications.get(harness.repository, 'main');
          return publication?.tables[parted]?.commit === newest ? publication : undefined;
        },
        { what: 'the newest of them is shown', timeoutMs: 60_000 },
      );
      expect(shown.lease).toBeUndefined();
      let refreshes = 0;
      for (;;) {
        const bodies = await harness.drain(QueueUrl);
        if (bodies.length === 0) break;
        refreshes += bodies.filter((body) => body.includes(parted)).length;
      }
      console.info(`100 promotions in ${seconds.toFixed(1)} s: ${String(refreshes)} refreshes`);
      expect(refreshes).toBeGreaterThan(0);
      // One at once, and one for every five seconds.
      expect(refreshes).toBeLessThanOrEqual(2 + Math.ceil(seconds / 5));
    } finally {
      await events.send(new RemoveTargetsCommand({ Rule: NAME, EventBusName, Ids: ['queue'] }));
      await events.send(new DeleteRuleCommand({ Name: NAME, EventBusName }));
      await sqs.send(new DeleteQueueCommand({ QueueUrl }));
    }
  });
});
