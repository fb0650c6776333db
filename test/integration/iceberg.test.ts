/** An Iceberg table on the deployed stack: after each change pyiceberg reads from Glue what the commit holds, no row more or less. */
import { DeleteTableCommand, GetTableCommand, UpdateTableCommand } from '@aws-sdk/client-glue';
import { DeleteObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { parquetReadObjects } from 'hyparquet';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { VerifyAnswer } from '../../lambdas/usecases/catalog.ts';
import type { AtAnswer } from '../../lambdas/usecases/catalog-at.ts';
import { query } from '../../local/athena.ts';
import { DATABASE, TEST_TABLE } from '../../local/config.ts';
import { waitFor } from '../../local/wait.ts';
import { parquetFile } from '../unit/domain/parquet/files.ts';
import { branchline, verifyCatalog } from './setup/cli.ts';
import { openHarness } from './setup/harness.ts';
import { type IcebergRead, installReader, readIceberg } from './setup/iceberg-reader.ts';
import { createJob, runJob, runTo, type Work } from './setup/jobs.ts';

const harness = openHarness();
const JOB = 'it-iceberg';
const TABLE = TEST_TABLE.iceberg;
const PREFIX = 'it-iceberg/';
let missing: string | undefined;

beforeAll(async () => {
  missing = await installReader();
  await createJob(harness, JOB);
});

const file = (...rows: readonly [id: number, name: string | null][]): Uint8Array =>
  parquetFile([
    { name: 'id', data: rows.map(([id]) => BigInt(id)), type: 'INT64' },
    { name: 'name', data: rows.map(([, name]) => name), type: 'STRING' },
  ]);

const tableInGlue = async () => {
  const { glue } = harness.aws;
  const { Table } = await glue.send(new GetTableCommand({ DatabaseName: DATABASE, Name: TABLE }));
  if (Table === undefined) throw new Error('no table');
  return Table;
};

/** By lakeFS alone: each file below the prefix is read, and its partition is what its path says. */
const readDirectly = async (commit: string): Promise<readonly string[]> => {
  const rows: string[] = [];
  for (const path of (await harness.listing(commit, PREFIX)).keys()) {
    const [, dt] = /^it-iceberg\/dt=([^/]+)\/[^_.][^/]*$/.exec(path) ?? [];
    if (dt === undefined) continue;
    const content = await harness.lakefs.getObject(harness.repository, commit, path);
    if (content === undefined) throw new Error(`${path} is gone`);
    const copy = new Uint8Array(content);
    for (const { id, name } of await parquetReadObjects({ file: copy.buffer })) {
      rows.push(`${dt} ${String(id)} ${String(name ?? 'None')}`);
    }
  }
  return rows.sort();
};

/** Glue names the commit, and then both kinds of readers find its rows. */
const isShown = async (commit: string): Promise<IcebergRead> => {
  await waitFor(
    async () => {
      const said = await tableInGlue().catch(() => undefined);
      return said?.Parameters?.['branchline.commit'] === commit ? true : undefined;
    },
    { what: `the table shows ${commit}`, timeoutMs: 60_000, everyMs: 500 },
  );
  const read = await readIceberg(harness.state, DATABASE, TABLE);
  const { Parameters } = await tableInGlue();
  expect(read.metadata).toBe(Parameters?.['metadata_location']);
  expect(read.summary['branchline.commit']).toBe(commit);
  expect(read.rows).toEqual(await readDirectly(commit));
  await waitFor(
    async () => {
      const rows = await query(harness.aws, DATABASE, `${TABLE}_symlink`, 'SELECT dt, id, name FROM t').catch(
        () => undefined,
      );
      const found = rows?.map((row) => row.join(' ').replace(/null$/i, 'None')).toSorted();
      return JSON.stringify(found) === JSON.stringify(read.rows) ? true : undefined;
    },
    { what: 'the symlink table beside it shows the same', timeoutMs: 60_000, everyMs: 500 },
  );
  return read;
};

const runs: string[] = [];
const promoted = async (work: Work): Promise<string> => {
  const run = await runTo(harness, JOB, work, 'PROMOTED');
  runs.push(run.runId);
  return run.mergeCommit ?? '';
};

describe('pyiceberg reads what the commit holds', () => {
  const commits: string[] = [];
  const states: (readonly string[])[] = [];
  const shown = async (commit: string, ...rows: readonly string[]): Promise<IcebergRead> => {
    const read = await isShown(commit);
    expect(read.rows).toEqual(rows);
    commits.push(commit);
    states.push(rows);
    return read;
  };

  beforeEach((context) => {
    if (missing !== undefined) context.skip(missing);
  });

  test('of new partitions', async () => {
    const binary = {
      [`${PREFIX}dt=2026-11-01/a.parquet`]: file([1, 'one'], [2, null]),
      [`${PREFIX}dt=2026-11-02/a.parquet`]: file([3, 'three']),
      [`${PREFIX}dt=2026-11-02/_SUCCESS`]: new Uint8Array(),
    };
    const read = await shown(await promoted({ binary }), '2026-11-01 1 one', '2026-11-01 2 None', '2026-11-02 3 three');
    expect(read.filtered).toEqual(['2026-11-02 3 three']);
    expect(read.columns).toEqual([
      ['id', 'long'],
      ['name', 'string'],
      ['dt', 'date'],
    ]);
  });

  test('of an added and a replaced file', async () => {
    const binary = {
      [`${PREFIX}dt=2026-11-03/a.parquet`]: file([4, 'four']),
      [`${PREFIX}dt=2026-11-01/b.parquet`]: file([5, 'five']),
      [`${PREFIX}dt=2026-11-02/a.parquet`]: file([3, 'THREE'], [6, 'six']),
    };
    await shown(
      await promoted({ binary }),
      ...['2026-11-01 1 one', '2026-11-01 2 None', '2026-11-01 5 five'],
      ...['2026-11-02 3 THREE', '2026-11-02 6 six', '2026-11-03 4 four'],
    );
  });

  test('of a removed partition and a removed file', async () => {
    const removed = [`${PREFIX}dt=2026-11-03/a.parquet`, `${PREFIX}dt=2026-11-01/a.parquet`];
    await shown(await promoted({ removed }), '2026-11-01 5 five', '2026-11-02 3 THREE', '2026-11-02 6 six');
  });

  test('of a target that was rolled back', async () => {
    const name = `${harness.repository}/main`;
    const words = ['rollback', '--target', name, '--to', commits[1] ?? '', '--yes', '--wait', '--reason', 'wrong'];
    expect(await branchline([...words, '--who', 'anna', '--json'])).toMatchObject({ code: 0 });
    await shown(await harness.head('main'), ...(states[1] ?? []));
  });

  test('of each commit before, by its snapshot', async () => {
    const { history } = await readIceberg(harness.state, DATABASE, TABLE);
    expect(commits.map((commit) => history[commit])).toEqual(states);
  });

  test('of each run and commit before, by the snapshot that `catalog at` names', async () => {
    const { by_snapshot } = await readIceberg(harness.state, DATABASE, TABLE);
    for (const [i, ref] of commits.entries()) {
      const answer = await branchline(['catalog', 'at', TABLE, '--ref', ref, '--json']);
      expect(answer.code, answer.err).toBe(0);
      const [found] = answer.json<AtAnswer>().at;
      expect(found).toMatchObject({ state: 'same', asked: ref });
      expect(by_snapshot[found?.snapshot ?? '']).toEqual(states[i]);
      expect(found?.query).toBe(`SELECT * FROM "${DATABASE}"."${TABLE}" FOR VERSION AS OF ${found?.snapshot ?? ''}`);
    }
    const ofRun = await branchline(['catalog', 'at', TABLE, '--ref', runs[1] ?? '', '--json']);
    expect(ofRun.json<AtAnswer>().at[0]).toMatchObject({ asked: commits[1] });
    const never = await branchline(['catalog', 'at', TABLE, '--ref', '2001-01-01T00:00Z', '--json']);
    expect(never).toMatchObject({ code: 3 });
    expect(never.json()).toMatchObject({ code: 'BL7021' });
  });
});

test('who comes late to Glue is refused: its state of the table is not the newest', async (context) => {
  if (missing !== undefined) context.skip(missing);
  const { glue } = harness.aws;
  const { StorageDescriptor, Parameters, VersionId } = await tableInGlue();
  const TableInput = {
    ...{ Name: TABLE, TableType: 'EXTERNAL_TABLE', PartitionKeys: [] },
    ...(StorageDescriptor === undefined ? {} : { StorageDescriptor }),
    ...(Parameters === undefined ? {} : { Parameters }),
  };
  const update = new UpdateTableCommand({ DatabaseName: DATABASE, TableInput, VersionId: VersionId ?? '' });
  await glue.send(update);
  await expect(glue.send(update)).rejects.toMatchObject({ name: 'ConcurrentModificationException' });
});

test('verify finds a table that somebody put back, repair puts it right', async (context) => {
  if (missing !== undefined) context.skip(missing);
  const { glue } = harness.aws;
  const { StorageDescriptor, Parameters } = await tableInGlue();
  const before = await readIceberg(harness.state, DATABASE, TABLE);
  const metadata_location = Parameters?.['previous_metadata_location'] ?? '';
  const TableInput = {
    ...{ Name: TABLE, TableType: 'EXTERNAL_TABLE', PartitionKeys: [] },
    ...(StorageDescriptor === undefined ? {} : { StorageDescriptor }),
    Parameters: { ...Parameters, metadata_location },
  };
  await glue.send(new UpdateTableCommand({ DatabaseName: DATABASE, TableInput }));
  expect((await readIceberg(harness.state, DATABASE, TABLE)).rows).not.toEqual(before.rows);
  const found = await verifyCatalog(TABLE, '--json');
  expect(found.code).toBe(1);
  // The removal of the third state is shown again.
  expect(found.json<VerifyAnswer>().verified[0]?.counts).toEqual({ 'partition-different': 1, 'partition-missing': 1 });
  const repaired = await branchline(['catalog', 'repair', TABLE, '--timeout', '2m']);
  expect(repaired.code, repaired.err).toBe(0);
  expect((await readIceberg(harness.state, DATABASE, TABLE)).rows).toEqual(before.rows);
});

test.for([
  { what: 'its metadata', metadata: true, glue: false },
  { what: 'its entry in Glue', metadata: false, glue: true },
  { what: 'both', metadata: true, glue: true },
])('repair rebuilds the table from the commit where somebody removed $what', async (removes, context) => {
  if (missing !== undefined) context.skip(missing);
  const { glue, s3 } = harness.aws;
  const before = await readIceberg(harness.state, DATABASE, TABLE);
  const { hostname: Bucket, pathname } = new URL(before.metadata);
  const Prefix = pathname.slice(1).replace(/metadata\/[^/]+$/, '');
  if (removes.metadata) {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
    expect(Contents.length).toBeGreaterThan(2);
    for (const { Key } of Contents) await s3.send(new DeleteObjectCommand({ Bucket, Key }));
  }
  if (removes.glue) await glue.send(new DeleteTableCommand({ DatabaseName: DATABASE, Name: TABLE }));
  await expect(readIceberg(harness.state, DATABASE, TABLE)).rejects.toThrow();
  // A trial tells what is amiss, and mends nothing.
  const trial = await branchline(['catalog', 'repair', TABLE, '--dry-run', '--json']);
  const { counts } = trial.json<VerifyAnswer>().verified[0] ?? {};
  expect(counts).toHaveProperty(removes.glue ? 'table-missing' : 'snapshot-foreign', 1);
  await expect(readIceberg(harness.state, DATABASE, TABLE)).rejects.toThrow();
  const repaired = await branchline(['catalog', 'repair', TABLE, '--timeout', '2m']);
  expect(repaired.code, repaired.err).toBe(0);
  const after = await readIceberg(harness.state, DATABASE, TABLE);
  expect(after.rows).toEqual(before.rows);
  expect(after.filtered).toEqual(before.filtered);
  expect(after.rows).toEqual(await readDirectly(after.summary['branchline.commit'] ?? ''));
  expect((await verifyCatalog(TABLE)).code).toBe(0);
});

/** Keys of the footers that settle-run keeps. */
const keptFooters = async (): Promise<readonly (string | undefined)[]> => {
  const bucket = new URL((await tableInGlue()).Parameters?.['metadata_location'] ?? '').hostname;
  const { Contents = [] } = await harness.aws.s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: 'footers/' }));
  return Contents.map(({ Key }) => Key);
};

