/**
 * What a change touches, in the unit of the conflict check.
 *
 * lakeFS merges by object path, so two runs that overwrite one Hive partition under different file names both merge and
 * leave the union (tried on a real server). Branchline therefore compares partitions: the partition's prefix in a
 * registered table, the whole table where it is unpartitioned or overwritten as a whole, and the directory elsewhere.
 */
import type { TableConfig } from '../contract.ts';
import type { Clash } from './run.ts';

/** Ends in `/`, but for the repository's root, which is the empty string. */
export type Partition = string;

const directoryOf = (path: string): Partition => path.slice(0, path.lastIndexOf('/') + 1);

const tableOf = (path: string, tables: readonly TableConfig[]): TableConfig | undefined =>
  tables.find((table) => path.startsWith(table.path));

/** Markers and leftovers that no reader sees: two runs may both write them without harm. */
export const isBookkeeping = (path: string): boolean => {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return (
    name === '' ||
    name === '_SUCCESS' ||
    name.startsWith('_SUCCESS') ||
    /(^|\/)(_temporary|\.spark-staging-[^/]+)\//.test(path)
  );
};

/** The partition that a path belongs to; `undefined` where a clash there does no harm. */
export const partitionOf = (path: string, tables: readonly TableConfig[]): Partition | undefined => {
  if (isBookkeeping(path)) return undefined;
  const table = tableOf(path, tables);
  if (table === undefined) return directoryOf(path);
  if (table.overwrite === 'table' || table.partitionColumns.length === 0) return table.path;
  const segments = path.slice(table.path.length).split('/').slice(0, -1);
  const depth = table.partitionColumns.findIndex((column, i) => segments[i]?.startsWith(`${column}=`) !== true);
  // A file above the partitions belongs to the table as a whole.
  if (depth >= 0) return table.path;
  return `${table.path}${segments.slice(0, table.partitionColumns.length).join('/')}/`;
};

/** Sorted, without repeats. */
export const partitionsOf = (paths: Iterable<string>, tables: readonly TableConfig[]): readonly Partition[] => {
  const found = new Set<Partition>();
  for (const path of paths) {
    const partition = partitionOf(path, tables);
    if (partition !== undefined) found.add(partition);
  }
  return [...found].sort();
};

const isAppendOnly = (partition: Partition, tables: readonly TableConfig[]): boolean =>
  tables.some((table) => table.appendOnly && partition.startsWith(table.path));

/**
 * Whether two partitions overlap: the same, or one the whole of a registered table that contains the other.
 * Plain directories do not contain each other: a file beside a sub-directory is no overwrite of it.
 */
const overlaps = (a: Partition, b: Partition, tables: readonly TableConfig[]): boolean =>
  a === b || tables.some((table) => (a === table.path && b.startsWith(a)) || (b === table.path && a.startsWith(b)));

/** The partitions of `mine` that `theirs` touched too. Linear in both for tables of a few hundred. */
export const clashingPartitions = (
  mine: readonly Partition[],
  theirs: readonly Partition[],
  tables: readonly TableConfig[],
): readonly Partition[] => {
  if (theirs.length === 0) return [];
  const exact = new Set(theirs);
  const wholeTables = new Set(tables.map((table) => table.path));
  const theirWhole = theirs.filter((partition) => wholeTables.has(partition));
  return mine.filter((partition) => {
    if (isAppendOnly(partition, tables)) return false;
    if (exact.has(partition)) return true;
    const candidates = wholeTables.has(partition) ? theirs : theirWhole;
    return candidates.some((other) => overlaps(partition, other, tables));
  });
};

/** At most so many clashes are kept with a run: a person needs the pattern, not the list. */
export const MAX_CLASHES = 100;

export const partitionClashes = (
  partitions: readonly Partition[],
  origin: { readonly commit: string; readonly run?: string },
): readonly Clash[] => partitions.map((what) => ({ kind: 'partition' as const, what, ...origin }));
