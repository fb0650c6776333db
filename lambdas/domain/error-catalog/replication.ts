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
  BL8853: entry(
    'no replicated backups',
    'operator',
    false,
    3,
    'This deployment does not know the replica of another region: name it as `replication.from` in branchline.yaml (docs/second-region.md), and deploy.',
  ),
  BL8854: entry(
    'no word of what has arrived',
    'platform',
    false,
    3,
    'The first region never found a snapshot that was all there. Choose one by `--snapshot`: its objects are looked for, and what is missing is told.',
  ),
} as const satisfies Record<string, ErrorEntry>;
