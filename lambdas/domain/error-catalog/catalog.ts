import { type ErrorEntry, entry } from './entry.ts';

/** BL7xxx: what readers see. */
export const CATALOG_ERRORS = {
  BL7001: entry(
    'Glue table belongs to somebody else',
    'operator',
    false,
    5,
    'Give the table another `tableName` or `database` in branchline.yaml, or remove the Glue table that the message names.',
  ),
  BL7002: entry(
    'file cannot be shown to readers',
    'platform',
    false,
    1,
    'Athena reads files in S3 alone: look at the storage namespace, and at what was imported into the repository.',
  ),
  BL7003: entry(
    'Glue table changed meanwhile',
    'nobody: retried',
    true,
    5,
    'Nothing to do if it passes; otherwise somebody else keeps writing to the table that the message names.',
  ),
  BL7004: entry(
    'Parquet file cannot be read',
    'job author',
    false,
    1,
    'Write the file that the message names again, or take it out of the table.',
  ),
  BL7005: entry(
    'no such published table',
    'operator',
    false,
    3,
    'See `branchline catalog status`; a table is published where branchline.yaml names its `database`.',
  ),
  BL7021: entry(
    'never a state of the target',
    'operator',
    false,
    3,
    'Name a commit of the target’s own history, a tag on one, a promoted run, or a time. `branchline catalog preview --ref` shows tables at any ref.',
  ),
  BL7022: entry(
    'no snapshot shows that state',
    'operator',
    false,
    3,
    'Show it by `branchline catalog preview --ref`. Snapshots of Iceberg tables stay for `history`, and while a snapshot of Branchline keeps their commit.',
  ),
  BL7023: entry(
    'configuration wants the table otherwise',
    'operator',
    false,
    5,
    'Set `publish` of the table in branchline.yaml and deploy it; then `branchline catalog switch`.',
  ),
  BL7024: entry(
    'table cannot be switched yet',
    'operator',
    true,
    5,
    'See `branchline catalog status` for what fails of the table that the message names; the switch is made when that is mended.',
  ),
  BL7009: entry(
    'partition lies in several directories',
    'job author',
    false,
    1,
    'Write the partition anew into one directory: the message names those that spell the same values. Symlink tables show it meanwhile.',
  ),
  BL7010: entry(
    'table description cannot be read',
    'job author',
    false,
    1,
    'Mend the file in `_lakefs_tables/` that the message names, by a run or a merge. A table that it described before stays as it was described.',
  ),
  BL7011: entry(
    'table description clashes with another table',
    'job author',
    false,
    5,
    'Give the table another `name` or `path` in the file that the message names, or take out the other one. Which is shown first stays; tables of branchline.yaml go before.',
  ),
} as const satisfies Record<string, ErrorEntry>;
