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
