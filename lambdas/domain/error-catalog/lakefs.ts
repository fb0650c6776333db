import { type ErrorEntry, entry } from './entry.ts';

/** BL3xxx: lakeFS. */
export const LAKEFS_ERRORS = {
  BL3001: entry(
    'lakeFS cannot be reached',
    'platform',
    true,
    1,
    'Check endpoint, network and the service; runs go on by themselves when it is back.',
  ),
  BL3002: entry(
    'lakeFS refuses the credentials',
    'platform',
    true,
    4,
    'Check the secret; after a rotation wait for the cache (5 minutes).',
  ),
  BL3003: entry(
    'lakeFS is throttling or locked',
    'nobody: retried',
    true,
    1,
    'Nothing to do if it passes; otherwise scale the server.',
  ),
  BL3004: entry('not found in lakeFS', 'operator', false, 3, 'Check repository, branch and commit names.'),
  BL3005: entry(
    'lakeFS answered unexpectedly',
    'platform',
    true,
    1,
    'Look at the answer in the log; check the server version.',
  ),
  BL3006: entry(
    'branch is protected',
    'platform',
    false,
    4,
    'Writes go to run branches; only merges reach a protected target.',
  ),
  BL3007: entry('repository is missing', 'platform', true, 3, 'Deploy again (set-up creates it), or restore it.'),
  BL3008: entry(
    'storage namespace is taken',
    'platform',
    false,
    5,
    'Data of a repository lies there. Restore that repository, or give this one another storageNamespace.',
  ),
} as const satisfies Record<string, ErrorEntry>;
