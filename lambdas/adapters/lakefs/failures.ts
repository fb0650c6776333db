/** From an HTTP answer to an error of the catalog. */
import { BranchlineError, type ErrorCode } from '../../domain/errors.ts';
import { type Failure, isLocked } from './retry.ts';

/** Any other 403 is a matter of rights: a server with roles, or something in front of it. */
const PROTECTED = /protected branch|default branch|read-only/i;

const codeOf = (failure: Failure): ErrorCode => {
  if (failure.kind === 'no-answer') return 'BL3001';
  if (failure.kind === 'unreadable') return 'BL3005';
  const { status, message } = failure;
  switch (status) {
    case 401:
      return 'BL3002';
    case 403:
      return PROTECTED.test(message) ? 'BL3006' : 'BL3002';
    case 404:
      return /repository not found/i.test(message) ? 'BL3007' : 'BL3004';
    case 410:
      return 'BL3007';
    case 423:
    case 429:
    case 503:
      return 'BL3003';
    case 502:
    case 504:
      return 'BL3001';
    default:
      return isLocked(status, message) ? 'BL3003' : 'BL3005';
  }
};

/** @param what the call, in words: `merge of 1f3a… into main`. */
export const errorOf = (failure: Failure, what: string, endpoint: string): BranchlineError => {
  const said = failure.kind === 'answer' ? `answered ${String(failure.status)}: ${failure.message}` : failure.message;
  const { status, requestId } = failure.kind === 'answer' ? failure : {};
  return new BranchlineError(codeOf(failure), `${what}: ${endpoint} ${said}`, {
    details: {
      call: what,
      ...(status === undefined ? {} : { status }),
      ...(requestId === undefined ? {} : { requestId }),
    },
  });
};
