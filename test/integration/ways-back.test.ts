/** The ways back before they are needed, on the deployed stack: rehearsed, watched in a second region, and who asked for it. */
import { InvokeCommand } from '@aws-sdk/client-lambda';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
} from '@aws-sdk/client-s3';
import { beforeAll, expect, test } from 'vitest';
import { FUNCTION, type FunctionName, METRIC } from '../../lambdas/contract.ts';
import type { Drill } from '../../lambdas/domain/drill.ts';
import { DRILL_KINDS } from '../../lambdas/domain/drill.ts';
import type { ReplicationRecord } from '../../lambdas/domain/replication.ts';
import type { RequestRecord } from '../../lambdas/domain/request.ts';
import type { Snapshot } from '../../lambdas/domain/snapshot.ts';
import { waitFor } from '../../local/wait.ts';
import { branchline } from './setup/cli.ts';
import { openHarness } from './setup/harness.ts';
import { createJob, runTo } from './setup/jobs.ts';
import { configure } from './setup/other-config.ts';
import { waitUntilGone } from './setup/repositories.ts';

const harness = openHarness();
const { repository, aws } = harness;
const JOB = 'it-ways-back';
const REGION = 'eu-central-1';
let snapshot: Snapshot;

beforeAll(async () => {
  await createJob(harness, JOB);
  const files = { 'it-ways-back/a.txt': 'one', 'it-ways-back/b/c d+e.txt': 'two' };
  await runTo(harness, JOB, { files }, 'PROMOTED');
  const made = await branchline(['snapshots', 'create', `${repository}/main`, '--json']);
  expect(made, made.err + made.out).toMatchObject({ code: 0 });
  ({ snapshot } = made.json<{ snapshot: Snapshot }>());
});

/** What the schedule asks for, and the metrics that the function wrote. */
const tend = async (name: FunctionName): Promise<Record<string, number>> => {
  const { LogResult, FunctionError, Payload } = await aws.lambda.send(
    new InvokeCommand({
      ...{ FunctionName: harness.state.stack.functions[name], LogType: 'Tail' },
      Payload: Buffer.from(JSON.stringify({ action: 'tend' })),
    }),
  );
  expect(FunctionError, Buffer.from(Payload ?? []).toString('utf8')).toBeUndefined();
  const metrics: Record<string, number> = {};
  for (const line of Buffer.from(LogResult ?? '', 'base64')
    .toString('utf8')
    .split('\n')) {
    const found = /\{.*"CloudWatchMetrics".*\}/.exec(line);
    if (found === null) continue;
    for (const [key, value] of Object.entries(JSON.parse(found[0]) as Record<string, unknown>))
      if (typeof value === 'number') metrics[key] = value;
  }
  return metrics;
};

test.each(DRILL_KINDS)('a drill of a %s finds everything as it was, and its age is a metric', async (kind) => {
  const words = ['drill', kind, '--repository', repository, '--reason', 'once a week', '--json'];
  const { drill } = await waitFor(
    async () => {
      const ended = await branchline(words);
      // Somebody rolls back or restores just now.
      if (ended.code === 5) return undefined;
      expect(ended, ended.err + ended.out).toMatchObject({ code: 0 });
      return ended.json<{ drill: Drill }>();
    },
    { what: `a drill of a ${kind}`, timeoutMs: 150_000 },
  );
  expect(drill).toMatchObject({ state: 'PASSED', drillKind: kind, repository, isRemoved: true, reason: 'once a week' });
  expect(drill.requestedBy).toMatch(/^arn:/);
  expect(drill.seconds).toBeGreaterThan(0);
  expect(drill.compared?.objects).toBeGreaterThan(5);
  expect(drill).not.toHaveProperty('differences');
  for (const end of ['', '-back', '-lake']) await waitUntilGone(harness, `${drill.id}${end}`);
  // The newest backup of the lake itself was restored beside it, and its target counted anew.
  if (kind === 'restore')
    expect(drill.backup).toMatchObject({ snapshot: snapshot.id, objects: snapshot.content?.objects });
  const listed = await branchline(['drill', 'list', '--json']);
  expect(listed.json<{ drills: Drill[] }>().drills[0]).toMatchObject({ id: drill.id, state: 'PASSED' });
});

test('once both were drilled, the metric tells how long ago', async () => {
  const metrics = await tend(FUNCTION.drill);
  expect(metrics[METRIC.drillFaults]).toBe(0);
  expect(metrics[METRIC.drillAgeSeconds]).toBeGreaterThan(0);
  expect(metrics[METRIC.drillAgeSeconds]).toBeLessThan(900);
});

// -- A second region: two buckets more, into which the test copies as S3 would ------------------------------------------

const placeOf = (uri: string) => {
  const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(uri) ?? [];
  return { bucket, prefix };
};

async function* keysOf(bucket: string, prefix: string): AsyncIterable<string> {
  let token: string | undefined;
  do {
    const page = await aws.s3.send(
      new ListObjectsV2Command({
        ...{ Bucket: bucket, Prefix: prefix },
        ...(token === undefined ? {} : { ContinuationToken: token }),
      }),
    );
    for (const { Key } of page.Contents ?? []) if (Key !== undefined) yield Key;
    token = page.NextContinuationToken;
  } while (token !== undefined);
}

const statusOf = async (): Promise<ReplicationRecord | undefined> => {
  const status = await branchline(['replication', 'status', repository, '--json']);
  expect(status, status.err).toMatchObject({ code: 0 });
  return status.json<{ records: ReplicationRecord[] }>().records[0];
};

