import { type ErrorEntry, entry } from './entry.ts';

/** BL4xxx: AWS and the ledger. BL5001: a bug of ours. */
export const AWS_ERRORS = {
  BL4001: entry('AWS call failed', 'platform', true, 1, 'See the AWS error in the message.'),
  BL4002: entry('AWS access denied', 'platform', false, 4, 'Give the caller the permission that the message names.'),
  BL4003: entry(
    'ledger entry changed meanwhile',
    'nobody: retried',
    true,
    5,
    'Nothing to do: the step is repeated on the new state.',
  ),
  BL4004: entry('Glue job not found', 'operator', false, 3, 'Check the job name.'),
  BL5001: entry('internal fault', 'platform', true, 1, 'A bug: please report it with the log lines of this run id.'),
} as const satisfies Record<string, ErrorEntry>;
