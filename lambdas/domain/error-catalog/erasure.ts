import { type ErrorEntry, entry } from './entry.ts';

/** BL86xx, from 8601 to 8630: erasures. */
export const ERASURE_ERRORS = {
  BL8601: entry(
    'repository is not configured',
    'operator',
    false,
    3,
    'Name a repository of the configuration: Branchline knows targets, exports and tables of these alone.',
  ),
  BL8602: entry(
    'nothing would delete the objects',
    'platform',
    false,
    2,
    'Set garbage collection up for the repository: `garbageCollection.clientJar`, and the repository among those that are collected. Then deploy.',
  ),
  BL8603: entry(
    'nothing to erase',
    'operator',
    false,
    3,
    'Nothing ever lay at the selected paths. Look with `branchline erase plan`.',
  ),
  BL8604: entry(
    'too much is selected',
    'operator',
    false,
    2,
    'One erasure takes up to 10,000 objects. Select less, and erase in several parts.',
  ),
  BL8605: entry(
    'a legal hold stands',
    'operator',
    false,
    5,
    'A snapshot that is held shows what is to be erased. Whoever set the hold decides: `branchline snapshots release`, then plan again.',
  ),
  BL8606: entry(
    'tags show the objects',
    'operator',
    false,
    5,
    'Remove or move the tags, or repeat with `--remove-tags`: then those that the plan names are removed.',
  ),
  BL8607: entry(
    'look did not end',
    'operator',
    true,
    1,
    'Searching the history and everything that refs show takes longer than the 15 minutes of a function. Repeat the same command: it goes on from there. An erasure that was begun goes on by itself.',
  ),
  BL8608: entry(
    'list of objects is damaged',
    'platform',
    false,
    1,
    'The list of an erasure lies in the backup bucket and is not what was written. Bring its earlier version back, or cancel the erasure and begin another.',
  ),
  BL8609: entry(
    'run of an erasure was overtaken',
    'operator',
    false,
    5,
    'The target changed the same partition. Nothing is to be done: the erasure begins another run.',
  ),
  BL8610: entry(
    'erasure cannot be cancelled',
    'operator',
    false,
    5,
    'Objects are being deleted, or it has ended. Look with `branchline erase status`.',
  ),
  BL8611: entry('not confirmed', 'operator', false, 2, 'Repeat the name of the repository: `--confirm <name>`.'),
  BL8612: entry(
    'replacement cannot be used',
    'operator',
    false,
    2,
    'Commit the rewritten file on any branch of the repository, and name it as PATH=REF:PATH.',
  ),
  BL8613: entry('no such erasure', 'operator', false, 3, 'Look with `branchline erase status`.'),
} as const satisfies Record<string, ErrorEntry>;
