import { describe, expect, it } from 'vitest';
import { errorOf } from '../../../../lambdas/adapters/lakefs/failures.ts';

const of = (status: number, message = '') =>
  errorOf({ kind: 'answer', status, message, requestId: 'r-1' }, 'merge of x into main', 'http://lakefs.test');

describe('an answer becomes an error of the catalog', () => {
  it.each([
    [400, 'argument path: required value', 'BL3005'],
    [401, 'error authenticating request', 'BL3002'],
    [403, 'cannot write to protected branch', 'BL3006'],
    [403, 'cannot commit to protected branch', 'BL3006'],
    [403, 'protected branch', 'BL3006'],
    [403, 'cannot delete repository default branch', 'BL3006'],
    [403, 'read-only repository', 'BL3006'],
    [403, 'insufficient permissions', 'BL3002'],
    [403, '', 'BL3002'],
    [404, 'repository not found', 'BL3007'],
    [404, 'branch not found', 'BL3004'],
    [404, 'invalid API endpoint', 'BL3004'],
    [409, 'update branch: conflict found', 'BL3005'],
    [410, 'No data', 'BL3007'],
    [412, 'pre-merge hook failed', 'BL3005'],
    [423, 'locked', 'BL3003'],
    [429, 'too many tries', 'BL3003'],
    [500, 'branch is currently locked, try again later', 'BL3003'],
    [500, 'predicate failed', 'BL3003'],
    [500, 'internal server error', 'BL3005'],
    [502, '', 'BL3001'],
    [503, 'slow down', 'BL3003'],
    [504, '', 'BL3001'],
    [418, 'from the future', 'BL3005'],
  ])('%d %s: %s', (status, message, code) => {
    expect(of(status, message).code).toBe(code);
  });

  it('that says what was called, where, and what came back; programs find it in the details', () => {
    const error = of(500, 'boom');
    expect(error.message).toContain('merge of x into main: http://lakefs.test answered 500: boom');
    expect(error.details).toEqual({ call: 'merge of x into main', status: 500, requestId: 'r-1' });
  });

  it.each([
    ['no-answer', 'BL3001'],
    ['unreadable', 'BL3005'],
  ] as const)('%s is %s', (kind, code) => {
    const error = errorOf({ kind, message: 'gave no answer (timed out)' }, 'log of main', 'http://lakefs.test');
    expect(error.code).toBe(code);
    expect(error.details).toEqual({ call: 'log of main' });
  });
});
