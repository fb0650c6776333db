/** A plain copy on the deployed stack: it follows promotions, copies what changed, and has its marker only while it is whole. */
import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { beforeAll, expect, test } from 'vitest';
import { FUNCTION } from '../../lambdas/contract.ts';
import type { RunExportAnswer } from '../../lambdas/usecases/run-export.ts';
import { EXPORT_BUCKET, TEST_EXPORT, TEST_TABLE } from '../../local/config.ts';
import { waitFor } from '../../local/wait.ts';
import { branchline } from './setup/cli.ts';
import { openDestination } from './setup/destination.ts';
import { openHarness } from './setup/harness.ts';
import { createJob, runTo } from './setup/jobs.ts';

const harness = openHarness();
const JOB = 'it-exports';
const OURS = 'lake/_branchline/';

beforeAll(() => createJob(harness, JOB));

const { contentOf } = openDestination(harness, { name: TEST_EXPORT, root: 'lake/' });

const copies = async (): Promise<Record<string, string | undefined>> => {
  const { Contents = [] } = await harness.aws.s3.send(
    new ListObjectsV2Command({ Bucket: EXPORT_BUCKET, Prefix: 'lake/' }),
  );
  const keys = Contents.flatMap(({ Key = '' }) => (Key.startsWith(OURS) ? [] : [Key])).sort();
  return Object.fromEntries(await Promise.all(keys.map(async (key) => [key, await contentOf(key)] as const)));
};

/** The copies as soon as the marker names this commit. */
const exported = async (commit: string): Promise<Record<string, string | undefined>> => {
  let seen: string | undefined;
  await waitFor(
    async () => {
      seen = await contentOf(`${OURS}_SUCCESS`);
      return seen?.includes(commit) === true ? true : undefined;
    },
    { what: `the marker names ${commit}`, timeoutMs: 60_000 },
    () => seen ?? 'no marker',
  );
  return copies();
};

const at = (part: string): string => `lake/${TEST_TABLE.parted}/${part}`;
const promoted = async (files: Readonly<Record<string, string>>): Promise<string> => {
  await runTo(harness, JOB, { files }, 'PROMOTED');
  return harness.head('main');
};

test('follows promotions, with the files that readers see', async () => {
  const commit = await promoted({
    'it-parted/dt=80/a.json': '{"id": 80, "name": "eighty"}\n',
    'it-parted/dt=81/a.json': '{"id": 81, "name": "one more"}\n',
    'it-parted/dt=81/_SUCCESS': 'x',
  });
  expect(await exported(commit)).toMatchObject({
    [at('dt=80/a.json')]: '{"id": 80, "name": "eighty"}\n',
    [at('dt=81/a.json')]: '{"id": 81, "name": "one more"}\n',
  });
  expect(Object.keys(await copies())).not.toContain(at('dt=81/_SUCCESS'));
});

test('copies what changed and no more, and says so', async () => {
  const commit = await promoted({ 'it-parted/dt=80/b.json': '{"id": 800, "name": "new"}\n' });
  const found = await exported(commit);
  expect(found).toHaveProperty([at('dt=80/b.json')]);
  const listed = await branchline(['exports', 'list', '--json']);
  const { exports } = JSON.parse(listed.out) as {
    exports: { name: string; state: string; record?: { commit: string; last: Record<string, unknown> } }[];
  };
  const own = exports.find(({ name }) => name === TEST_EXPORT);
  expect(own).toMatchObject({ state: 'up-to-date', record: { commit, last: { mode: 'follow', copied: 1 } } });
  const manifest = String(own?.record?.last['manifest']).replace(`s3://${EXPORT_BUCKET}/`, '');
  expect(JSON.parse((await contentOf(manifest)) ?? '')).toMatchObject({ commit, copied: 1 });
});

test('is verified, and put right by a comparison', async () => {
  expect((await branchline(['exports', 'verify', TEST_EXPORT])).code).toBe(0);
  const { s3 } = harness.aws;
  const before = await copies();
  await s3.send(new DeleteObjectCommand({ Bucket: EXPORT_BUCKET, Key: at('dt=80/a.json') }));
  await s3.send(new PutObjectCommand({ Bucket: EXPORT_BUCKET, Key: at('dt=81/a.json'), Body: 'x'.repeat(31) }));
  await s3.send(new PutObjectCommand({ Bucket: EXPORT_BUCKET, Key: at('dt=99/stray.json'), Body: 'stray' }));
  const verified = await branchline(['exports', 'verify', TEST_EXPORT]);
  expect(verified).toMatchObject({ code: 1 });
  expect(verified.out).toContain('missing 1, different 1, surplus 1');
  const trial = await branchline(['exports', 'run', TEST_EXPORT, '--compare', '--dry-run']);
  expect(trial.out).toContain(`surplus ${TEST_TABLE.parted}/dt=99/stray.json`);
  const done = await harness.invoke<RunExportAnswer>(FUNCTION.export, {
    ...{ action: 'run', export: TEST_EXPORT, compare: true },
  });
  expect(done).toMatchObject({ outcome: 'exported', record: { last: { mode: 'compare', copied: 2, removed: 1 } } });
  expect(await copies()).toEqual(before);
});

test('of an unknown name is refused', async () => {
  await expect(harness.invoke(FUNCTION.export, { action: 'run', export: 'nothing' })).rejects.toMatchObject({
    code: 'BL9001',
  });
});
