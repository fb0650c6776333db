/**
 * A table for Spark, which cannot read Parquet through symlinks: its partitions lie where lakeFS has them. Pure.
 *
 * A location on the target stays as it is while files change, so that nothing has to be told to Glue. A pinned one names a commit:
 * that of the refresh which last saw the partition change. Its files are those of every commit since, so that others need not follow.
 */
import { createHash } from 'node:crypto';
import { BranchlineError } from '../errors.ts';
import type { PublishedPartition, WantedPartition } from './plan.ts';
import type { TableDescriptor } from './table.ts';

/** @param commit where a pinned one lies. */
export const sparkLocation = (
  { repository, target, spark }: TableDescriptor,
  prefix: string,
  commit: string | undefined,
): string => `${spark?.scheme ?? 'lakefs'}://${repository}/${spark?.pin === true ? commit : target}/${prefix}`;

/** Together with the location, so that a location that somebody edits does not pass for ours. */
const digestOfFiles = (location: string, addresses: readonly string[]): string =>
  createHash('sha256')
    .update([location, ...addresses.toSorted()].join('\n'), 'utf8')
    .digest('hex')
    .slice(0, 32);

export interface FoundFiles {
  readonly values: readonly string[];
  /** One a line where several directories spell the same values. */
  readonly prefix: string;
  readonly files: readonly { readonly address: string }[];
}

/** @throws BL7009 where several directories spell the same values: a partition of Hive lies in one. */
export const sparkPartition = (
  table: TableDescriptor,
  commit: string,
  { values, prefix, files }: FoundFiles,
  before: Pick<PublishedPartition, 'location' | 'files'> | undefined,
): WantedPartition => {
  const [first = '', second] = prefix.split('\n');
  if (second !== undefined) {
    throw new BranchlineError('BL7009', `${first} and ${second} are one partition of "${table.name}"`);
  }
  const location = sparkLocation(table, prefix, commit);
  if (table.spark?.pin !== true) return { values, prefix, location };
  const addresses = files.map(({ address }) => address);
  const isSame = before?.files !== undefined && before.files === digestOfFiles(before.location, addresses);
  return isSame
    ? { values, prefix, location: before.location, files: before.files }
    : { values, prefix, location, files: digestOfFiles(location, addresses) };
};
