/**
 * Which failures of a call are worth another try, and how long to wait before it. Two pure functions.
 * Statuses: lakeFS API documentation, and a real 1.84 server.
 */

/** How a try failed: an HTTP answer, or no answer at all. */
export type Failure =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly message: string;
      /** Of the server's log. */
      readonly requestId?: string;
      /** How long the answer asks to wait. */
      readonly retryAfterMs?: number;
    }
  /** Success, but not in the words of the API: something in front of the server answered, or the answer broke off. */
  | { readonly kind: 'unreadable'; readonly message: string }
  /** Refused, hung up or timed out: nobody knows whether the server did it. */
  | { readonly kind: 'no-answer'; readonly message: string };

/**
 * Somebody else changed the branch between the server's look and its write, which was therefore not made: "currently locked",
 * or "predicate failed" (seen on 1.84, where five invocations commit one branch at once).
 */
export const isLocked = (status: number, message: string): boolean =>
  status === 500 && /currently locked|predicate failed/i.test(message);

/**
 * @param repeatable whether the call may safely be made twice: reads, deletes, resets, the creation of a branch.
 * A commit, a merge and a revert may not: whether the first one took effect is asked of the log instead.
 */
export const isWorthRetrying = (failure: Failure, repeatable: boolean): boolean => {
  if (failure.kind !== 'answer') return repeatable;
  switch (failure.status) {
    // Locked, as old servers say it.
    case 423:
    // Too many tries against a moving branch: the server gave up without effect.
    case 429:
    // The metadata store is throttled: refused before anything was written.
    case 503:
      return true;
    case 500:
      // A locked branch says that nothing was done; any other 500 says nothing.
      return isLocked(failure.status, failure.message) || repeatable;
    // A gateway in front gave up waiting: the server may still do it.
    case 502:
    case 504:
      return repeatable;
    default:
      // 400, 403, 404, 409, 410, 412: the same answer would come again. 412 is a hook's no.
      return false;
  }
};

const BASE_MS = 100;
const THROTTLED_BASE_MS = 400;
const MAX_MS = 8_000;
export const MAX_TRIES = 6;

/**
 * Exponential back-off with full jitter; throttling starts slower. Never less than the answer asks for.
 * @param tried how many tries have failed, 1 for the first.
 * @param random in [0, 1).
 */
export const delayBefore = (failure: Failure, tried: number, random: number): number => {
  const isThrottled = failure.kind === 'answer' && (failure.status === 429 || failure.status === 503);
  const ceiling = Math.min(MAX_MS, (isThrottled ? THROTTLED_BASE_MS : BASE_MS) * 2 ** tried);
  const asked = failure.kind === 'answer' ? (failure.retryAfterMs ?? 0) : 0;
  return asked + Math.round(random * ceiling);
};
