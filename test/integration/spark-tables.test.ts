/** Tables for Spark on the deployed stack: what Glue says of them, and whether the files lie where it says. */
import { GetTableCommand, paginateGetPartitions } from '@aws-sdk/client-glue';
import { beforeAll, describe, expect, test } from 'vitest';
import { SPARK_SUFFIX } from '../../lambdas/contract.ts';
import type { StatusAnswer } from '../../lambdas/usecases/catalog.ts';
import { DATABASE, TEST_TABLE } from '../../local/config.ts';
import { waitFor } from '../../local/wait.ts';
import { branchline, verifyCatalog } from './setup/cli.ts';
import { openHarness } from './setup/harness.ts';
import { createJob, runTo } from './setup/jobs.ts';

const harness = openHarness();
const { repository, lakefs } = harness;
const JOB = 'it-spark-tables';
const row = (id: number): string => `${JSON.stringify({ id, name: 'it' })}\n`;

interface Shown {
  readonly commit: string | undefined;
  readonly location: string;
  readonly columns: readonly string[];
  readonly inputFormat: string;
  /** Day → location. */
  readonly partitions: Readonly<Record<string, string>>;
}

const shown = async (table: string): Promise<Shown | undefined> => {
  const of = { DatabaseName: DATABASE, TableName: `${table}${SPARK_SUFFIX}` };
  const { Table } = await harness.aws.glue
    .send(new GetTableCommand({ DatabaseName: DATABASE, Name: of.TableName }))
    .catch((error: Error) => {
      if (error.name === 'EntityNotFoundException') return { Table: undefined };
      throw error;
    });
  if (Table === undefined || Table.Parameters?.['branchline.refreshing'] !== undefined) return undefined;
  const partitions: [string, string][] = [];
  for await (const { Partitions = [] } of paginateGetPartitions({ client: harness.aws.glue }, of)) {
    for (const { Values = [], StorageDescriptor } of Partitions)
      partitions.push([Values.join('/'), StorageDescriptor?.Location ?? '']);
  }
  const { Location = '', Columns = [], InputFormat = '' } = Table.StorageDescriptor ?? {};
  return {
    commit: Table.Parameters?.['branchline.commit'],
    location: Location,
    columns: [...Columns, ...(Table.PartitionKeys ?? [])].map(({ Name = '', Type = '' }) => `${Name} ${Type}`),
    inputFormat: InputFormat,
    partitions: Object.fromEntries(partitions.toSorted()),
  };
};

/** As soon as Glue says so. */
const comesToShow = (table: string, what: string, isSo: (found: Shown) => boolean): Promise<Shown> => {
  let last: Shown | undefined;
  return waitFor(
    async () => {
      last = await shown(table);
      return last !== undefined && isSo(last) ? last : undefined;
    },
    { what: `${table}${SPARK_SUFFIX} ${what}`, timeoutMs: 60_000 },
    () => JSON.stringify(last),
  );
};

const days = ({ partitions }: Shown): string => Object.keys(partitions).join(' ');

/** Path → checksum of what lies at the locations, asked of lakeFS. */
const filesAt = async ({ partitions }: Shown): Promise<ReadonlyMap<string, string>> => {
  const files = new Map<string, string>();
  for (const location of Object.values(partitions)) {
    const [, of, ref = '', prefix = ''] = /^lakefs:\/\/([^/]+)\/([^/]+)\/(.*)$/.exec(location) ?? [];
    expect(of, location).toBe(repository);
    for await (const { path, checksum } of lakefs.listObjects(repository, ref, { prefix })) files.set(path, checksum);
  }
  return files;
};

const filesOf = async (ref: string, prefix: string): Promise<ReadonlyMap<string, string>> =>
  new Map([...(await harness.listing(ref))].filter(([path]) => path.startsWith(prefix)));

beforeAll(() => createJob(harness, JOB));

describe.each([
  { table: TEST_TABLE.head, prefix: 'it-head/', isPinned: false },
  { table: TEST_TABLE.pinned, prefix: 'it-pinned/', isPinned: true },
])('$table', ({ table, prefix, isPinned }) => {
  let first: string;
  /** A commit by which each partition's files are those that the first promotion left. */
  let before: Shown;

  const promote = async (files: Record<string, string>, removed: readonly string[] = []): Promise<string> => {
    const named = Object.fromEntries(Object.entries(files).map(([path, content]) => [`${prefix}${path}`, content]));
    const work = { files: named, removed: removed.map((path) => `${prefix}${path}`) };
    const { mergeCommit = '' } = await runTo(harness, JOB, work, 'PROMOTED');
    return mergeCommit;
  };

  test('is there after a promotion, with its columns, its partitions and its commit', async () => {
    first = await promote({ 'dt=1/a.json': row(1), 'dt=2/a.json': row(2), 'dt=2/_SUCCESS': 'x' });
    before = await comesToShow(table, `shows ${first}`, ({ commit }) => commit === first);
    const ref = isPinned ? first : 'main';
    expect(before).toEqual({
      commit: first,
      location: `lakefs://${repository}/${ref}/${prefix}`,
      columns: ['id int', 'name string', 'dt string'],
      inputFormat: 'org.apache.hadoop.mapred.TextInputFormat',
      partitions: {
        1: `lakefs://${repository}/${ref}/${prefix}dt=1/`,
        2: `lakefs://${repository}/${ref}/${prefix}dt=2/`,
      },
    });
    expect(await filesAt(before)).toEqual(await filesOf(first, prefix));
  });

  test('follows files and partitions, each as far as it has to', async () => {
    const second = await promote({ 'dt=1/a.json': row(10) });
    const third = await promote({ 'dt=3/a.json': row(3) }, ['dt=2/a.json', 'dt=2/_SUCCESS']);
    const after = await comesToShow(table, `shows ${third}`, ({ commit }) => commit === third);
    expect(days(after)).toBe('1 3');
    expect(await filesAt(after)).toEqual(await filesOf(third, prefix));
    // Files of the head are at the head; a pinned partition names the commit that brought them, or a later one.
    if (!isPinned) expect(after.partitions['1']).toBe(before.partitions['1']);
    else expect([second, third].some((commit) => after.partitions['1']?.includes(commit))).toBe(true);
  });

  test('comes back with a rollback', async () => {
    const words = ['rollback', '--target', `${repository}/main`, '--to', first, '--yes', '--wait', '--json'];
    const done = await branchline(words);
    expect(done, done.err).toMatchObject({ code: 0 });
    const { mergeCommit } = done.json<{ rollback: { mergeCommit: string } }>().rollback;
    const back = await comesToShow(table, `shows ${mergeCommit}`, ({ commit }) => commit === mergeCommit);
    expect(days(back)).toBe('1 2');
    expect(await filesAt(back)).toEqual(await filesOf(first, prefix));
  });

  test('is a table of its own to status and verify', async () => {
    const name = `${table}${SPARK_SUFFIX}`;
    const [status] = (await branchline(['catalog', 'status', name, '--json'])).json<StatusAnswer>().tables;
    expect(status).toMatchObject({ table: name, tableName: name, database: DATABASE, partitions: 2 });
    const verified = await verifyCatalog(name);
    expect(verified.code, verified.out).toBe(0);
  });
});
