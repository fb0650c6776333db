/**
 * An export that a Spark job copies, on the deployed stack: the job's own script copies the chunks, what failed is told and done later, and
 * a run that was stopped leaves nothing behind that the next one would not bring. On a stand-in for Spark, and on Spark where it is there.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { GetJobCommand, GetJobRunsCommand } from '@aws-sdk/client-glue';
import { DeleteObjectCommand, HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { beforeAll, describe, expect, test } from 'vitest';
import { EXPORT_ARGUMENT, exportJobPrefix, FUNCTION } from '../../lambdas/contract.ts';
import type { VerifyAnswer } from '../../lambdas/usecases/look-at-export.ts';
import { EXPORT_BUCKET, SPARK_EXPORT } from '../../local/config.ts';
import { LOCAL, PROJECT } from '../../local/paths.ts';
import { fileOf, filesIn, openDestination, promoted } from './setup/destination.ts';
import { openHarness } from './setup/harness.ts';
import { createJob } from './setup/jobs.ts';

const harness = openHarness();
const { s3, glue } = harness.aws;
const WRITER = 'it-export-spark';
const COPIER = `${exportJobPrefix('branchline')}${SPARK_EXPORT}`;
const ROOT = 'spark/';
const OURS = `${ROOT}_branchline/`;
const SPARK_BIN = join(LOCAL, 'venv-spark', 'bin');
const HAS_SPARK = existsSync(join(SPARK_BIN, 'spark-submit'));

let script = '';
let modules = '';
beforeAll(async () => {
  await createJob(harness, WRITER);
  const { Job } = await glue.send(new GetJobCommand({ JobName: COPIER }));
  script = Job?.Command?.ScriptLocation ?? '';
  modules = Job?.DefaultArguments?.['--extra-py-files'] ?? '';
  expect(Job?.Command?.Name).toBe('glueetl');
});

/** The job that the stack made, with something in the place of Glue's Spark that runs the same script. */
const runBy = (bin?: string): Promise<void> =>
  harness.createJob(COPIER, {
    file: join(PROJECT, 'local', 'export_launcher.py'),
    defaultArguments: {
      ...{ '--spark_script': script, '--spark_modules': modules, '--region': 'us-east-1' },
      ...(bin === undefined ? {} : { '--spark_bin': bin }),
    },
  });

const destination = openDestination(harness, { name: SPARK_EXPORT, root: ROOT, timeoutMs: 150_000 });
const { contentOf, keysBelow, copies, run, whenState } = destination;
const files = (from: number, count: number) => filesIn('it-spark', from, count);

const placeInLake = async (commit: string, prefix: string): Promise<{ Bucket: string; Key: string }> => {
  let address = '';
  for await (const { physicalAddress } of harness.lakefs.listObjects(harness.repository, commit, { prefix }))
    address = physicalAddress;
  const [, Bucket = '', Key = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(address) ?? [];
  return { Bucket, Key };
};

let expected: Record<string, string> = {};

describe.each([
  { by: 'a stand-in for Spark', from: 10, bin: undefined, isThere: true },
  { by: 'Spark (installed by glue/spark-setup.sh)', from: 50, bin: SPARK_BIN, isThere: HAS_SPARK },
])('an export copied by $by', ({ from, bin, isThere }) => {
  beforeAll(() => runBy(bin));

  test.skipIf(!isThere)('is copied chunk by chunk, and sealed when the run of the job is over', async () => {
    const added = files(from, 7);
    expected = { ...expected, ...added };
    const commit = await promoted(harness, WRITER, added);
    expect(await run()).toMatchObject({
      outcome: 'waiting',
      record: { run: { phase: 'map', parts: 4, copied: 7, tries: 1, execution: { engine: 'spark' } } },
    });
    // Glue's event about the end wakes it; nobody asks.
    const { record } = await whenState('up-to-date', commit);
    expect(await copies()).toEqual(expected);
    const { id = '', manifest = '' } = record?.last ?? {};
    const folder = `${OURS}exports/${id}/`;
    expect(await keysBelow(`${folder}part-`)).toEqual(
      [0, 1, 2, 3].map((part) => `${folder}part-00000${String(part)}.jsonl`),
    );
    for (const left of ['todo/', 'left/', 'spark/']) expect(await keysBelow(`${folder}${left}`)).toEqual([]);
    const said = (await contentOf(manifest.replace(`s3://${EXPORT_BUCKET}/`, ''))) ?? '';
    expect(JSON.parse(said)).toMatchObject({ commit, copied: 7, parts: { length: 4 } });
    expect(await contentOf(`${OURS}_SUCCESS`)).toContain(commit);
    const verified = await harness.invoke<VerifyAnswer>(FUNCTION.export, { action: 'verify', export: SPARK_EXPORT });
    expect(verified).toMatchObject({ outcome: 'whole', missing: 0, different: 0, surplus: 0 });
  });

  test.skipIf(!isThere)('tells what could not be copied, and copies that alone when it is there again', async () => {
    const added = files(from + 20, 5);
    const commit = await promoted(harness, WRITER, added);
    const [gone, other] = [`it-spark/f${String(from + 22)}`, `${ROOT}it-spark/f${String(from + 21)}.json`];
    const place = await placeInLake(commit, gone);
    await s3.send(new DeleteObjectCommand(place));
    expect(await run()).toMatchObject({ outcome: 'waiting', record: { run: { parts: 3 } } });
    const { record } = await whenState('failed');
    expect(record?.failure).toMatchObject({ code: 'BL8110' });
    expect(record?.failure?.message).toContain('1 of 3 chunks were not copied');
    expect(record?.failure?.message).toContain(`is FAILED`);
    expect(record?.failure?.message).toContain(`${gone}.json`);
    expect(await contentOf(`${OURS}_SUCCESS`)).toBeUndefined();
    const { [`${gone}.json`]: _, ...others } = { ...expected, ...added };
    expect(await copies()).toEqual(others);
    const before = await s3.send(new HeadObjectCommand({ Bucket: EXPORT_BUCKET, Key: other }));

    await s3.send(new PutObjectCommand({ ...place, Body: fileOf(from + 22) }));
    await run();
    expected = { ...expected, ...added };
    await whenState('up-to-date', commit);
    expect(await copies()).toEqual(expected);
    // What was there already was not copied again.
    const after = await s3.send(new HeadObjectCommand({ Bucket: EXPORT_BUCKET, Key: other }));
    expect(after.LastModified).toEqual(before.LastModified);
    // Each try is a run of its own, found by its name.
    const { JobRuns = [] } = await glue.send(new GetJobRunsCommand({ JobName: COPIER }));
    const names = JobRuns.map(({ Arguments }) => Arguments?.[EXPORT_ARGUMENT.execution] ?? '');
    expect(new Set(names).size).toBe(names.length);
  });
});

test('an export whose job somebody removed says so, and goes on when it is there again', async () => {
  await runBy();
  const commit = await promoted(harness, WRITER, files(90, 2));
  await harness.removeJob(COPIER);
  await run();
  const { record } = await whenState('failed');
  expect(record?.failure).toMatchObject({ code: 'BL8320', message: expect.stringContaining(COPIER) });
  await runBy();
  await run();
  expected = { ...expected, ...files(90, 2) };
  await whenState('up-to-date', commit);
  expect(await copies()).toEqual(expected);
});
