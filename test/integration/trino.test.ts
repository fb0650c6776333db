/**
 * Tables on the deployed stack as Trino reads them: after each change, by symlinks and by Iceberg alike, exactly the rows that the commit
 * holds, and earlier commits by their snapshots. Wants `TRINO_HOME` and `TRINO_JAVA_HOME`; see docs/local.md.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type CompiledConfig, FUNCTION } from '../../lambdas/contract.ts';
import { DATABASE, TEST_TABLE } from '../../local/config.ts';
import { scratchDirectory } from '../../local/paths.ts';
import { findTrino, startTrino, type Trino, type TrinoCatalog } from '../../local/trino.ts';
import { branchline } from './setup/cli.ts';
import { EngineStory } from './setup/engine-story.ts';
import { openHarness } from './setup/harness.ts';
import { createJob, runTo } from './setup/jobs.ts';
import { asText, file, row } from './setup/judged-rows.ts';
import { configure } from './setup/other-config.ts';

const harness = openHarness();
const JOB = 'it-trino';
const PREFIX = 'it-trino/';
const TABLE: Readonly<Record<TrinoCatalog, string>> = {
  iceberg: TEST_TABLE.trino,
  hive: `${TEST_TABLE.trino}_symlink`,
};
const CATALOGS = ['hive', 'iceberg'] as const;

const scratch = scratchDirectory('trino');

const found = await findTrino(process.env);
if (typeof found === 'string') console.info(`skipped: Trino as a reader, for ${found}`);
let trino: Trino;

beforeAll(async () => {
  if (typeof found === 'string') return;
  const logFile = join(harness.state.logs, 'trino.log');
  trino = await startTrino({ ...found, aws: harness.state.aws, scratch, logFile });
  await createJob(harness, JOB);
});
afterAll(async () => {
  if (typeof found === 'string') return;
  await trino.stop();
  await rm(scratch, { recursive: true, force: true });
});

const ask = async (catalog: TrinoCatalog, sql: string): Promise<readonly string[]> =>
  (await trino.query(catalog, DATABASE, sql)).map(asText).toSorted();

const COLUMNS =
  'dt, region, id, name, CAST(amount AS double), CAST(to_unixtime("at") AS bigint), CAST(to_unixtime(seen) AS bigint)';

/** Another layout of the table, as a deployment brings it. */
const withPartitions =
  (partitionColumns: readonly string[]) =>
  (config: CompiledConfig): CompiledConfig => ({
    ...config,
    repositories: config.repositories.map((repository) => ({
      ...repository,
      tables: repository.tables.map((table) =>
        table.name === TEST_TABLE.trino ? { ...table, partitionColumns: [...partitionColumns] } : table,
      ),
    })),
  });

describe.skipIf(typeof found === 'string')('Trino reads what the commit holds', () => {
  const story = new EngineStory(
    harness,
    JOB,
    PREFIX,
    CATALOGS.map((catalog) => ({
      ...{ name: TABLE[catalog], table: TABLE[catalog], columns: COLUMNS },
      ask: (sql: string) => ask(catalog, sql),
    })),
  );
  const { states } = story;

  beforeEach(() => {
    // A test that failed before leaves nothing to stand on.
    expect(trino).toBeDefined();
  });

  test('after the first promotion, hidden files and nulls included', async () => story.shown(await story.first(), 4));

  test('after added, replaced and removed files and partitions', async () => story.shown(await story.second(), 6));

  test('the same after a run that failed', async () => {
    const before = await harness.head('main');
    const binary = { [story.at('2026-11-01', 'north', 'a')]: file(row(8, 'bad')) };
    await runTo(harness, JOB, { binary, fail: true }, 'DISCARDED');
    expect(await harness.head('main')).toBe(before);
    const { rows } = states.at(-1) ?? { rows: [] };
    for (const catalog of CATALOGS)
      expect(await ask(catalog, `SELECT ${COLUMNS} FROM ${TABLE[catalog]}`), catalog).toEqual(rows);
  });

  test('after a rollback', () => story.rolledBack());

  test('after a column was added, null where files do not have it', () => story.withNote());

  /** Snapshot ids are larger than numbers of JavaScript keep: taken as text. */
  const snapshotOf = async (commit: string): Promise<string> => {
    const of = "element_at(summary, 'branchline.commit')";
    const sql = `SELECT CAST(snapshot_id AS varchar) FROM "${TABLE.iceberg}$snapshots" WHERE ${of} = '${commit}' ORDER BY committed_at LIMIT 1`;
    return (await ask('iceberg', sql))[0] ?? 'none';
  };
  const expectHistory = async (): Promise<void> => {
    expect(states).toHaveLength(4);
    for (const { commit, rows, hasNote } of states) {
      const version = await snapshotOf(commit);
      const select = `SELECT ${COLUMNS}${hasNote ? ', note' : ''} FROM ${TABLE.iceberg} FOR VERSION AS OF ${version}`;
      expect(await ask('iceberg', select), commit).toEqual(rows);
      const first = rows.filter((each) => each.startsWith('2026-11-01 '));
      expect(await ask('iceberg', `${select} WHERE dt = DATE '2026-11-01'`), commit).toEqual(first);
    }
  };

  test('of each commit before, by its snapshot', expectHistory);

  // It fails at earlier snapshots then, whose partition column is none of the table (tried: 476).
  test('after a partition column left', async () => {
    const functions = [FUNCTION.catalog, FUNCTION.refreshCatalog];
    const rows = states.at(-1)?.rows ?? [];
    const columns = `${COLUMNS}, note`;
    const without = (each: string): string => each.split(' ').toSpliced(1, 1).join(' ');
    try {
      await configure(harness, functions, withPartitions(['dt']));
      expect((await branchline(['catalog', 'refresh', TEST_TABLE.trino, '--timeout', '2m'])).code).toBe(0);
      const select = `SELECT ${columns.replace('region, ', '')} FROM ${TABLE.iceberg}`;
      expect(await ask('iceberg', select)).toEqual(rows.map(without).toSorted());
      const first = rows.filter((each) => each.startsWith('2026-11-01 ')).map(without);
      expect(await ask('iceberg', `${select} WHERE dt = DATE '2026-11-01'`)).toEqual(first.toSorted());
    } finally {
      await configure(harness, functions, withPartitions(['dt', 'region']));
    }
  });
});
