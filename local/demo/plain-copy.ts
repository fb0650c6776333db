import { createHash } from 'node:crypto';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { FUNCTION } from '../../lambdas/contract.ts';
import { MARKER, OWN_PREFIX } from '../../lambdas/domain/export.ts';
import type { ExportAnswer } from '../../lambdas/usecases/export.ts';
import type { ExportStatus } from '../../lambdas/usecases/look-at-export.ts';
import { DEMO_EXPORT, EXPORT_BUCKET } from '../config.ts';
import { waitFor } from '../wait.ts';
import { begin, jobEnd, runEnd } from './begin.ts';
import { JOB, TABLE } from './jobs.ts';
import { type Scene, type Stage, TARGET } from './stage.ts';
import { shortId } from './timeline.ts';

const ROOT = 'demo/';
const TABLES = [TABLE.sales, TABLE.clicks];

interface Stored {
  readonly key: string;
  readonly at: Date | undefined;
}

const read = async (stage: Stage, bucket: string, key: string): Promise<Uint8Array | undefined> => {
  try {
    const { Body } = await stage.harness.aws.s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    return await Body?.transformToByteArray();
  } catch (error) {
    if ((error as Error).name === 'NoSuchKey') return undefined;
    throw error;
  }
};

const readText = async (stage: Stage, key: string): Promise<string> =>
  Buffer.from((await read(stage, EXPORT_BUCKET, `${ROOT}${key}`)) ?? '').toString('utf8');

const stored = async (stage: Stage): Promise<readonly Stored[]> => {
  const { Contents = [] } = await stage.harness.aws.s3.send(
    new ListObjectsV2Command({ Bucket: EXPORT_BUCKET, Prefix: ROOT }),
  );
  return Contents.map(({ Key = '', LastModified }) => ({ key: Key.slice(ROOT.length), at: LastModified }));
};

const digest = (bytes: Uint8Array | undefined): string =>
  bytes === undefined ? 'nothing' : createHash('sha256').update(bytes).digest('hex');

/** Key and digest of the bytes of every copy, as a consumer reads them. */
const copies = async (stage: Stage): Promise<readonly string[]> => {
  const keys = (await stored(stage)).map(({ key }) => key).filter((key) => !key.startsWith(OWN_PREFIX));
  return Promise.all(
    keys.toSorted().map(async (key) => `${key} ${digest(await read(stage, EXPORT_BUCKET, `${ROOT}${key}`))}`),
  );
};

/** The same of the objects that a commit holds, asked of lakeFS and read from its bucket. */
const objectsOf = async (stage: Stage, commit: string): Promise<readonly string[]> => {
  const { lakefs, repository } = stage.harness;
  const found: string[] = [];
  for (const table of TABLES) {
    for await (const object of lakefs.listObjects(repository, commit, { prefix: `${table}/` })) {
      if (object.sizeBytes === 0 || !object.path.endsWith('.parquet')) continue;
      const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(object.physicalAddress) ?? [];
      found.push(`${object.path} ${digest(await read(stage, bucket, key))}`);
    }
  }
  return found.toSorted();
};

const status = async (stage: Stage): Promise<ExportStatus | undefined> => {
  const answer = await stage.harness.invoke<ExportAnswer>(FUNCTION.export, { action: 'list' });
  return answer.outcome === 'listed' ? answer.exports.find(({ name }) => name === DEMO_EXPORT) : undefined;
};

/** Waits until the export holds the target's head; what an earlier scene left to do is done by then. */
const upToDate = (stage: Stage, head: string): Promise<ExportStatus> => {
  let seen: ExportStatus | undefined;
  return waitFor(
    async () => {
      seen = await status(stage);
      return seen?.state === 'up-to-date' && seen.record?.commit === head ? seen : undefined;
    },
    { what: `export ${DEMO_EXPORT} holds ${shortId(head)}`, timeoutMs: 60_000, everyMs: 200 },
    () => `${seen?.state ?? 'nothing'}, ${shortId(seen?.record?.commit)}`,
  );
};

export const plainCopy: Scene = {
  name: 'A plain copy follows the target',
  about: 'Redshift and others that read plain S3 get a copy of two tables. A promotion of two files copies two files.',
  play: async (stage) => {
    await stage.settled();
    const before = await stage.harness.head(TARGET);
    await upToDate(stage, before);
    const held = await objectsOf(stage, before);
    stage.same(
      `the destination holds the ${String(held.length)} files of ${shortId(before)}`,
      await copies(stage),
      held,
    );

    const run = await begin(stage, JOB.sales, 'for-consumers', {
      ...{ table: TABLE.sales, from: '2026-11-09', days: 1, hours: 2 },
    });
    await jobEnd(stage, run);
    const promoted = await runEnd(stage, run, 'PROMOTED');
    const head = promoted.mergeCommit ?? '';
    const { record } = await upToDate(stage, head);
    const last = record?.last;
    const wanted = await objectsOf(stage, head);
    stage.tell('export', `${last?.id ?? ''} copied ${String(last?.copied)} of ${String(wanted.length)} files`);
    stage.same(`the destination equals ${shortId(head)}, by key and bytes`, await copies(stage), wanted);
    stage.same(
      `it followed the diff and copied 2 of ${String(wanted.length)} files`,
      { mode: last?.mode, from: last?.from, copied: last?.copied, files: wanted.length - held.length },
      { mode: 'follow', from: before, copied: 2, files: 2 },
    );
    const marker = JSON.parse(await readText(stage, MARKER)) as { commit: string; manifest: string };
    const manifest = JSON.parse(await readText(stage, marker.manifest.split(`/${ROOT}`)[1] ?? '')) as object;
    stage.same(
      'the marker names the commit, and the manifest says the same',
      [marker.commit, 'commit' in manifest ? manifest.commit : '', 'copied' in manifest ? manifest.copied : 0],
      [head, head, 2],
    );
    const times = new Map((await stored(stage)).map(({ key, at }) => [key, at?.getTime() ?? 0]));
    const markedAt = times.get(MARKER) ?? 0;
    const later = [...times].filter(([, at]) => at > markedAt).map(([key]) => key);
    stage.check('and was written after everything else', markedAt > 0 && later.length === 0, () => later.join(', '));
  },
};
