import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { delayBefore, type Failure, isLocked, isWorthRetrying } from '../../../../lambdas/adapters/lakefs/retry.ts';

const answer = (status: number, message = ''): Failure => ({ kind: 'answer', status, message });
const LOCKED = 'branch is currently locked, try again later';

describe('another try', () => {
  it.each([
    { failure: answer(400), reads: false, writes: false },
    { failure: answer(401), reads: false, writes: false },
    { failure: answer(403), reads: false, writes: false },
    { failure: answer(404), reads: false, writes: false },
    { failure: answer(409), reads: false, writes: false },
    { failure: answer(410), reads: false, writes: false },
    { failure: answer(412), reads: false, writes: false },
    { failure: answer(418), reads: false, writes: false },
    { failure: answer(423), reads: true, writes: true },
    { failure: answer(429), reads: true, writes: true },
    { failure: answer(500), reads: true, writes: false },
    { failure: answer(500, LOCKED), reads: true, writes: true },
    { failure: answer(500, 'predicate failed'), reads: true, writes: true },
    { failure: answer(502), reads: true, writes: false },
    { failure: answer(503), reads: true, writes: true },
    { failure: answer(504), reads: true, writes: false },
    { failure: { kind: 'no-answer', message: '' } as const, reads: true, writes: false },
    { failure: { kind: 'unreadable', message: '' } as const, reads: true, writes: false },
  ])(
    'after $failure.kind $failure.status $failure.message: reads $reads, writes $writes',
    ({ failure, reads, writes }) => {
      expect(isWorthRetrying(failure, true)).toBe(reads);
      expect(isWorthRetrying(failure, false)).toBe(writes);
    },
  );

  it('is not told from the words of another status', () => {
    expect(isLocked(400, LOCKED)).toBe(false);
  });
});

describe('the pause before it', () => {
  const failures = fc.constantFrom<Failure>(answer(429), answer(503), answer(500), { kind: 'no-answer', message: '' });
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  it('is a part of a ceiling that doubles, of 8 seconds at most', () => {
    fc.assert(
      fc.property(failures, fc.integer({ min: 1, max: 30 }), random, (failure, tried, part) => {
        const delay = delayBefore(failure, tried, part);
        expect(delay).toBeGreaterThanOrEqual(0);
        expect(delay).toBeLessThanOrEqual(8_000);
        expect(delay).toBeLessThanOrEqual(delayBefore(failure, tried + 1, part));
      }),
    );
    expect([1, 2, 3, 4].map((tried) => delayBefore(answer(500), tried, 1))).toEqual([200, 400, 800, 1600]);
  });

  it('is longer where the server is throttled', () => {
    expect(delayBefore(answer(429), 1, 1)).toBe(800);
    expect(delayBefore(answer(503), 1, 1)).toBe(800);
  });

  it('may be none at all: tries of many clients spread over the whole of it', () => {
    expect(delayBefore(answer(500), 3, 0)).toBe(0);
  });

  it('is at least what the answer asks for', () => {
    expect(delayBefore({ kind: 'answer', status: 503, message: '', retryAfterMs: 5_000 }, 1, 0.5)).toBe(5_400);
  });
});
