/** Tables at other refs, and columns that do not fit, on the deployed stack. */
import { GetDatabaseCommand } from '@aws-sdk/client-glue';
import { beforeAll, expect, test } from 'vitest';
import type { Snapshot } from '../../lambdas/domain/snapshot.ts';
import type { PreviewsAnswer } from '../../lambdas/usecases/catalog.ts';
import type { PreviewAnswer } from '../../lambdas/usecases/make-preview.ts';
import { query } from '../../local/athena.ts';
import { TEST_TABLE } from '../../local/config.ts';
import { branchline } from './setup/cli.ts';
import { openHarness } from './setup/harness.ts';
import { createJob, runTo } from './setup/jobs.ts';

const harness = openHarness();
const JOB = 'it-previews';
const DATABASE = 'branchline_preview_it';
const { parted } = TEST_TABLE;
const SQL = "SELECT dt, id, name FROM t WHERE dt LIKE 'p%' ORDER BY dt, id";

beforeAll(() => createJob(harness, JOB));

const put = (branch: string, path: string, content: string): Promise<unknown> =>
  harness.lakefs.putObject(harness.repository, branch, path, new TextEncoder().encode(content));
const rows = async (): Promise<string> =>
  (await query(harness.aws, DATABASE, parted, SQL)).map((row) => row.join(' ')).join('; ');
const preview = (...words: readonly string[]) =>
  branchline([
    ...['catalog', 'preview', '--repository', harness.repository, '--table', parted],
    ...['--database', 'it', '--json', ...words],
  ]);
const previews = async (): Promise<readonly string[]> =>
  (await branchline(['catalog', 'previews', '--json'])).json<PreviewsAnswer>().previews.map(({ name }) => name);

test('a branch and a commit are looked at in a database of their own, which goes with its manifests', async () => {
  const { lakefs, repository } = harness;
  const before = await harness.head('main');
  await lakefs.deleteBranch(repository, 'look');
  await lakefs.createBranch(repository, 'look', before);
  await put('look', 'it-parted/dt=p1/a.json', '{"id":1,"name":"one"}\n');
  await lakefs.commit(repository, 'look', { message: 'look', metadata: {} });
  await put('look', 'it-parted/dt=p2/a.json', '{"id":2,"name":"two"}\n');

  const made = await preview('--ref', 'look', '--ttl', '1h');
  expect(made.err).toBe('');
  expect(made.json<PreviewAnswer>()).toMatchObject({
    ...{ outcome: 'ready', hasUncommitted: true },
    preview: { name: 'it', database: DATABASE, ref: 'look', state: 'READY' },
  });
  expect(await rows()).toBe('p1 1 one');

  await lakefs.commit(repository, 'look', { message: 'more', metadata: {} });
  expect((await preview('--ref', 'look')).json<PreviewAnswer>()).toMatchObject({ hasUncommitted: false });
  expect(await rows()).toBe('p1 1 one; p2 2 two');
  expect((await preview('--ref', before)).code).toBe(0);
  expect(await rows()).toBe('');
  expect(await previews()).toEqual(['it']);

  const dropped = await branchline(['catalog', 'drop-preview', 'it', '--yes']);
  expect(dropped).toMatchObject({ code: 0, out: `dropped ${DATABASE}\n` });
  await expect(harness.aws.glue.send(new GetDatabaseCommand({ Name: DATABASE }))).rejects.toMatchObject({
    name: 'EntityNotFoundException',
  });
  expect(await previews()).toEqual([]);
  expect((await branchline(['catalog', 'drop-preview', 'other', '--yes', '--json'])).code).toBe(3);
  expect((await preview('--ref', 'nowhere')).code).toBe(3);
  await lakefs.deleteBranch(repository, 'look');
});

test('a snapshot is looked at after the target has moved on: time travel', async () => {
  const target = `${harness.repository}/main`;
  const file = (id: number): string => `{"id":${String(id)},"name":"then"}\n`;
  const then = { 'it-parted/dt=p3/a.json': file(3), 'it-parted/dt=p4/a.json': file(4) };
  await runTo(harness, JOB, { files: then }, 'PROMOTED');
  const made = await branchline(['snapshots', 'create', target, '--reason', 'time travel', '--json']);
  expect(made, made.err).toMatchObject({ code: 0 });
  const { snapshot } = made.json<{ snapshot: Snapshot }>();
  const tag = await harness.lakefs.getTag(harness.repository, snapshot.id);
  expect(tag?.commitId).toBe(await harness.head('main'));

  await runTo(
    harness,
    JOB,
    { files: { 'it-parted/dt=p3/a.json': file(33) }, removed: ['it-parted/dt=p4/a.json'] },
    'PROMOTED',
  );
  const head = await harness.head('main');
  const looked = await preview('--ref', snapshot.id);
  expect(looked, looked.err).toMatchObject({ code: 0 });
  expect(looked.json<PreviewAnswer>()).toMatchObject({
    ...{ outcome: 'ready', hasUncommitted: false },
    preview: { ref: snapshot.id, commit: snapshot.commit, state: 'READY' },
  });
  expect(await rows()).toBe('p3 3 then; p4 4 then');
  expect((await preview('--ref', head)).code).toBe(0);
  expect(await rows()).toBe('p3 33 then');
  expect((await branchline(['catalog', 'drop-preview', 'it', '--yes'])).code).toBe(0);
});

test('a run whose file no reader of the table could take is refused before it reaches the target', async () => {
  const head = await harness.head('main');
  const path = 'sales/yyyy_mm_dd=2026-01-01/hh_mm=00:00/it.parquet';
  const run = await runTo(harness, JOB, { files: { [path]: 'this is no Parquet' } }, 'REJECTED');
  expect(run.cause?.code).toBe('BL2019');
  expect(run.cause?.message).toContain(path);
  expect(await harness.head('main')).toBe(head);
  await branchline(['runs', 'discard', run.runId, '--yes']);
});
