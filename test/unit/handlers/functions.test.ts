/** Each function with a use case that only notes what it was asked. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BranchlineError } from '../../../lambdas/domain/errors.ts';
import { createHandler as catalog } from '../../../lambdas/handlers/catalog.ts';
import { createHandler as claimRun } from '../../../lambdas/handlers/claim-run.ts';
import { createHandler as inspect } from '../../../lambdas/handlers/inspect.ts';
import { createHandler as openRun } from '../../../lambdas/handlers/open-run.ts';
import { createHandler as promoteRun } from '../../../lambdas/handlers/promote-run.ts';
import { createHandler as reconcile } from '../../../lambdas/handlers/reconcile.ts';
import { createHandler as resolveRun } from '../../../lambdas/handlers/resolve-run.ts';
import { createHandler as rollback } from '../../../lambdas/handlers/rollback.ts';
import { createHandler as setUp } from '../../../lambdas/handlers/set-up.ts';
import { createHandler as settleRun } from '../../../lambdas/handlers/settle-run.ts';
import { createHandler as startRun } from '../../../lambdas/handlers/start-run.ts';
import { createHandler as sweep } from '../../../lambdas/handlers/sweep.ts';
import type { Ports } from '../../../lambdas/ports.ts';
import { FakeLedger } from '../../fakes/ports.ts';
import { sampleRun } from '../adapters/ledger/sample-run.ts';
import { batch, context, failedOf, linesDuring, message } from './invoke.ts';

/** The use cases here are fakes: nothing is read from the ports but that they are passed on. */
const PORTS = { place: { region: 'eu-central-1', claimFunction: 'branchline-claim-run' } } as Ports;
const ports = (): Ports => PORTS;

const glueEvent = (detail: Record<string, unknown>, account = '111122223333'): string =>
  JSON.stringify({
    ...{ version: '0', source: 'aws.glue', 'detail-type': 'Glue Job State Change', account },
    ...{ time: '2026-11-24T15:04:05Z', region: 'eu-central-1', detail },
  });
const ended = { jobName: 'nightly', jobRunId: 'jr_1', state: 'SUCCEEDED' };

describe('functions that people invoke', () => {
  it('start-run passes a good request on, and answers what the use case does', async () => {
    const useCase = vi.fn(() => Promise.resolve({ outcome: 'started' as const, run: sampleRun() }));
    const request = { job: 'nightly', arguments: { '--day': '1' } };
    expect(await startRun(useCase, ports)(request, context())).toEqual({ outcome: 'started', run: sampleRun() });
    expect(useCase).toHaveBeenCalledWith(PORTS, request);
  });

  it.each([
    ['start-run', startRun],
    ['claim-run', claimRun],
    ['resolve-run', resolveRun],
    ['catalog', catalog],
    ['inspect', inspect],
    ['rollback', rollback],
  ])('%s refuses a bad request as BL1001, before anything is built', async (_, createHandler) => {
    const noPorts = vi.fn(() => PORTS as never);
    const useCase = vi.fn();
    const { answer } = await linesDuring(() =>
      Promise.resolve(createHandler(useCase as never, noPorts as never)({ odd: 1 }, context())).catch(
        (error: unknown) => error,
      ),
    );
    expect(answer).toMatchObject({ name: 'BL1001' });
    expect(useCase).not.toHaveBeenCalled();
    expect(noPorts).not.toHaveBeenCalled();
  });
});

describe('claim-run', () => {
  beforeEach(() => {
    vi.stubEnv('BRANCHLINE_LAKEFS_ENDPOINT', 'https://lakefs.internal');
    vi.stubEnv('BRANCHLINE_LAKEFS_SECRET_ARN', 'arn:secret');
  });
  afterEach(() => vi.unstubAllEnvs());

  it('tells the job its branch, and where lakeFS and its key are', async () => {
    const run = sampleRun({ jobRunId: 'jr_1' });
    const answer = await claimRun(() => Promise.resolve(run), ports)(
      { jobName: 'nightly', jobRunId: 'jr_1' },
      context(),
    );
    const { runId, attempt, job, pipeline, repository, target, branch, baseCommit } = run;
    expect(answer).toEqual({
      ...{ runId, attempt, job, pipeline, repository, target, branch, baseCommit },
      ...{ endpoint: 'https://lakefs.internal', secretArn: 'arn:secret' },
    });
  });
});

