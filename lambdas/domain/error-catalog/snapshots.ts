import { type ErrorEntry, entry } from './entry.ts';

/** BL81xx: snapshots. */
export const SNAPSHOT_ERRORS = {
  BL8101: entry('unknown snapshot', 'operator', false, 3, 'List the snapshots with `branchline snapshots list`.'),
  BL8102: entry(
    'action not possible in the state of this snapshot',
    'operator',
    false,
    5,
    'Look at it with `branchline snapshots list`; a hold is taken off with `branchline snapshots release`.',
  ),
  BL8103: entry(
    'backup is damaged or incomplete',
    'platform',
    false,
    6,
    'Use an older snapshot that verifies; restore the file that the message names from the earlier versions of the backup bucket.',
  ),
  BL7006: entry(
    'too many previews',
    'operator',
    false,
    5,
    'See them with `branchline catalog previews`, and drop one with `branchline catalog drop-preview`.',
  ),
  BL7007: entry('unknown preview', 'operator', false, 3, 'See them with `branchline catalog previews`.'),
  BL7008: entry('name of a preview is taken', 'operator', false, 5, 'Give the preview another name, or none.'),
  BL7020: entry(
    'metadata of an Iceberg table is gone',
    'operator',
    false,
    1,
    'Run `branchline catalog repair` for the table that the message names; until then nothing is removed that it may need.',
  ),
} as const satisfies Record<string, ErrorEntry>;
