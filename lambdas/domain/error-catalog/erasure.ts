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
  BL8607: entry(
    'look did not end',
    'operator',
    true,
    1,
    'Searching the history and everything that refs show takes longer than the 15 minutes of a function. Select fewer prefixes, or prune branches and tags that nobody needs.',
  ),
} as const satisfies Record<string, ErrorEntry>;