describe.each([
  ['open-run', openRun],
  ['settle-run', settleRun],
])('%s', (_, createHandler) => {
  it('handles each message by itself', async () => {
    const useCase = vi.fn((_ports: Ports, hint: { jobRunId: string }) =>
      hint.jobRunId === 'jr_away' ? Promise.reject(new Error('lakeFS is away')) : Promise.resolve({ outcome: 'done' }),
    );
    const event = batch(
      message('good', glueEvent(ended)),
      message('malformed', '{"half":'),
      message('foreign', glueEvent(ended, '444455556666')),
      message('unknown-state', glueEvent({ ...ended, state: 'HIBERNATING' })),
      message('away', glueEvent({ ...ended, jobRunId: 'jr_away' })),
    );
    const { answer, lines } = await linesDuring(() => createHandler(useCase, ports)(event, context()));
    expect(failedOf(answer)).toEqual(['malformed', 'away']);
    expect(useCase.mock.calls.map(([, hint]) => hint.jobRunId)).toEqual(['jr_1', 'jr_away']);
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 'WARN', messageId: 'foreign', reason: 'foreign-account' }),
    );
    expect(lines).toContainEqual(expect.objectContaining({ level: 'WARN', messageId: 'unknown-state' }));
    expect(lines).toContainEqual(expect.objectContaining({ level: 'ERROR', messageId: 'malformed', code: 'BL1006' }));
    expect(lines).toContainEqual(expect.objectContaining({ level: 'INFO', messageId: 'good', outcome: 'done' }));
  });
});

describe('promote-run', () => {
  it('gives the key to the use case and keeps the order of a group', async () => {
    const useCase = vi.fn((_ports: Ports, key: { runId: string }) =>
      key.runId === 'bad' ? Promise.reject(new Error('no')) : Promise.resolve({ outcome: 'promoted' }),
    );
    const wakeUp = (runId: string): string => JSON.stringify({ schemaVersion: 1, runId, attempt: 1 });
    const event = batch(
      message('1', wakeUp('a'), 'lake/main'),
      message('2', wakeUp('bad'), 'lake/main'),
      message('3', wakeUp('c'), 'lake/main'),
      message('4', wakeUp('d'), 'lake/other'),
    );
    const { answer } = await linesDuring(() => promoteRun(useCase, ports)(event, context()));
    expect(failedOf(answer)).toEqual(['2', '3']);
    expect(useCase.mock.calls.map(([, key]) => key)).toContainEqual({ runId: 'a', attempt: 1 });
    expect(useCase).toHaveBeenCalledTimes(3);
  });
});

