/** What runs stand on is taken away: their branch, their repository, the key to lakeFS. Each ends where a person sees it. */
import { DeleteObjectsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { PutSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import { beforeAll, expect, test } from 'vitest';
import { FUNCTION, SECRET_KEY } from '../../lambdas/contract.ts';
import type { Run } from '../../lambdas/domain/run.ts';
import type { Target } from '../../lambdas/domain/target.ts';
import type { Check } from '../../lambdas/payloads.ts';
import { DOOMED_REPOSITORY } from '../../local/config.ts';
import type { FunctionError } from '../../local/harness.ts';
import { waitFor } from '../../local/wait.ts';
import { freshContainers } from './setup/containers.ts';
import { openHarness } from './setup/harness.ts';
import { argumentsFor, createJob, start } from './setup/jobs.ts';
import { deleteRepository } from './setup/repositories.ts';

const harness = openHarness();
const { lakefs: server } = harness.state;
const JOB = 'it-lost';
const DOOMED_JOB = 'it-doomed';
const doomed = `${harness.repository}${DOOMED_REPOSITORY}`;

beforeAll(async () => {
  await createJob(harness, JOB);
  await createJob(harness, DOOMED_JOB);
});

/** A run whose job has written and goes on for a while. */
const writing = async (job: string, repository: string): Promise<Run> => {
  const run = await start(harness, job, { files: { 'it-lost/data.txt': job }, holdSeconds: 4 });
  await waitFor(
    async () => {
      for await (const _ of harness.lakefs.listStaged(repository, run.branch)) return true;
      return undefined;
    },
    { what: `${run.runId} has written`, timeoutMs: 30_000, everyMs: 100 },
  );
  return run;
};

test('a run whose branch a person deleted is discarded, and says so', async () => {
  const before = await harness.head('main');
  const run = await writing(JOB, harness.repository);
  await harness.lakefs.deleteBranch(harness.repository, run.branch);
  await harness.waitForJob(JOB, run.jobRunId ?? '');
  const ended = await harness.waitForRun(run.runId, ['DISCARDED', 'UNCHANGED', 'PROMOTED']);
  expect(ended).toMatchObject({ state: 'DISCARDED', cause: { code: 'BL2004' }, branchDeleted: true });
  expect(await harness.head('main')).toBe(before);
});

/** What a person does who gives up a repository that is gone: lakeFS makes none where another one's data lies. */
const clearStorage = async (): Promise<void> => {
  const [, , Bucket = '', ...rest] = `${server.storageNamespace}${DOOMED_REPOSITORY}/`.split('/');
  const { Contents = [] } = await harness.aws.s3.send(new ListObjectsV2Command({ Bucket, Prefix: rest.join('/') }));
  const Objects = Contents.map(({ Key }) => ({ Key }));
  if (Objects.length > 0) await harness.aws.s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
};

test('with a wrong key new runs are refused, and what ended meanwhile is promoted when the key is right again', async () => {
  const put = (secretAccessKey: string): Promise<unknown> =>
    harness.aws.secrets.send(
      new PutSecretValueCommand({
        SecretId: server.secretArn,
        SecretString: JSON.stringify({
          [SECRET_KEY.accessKeyId]: server.accessKeyId,
          [SECRET_KEY.secretAccessKey]: secretAccessKey,
        }),
      }),
    );
  const run = await writing(JOB, harness.repository);
  await put('wrong');
  try {
    await freshContainers(harness, FUNCTION.startRun, FUNCTION.settleRun, FUNCTION.reconcile);
    await expect(harness.startRun({ job: JOB, arguments: argumentsFor({}) })).rejects.toMatchObject({ code: 'BL3002' });
    await harness.waitForJob(JOB, run.jobRunId ?? '');
    await harness.invoke(FUNCTION.reconcile, {});
    expect((await harness.ledgerEntry(run))?.state).toBe('OPEN');
  } finally {
    await put(server.secretAccessKey);
  }
  await waitFor(
    async () => {
      await harness.invoke(FUNCTION.reconcile, {});
      return (await harness.run(run.runId))?.state === 'PROMOTED' ? true : undefined;
    },
    { what: 'the run is promoted', timeoutMs: 60_000, everyMs: 1000 },
  );
});

// On somebody's own server the storage is out of reach.
test.skipIf(server.kind === 'endpoint')(
  'a run whose repository was deleted is not lost sight of, and new ones are refused',
  async () => {
    const run = await writing(DOOMED_JOB, doomed);
    await deleteRepository(harness, doomed);
    await harness.waitForJob(DOOMED_JOB, run.jobRunId ?? '');
    let refusal = '';
    await waitFor(
      async () => {
        // A server may know the branch for a moment longer than its repository.
        refusal = await harness.startRun({ job: DOOMED_JOB, arguments: argumentsFor({}) }).then(
          () => 'started',
          (error: FunctionError) => error.message,
        );
        return refusal.includes('BL3007') ? true : undefined;
      },
      { what: 'a new run is refused', timeoutMs: 20_000, everyMs: 500 },
      () => refusal,
    );
    const report = await harness.invoke<{ failures: number }>(FUNCTION.reconcile, {});
    expect(report.failures).toBeGreaterThan(0);
    const { checks } = await harness.invoke<{ checks: readonly Check[] }>(FUNCTION.inspect, { query: 'doctor' });
    expect(checks).toContainEqual(expect.objectContaining({ name: `repository ${doomed}`, status: 'failed' }));
    // A server may say for a moment that the branch is gone, and not yet that its repository is: then the run has ended by that.
    const meanwhile = await harness.ledgerEntry(run);
    expect(meanwhile).toMatchObject(
      meanwhile?.state === 'OPEN' ? { branchDeleted: false } : { state: 'DISCARDED', cause: { code: 'BL2004' } },
    );

    await expect(harness.invoke(FUNCTION.setUp, {}), 'its data is not taken over silently').rejects.toMatchObject({
      code: 'BL3008',
    });
    await clearStorage();
    await harness.invoke(FUNCTION.setUp, {});
    await harness.invoke(FUNCTION.reconcile, {});
    const ended = await harness.waitForRun(run.runId, ['DISCARDED']);
    expect(ended.cause?.code).toBe('BL2004');

    // The new repository knows nothing of what was verified in the old one: a person says that this is as wanted.
    const head = (await harness.lakefs.getBranch(doomed, 'main'))?.commitId;
    if (head === run.baseCommit) return;
    const { targets } = await harness.invoke<{ targets: readonly Target[] }>(FUNCTION.inspect, { query: 'targets' });
    const blocked = targets.find(({ repository }) => repository === doomed)?.blocked;
    expect(blocked?.cause.code).toBe('BL2007');
    await harness.invoke(FUNCTION.resolveRun, {
      action: 'accept-target',
      repository: doomed,
      target: 'main',
      commit: blocked?.commit,
    });
  },
);
