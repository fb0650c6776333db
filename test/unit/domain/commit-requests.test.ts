/** What the commits of a run say: their messages for people, their metadata for programs. */
import { describe, expect, it } from 'vitest';
import { promotionRequest, runCommitRequest } from '../../../lambdas/domain/promotion.ts';
import type { Run } from '../../../lambdas/domain/run.ts';

const run = (changes: Partial<Run> = {}): Run => ({
  schemaVersion: 1,
  runId: 'load',
  attempt: 0,
  version: 1,
  state: 'OPEN',
  job: 'sales daily/€',
  pipeline: 'nightly',
  repository: 'lake',
  target: 'main',
  branch: 'run-x',
  baseCommit: 'base',
  openedAt: 1,
  updatedAt: 1,
  rerunNumber: 0,
  branchDeleted: false,
  steps: [],
  ...changes,
});

describe.each([
  ['of its work', runCommitRequest, 'run', 'sales daily/€: run load'],
  ['of its promotion', promotionRequest, 'promotion', 'Promote sales daily/€, run load'],
] as const)('the commit %s', (_, request, kind, message) => {
  it('says which run it was, and nothing that is not known', () => {
    expect(request(run(), 'eu-west-1')).toEqual({
      message,
      metadata: {
        '::lakefs::Branchline::kind': kind,
        '::lakefs::Branchline::run_id': 'load',
        '::lakefs::Branchline::attempt': '0',
        '::lakefs::Branchline::job': 'sales daily/€',
        '::lakefs::Branchline::pipeline': 'nightly',
        '::lakefs::Branchline::base_commit': 'base',
      },
    });
  });

  it('names the attempt where Glue tried again, the arguments by their digest, and the job run with a link', () => {
    const known = request(run({ attempt: 2, argumentsDigest: 'd1', jobRunId: 'jr_1_attempt_2' }), 'eu-west-1');
    expect(known.message).toBe(`${message}, attempt 2`);
    expect(known.metadata).toMatchObject({
      '::lakefs::Branchline::attempt': '2',
      '::lakefs::Branchline::arguments_digest': 'd1',
      '::lakefs::Branchline::job_run_id': 'jr_1_attempt_2',
      '::lakefs::Branchline::glue_run[url:ui]':
        'https://eu-west-1.console.aws.amazon.com/gluestudio/home?region=eu-west-1#/job/sales%20daily%2F%E2%82%AC/run/jr_1_attempt_2',
    });
  });
});
