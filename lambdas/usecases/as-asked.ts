/** What somebody asks for is written down before it is done. */
import { isBranchlineError } from '../domain/errors.ts';
import { type Asking, endedRequest, newRequest } from '../domain/request.ts';
import { MAX_MESSAGE } from '../domain/run.ts';
import type { RequestPorts } from '../request-ports.ts';

const outcomeOf = (answer: unknown): string => {
  const outcome = typeof answer === 'object' && answer !== null && 'outcome' in answer ? answer.outcome : undefined;
  return typeof outcome === 'string' ? outcome : 'answered';
};

/** The record comes first: what was tried is known even where it never ended. What cannot be written down is not done. */
export const asAsked = async <Answer>(
  ports: RequestPorts,
  asking: Asking,
  act: () => Promise<Answer>,
): Promise<Answer> => {
  const { requests, clock, ids, log } = ports;
  const begun = newRequest(asking, ids.owner(), clock.now());
  await requests.put(begun);
  const end = async (how: Parameters<typeof endedRequest>[1]): Promise<void> => {
    try {
      await requests.put(endedRequest(begun, how, clock.now()));
    } catch (error) {
      // It is done, or has failed for a reason of its own: that matters more than its record.
      log.error('how a request ended could not be written down', { request: begun.id, ...how, reason: String(error) });
    }
  };
  try {
    const answer = await act();
    await end({ outcome: outcomeOf(answer) });
    return answer;
  } catch (error) {
    const code = isBranchlineError(error) ? { code: error.code } : {};
    await end({ outcome: 'failed', ...code, message: String(error).slice(0, MAX_MESSAGE) });
    throw error;
  }
};
