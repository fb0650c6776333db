/** Our functions as Lambda invokes them, with ledger, Glue and queues in memory and lakeFS as it is. */
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { systemClock } from '../../lambdas/adapters/clock.ts';
import { createIds } from '../../lambdas/adapters/ids.ts';
import { pause } from '../../lambdas/adapters/pause.ts';
import { ENV, GLUE_ARGUMENT, GLUE_DETAIL_TYPE, GLUE_EVENT_SOURCE } from '../../lambdas/contract.ts';
import { formatRunKey, type Run, type RunKey } from '../../lambdas/domain/run.ts';
import { createHandler as claimRunHandler } from '../../lambdas/handlers/claim-run.ts';
import { createHandler as promoteRunHandler } from '../../lambdas/handlers/promote-run.ts';
import { createHandler as settleRunHandler } from '../../lambdas/handlers/settle-run.ts';
import { createHandler as startRunHandler } from '../../lambdas/handlers/start-run.ts';
import type { Lakefs, Ports } from '../../lambdas/ports.ts';
import { type RollbackAnswer, rollBack } from '../../lambdas/usecases/rollback.ts';
import { FakeGlue, FakeLedger, FakePromotions, PIPELINE, TABLES } from '../../test/fakes/ports.ts';
import { FakeRollbacks } from '../../test/fakes/rollbacks.ts';
import type { Server } from './server.ts';

const ACCOUNT = '111122223333';
export const JOB = 'job-a';

const CONTEXT = {
  awsRequestId: 'c6af9ac6-7b61-11e6-9a41-93e812345678',
  functionName: 'branchline-bench',
  invokedFunctionArn: `arn:aws:lambda:eu-west-1:${ACCOUNT}:function:branchline-bench`,
  getRemainingTimeInMillis: () => 150_000,
} as Context;

const batchOf = (bodies: readonly unknown[], group?: string): SQSEvent =>
  ({
    Records: bodies.map((body, at) => ({
      messageId: String(at),
      body: JSON.stringify(body),
      attributes: { ApproximateReceiveCount: '1', ...(group === undefined ? {} : { MessageGroupId: group }) },
    })),
  }) as SQSEvent;

/** A message that fails would come back; here it ends the benchmark. */
const allDone = (answer: SQSBatchResponse | undefined): void => {
  if (answer?.batchItemFailures.length !== 0) throw new Error(`messages failed: ${JSON.stringify(answer)}`);
};

/** Log lines are formatted and written, as in Lambda, but not shown. */
export const quietly = async <T>(work: () => Promise<T>): Promise<T> => {
  const { write } = process.stdout;
  process.stdout.write = () => true;
  try {
    return await work();
  } finally {
    process.stdout.write = write;
  }
};

export interface ControlPlane {
  /** The job's first line: a job run that something else started claims its run. */
  begin(): Promise<Run>;
  /** start-run, and then the first line of the job that it started. */
  startAndBegin(): Promise<Run>;
  /** The jobs of these runs have succeeded, and their events come in one batch. */
  settle(runs: readonly Run[]): Promise<void>;
  /** Takes the next wake-ups of the queue, at most so many, in one batch of one group. @returns how many there were. */
  promote(most: number): Promise<number>;
  /** @throws where one of these runs is not promoted. */
  requirePromoted(runs: readonly Run[]): Promise<void>;
  rollBack(to: string): Promise<RollbackAnswer>;
}

export const makeControlPlane = (server: Server, repository: string, lakefs: Lakefs): ControlPlane => {
  process.env[ENV.lakefsEndpoint] = server.endpoint;
  process.env[ENV.lakefsSecretArn] = `arn:aws:secretsmanager:eu-west-1:${ACCOUNT}:secret:bench`;
  const ledger = new FakeLedger();
  const glue = new FakeGlue();
  const promotions = new FakePromotions();
  const rollbacks = new FakeRollbacks();
  glue.addJob(JOB, { maxConcurrentRuns: 10_000 });
  const config = {
    schemaVersion: 1,
    repositories: [
      {
        name: repository,
        storageNamespace: '',
        defaultBranch: 'main',
        targets: ['main'],
        garbageCollection: { defaultRetentionDays: 28, branches: {} },
        tables: TABLES,
      },
    ],
    pipelines: [{ ...PIPELINE, repository }],
  };
  const nothing = (): void => undefined;
  const ports: Ports = {
    clock: systemClock,
    ids: createIds(systemClock),
    config: { load: async () => config },
    lakefs,
    ledger,
    glue,
    promotions,
    log: { info: nothing, warn: nothing, error: nothing },
    place: { region: 'eu-west-1', claimFunction: 'branchline-claim-run' },
  };
  const portsOf = (): Ports => ports;
  const startRun = startRunHandler(undefined, portsOf);
  const claimRun = claimRunHandler(undefined, portsOf);
  const settleRun = settleRunHandler(undefined, portsOf);
  const promoteRun = promoteRunHandler(undefined, portsOf);

  const runOf = async (key: RunKey): Promise<Run> => {
    const run = await ledger.getRun(key);
    if (run === undefined) throw new Error(`run ${formatRunKey(key)} is not in the ledger`);
    return run;
  };
  const ended = (run: Run) => ({
    source: GLUE_EVENT_SOURCE[0],
    'detail-type': GLUE_DETAIL_TYPE.stateChange,
    account: ACCOUNT,
    region: 'eu-west-1',
    time: new Date().toISOString(),
    detail: { jobName: run.job, jobRunId: run.jobRunId, state: 'SUCCEEDED' },
  });

  return {
    async begin() {
      const { id } = glue.begin(JOB);
      return runOf(await claimRun({ jobName: JOB, jobRunId: id }, CONTEXT));
    },
    async startAndBegin() {
      const { run } = await startRun({ job: JOB }, CONTEXT);
      const jobRunId = run.jobRunId ?? '';
      const runId = glue.jobRuns.get(jobRunId)?.arguments[GLUE_ARGUMENT.runId];
      return runOf(await claimRun({ jobName: JOB, jobRunId, runId }, CONTEXT));
    },
    async settle(runs) {
      for (const run of runs) glue.end(run.jobRunId ?? '', 'SUCCEEDED');
      allDone(await settleRun(batchOf(runs.map(ended)), CONTEXT));
    },
    async promote(most) {
      const keys = promotions.queue.splice(0, most);
      allDone(await promoteRun(batchOf(keys, `${repository}/main`), CONTEXT));
      return keys.length;
    },
    rollBack: (to) =>
      rollBack(
        {
          ...ports,
          rollbacks,
          publications: { get: async () => undefined, getDescriptions: async () => undefined },
          refreshes: { wake: async () => {} },
          sweeps: { stands: async () => false },
          pause,
        },
        { action: 'roll-back', repository, target: 'main', to, requestedBy: 'bench' },
        Number.MAX_SAFE_INTEGER,
      ),
    async requirePromoted(runs) {
      for (const run of await ledger.getRuns(runs)) {
        if (run.state !== 'PROMOTED') throw new Error(`run ${formatRunKey(run)} is ${run.state}, expected PROMOTED`);
      }
    },
  };
};