test('the footers of many files are kept from the end of the run until they are shown', async (context) => {
  if (missing !== undefined) context.skip(missing);
  const target = `${harness.repository}/main`;
  const held = await branchline(['targets', 'hold', target, '--reason', 'a look at what is kept', '--json']);
  expect(held.code, held.err).toBe(0);
  const binary = Object.fromEntries(
    Array.from({ length: 24 }, (_, i) => [
      `${PREFIX}dt=2026-12-${String((i % 3) + 1).padStart(2, '0')}/f${String(i)}.parquet`,
      file([100 + i, `row ${String(i)}`]),
    ]),
  );
  const { runId } = await runJob(harness, JOB, { binary });
  const { runCommit = '' } = await harness.waitForRun(runId, ['COMMITTED']);
  expect(await keptFooters()).toEqual([`footers/${target}/${TABLE}/${runCommit}.gz`]);
  expect((await branchline(['targets', 'release', target, '--json'])).code).toBe(0);
  const { mergeCommit = '' } = await harness.waitForRun(runId, ['PROMOTED']);
  const read = await isShown(mergeCommit);
  expect(read.rows.filter((row) => row.includes(' row '))).toHaveLength(24);
  await waitFor(async () => ((await keptFooters()).length === 0 ? true : undefined), {
    ...{ what: 'they are gone', timeoutMs: 30_000, everyMs: 500 },
  });
});
