/**
 * An Iceberg table on the deployed stack as Spark reads it, by Iceberg's own runtime and client of Glue: after each change exactly the rows
 * that the commit holds, and earlier commits by snapshot and by tag. Wants Java 17 and Maven; installs the rest.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { GetTableCommand } from '@aws-sdk/client-glue';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DATABASE, TEST_TABLE } from '../../local/config.ts';
import { scratchDirectory } from '../../local/paths.ts';
import { installSparkIceberg, type SparkIceberg, startSparkIceberg } from '../../local/spark-iceberg.ts';
import { waitFor } from '../../local/wait.ts';
import { branchline } from './setup/cli.ts';
import { openHarness } from './setup/harness.ts';
import { createJob, runTo, type Work } from './setup/jobs.ts';
import { asText, file, NULL_VALUE, readDirectly, row } from './setup/judged-rows.ts';

const harness = openHarness();
const JOB = 'it-spark-iceberg';
const PREFIX = 'it-spark-iceberg/';
const TABLE = `glue.${DATABASE}.${TEST_TABLE.sparkIceberg}`;
const TAG = 'it-spark-iceberg-kept';
const scratch = scratchDirectory('spark-iceberg');

let missing: string | undefined;
let spark: SparkIceberg | undefined;

beforeAll(async () => {
  missing = await installSparkIceberg();
  if (missing !== undefined) {
    console.info(`skipped: Spark as a reader of Iceberg tables, for ${missing}`);
    return;
  }
  const logFile = join(harness.state.logs, 'spark-iceberg.log');
  spark = await startSparkIceberg({ aws: harness.state.aws, scratch, logFile });
  await createJob(harness, JOB);
});
afterAll(async () => {
  await spark?.stop();
  await harness.lakefs.deleteTag(harness.repository, TAG);
  await rm(scratch, { recursive: true, force: true });
});

const ask = async (sql: string): Promise<readonly string[]> => ((await spark?.query(sql)) ?? []).map(asText).toSorted();

// Of a `timestamptz`, and of a `timestamp`, which has no zone for Spark either.
const SECONDS = 'unix_seconds(`at`), unix_seconds(CAST(seen AS timestamp))';
const COLUMNS = `CAST(dt AS string), region, id, name, CAST(amount AS double) + 0.0, ${SECONDS}`;

const isShown = async (commit: string): Promise<void> => {
  await waitFor(
    async () => {
      const of = { DatabaseName: DATABASE, Name: TEST_TABLE.sparkIceberg };
      const found = await harness.aws.glue.send(new GetTableCommand(of)).catch(() => undefined);
      return found?.Table?.Parameters?.['branchline.commit'] === commit ? true : undefined;
    },
    { what: `the table shows ${commit}`, timeoutMs: 90_000, everyMs: 500 },
  );
};

const promoted = async (work: Work): Promise<string> => (await runTo(harness, JOB, work, 'PROMOTED')).mergeCommit ?? '';
const at = (dt: string, region: string, name: string): string => `${PREFIX}dt=${dt}/region=${region}/${name}.parquet`;

describe('Spark reads what the commit holds', () => {
  const states: { readonly commit: string; readonly rows: readonly string[]; readonly columns: string }[] = [];
  let withNote = false;

  const shown = async (commit: string, count: number): Promise<void> => {
    await isShown(commit);
    const rows = await readDirectly(harness, PREFIX, commit, withNote);
    expect(rows).toHaveLength(count);
    const columns = `${COLUMNS}${withNote ? ', note' : ''}`;
    const select = `SELECT ${columns} FROM ${TABLE}`;
    expect(await ask(select)).toEqual(rows);
    // Counted from metadata alone, and by conditions on columns and on partitions, which leave files out.
    expect(await ask(`SELECT count(*) FROM ${TABLE}`)).toEqual([String(count)]);
    expect(await ask(`${select} WHERE id >= 3`)).toEqual(rows.filter((each) => Number(each.split(' ')[2]) >= 3));
    const first = rows.filter((each) => each.startsWith('2026-11-01 '));
    expect(await ask(`${select} WHERE dt = DATE '2026-11-01'`)).toEqual(first);
    const nowhere = rows.filter((each) => each.split(' ')[1] === 'null');
    expect(await ask(`${select} WHERE region IS NULL`)).toEqual(nowhere);
    states.push({ commit, rows, columns });
  };

  beforeEach((context) => {
    // Without Java and Maven there is no reader to ask.
    if (missing !== undefined) context.skip(missing);
  });

  test('after the first promotion, hidden files and nulls included', async () => {
    const binary = {
      [at('2026-11-01', 'north', 'a')]: file(row(1, 'one'), row(2, null, null)),
      [at('2026-11-01', NULL_VALUE, 'a')]: file(row(3, 'three')),
      [at('2026-11-02', 'south', 'a')]: file(row(4, 'four')),
      [`${PREFIX}dt=2026-11-02/region=south/_SUCCESS`]: new Uint8Array(),
    };
    const commit = await promoted({ binary });
    await harness.lakefs.createTag(harness.repository, TAG, commit);
    await shown(commit, 4);
  });

  test('after added, replaced and removed files and partitions', async () => {
    const binary = {
      [at('2026-11-01', 'north', 'b')]: file(row(5, 'five')),
      [at('2026-11-01', NULL_VALUE, 'a')]: file(row(3, 'THREE'), row(6, 'six')),
      [at('2026-11-03', 'north', 'a')]: file(row(7, 'seven')),
    };
    await shown(await promoted({ binary, removed: [at('2026-11-02', 'south', 'a')] }), 6);
  });

  test('after a rollback', async () => {
    const name = `${harness.repository}/main`;
    const words = ['rollback', '--target', name, '--to', states[0]?.commit ?? '', '--yes', '--wait', '--reason', 'no'];
    expect(await branchline([...words, '--who', 'anna', '--json'])).toMatchObject({ code: 0 });
    await shown(await harness.head('main'), 4);
    expect(states.at(-1)?.rows).toEqual(states[0]?.rows);
  });

  test('after a column was added, null where files do not have it', async () => {
    withNote = true;
    const binary = { [at('2026-11-04', 'north', 'a')]: file({ ...row(9, 'nine'), note: 'new' }, row(10, 'ten')) };
    await shown(await promoted({ binary }), 6);
    expect(await ask(`SELECT id FROM ${TABLE} WHERE note IS NOT NULL`)).toEqual(['9']);
  });

  test('of each commit before, by its snapshot', async () => {
    const found = await ask(`SELECT summary['branchline.commit'], snapshot_id FROM ${TABLE}.snapshots`);
    const snapshots = new Map(found.map((each) => each.split(' ') as [string, string]));
    expect(states).toHaveLength(4);
    for (const { commit, rows, columns } of states) {
      const select = `SELECT ${columns} FROM ${TABLE} VERSION AS OF ${snapshots.get(commit) ?? 'none'}`;
      expect(await ask(select), commit).toEqual(rows);
      const first = rows.filter((each) => each.startsWith('2026-11-01 '));
      expect(await ask(`${select} WHERE dt = DATE '2026-11-01'`), commit).toEqual(first);
    }
  });

  test('of a tagged commit, by its tag', async () => {
    // Tags are looked for once a minute, and by every comparison in full.
    const repaired = await branchline(['catalog', 'repair', TEST_TABLE.sparkIceberg, '--timeout', '2m']);
    expect(repaired.code, repaired.err).toBe(0);
    expect(await ask(`SELECT ${COLUMNS} FROM ${TABLE} VERSION AS OF '${TAG}'`)).toEqual(states[0]?.rows);
  });

  test('and refuses to remove what it takes for its own', async () => {
    const before = await ask(`SELECT ${COLUMNS} FROM ${TABLE}`);
    for (const procedure of ['expire_snapshots', 'remove_orphan_files']) {
      const call = `CALL glue.system.${procedure}(table => '${DATABASE}.${TEST_TABLE.sparkIceberg}')`;
      await expect(ask(call), procedure).rejects.toThrow(/GC is disabled/);
    }
    expect(await ask(`SELECT ${COLUMNS} FROM ${TABLE}`)).toEqual(before);
  });
});
