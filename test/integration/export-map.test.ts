/** An export that many workers copy, on the deployed stack: the state machine hands out chunks, what failed is told and done later. */
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { beforeAll, expect, test } from 'vitest';
import { FUNCTION } from '../../lambdas/contract.ts';
import type { ExportAnswer } from '../../lambdas/usecases/export.ts';
import type { ExportStatus } from '../../lambdas/usecases/look-at-export.ts';
import type { RunExportAnswer } from '../../lambdas/usecases/run-export.ts';
import { EXPORT_BUCKET, SPREAD_EXPORT } from '../../local/config.ts';
import { waitFor } from '../../local/wait.ts';
import { openHarness } from './setup/harness.ts';
import { createJob, runTo } from './setup/jobs.ts';

const harness = openHarness();
const { s3 } = harness.aws;
const JOB = 'it-export-map';
const ROOT = 'many/';
const OURS = `${ROOT}_branchline/`;

beforeAll(() => createJob(harness, JOB));

const contentOf = async (bucket: string, key: string): Promise<string | undefined> => {
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return await Body?.transformToString();
  } catch (error) {
    if ((error as Error).name === 'NoSuchKey') return undefined;
    throw error;
  }
};

const keysBelow = async (prefix: string): Promise<readonly string[]> => {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: EXPORT_BUCKET, Prefix: prefix }));
  return Contents.map(({ Key = '' }) => Key).toSorted();
};

const copies = async (): Promise<Record<string, string | undefined>> => {
  const keys = (await keysBelow(ROOT)).filter((key) => !key.startsWith(OURS));
  return Object.fromEntries(
    await Promise.all(keys.map(async (key) => [key.slice(ROOT.length), await contentOf(EXPORT_BUCKET, key)] as const)),
  );
};

const run = (): Promise<RunExportAnswer> =>
  harness.invoke<RunExportAnswer>(FUNCTION.export, { action: 'run', export: SPREAD_EXPORT });

const status = async (): Promise<ExportStatus | undefined> => {
  const answer = await harness.invoke<ExportAnswer>(FUNCTION.export, { action: 'list' });
  return answer.outcome === 'listed' ? answer.exports.find(({ name }) => name === SPREAD_EXPORT) : undefined;
};

const whenState = (state: ExportStatus['state'], commit?: string): Promise<ExportStatus> => {
  let seen: ExportStatus | undefined;
  return waitFor(
    async () => {
      seen = await status();
      const isThere = seen?.state === state && (commit === undefined || seen.record?.commit === commit);
      return isThere ? seen : undefined;
    },
    { what: `${SPREAD_EXPORT} is ${state}`, timeoutMs: 90_000, everyMs: 300 },
    () => JSON.stringify(seen),
  );
};

const file = (serial: number): string => `{"id": ${String(serial)}}\n`;
const files = (from: number, count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`it-many/f${String(from + i)}.json`, file(from + i)]));

const promoted = async (written: Readonly<Record<string, string>>): Promise<string> => {
  await runTo(harness, JOB, { files: written }, 'PROMOTED');
  return harness.head('main');
};

test('is copied by workers chunk by chunk, and sealed when all are done', async () => {
  const commit = await promoted(files(10, 7));
  const answer = await run();
  expect(answer).toMatchObject({
    outcome: 'waiting',
    record: { run: { phase: 'map', parts: 4, copied: 7, tries: 1 } },
  });
  const { record } = await whenState('up-to-date', commit);
  expect(await copies()).toEqual(files(10, 7));
  const { id = '', manifest = '' } = record?.last ?? {};
  const folder = `${OURS}exports/${id}/`;
  const parts = (await keysBelow(`${folder}part-`)).map((key) => key.slice(folder.length));
  expect(parts).toEqual([0, 1, 2, 3].map((part) => `part-00000${String(part)}.jsonl`));
  expect(await keysBelow(`${folder}todo/`)).toEqual([]);
  const said = JSON.parse(
    (await contentOf(EXPORT_BUCKET, manifest.replace(`s3://${EXPORT_BUCKET}/`, ''))) ?? '',
  ) as object;
  expect(said).toMatchObject({ commit, copied: 7, parts: { length: 4 } });
  expect(await contentOf(EXPORT_BUCKET, `${OURS}_SUCCESS`)).toContain(commit);
});

test('tells what could not be copied, and copies that alone when it is there again', async () => {
  const commit = await promoted(files(20, 5));
  const stats = harness.lakefs.listObjects(harness.repository, commit, { prefix: 'it-many/f22' });
  let address = '';
  for await (const { physicalAddress } of stats) address = physicalAddress;
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(address) ?? [];
  await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
  expect(await run()).toMatchObject({ outcome: 'waiting', record: { run: { parts: 3 } } });
  const failed = await whenState('failed');
  expect(failed.record?.failure).toMatchObject({ code: 'BL8110' });
  expect(failed.record?.failure?.message).toContain('1 of 3 chunks were not copied');
  expect(failed.record?.failure?.message).toContain('it-many/f22.json');
  // Consumers wait: there is no marker, though all other files are there.
  expect(await contentOf(EXPORT_BUCKET, `${OURS}_SUCCESS`)).toBeUndefined();
  const { 'it-many/f22.json': _, ...others } = { ...files(10, 7), ...files(20, 5) };
  expect(await copies()).toEqual(others);
  const before = await s3.send(new ListObjectsV2Command({ Bucket: EXPORT_BUCKET, Prefix: `${ROOT}it-many/f21` }));

  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: file(22) }));
  await run();
  const { record } = await whenState('up-to-date', commit);
  expect(record?.last).toMatchObject({ copied: 5 });
  expect(await copies()).toEqual({ ...files(10, 7), ...files(20, 5) });
  // What was there already was not copied again.
  const after = await s3.send(new ListObjectsV2Command({ Bucket: EXPORT_BUCKET, Prefix: `${ROOT}it-many/f21` }));
  expect(after.Contents?.[0]?.LastModified).toEqual(before.Contents?.[0]?.LastModified);
  expect(await contentOf(EXPORT_BUCKET, `${OURS}_SUCCESS`)).toContain(commit);
});
