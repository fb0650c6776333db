/**
 * Tables on the deployed stack as Trino reads them: after each change, by symlinks and by Iceberg alike, exactly the rows that the commit
 * holds, and earlier commits by their snapshots. Wants `TRINO_HOME` and `TRINO_JAVA_HOME`; see docs/local.md.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { GetTableCommand } from '@aws-sdk/client-glue';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { DATABASE, TEST_TABLE } from '../../local/config.ts';
import { scratchDirectory } from '../../local/paths.ts';
import { findTrino, startTrino, type Trino, type TrinoCatalog } from '../../local/trino.ts';
import { waitFor } from '../../local/wait.ts';
import { branchline } from './setup/cli.ts';
import { openHarness } from './setup/harness.ts';
import { createJob, runTo, type Work } from './setup/jobs.ts';
import { asText, file, NULL_VALUE, readDirectly, row } from './setup/judged-rows.ts';

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

const commitShown = async (Name: string): Promise<string | undefined> => {
  const { Table } = await harness.aws.glue
    .send(new GetTableCommand({ DatabaseName: DATABASE, Name }))
    .catch(() => ({ Table: undefined }));
  return Table?.Parameters?.['branchline.commit'];
};

const isShown = async (commit: string): Promise<void> => {
  for (const name of Object.values(TABLE)) {
    await waitFor(async () => ((await commitShown(name)) === commit ? true : undefined), {
      ...{ what: `${name} shows ${commit}`, timeoutMs: 90_000, everyMs: 500 },
    });
  }
};

const promoted = async (work: Work): Promise<string> => (await runTo(harness, JOB, work, 'PROMOTED')).mergeCommit ?? '';

const at = (dt: string, region: string, name: string): string => `${PREFIX}dt=${dt}/region=${region}/${name}.parquet`;

describe.skipIf(typeof found === 'string')('Trino reads what the commit holds', () => {
  const states: { readonly commit: string; readonly rows: readonly string[] }[] = [];
  let withNote = false;

  /** Both kinds of tables show the commit, and what they give equals its own files. */
  const shown = async (commit: string, count: number): Promise<void> => {
    await isShown(commit);
    const rows = await readDirectly(harness, PREFIX, commit, withNote);
    expect(rows).toHaveLength(count);
    for (const catalog of CATALOGS) {
      const select = `SELECT ${COLUMNS}${withNote ? ', note' : ''} FROM ${TABLE[catalog]}`;
      expect(await ask(catalog, select), catalog).toEqual(rows);
      // Counted from metadata alone, and by conditions on columns and on partitions, which leave files out.
      expect(await ask(catalog, `SELECT count(*) FROM ${TABLE[catalog]}`), catalog).toEqual([String(count)]);
      const some = rows.filter((each) => Number(each.split(' ')[2]) >= 3);
      expect(await ask(catalog, `${select} WHERE id >= 3`), catalog).toEqual(some);
      const first = rows.filter((each) => each.startsWith('2026-11-01 '));
      expect(await ask(catalog, `${select} WHERE dt = DATE '2026-11-01'`), catalog).toEqual(first);
      const nowhere = rows.filter((each) => each.split(' ')[1] === 'null');
      expect(await ask(catalog, `${select} WHERE region IS NULL`), catalog).toEqual(nowhere);
    }
    states.push({ commit, rows });
  };

  beforeEach(() => {
    // A test that failed before leaves nothing to stand on.
    expect(trino).toBeDefined();
  });

  test('after the first promotion, hidden files and nulls included', async () => {
    const binary = {
      [at('2026-11-01', 'north', 'a')]: file(row(1, 'one'), row(2, null, null)),
      [at('2026-11-01', NULL_VALUE, 'a')]: file(row(3, 'three')),
      [at('2026-11-02', 'south', 'a')]: file(row(4, 'four')),
      [`${PREFIX}dt=2026-11-02/region=south/_SUCCESS`]: new Uint8Array(),
      [`${PREFIX}_temporary/0/part.parquet`]: file(row(99, 'unfinished')),
    };
    await shown(await promoted({ binary }), 4);
  });

  test('after added, replaced and removed files and partitions', async () => {
    const binary = {
      [at('2026-11-01', 'north', 'b')]: file(row(5, 'five')),
      [at('2026-11-01', NULL_VALUE, 'a')]: file(row(3, 'THREE'), row(6, 'six')),
      [at('2026-11-03', 'north', 'a')]: file(row(7, 'seven')),
    };
    await shown(await promoted({ binary, removed: [at('2026-11-02', 'south', 'a')] }), 6);
  });

  test('the same after a run that failed', async () => {
    const before = await harness.head('main');
    const binary = { [at('2026-11-01', 'north', 'a')]: file(row(8, 'bad')) };
    await runTo(harness, JOB, { binary, fail: true }, 'DISCARDED');
    expect(await harness.head('main')).toBe(before);
    const { rows } = states.at(-1) ?? { rows: [] };
    for (const catalog of CATALOGS)
      expect(await ask(catalog, `SELECT ${COLUMNS} FROM ${TABLE[catalog]}`), catalog).toEqual(rows);
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
    for (const catalog of CATALOGS)
      expect(await ask(catalog, `SELECT id FROM ${TABLE[catalog]} WHERE note IS NOT NULL`), catalog).toEqual(['9']);
  });

  test('of each commit before, by its snapshot', async () => {
    const sql = `SELECT snapshot_id, element_at(summary, 'branchline.commit') FROM "${TABLE.iceberg}$snapshots"`;
    // Snapshot ids are larger than numbers of JavaScript keep: taken as text.
    const snapshots = await ask('iceberg', sql.replace('snapshot_id,', 'CAST(snapshot_id AS varchar),'));
    const byCommit = new Map(snapshots.map((each) => each.split(' ').toReversed() as [string, string]));
    expect(states).toHaveLength(4);
    for (const { commit, rows } of states) {
      const columns = `${COLUMNS}${rows[0]?.split(' ').length === 8 ? ', note' : ''}`;
      const version = byCommit.get(commit) ?? 'none';
      const select = `SELECT ${columns} FROM ${TABLE.iceberg} FOR VERSION AS OF ${version}`;
      expect(await ask('iceberg', select), commit).toEqual(rows);
    }
  });
});