// On somebody's own server the objects lie where the local AWS does not see them.
test.skipIf(harness.state.lakefs.kind === 'endpoint')(
  'a commit has arrived in the second region when the last of its objects has, and a snapshot with it',
  async () => {
    const lake = placeOf(harness.state.lakefs.storageNamespace);
    const backups = placeOf(snapshot.backup?.uri ?? '');
    expect(backups.bucket, JSON.stringify(snapshot)).not.toBe('');
    const [lakeThere, backupsThere] = ['branchline-it-lake-there', 'branchline-it-backups-there'];
    for (const Bucket of [lakeThere, backupsThere]) await aws.s3.send(new CreateBucketCommand({ Bucket }));
    const copy = async (bucket: string, Key: string): Promise<unknown> =>
      aws.s3.send(
        new CopyObjectCommand({
          ...{ Bucket: bucket === lake.bucket ? lakeThere : backupsThere, Key },
          CopySource: `${bucket}/${Key.split('/').map(encodeURIComponent).join('/')}`,
        }),
      );
    await configure(harness, [FUNCTION.replication], (config) => ({
      ...config,
      repositories: config.repositories.filter(({ name }) => name === repository),
      replication: {
        ...{ region: REGION, everySeconds: 900, lateAfterSeconds: 3600, importedObjects: 'refuse' },
        ...{ buckets: { [lake.bucket]: lakeThere }, backups: `s3://${backupsThere}/backups/` },
      },
    }));

    const objects = await Array.fromAsync(harness.lakefs.listObjects(repository, 'main', {}));
    const late = objects.find(({ path }) => path === 'it-ways-back/a.txt')?.physicalAddress ?? '';
    for await (const key of keysOf(lake.bucket, lake.prefix))
      if (`s3://${lake.bucket}/${key}` !== late) await copy(lake.bucket, key);
    for await (const key of keysOf(backups.bucket, 'backups/')) await copy(backups.bucket, key);

    const before = await tend(FUNCTION.replication);
    expect(before[METRIC.unreplicatedObjects]).toBe(1);
    expect(before[METRIC.replicationFaults]).toBe(0);
    const waiting = await statusOf();
    expect(waiting?.targets['main']?.candidate?.missing).toMatchObject([{ address: late }]);
    expect(waiting?.restorable).toBeUndefined();
    expect(waiting?.targets['main']?.replicated).toBeUndefined();
    const told = await branchline(['replication', 'status', repository]);
    expect(told.out).toContain(late);
    expect(told.out).toContain('no snapshot could be restored there');

    await copy(lake.bucket, late.slice(`s3://${lake.bucket}/`.length));
    let metrics: Record<string, number> = {};
    const arrived = await waitFor(
      async () => {
        metrics = await tend(FUNCTION.replication);
        const record = await statusOf();
        return record?.restorable?.snapshot === snapshot.id ? record : undefined;
      },
      { what: `${snapshot.id} could be restored there`, timeoutMs: 60_000 },
    );
    expect(arrived.restorable).toMatchObject({ commits: { main: snapshot.commit } });
    expect(arrived.targets['main']?.replicated).toMatchObject({ commit: await harness.head('main') });
    expect(arrived.targets['main']?.lagCommits).toBe(0);
    expect(metrics[METRIC.unreplicatedObjects]).toBe(0);
    expect(metrics[METRIC.replicatedSnapshotSeconds]).toBeLessThan(900);
    // What the second region goes by: it has no ledger.
    const note = await aws.s3.send(
      new GetObjectCommand({ Bucket: backups.bucket, Key: `backups/${repository}/replicated.json` }),
    );
    expect(JSON.parse((await note.Body?.transformToString()) ?? '')).toMatchObject({ snapshot: snapshot.id });

    const verify = ['replication', 'verify', repository, '--json'];
    expect(await branchline(verify)).toMatchObject({ code: 0 });
    const lost = { Bucket: lakeThere, Key: late.slice(`s3://${lake.bucket}/`.length) };
    await aws.s3.send(new DeleteObjectCommand(lost));
    const again = await branchline(verify);
    expect(again.code, again.out).toBe(6);
    expect(again.json()).toMatchObject({ outcome: 'missing', targets: [{ missing: [{ address: late }] }] });
  },
);

test('who asked is in the ledger, whether anything was done or only tried', async () => {
  await branchline(['targets', 'hold', `${repository}/main`, '--reason', 'a look', '--dry-run'], {
    BRANCHLINE_WHO: 'anna',
  });
  await branchline(['snapshots', 'prune', '--dry-run', '--json']);
  const { requests } = (await branchline(['requests', '--limit', '100', '--json'])).json<{
    requests: RequestRecord[];
  }>();
  const asked = (name: string, action: string) =>
    requests.find((request) => request.function === name && request.action === action);
  expect(asked('resolve-run', 'hold-target')).toMatchObject({
    ...{ dryRun: true, requestedBy: 'anna', repository, target: 'main', reason: 'a look' },
    outcome: 'would-hold-target',
  });
  expect(asked('snapshot', 'prune')).toMatchObject({ dryRun: true, outcome: 'would-prune' });
  expect(asked('drill', 'run')).toMatchObject({ dryRun: false, outcome: 'passed', reason: 'once a week' });
  expect(asked('drill', 'run')?.requestedBy).toMatch(/^arn:/);
});
