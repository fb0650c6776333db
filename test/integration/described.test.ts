/** Tables that the repository describes itself, on the deployed stack: the file comes with a run, and readers find its table. */
import { BatchGetPartitionCommand, DeleteTableCommand, GetTableCommand } from '@aws-sdk/client-glue';
import { beforeAll, expect, test } from 'vitest';
import type { StatusAnswer, VerifyAnswer } from '../../lambdas/usecases/catalog.ts';
import { query } from '../../local/athena.ts';
import { DESCRIBED_DATABASE, DESCRIBED_TABLE } from '../../local/config.ts';
import { waitFor } from '../../local/wait.ts';
import { branchline, verifyCatalog } from './setup/cli.ts';
import { openHarness } from './setup/harness.ts';
import { createJob, runTo } from './setup/jobs.ts';

const harness = openHarness();
const JOB = 'it-described';
const FILE = `_lakefs_tables/${DESCRIBED_TABLE}.yaml`;

beforeAll(() => createJob(harness, JOB));

/** As lakeFS documents it. */
const description = (partitionColumns: readonly string[], ...fields: readonly string[]): string =>
  [
    ...[`name: ${DESCRIBED_TABLE}`, 'type: hive', 'path: it-described/'],
    `partition_columns: ${JSON.stringify(partitionColumns)}`,
    ...['schema:', '  type: struct', '  fields:'],
    ...fields.map((field) => `    - ${field}`),
  ].join('\n');

const DAY = '{name: day, type: date, nullable: false, metadata: {}}';
const ID = '{name: id, type: long, nullable: false, metadata: {}}';
const NAME = '{name: Name, type: string, nullable: true, metadata: {comment: of the thing}}';
const HOUR = '{name: hour, type: integer}';

const row = (value: Readonly<Record<string, unknown>>): string => `${JSON.stringify(value)}\n`;

const rows = async (sql: string): Promise<string> => {
  const found = await query(harness.aws, DESCRIBED_DATABASE, DESCRIBED_TABLE, sql).catch((error: Error) => {
    if (error.name === 'EntityNotFoundException') return [['no table']];
    throw error;
  });
  return found.map((each) => each.join(' ')).join('; ');
};

const seen = async (sql: string, wanted: string): Promise<void> => {
  let last = '';
  await waitFor(
    async () => {
      // Between two layouts a query may find columns that are not there yet.
      last = await rows(sql).catch((error: Error) => error.message);
      return last === wanted ? true : undefined;
    },
    { what: `readers see ${wanted}`, timeoutMs: 90_000 },
    () => last,
  );
};

const status = async () => (await branchline(['catalog', 'status', '--json'])).json<StatusAnswer>();

const shown = (): Promise<unknown> =>
  waitFor(
    async () => {
      const found = (await status()).tables.find(({ table }) => table === DESCRIBED_TABLE);
      return found?.state === 'shown' ? true : undefined;
    },
    { what: 'the table is shown', timeoutMs: 60_000, everyMs: 1000 },
  );

test('a run brings a description and files: readers find the table', async () => {
  const files = {
    [FILE]: description(['day'], DAY, ID),
    'it-described/day=2026-11-01/a.json': row({ id: 1, name: 'one' }),
    'it-described/day=2026-11-02/hour=7/a.json': row({ id: 2, name: 'two' }),
  };
  await runTo(harness, JOB, { files }, 'PROMOTED');
  await seen('SELECT day, id FROM t ORDER BY id', '2026-11-01 1; 2026-11-02 2');
  await shown();
  const verified = await verifyCatalog(DESCRIBED_TABLE, '--json');
  expect(verified.code, verified.out).toBe(0);
  expect(verified.json<VerifyAnswer>().verified[0]).toMatchObject({ outcome: 'right', partitions: 2 });
});

test('a changed one brings columns to every partition', async () => {
  await runTo(harness, JOB, { files: { [FILE]: description(['day'], DAY, ID, NAME) } }, 'PROMOTED');
  await seen('SELECT day, id, name FROM t ORDER BY id', '2026-11-01 1 one; 2026-11-02 2 two');
  const { Partitions = [] } = await harness.aws.glue.send(
    new BatchGetPartitionCommand({
      ...{ DatabaseName: DESCRIBED_DATABASE, TableName: DESCRIBED_TABLE },
      PartitionsToGet: [{ Values: ['2026-11-01'] }, { Values: ['2026-11-02'] }],
    }),
  );
  expect(Partitions.map(({ StorageDescriptor }) => StorageDescriptor?.Columns?.map(({ Name }) => Name))).toEqual([
    ['id', 'name'],
    ['id', 'name'],
  ]);
});

test('one that cannot be read takes nothing away: its table goes on, and it is told', async () => {
  const files = { [FILE]: 'name: [', 'it-described/day=2026-11-03/a.json': row({ id: 3, name: 'three' }) };
  await runTo(harness, JOB, { files }, 'PROMOTED');
  await seen('SELECT id FROM t ORDER BY id', '1; 2; 3');
  const refused = await waitFor(async () => (await status()).refused?.find(({ file }) => file === FILE), {
    ...{ what: 'the refusal is told', timeoutMs: 60_000, everyMs: 1000 },
  });
  expect(refused).toMatchObject({ code: 'BL7010', table: DESCRIBED_TABLE, message: expect.stringContaining(FILE) });
  const { out } = await branchline(['catalog', 'status']);
  expect(out).toContain(
    `refused ${harness.repository}/main: ${DESCRIBED_TABLE} stays as it was described before: BL7010`,
  );
});

test('another layout has the table laid out anew', async () => {
  const files = {
    [FILE]: description(['day', 'hour'], DAY, HOUR, ID, NAME),
    'it-described/day=2026-11-03/hour=8/a.json': row({ id: 4, name: 'four' }),
  };
  await runTo(harness, JOB, { files }, 'PROMOTED');
  // What lies above the partitions is found by no reader.
  await seen('SELECT day, hour, id, name FROM t ORDER BY id', '2026-11-02 7 2 two; 2026-11-03 8 4 four');
  await shown();
  const verified = await verifyCatalog(DESCRIBED_TABLE, '--json');
  expect(verified.code, verified.out).toBe(0);
  expect((await status()).refused).toBeUndefined();
});

test('one that is removed leaves the table as it is, until a person takes it out of Glue', async () => {
  const files = { 'it-described/day=2026-11-03/hour=9/a.json': row({ id: 5, name: 'five' }) };
  await runTo(harness, JOB, { files, removed: [FILE] }, 'PROMOTED');
  const left = await waitFor(async () => (await status()).left?.find(({ table }) => table === DESCRIBED_TABLE), {
    ...{ what: 'the table is left', timeoutMs: 60_000, everyMs: 1000 },
  });
  expect(left.shownAs).toEqual([`${DESCRIBED_DATABASE}.${DESCRIBED_TABLE}`]);
  expect(await rows('SELECT id FROM t ORDER BY id')).toBe('2; 4');
  expect((await branchline(['catalog', 'verify', DESCRIBED_TABLE])).code).toBe(3);
  const of = { DatabaseName: DESCRIBED_DATABASE, Name: DESCRIBED_TABLE };
  const { Table } = await harness.aws.glue.send(new GetTableCommand(of));
  expect(Table?.Parameters?.['branchline.commit']).toBe(left.commit);
  await harness.aws.glue.send(new DeleteTableCommand(of));
});
