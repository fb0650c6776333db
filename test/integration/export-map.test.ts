/** An export that many workers copy, on the deployed stack: the state machine hands out chunks, what failed is told and done later. */
import { DeleteObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { beforeAll, expect, test } from 'vitest';
import { EXPORT_BUCKET, SPREAD_EXPORT } from '../../local/config.ts';
import { fileOf, filesIn, openDestination, promoted } from './setup/destination.ts';
import { openHarness } from './setup/harness.ts';
import { createJob } from './setup/jobs.ts';

const harness = openHarness();
const { s3 } = harness.aws;
const JOB = 'it-export-map';
const ROOT = 'many/';
const OURS = `${ROOT}_branchline/`;

beforeAll(() => createJob(harness, JOB));

const { contentOf, keysBelow, copies, run, whenState } = openDestination(harness, { name: SPREAD_EXPORT, root: ROOT });
const files = (from: number, count: number) => filesIn('it-many', from, count);

test('is copied by workers chunk by chunk, and sealed when all are done', async () => {
  const commit = await promoted(harness, JOB, files(10, 7));
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
  const said = JSON.parse((await contentOf(manifest.replace(`s3://${EXPORT_BUCKET}/`, ''))) ?? '') as object;
  expect(said).toMatchObject({ commit, copied: 7, parts: { length: 4 } });
  expect(await contentOf(`${OURS}_SUCCESS`)).toContain(commit);
});

test('tells what could not be copied, and copies that alone when it is there again', async () => {
  const commit = await promoted(harness, JOB, files(20, 5));
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
  expect(await contentOf(`${OURS}_SUCCESS`)).toBeUndefined();
  const { 'it-many/f22.json': _, ...others } = { ...files(10, 7), ...files(20, 5) };
  expect(await copies()).toEqual(others);
  const before = await s3.send(new ListObjectsV2Command({ Bucket: EXPORT_BUCKET, Prefix: `${ROOT}it-many/f21` }));

  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: fileOf(22) }));
  await run();
  const { record } = await whenState('up-to-date', commit);
  expect(record?.last).toMatchObject({ copied: 5 });
  expect(await copies()).toEqual({ ...files(10, 7), ...files(20, 5) });
  // What was there already was not copied again.
  const after = await s3.send(new ListObjectsV2Command({ Bucket: EXPORT_BUCKET, Prefix: `${ROOT}it-many/f21` }));
  expect(after.Contents?.[0]?.LastModified).toEqual(before.Contents?.[0]?.LastModified);
  expect(await contentOf(`${OURS}_SUCCESS`)).toContain(commit);
});
