/**
 * An Iceberg table on the deployed stack as Spark reads it, by Iceberg's own runtime and client of Glue: after each change exactly the rows
 * that the commit holds, and earlier commits by snapshot and by tag. Wants Java 17 and Maven; installs the rest.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DATABASE, TEST_TABLE } from '../../local/config.ts';
import { scratchDirectory } from '../../local/paths.ts';
import { installSparkIceberg, type SparkIceberg, startSparkIceberg } from '../../local/spark-iceberg.ts';
import { branchline } from './setup/cli.ts';
import { EngineStory } from './setup/engine-story.ts';
import { openHarness } from './setup/harness.ts';
import { createJob } from './setup/jobs.ts';
import { asText } from './setup/judged-rows.ts';

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

describe('Spark reads what the commit holds', () => {
  const name = TEST_TABLE.sparkIceberg;
  const story = new EngineStory(harness, JOB, PREFIX, [{ name, table: TABLE, columns: COLUMNS, ask }]);
  const { states } = story;

  beforeEach((context) => {
    // Without Java and Maven there is no reader to ask.
    if (missing !== undefined) context.skip(missing);
  });

  test('after the first promotion, hidden files and nulls included', async () => {
    const commit = await story.first();
    await harness.lakefs.createTag(harness.repository, TAG, commit);
    await story.shown(commit, 4);
  });

  test('after added, replaced and removed files and partitions', async () => story.shown(await story.second(), 6));

  test('after a rollback', () => story.rolledBack());

  test('after a column was added, null where files do not have it', () => story.withNote());

  test('of each commit before, by its snapshot', async () => {
    const found = await ask(`SELECT summary['branchline.commit'], snapshot_id FROM ${TABLE}.snapshots`);
    const snapshots = new Map(found.map((each) => each.split(' ') as [string, string]));
    expect(states).toHaveLength(4);
    for (const { commit, rows, hasNote } of states) {
      const columns = `${COLUMNS}${hasNote ? ', note' : ''}`;
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
