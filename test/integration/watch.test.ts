/** What a person merges past Branchline is found by looking: by the schedule of reconcile, and within seconds by the watch. Then it is compared. */
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { beforeAll, expect, test } from 'vitest';
import { createLedger } from '../../lambdas/adapters/ledger/ledger.ts';
import { FUNCTION } from '../../lambdas/contract.ts';
import type { StatusAnswer, WatchAnswer } from '../../lambdas/usecases/catalog.ts';
import type { TableStatus } from '../../lambdas/usecases/catalog-status.ts';
import { query } from '../../local/athena.ts';
import { DATABASE, TEST_TABLE } from '../../local/config.ts';
import { waitFor } from '../../local/wait.ts';
import { parquetFile } from '../unit/domain/parquet/files.ts';
import { mergeByHand, put } from './setup/by-hand.ts';
import { branchline } from './setup/cli.ts';
import { openHarness } from './setup/harness.ts';
import { createJob, runTo } from './setup/jobs.ts';

const harness = openHarness();
const JOB = 'it-watch';
const { parted } = TEST_TABLE;
const SQL = "SELECT dt, id, name FROM t WHERE dt LIKE 'w%' ORDER BY dt, id";
const ledger = createLedger({
  client: DynamoDBDocumentClient.from(harness.aws.dynamo),
  tableName: harness.state.stack.ledgerTable,
});

const verified = async (): Promise<string | undefined> =>
  (await ledger.getTarget(harness.repository, 'main'))?.verifiedCommit;

const comesToBeVerified = (commit: string, timeoutMs: number): Promise<true> =>
  waitFor(
    async () => ((await verified()) === commit ? true : undefined),
    { what: `${commit} is verified`, timeoutMs, everyMs: 200 },
    () => 'another commit',
  );

const readersSee = async (rows: string): Promise<void> => {
  let last = '';
  await waitFor(
    async () => {
      last = (await query(harness.aws, DATABASE, parted, SQL)).map((row) => row.join(' ')).join('; ');
      return last === rows ? true : undefined;
    },
    { what: `readers of ${parted} see ${rows}`, timeoutMs: 60_000 },
    () => last,
  );
};

const file = (id: number): string => `{"id":${String(id)},"name":"watched"}\n`;
const merge = (id: number): Promise<string> =>
  mergeByHand(harness, 'it-watch-by-hand', (branch) =>
    put(harness, branch, `it-parted/dt=w${String(id)}/a.json`, file(id)),
  );

beforeAll(async () => {
  await createJob(harness, JOB);
  await runTo(harness, JOB, { files: { 'it-parted/dt=w0/a.json': file(0) } }, 'PROMOTED');
  await readersSee('w0 0 watched');
});

test('the schedule of reconcile finds a merge that nobody told of, and readers see it', async () => {
  const merged = await merge(1);
  // It runs every minute here.
  await comesToBeVerified(merged, 150_000);
  await readersSee('w0 0 watched; w1 1 watched');
});

test('the watch finds it within two looks', async () => {
  // Reconcile may be there first: then there is nothing left for the watch to find.
  for (let round = 2; round < 6; round += 1) {
    const watching = harness.invoke<WatchAnswer>(FUNCTION.catalog, {
      action: 'watch',
      ...{ everySeconds: 1, forSeconds: 12 },
    });
    const merged = await merge(round);
    await comesToBeVerified(merged, 12_000);
    const answer = await watching;
    expect(answer.outcome).toBe('watched');
    expect(answer.looks).toBeGreaterThanOrEqual(6);
    if (answer.verified === 0) continue;
    expect(answer.verified).toBe(1);
    await readersSee(Array.from({ length: round + 1 }, (_, id) => `w${String(id)} ${String(id)} watched`).join('; '));
    return;
  }
  expect.unreachable('the watch found none of four merges');
});

test('a file that readers of its table cannot read is told of until it is gone', async () => {
  const path = 'clicks/yyyy_mm_dd=2026-02-01/hh_mm=00:00/by-hand.parquet';
  const bad = parquetFile([{ name: 'quantity', type: 'STRING', data: ['many'] }]);
  const clicks = (isSo: (status: TableStatus) => boolean): Promise<TableStatus> => {
    let last: TableStatus | undefined;
    return waitFor(
      async () => {
        const { tables } = (await branchline(['catalog', 'status', 'clicks', '--json'])).json<StatusAnswer>();
        last = tables[0];
        return last?.state === 'shown' && isSo(last) ? last : undefined;
      },
      { what: 'the status of clicks', timeoutMs: 60_000, everyMs: 1000 },
      () => JSON.stringify(last),
    );
  };
  await clicks(({ misfits }) => misfits === undefined);
  await mergeByHand(harness, 'it-watch-bad', (branch) => put(harness, branch, path, bad));
  const refreshed = await branchline(['catalog', 'refresh', '--timeout', '2m']);
  expect(refreshed.code, refreshed.err).toBe(0);
  const { misfits } = await clicks((status) => status.misfits !== undefined);
  expect(misfits?.found).toEqual([
    { table: 'clicks', kind: 'changed', file: path, column: 'quantity', before: 'int', after: 'string' },
  ]);
  const { out } = await branchline(['catalog', 'status', 'clicks']);
  expect(out.replaceAll(/\s+/g, ' ')).toContain('1 file that readers cannot read');
  await runTo(harness, JOB, { removed: [path] }, 'PROMOTED');
  await clicks((status) => status.misfits === undefined);
});
