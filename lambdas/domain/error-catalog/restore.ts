import { type ErrorEntry, entry } from './entry.ts';

/** BL84xx: restore. */
export const RESTORE_ERRORS = {
  BL8401: entry(
    'no good backup',
    'platform',
    false,
    3,
    'The message says what is wrong with each. Restore earlier versions of the files in the backup bucket, or the metadata store (docs/recovery.md).',
  ),
  BL8402: entry(
    'files of the dump are missing',
    'platform',
    false,
    6,
    'The storage namespace lacks what the dump wrote there: restore from an older snapshot, or bring the earlier versions of the objects below `_lakefs/` back.',
  ),
  BL8403: entry(
    'repository is there',
    'operator',
    false,
    5,
    'Nothing is restored over refs that exist. Roll back a target, or restore a branch; only a repository that was deleted, or an empty one, is restored as a whole.',
  ),
  BL8404: entry('not confirmed by name', 'operator', false, 2, 'Give the name of the repository as `--confirm NAME`.'),
  BL8405: entry(
    'restored refs differ from the backup',
    'platform',
    false,
    6,
    'The message names them. Nothing else was changed: look at them, and at an older snapshot.',
  ),
  BL8406: entry(
    'commit was lost with the metadata',
    'operator',
    false,
    5,
    'The repository was restored to a state before it. Run the job again.',
  ),
  BL8407: entry(
    'metadata store is not ours',
    'operator',
    false,
    3,
    'This deployment has no server of its own (`lakefs.server`): whoever runs lakeFS brings its database back. `restore database check` and `settle` work all the same.',
  ),
  BL8408: entry('unknown restore', 'operator', false, 3, 'List them with `branchline restores list`.'),
} as const satisfies Record<string, ErrorEntry>;
