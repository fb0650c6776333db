/** The deployed queues by what they are for. */
import type { Harness } from '../../../local/harness.ts';

/** Logical id of the queue that Glue's events arrive in for settle-run. */
export const INTAKE_QUEUE = /settle/i;
const IS_DEAD_LETTER = /dlq|deadletter/i;

const only = (harness: Harness, wanted: (logicalId: string) => boolean, what: string): string => {
  const found = Object.entries(harness.state.stack.queues).filter(([logicalId]) => wanted(logicalId));
  const [first] = found;
  if (first === undefined || found.length > 1)
    throw new Error(`${what}: ${String(found.length)} of ${Object.keys(harness.state.stack.queues).join(', ')}`);
  return first[1];
};

export const onlyQueue = (harness: Harness, pattern: RegExp): string =>
  only(harness, (id) => pattern.test(id) && !IS_DEAD_LETTER.test(id), `queues like ${String(pattern)}`);

export const deadLetterQueueOf = (harness: Harness, pattern: RegExp): string =>
  only(harness, (id) => pattern.test(id) && IS_DEAD_LETTER.test(id), `dead-letter queues like ${String(pattern)}`);
