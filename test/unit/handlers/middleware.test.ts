import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type * as z from 'zod/mini';
import { BranchlineError } from '../../../lambdas/domain/errors.ts';
import { deadline } from '../../../lambdas/handlers/deadline.ts';
import { lambda, parseRequest } from '../../../lambdas/handlers/middleware.ts';
import { count } from '../../../lambdas/handlers/observability.ts';
import { inspectRequest, resolveRunRequest, startRunRequest } from '../../../lambdas/payloads.ts';
import { context, linesDuring } from './invoke.ts';

const failing = (error: unknown) =>
  linesDuring(() => lambda(() => Promise.reject(error))({}, context()).catch((thrown: unknown) => thrown));

describe('errors', () => {
  it('carry their code as name, so that Lambda reports it as errorType', async () => {
    const { answer, lines } = await failing(new BranchlineError('BL2003', 'two partitions'));
    expect(answer).toMatchObject({ name: 'BL2003', message: 'BL2003 conflict with the target: two partitions' });
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 'ERROR', code: 'BL2003', remedy: expect.any(String) }),
    );
  });

  it('that nobody foresaw are BL5001', async () => {
    const { answer } = await failing(new TypeError('x is undefined'));
    expect(answer).toMatchObject({ name: 'BL5001', message: expect.stringContaining('x is undefined') });
  });
});

describe('an invocation', () => {
  it('has a deadline short of its own end', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const left = await lambda(() => Promise.resolve(deadline() - Date.now()))({}, context(10_000));
    expect(left).toBe(8_000);
  });

  it('writes its metrics, also when it fails', async () => {
    const { lines } = await linesDuring(() =>
      lambda(() => {
        count('LakefsErrors', 1);
        return Promise.reject(new Error('no'));
      })({}, context()).catch(() => undefined),
    );
    expect(lines).toContainEqual(expect.objectContaining({ LakefsErrors: 1, service: 'branchline' }));
  });
});

describe('requests', () => {
  it.each<[string, z.ZodMiniType, unknown, RegExp]>([
    ['nothing', startRunRequest, undefined, /BL1001 .*request: expected object, found nothing$/],
    ['a missing field', startRunRequest, {}, /job: expected string, found nothing$/],
    ['an empty job', startRunRequest, { job: '' }, /job: expected at least 1 characters, found 0 characters$/],
    [
      'a long job',
      startRunRequest,
      { job: 'x'.repeat(256) },
      /job: expected at most 255 characters, found 256 characters$/,
    ],
    ['an odd run id', startRunRequest, { job: 'j', runId: 'a b' }, /runId: letters, digits, _ and -, .*, found "a b"$/],
    ['an unknown field', startRunRequest, { job: 'j', jobb: 1 }, /request: no such field, found jobb$/],
    [
      'a bare argument',
      startRunRequest,
      { job: 'j', arguments: { day: '1' } },
      /arguments\.day: must begin with --, found the name "day"$/,
    ],
    [
      'no action',
      resolveRunRequest,
      {},
      /action: expected one of promote, discard, retry, accept-target, revert-target, hold-target, release-target, found nothing$/,
    ],
    [
      'an unknown strategy',
      resolveRunRequest,
      { action: 'promote', runId: 'r', strategy: 'mine' },
      /strategy: expected one of source-wins, target-wins, found "mine"$/,
    ],
    ['a limit of 0', inspectRequest, { query: 'runs', limit: 0 }, /limit: expected at least 1, found 0$/],
    [
      'an unknown state',
      inspectRequest,
      { query: 'runs', states: ['DONE'] },
      /states\.0: expected one of OPEN, .*, found "DONE"$/,
    ],
    [
      'two faults',
      startRunRequest,
      { job: 7, dryRun: 'yes' },
      /job: expected string, found 7; dryRun: expected boolean, found string$/,
    ],
  ])('with %s are refused by name', (_, schema, request, says) => {
    expect(() => parseRequest(schema, request)).toThrow(says);
  });

  it('do not have their arguments repeated', () => {
    const request = { job: 'j', arguments: { '--password': ['hunter2'] } };
    expect(() => parseRequest(startRunRequest, request)).toThrow(
      /arguments\.--password: expected string, found array$/,
    );
  });
});
