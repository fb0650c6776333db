/**
 * Files that are not as their table expects them, as readers that are not ours find them: with columns that the table does not have, with
 * the partition column inside, with field ids of their own. Each is read by name and by its path, as a symlink table is, or refused.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createIds } from '../../lambdas/adapters/ids.ts';
import type { TableConfig } from '../../lambdas/contract.ts';
import { refreshCatalog } from '../../lambdas/usecases/refresh-catalog.ts';
import { scratchDirectory } from '../../local/paths.ts';
import { type CatalogWorld, makeCatalogWorld, publish } from '../fakes/catalog.ts';
import { asText, objectFolder } from './setup/iceberg-folder.ts';
import { installReader, READER_PYTHON, READERS_OF_STATES, readStates } from './setup/iceberg-reader.ts';

const table = (columns: Readonly<Record<string, string>>): TableConfig => ({
  ...{ name: 'sales', path: 'sales/', partitionColumns: ['dt'], overwrite: 'partition', appendOnly: false },
  publish: {
    ...publish('db', 'sales'),
    columns: Object.entries(columns).map(([name, type]) => ({ name, type })),
    ...{ publisher: 'iceberg', historySeconds: 86_400 },
  },
});
const TWO = { id: 'bigint', v: 'bigint' };
/** What each of the files holds. */
const rows = (dt: string) => [
  { id: 1, v: 10, dt },
  { id: 2, v: 20, dt },
];

let scratch = '';
let missing: string | undefined;

beforeAll(async () => {
  missing = await installReader();
  if (missing !== undefined) return;
  scratch = scratchDirectory('iceberg-odd-files');
  await mkdir(join(scratch, 'files'), { recursive: true });
  const script = join(import.meta.dirname, 'setup', 'odd_files.py');
  await promisify(execFile)(READER_PYTHON, [script, join(scratch, 'files')]);
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const worldOf = async (tables: () => readonly TableConfig[]): Promise<CatalogWorld> => {
  const fake = await makeCatalogWorld([]);
  const config = await fake.config.load();
  const load = async () => ({
    ...config,
    repositories: config.repositories.map((each) => ({ ...each, tables: tables() })),
  });
  return { ...fake, ids: createIds(fake.clock), config: { load } };
};

const put = async (world: CatalogWorld, files: Readonly<Record<string, string>>): Promise<string> => {
  const bytes: Record<string, Uint8Array> = {};
  for (const [path, file] of Object.entries(files))
    bytes[path] = new Uint8Array(await readFile(join(scratch, 'files', file)));
  return world.change(bytes);
};

const refresh = (world: CatalogWorld) =>
  refreshCatalog(world, { repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY });

const expectRead = async (
  world: CatalogWorld,
  commit: string,
  expected: readonly Readonly<Record<string, unknown>>[],
): Promise<void> => {
  const at = join(scratch, commit);
  const folder = objectFolder(at);
  await folder.keepData(world, commit);
  await folder.keepMetadata(world);
  const metadata = world.catalog.tables.get('db.sales')?.parameters['metadata_location'] ?? '';
  for (const reader of READERS_OF_STATES) {
    const [state] = await readStates(reader, [{ folder: at, metadata }]);
    expect.soft(state?.rows, reader).toEqual(expected.map(asText).sort());
  }
};

test('fields that are no columns of the table keep nobody from its rows, and become columns later', async (context) => {
  // Without a package index there is no reader to ask; CI has one, and fails.
  if (missing !== undefined) context.skip(missing);
  let columns: Readonly<Record<string, string>> = TWO;
  const world = await worldOf(() => [table(columns)]);
  const commit = await put(world, {
    'sales/dt=2026-11-01/a': 'more-columns',
    'sales/dt=2026-11-02/a': 'plain',
  });
  expect((await refresh(world)).outcome).toBe('published');
  await expectRead(world, commit, [...rows('2026-11-01'), ...rows('2026-11-02')]);
  columns = { ...TWO, note: 'string', s: 'struct<a:bigint>' };
  const then = await put(world, { 'sales/dt=2026-11-03/a': 'plain' });
  expect((await refresh(world)).outcome).toBe('published');
  const [one, two] = rows('2026-11-01');
  const more = [
    { ...one, note: 'x', s: "{'a': 1}" },
    { ...two, note: 'y' },
  ];
  await expectRead(world, then, [...more, ...rows('2026-11-02'), ...rows('2026-11-03')]);
});

test('the path says the values of partitions, whatever a file holds under their name', async (context) => {
  if (missing !== undefined) context.skip(missing);
  const world = await worldOf(() => [table(TWO)]);
  const commit = await put(world, {
    'sales/dt=2026-11-01/a': 'plain',
    'sales/dt=2026-11-02/a': 'partition-inside',
    'sales/dt=2026-11-03/a': 'partition-inside-otherwise',
  });
  expect((await refresh(world)).outcome).toBe('published');
  await expectRead(world, commit, ['2026-11-01', '2026-11-02', '2026-11-03'].flatMap(rows));
});

test('ids of the file are taken where they are those of the table', async (context) => {
  if (missing !== undefined) context.skip(missing);
  const world = await worldOf(() => [table(TWO)]);
  const commit = await put(world, { 'sales/dt=2026-11-01/a': 'ids-of-the-table' });
  expect((await refresh(world)).outcome).toBe('published');
  await expectRead(world, commit, rows('2026-11-01'));
});

test.for([
  ['ids-swapped', 'gives "id" the id 2, the table 1'],
  ['ids-in-part', 'gives "v" the id none, the table 2'],
] as const)('a file is not shown as what it is not: %s', async ([file, why], context) => {
  if (missing !== undefined) context.skip(missing);
  const world = await worldOf(() => [table(TWO)]);
  const first = await put(world, { 'sales/dt=2026-11-01/a': 'plain' });
  expect((await refresh(world)).outcome).toBe('published');
  await put(world, { 'sales/dt=2026-11-02/a': file });
  const { outcome, publication } = await refresh(world);
  expect(outcome).toBe('failed');
  const { failure, commit } = publication?.tables['sales'] ?? {};
  expect(failure).toMatchObject({ code: 'BL7025', message: expect.stringContaining(why) as string });
  expect(commit).toBe(first);
  await expectRead(world, first, rows('2026-11-01'));
  // Written again by name, it is shown.
  const mended = await put(world, { 'sales/dt=2026-11-02/a': 'plain' });
  expect((await refresh(world)).outcome).toBe('published');
  await expectRead(world, mended, [...rows('2026-11-01'), ...rows('2026-11-02')]);
});
