import { type ErrorEntry, entry } from './entry.ts';

/** BL86xx: erasure of data from all refs, copies and versions. */
export const ERASURE_ERRORS = {
  BL8601: entry('no such erasure', 'operator', false, 3, 'Look with `branchline erase status`.'),
  BL8602: entry(
    'nothing to erase',
    'operator',
    false,
    3,
    'No ref of the repository shows such an object: look at the path, the prefix, or the list of objects.',
  ),
  BL8603: entry(
    'erasure is held up',
    'operator',
    false,
    5,
    'A held snapshot, tag or target shows the data. Release it, or let the erasure wait: the plan names each.',
  ),
  BL8604: entry(
    'erasure is not confirmed by name',
    'operator',
    false,
    2,
    'Give the name of the repository as `--confirm NAME`.',
  ),
  BL8605: entry(
    'erasure did not get through',
    'platform',
    true,
    1,
    'Look at the step that the message names; then `branchline erase run` again: it goes on where it stopped.',
  ),
  BL8606: entry(
    'data is still there',
    'platform',
    false,
    6,
    'The report names what S3 still holds: see docs/runbook/erasure.md.',
  ),
} as const satisfies Record<string, ErrorEntry>;
