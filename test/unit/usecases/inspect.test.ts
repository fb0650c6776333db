import { expect, test } from 'vitest';
import { BranchlineError } from '../../../lambdas/domain/errors.ts';
import { inspect } from '../../../lambdas/usecases/inspect.ts';
import { promoteRun } from '../../../lambdas/usecases/promote-run.ts';
import { settleRun } from '../../../lambdas/usecases/settle-run.ts';
import { startRun } from '../../../lambdas/usecases/start-run.ts';
import { makeWorld, text } from '../../fakes/ports.ts';

const promoted = async () => {
  const world = await makeWorld();
  const { run } = await startRun(world, { job: 'job-a' });
  await world.lakefs.putObject('lake', run.branch, 'sales/dt=1/a', text('mine'));
  world.glue.end(run.jobRunId ?? '', 'SUCCEEDED');
  await settleRun(world, { jobName: run.job, jobRunId: run.jobRunId ?? '' });
  await promoteRun(world, run);
  return { world, run };
};

test('a run is told with its commits and what it changed', async () => {
  const { world, run } = await promoted();
  const answer = await inspect(world, { query: 'run', runId: run.runId });
  const [details] = 'attempts' in answer ? answer.attempts : [];
  expect(details?.run.state).toBe('PROMOTED');
  expect(details?.commits.map(({ id }) => id)).toEqual([details?.run.mergeCommit, details?.run.runCommit]);
  expect(details?.partitions).toEqual(['sales/dt=1/']);
  expect(details).not.toHaveProperty('commitsUnread');
});

test('while lakeFS is away the ledger’s part is told, and why the rest is missing', async () => {
  const { world, run } = await promoted();
  world.lakefs.getCommit = () => Promise.reject(new BranchlineError('BL3001', 'connection refused'));
  const answer = await inspect(world, { query: 'run', runId: run.runId });
  expect(answer).toMatchObject({
    attempts: [{ run: { state: 'PROMOTED' }, commits: [], commitsUnread: expect.stringContaining('BL3001') }],
  });
});

test('restores of all repositories are told newest first, those of one alone, and one by the beginning of its id', async () => {
  const world = await makeWorld();
  const put = (id: string, repository: string, startedAt: number) =>
    world.restores.put({
      ...{ schemaVersion: 1, version: 1, id, repository, what: 'repository' as const, dryRun: true },
      ...{ requestedBy: 'anna', startedAt, updatedAt: startedAt },
    });
  await put('2026-01-01-a', 'lake', 1);
  await put('2026-01-02-b', '*', 2);
  await put('2026-01-03-c', 'lake', 3);
  const ids = async (request: { repository?: string; limit?: number }) => {
    const answer = await inspect(world, { query: 'restores', ...request });
    return 'restores' in answer ? answer.restores.map(({ id }) => id) : [];
  };
  expect(await ids({})).toEqual(['2026-01-03-c', '2026-01-02-b', '2026-01-01-a']);
  expect(await ids({ repository: 'lake', limit: 1 })).toEqual(['2026-01-03-c']);
  expect(await inspect(world, { query: 'restore', restore: '2026-01-02' })).toMatchObject({
    restore: { id: '2026-01-02-b', requestedBy: 'anna' },
  });
  await expect(inspect(world, { query: 'restore', restore: '2026-01' })).rejects.toMatchObject({ code: 'BL8408' });
  await expect(inspect(world, { query: 'restore', restore: 'x' })).rejects.toMatchObject({ code: 'BL8408' });
});
