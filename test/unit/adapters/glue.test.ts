import {
  ConcurrentRunsExceededException,
  EntityNotFoundException,
  GetJobCommand,
  GetJobRunCommand,
  GetJobRunsCommand,
  GlueClient,
  ResetJobBookmarkCommand,
  ResourceNumberLimitExceededException,
  StartJobRunCommand,
} from '@aws-sdk/client-glue';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { createGlue } from '../../../lambdas/adapters/glue.ts';

const client = new GlueClient({ region: 'us-east-1' });
const startClient = new GlueClient({ region: 'us-east-1' });
const sdk = mockClient(client);
const start = mockClient(startClient);
const glue = createGlue({ client, startClient });

const listed = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
};

const missing = new EntityNotFoundException({ message: 'Job not found', $metadata: {} });
const named = (name: string): Error => Object.assign(new Error('said AWS'), { name });

beforeEach(() => {
  sdk.reset();
  start.reset();
});

describe('what Glue does not know', () => {
  it('is undefined, or nothing, or done', async () => {
    sdk.onAnyCommand().rejects(missing);
    expect(await glue.getJob('x')).toBeUndefined();
    expect(await glue.getJobRun('x', 'jr')).toBeUndefined();
    expect(await listed(glue.listJobRuns('x', 10))).toEqual([]);
    await expect(glue.resetJobBookmark('x', 'jr')).resolves.toBeUndefined();
  });
});

describe('jobs and job runs', () => {
  it('fills in what Glue leaves out', async () => {
    sdk.on(GetJobCommand).resolves({ Job: { Name: 'x' } });
    expect(await glue.getJob('x')).toEqual({ name: 'x', defaultArguments: {}, maxConcurrentRuns: 1, maxRetries: 0 });
  });

  it('translates a job run', async () => {
    const [StartedOn, CompletedOn] = [new Date(1_000), new Date(2_000)];
    sdk.on(GetJobRunCommand, { JobName: 'x', RunId: 'jr_1' }).resolves({
      JobRun: {
        Id: 'jr_1',
        JobName: 'x',
        JobRunState: 'FAILED',
        Arguments: { '--a': '1' },
        StartedOn,
        CompletedOn,
        ErrorMessage: 'boom',
      },
    });
    expect(await glue.getJobRun('x', 'jr_1')).toEqual({
      ...{ jobName: 'x', id: 'jr_1', state: 'FAILED', arguments: { '--a': '1' } },
      ...{ startedOn: 1_000, completedOn: 2_000, errorMessage: 'boom' },
    });
  });

  it('lists over pages, no more than asked for', async () => {
    sdk
      .on(GetJobRunsCommand)
      .resolvesOnce({ JobRuns: [{ Id: 'jr_3' }, { Id: 'jr_2' }], NextToken: 'more' })
      .resolvesOnce({ JobRuns: [{ Id: 'jr_1' }, { Id: 'jr_0' }], NextToken: 'still more' });
    const ids = (await listed(glue.listJobRuns('x', 3))).map(({ id }) => id);
    expect(ids).toEqual(['jr_3', 'jr_2', 'jr_1']);
    expect(sdk.commandCalls(GetJobRunsCommand)).toHaveLength(2);
  });

  it('puts a bookmark back to before the job run', async () => {
    sdk.on(ResetJobBookmarkCommand).resolves({});
    await glue.resetJobBookmark('x', 'jr_1');
    expect(sdk.commandCalls(ResetJobBookmarkCommand)[0]?.args[0].input).toEqual({ JobName: 'x', RunId: 'jr_1' });
  });
});

describe('starting a job run', () => {
  it('uses the client that does not repeat', async () => {
    start.on(StartJobRunCommand).resolves({ JobRunId: 'jr_1' });
    expect(await glue.startJobRun('x', { '--a': '1' })).toEqual({ outcome: 'started', jobRunId: 'jr_1' });
    expect(start.commandCalls(StartJobRunCommand)[0]?.args[0].input).toEqual({
      JobName: 'x',
      Arguments: { '--a': '1' },
    });
    expect(sdk.calls()).toHaveLength(0);
  });

  it.each([
    ["the job's limit", new ConcurrentRunsExceededException({ message: 'full', $metadata: {} })],
    ["the account's limit", new ResourceNumberLimitExceededException({ message: 'full', $metadata: {} })],
  ])('is busy at %s', async (_, error) => {
    start.on(StartJobRunCommand).rejects(error);
    expect(await glue.startJobRun('x', {})).toEqual({ outcome: 'busy' });
  });

  it('tries again when throttled, which started nothing', async () => {
    start.on(StartJobRunCommand).rejectsOnce(named('ThrottlingException')).resolves({ JobRunId: 'jr_1' });
    expect(await glue.startJobRun('x', {})).toEqual({ outcome: 'started', jobRunId: 'jr_1' });
  });

  it.each([
    ['a lost answer', named('TimeoutError'), 'BL4001'],
    ["Glue's own fault", named('InternalServiceException'), 'BL4001'],
    ['a missing permission', named('AccessDeniedException'), 'BL4002'],
    ['an unknown job', missing, 'BL4004'],
  ])('never repeats after %s', async (_, error, code) => {
    start.on(StartJobRunCommand).rejects(error);
    await expect(glue.startJobRun('x', {})).rejects.toMatchObject({ code });
    expect(start.commandCalls(StartJobRunCommand)).toHaveLength(1);
  });
});
