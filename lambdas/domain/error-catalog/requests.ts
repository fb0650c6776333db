import { type ErrorEntry, entry } from './entry.ts';

/** BL1xxx: what was asked for. */
export const REQUEST_ERRORS = {
  BL1001: entry('invalid request', 'operator', false, 2, 'Correct the field that the message names and send it again.'),
  BL1002: entry(
    'invalid configuration',
    'platform',
    false,
    2,
    'Correct branchline.yaml at the line that the message names.',
  ),
  BL1003: entry(
    'no pipeline for this job',
    'platform',
    false,
    3,
    'Add the job to a pipeline in branchline.yaml and deploy, or pass another job.',
  ),
  BL1004: entry('unknown run', 'operator', false, 3, 'List the runs with `branchline runs list`.'),
  BL1005: entry(
    'action not possible in this state',
    'operator',
    false,
    5,
    'Look at the run with `branchline runs show`; the message names the states from which the action is possible.',
  ),
  BL1006: entry(
    'malformed event',
    'platform',
    false,
    2,
    'Look at the message in the dead-letter queue; correct its sender.',
  ),
  BL1007: entry('unknown rollback', 'operator', false, 3, 'List the rollbacks with `branchline rollbacks list`.'),
} as const satisfies Record<string, ErrorEntry>;
