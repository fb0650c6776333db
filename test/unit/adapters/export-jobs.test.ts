import { describe, expect, it } from 'vitest';
import { createExportJobs } from '../../../lambdas/adapters/export-jobs.ts';

const PLAIN = { export: 'plain', name: 'plain-1' };
const ORDER = { uri: 's3://out/lake/_branchline/exports/000001-abc/spark/plain-1.json' };
const ENV = { AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' };
const JOB = 'branchline-export-plain';

const scripted = (...answers: readonly [status: number, body: object][]) => {
  const asked: { url: string; action: string; body: unknown; signed: boolean }[] = [];
  const jobs = createExportJobs({
    env: ENV,
    prefix: 'branchline-export-',
    fetch: async (url, init) => {
      const headers = new Headers(init.headers);
      asked.push({
        url: url.href,
        action: headers.get('x-amz-target') ?? '',
        body: JSON.parse(String(init.body)),
        signed: /\/eu-west-1\/glue\/aws4_request/.test(headers.get('authorization') ?? ''),
      });
      const [status, body] = answers[asked.length - 1] ?? [500, {}];
      return new Response(JSON.stringify(body), { status });
    },
  });
  return { jobs, asked };
};
const fault = (code: string): [number, object] => [400, { __type: code, Message: 'said' }];
const runs = (...found: readonly object[]): [number, object] => [200, { JobRuns: found }];
const one = (JobRunState: string, more: object = {}): object => ({
  ...{ Id: 'jr_1', JobRunState, Arguments: { '--execution': 'plain-1' } },
  ...more,
});
const OTHER = { Id: 'jr_0', JobRunState: 'FAILED', Arguments: { '--execution': 'plain-0' } };

describe('runs of the Spark job of an export', () => {
  it('are begun with the name of the try and the place of the order', async () => {
    const { jobs, asked } = scripted(runs(OTHER), [200, { JobRunId: 'jr_1' }]);
    expect(await jobs.start(PLAIN, ORDER)).toBe('started');
    expect(asked).toEqual([
      {
        url: 'https://glue.eu-west-1.amazonaws.com/',
        action: 'AWSGlue.GetJobRuns',
        body: { JobName: JOB, MaxResults: 200 },
        signed: true,
      },
      {
        url: 'https://glue.eu-west-1.amazonaws.com/',
        action: 'AWSGlue.StartJobRun',
        body: { JobName: JOB, Arguments: { '--execution': 'plain-1', '--order': ORDER.uri } },
        signed: true,
      },
    ]);
  });

  it.each([
    ['RUNNING', 'started'],
    ['WAITING', 'started'],
    ['STOPPED', 'taken'],
  ])('that are there and %s are not begun again', async (state, outcome) => {
    const { jobs, asked } = scripted(runs(OTHER, one(state)));
    expect(await jobs.start(PLAIN, ORDER)).toBe(outcome);
    expect(asked).toHaveLength(1);
  });

  it.each(['ConcurrentRunsExceededException', 'ResourceNumberLimitExceededException'])(
    'that have to wait for others (%s) are asked for again later',
    async (code) => {
      expect(await scripted(runs(), fault(code)).jobs.start(PLAIN, ORDER)).toBe('started');
    },
  );

  it('of a job that is not there are BL8320, which names it', async () => {
    const { jobs } = scripted(fault('EntityNotFoundException'), fault('EntityNotFoundException'));
    await expect(jobs.start(PLAIN, ORDER)).rejects.toMatchObject({
      code: 'BL8320',
      message: expect.stringContaining(JOB),
    });
  });

  it.each<[string, object, unknown]>([
    ['runs', one('RUNNING'), { state: 'running' }],
    ['is being stopped', one('STOPPING'), { state: 'running' }],
    [
      'is done',
      one('SUCCEEDED', { CompletedOn: 2.5 }),
      { state: 'ended', endedAt: 2500, said: 'job run jr_1 is SUCCEEDED' },
    ],
    [
      'failed',
      one('FAILED', { CompletedOn: 3, ErrorMessage: 'LeftBehind: 1 of 3' }),
      { state: 'ended', endedAt: 3000, said: 'job run jr_1 is FAILED: LeftBehind: 1 of 3' },
    ],
    [
      'waited too long',
      one('EXPIRED', { LastModifiedOn: 4 }),
      { state: 'ended', endedAt: 4000, said: 'job run jr_1 is EXPIRED' },
    ],
    ['is not known', OTHER, undefined],
  ])('tell that one %s', async (_, found, expected) => {
    expect(await scripted(runs(found)).jobs.look(PLAIN)).toEqual(expected);
  });

  it('are looked for on further pages, as far as 200 of them', async () => {
    const few = scripted([200, { JobRuns: [OTHER], NextToken: 'more' }], runs(one('RUNNING')));
    expect(await few.jobs.look(PLAIN)).toEqual({ state: 'running' });
    expect(few.asked[1]?.body).toEqual({ JobName: JOB, MaxResults: 200, NextToken: 'more' });
    const many = scripted([200, { JobRuns: Array(200).fill(OTHER), NextToken: 'more' }]);
    expect(await many.jobs.look(PLAIN)).toBeUndefined();
  });

  it('of a job that is gone are not known', async () => {
    expect(await scripted(fault('EntityNotFoundException')).jobs.look(PLAIN)).toBeUndefined();
  });

  it('are stopped, and one that has ended or is not there need not be', async () => {
    const { jobs, asked } = scripted(runs(one('RUNNING')), [200, {}]);
    await jobs.stop(PLAIN, 'why');
    expect(asked[1]).toMatchObject({
      action: 'AWSGlue.BatchStopJobRun',
      body: { JobName: JOB, JobRunIds: ['jr_1'] },
    });
    for (const found of [one('FAILED'), OTHER]) {
      const still = scripted(runs(found));
      await still.jobs.stop(PLAIN, 'why');
      expect(still.asked).toHaveLength(1);
    }
  });

  it('refused for a missing right are BL4002', async () => {
    await expect(scripted(fault('AccessDeniedException')).jobs.look(PLAIN)).rejects.toMatchObject({ code: 'BL4002' });
  });
});
