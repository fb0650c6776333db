import { type ErrorEntry, entry } from './entry.ts';

/** BL6xxx: the command line, between the person and the functions. */
export const COMMAND_LINE_ERRORS = {
  BL6001: entry('wrong use of the command line', 'operator', false, 2, 'See `--help` of the command.'),
  BL6002: entry(
    'not confirmed',
    'operator',
    false,
    2,
    'See what would change with `--dry-run`; pass `--yes` where nobody can be asked.',
  ),
  BL6003: entry(
    'no such deployment',
    'operator',
    false,
    3,
    'Check account, region and prefix (`AWS_PROFILE`, `AWS_REGION`, `--prefix`), or deploy.',
  ),
  BL6004: entry(
    'no AWS credentials or region',
    'operator',
    false,
    4,
    'Set up the AWS environment: `aws sso login`, `AWS_PROFILE` and `AWS_REGION`, or keys.',
  ),
  BL6005: entry(
    'AWS cannot be reached',
    'operator',
    true,
    1,
    'Check the network, the region and `AWS_ENDPOINT_URL`, and try again.',
  ),
  BL6006: entry('AWS is throttling', 'nobody: retried', true, 1, 'Try again in a minute.'),
  BL6007: entry(
    'waited in vain',
    'operator',
    true,
    7,
    'The run goes on by itself: look at it with `branchline runs show`.',
  ),
  BL6008: entry(
    'function did not answer in time',
    'platform',
    true,
    7,
    'Look at its log: what it was asked may have been done, in full or in part. Asking again is safe.',
  ),
} as const satisfies Record<string, ErrorEntry>;
