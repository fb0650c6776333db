import { type ErrorEntry, entry } from './entry.ts';

/** BL885x: a second region. */
export const REPLICATION_ERRORS = {
  BL8851: entry(
    'no second region',
    'operator',
    false,
    3,
    'Name it, and a replica of the bucket, as `replication.to` in branchline.yaml (docs/second-region.md), and deploy.',
  ),
  BL8852: entry(
    'no time left for this repository',
    'nobody: retried',
    true,
    7,
    'The next turn goes on. Where it stays so, look less often at more at once: a longer `replication.to.every`.',
  ),
} as const satisfies Record<string, ErrorEntry>;