describe('branches of a batch of promotions', () => {
  const wakeUp = (runId: string): string => JSON.stringify({ schemaVersion: 1, runId, attempt: 0 });

  /** Promotes by word alone, into a ledger that knows the runs. */
  const promoteBatch = async (deleteBranch: (repository: string, branch: string) => Promise<unknown>) => {
    const ledger = new FakeLedger();
    const runs = ['a', 'b'].map((runId) =>
      sampleRun({ runId, attempt: 0, state: 'PROMOTED', branch: `run-${runId}`, branchDeleted: false }),
    );
    for (const run of runs) await ledger.createRun(run);
    const steps: string[] = [];
    const useCase = async (_ports: Ports, { runId }: { runId: string }) => {
      steps.push(`promote ${runId}`);
      const run = runs.find((each) => each.runId === runId);
      return { outcome: 'promoted' as const, ...(run === undefined ? {} : { run }) };
    };
    const lakefs = {
      deleteBranch: (repository: string, branch: string) => {
        steps.push(`delete ${branch}`);
        return deleteBranch(repository, branch);
      },
    };
    const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
    const world = { ...PORTS, ledger, lakefs, log, clock: { now: () => 0 } } as unknown as Ports;
    const event = batch(message('1', wakeUp('a'), 'lake/main'), message('2', wakeUp('b'), 'lake/main'));
    const { answer } = await linesDuring(() => promoteRun(useCase, () => world)(event, context()));
    const deleted = [...ledger.runs.values()].map((run) => run.branchDeleted);
    return { answer, steps, deleted };
  };

  it('are deleted once no promotion waits any more', async () => {
    const { answer, steps, deleted } = await promoteBatch(() => Promise.resolve('deleted'));
    expect(failedOf(answer)).toEqual([]);
    expect(steps).toEqual(['promote a', 'promote b', 'delete run-a', 'delete run-b']);
    expect(deleted).toEqual([true, true]);
  });

  it('are left to reconcile where lakeFS does not answer: the promotions are done', async () => {
    const { answer, deleted } = await promoteBatch(() => Promise.reject(new BranchlineError('BL3001', 'no answer')));
    expect(failedOf(answer)).toEqual([]);
    expect(deleted).toEqual([false, false]);
  });
});

describe('functions on a schedule', () => {
  it('reconcile stops in time and turns its report into metrics', async () => {
    const report = {
      ...{ repaired: 1, oldestOpenSeconds: 90, stuckRuns: 2, waitingRuns: 3, blockedTargets: 4 },
      ...{ failures: 0, complete: true },
    };
    const useCase = vi.fn((_: Ports, request: { until: number }) =>
      Promise.resolve({ ...report, complete: request.until < Date.now() + 270_000 }),
    );
    const { answer, lines } = await linesDuring(() => reconcile(useCase, ports)({}, context(300_000)));
    expect(answer).toEqual(report);
    expect(lines).toContainEqual(
      expect.objectContaining({ OldestOpenRunSeconds: 90, StuckRuns: 2, WaitingRuns: 3, BlockedTargets: 4 }),
    );
  });

  it('sweep answers its report', async () => {
    const report = { branchesDeleted: 2, unknownBranches: 1, failures: 0, complete: true };
    const { answer } = await linesDuring(() => sweep(() => Promise.resolve(report), ports)({}, context()));
    expect(answer).toEqual(report);
  });
});

describe('set-up', () => {
  const repositories = [{ name: 'lake', created: true, targets: ['main'], protected: true }];
  const run = (RequestType: string, PhysicalResourceId?: string) => {
    const useCase = vi.fn(() => Promise.resolve({ repositories }));
    const event = { RequestType, PhysicalResourceId } as never;
    return linesDuring(() => setUp(useCase, ports)(event, context())).then(({ answer }) => ({ answer, useCase }));
  };

  it('is one and the same resource over create and update', async () => {
    const created = await run('Create');
    const updated = await run('Update', 'branchline-set-up');
    expect(created.answer).toEqual({ PhysicalResourceId: 'branchline-set-up', Data: { repositories: 'lake' } });
    expect(updated.answer).toEqual(created.answer);
    expect(updated.useCase).toHaveBeenCalledTimes(1);
  });

  it('answers its report where a person invokes it', async () => {
    const useCase = vi.fn(() => Promise.resolve({ repositories }));
    const { answer } = await linesDuring(() => setUp(useCase, ports)({}, context()));
    expect(answer).toEqual({ repositories });
  });

  it('does nothing when the stack goes', async () => {
    const { answer, useCase } = await run('Delete', 'branchline-set-up');
    expect(answer).toEqual({ PhysicalResourceId: 'branchline-set-up' });
    expect(useCase).not.toHaveBeenCalled();
  });
});
