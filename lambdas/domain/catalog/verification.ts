/** What differs between a commit, Glue and the manifests. Pure. */
import type { PublishedPartition, WantedPartition } from './plan.ts';
import { type Storage, sameColumns, sameForm, storageOf, TABLE_PARAMETER } from './storage.ts';
import type { Column, TableDescriptor } from './table.ts';

export type Finding =
  | { readonly kind: 'table-missing' }
  /** A table of that name is there, and was not made for this one. */
  | { readonly kind: 'table-foreign' }
  | { readonly kind: 'table-edited'; readonly what: string }
  /** The commit holds files of it, Glue does not name it: its rows are missing. */
  | { readonly kind: 'partition-missing'; readonly partition: string }
  /** Glue names it, the commit holds no file of it. */
  | { readonly kind: 'partition-foreign'; readonly partition: string }
  /** Glue names other files, columns or another format than it should. */
  | { readonly kind: 'partition-different'; readonly partition: string; readonly what: string }
  /** An engine wrote to the table, or put it back: its rows are not those of a commit. */
  | { readonly kind: 'snapshot-foreign'; readonly what: string }
  /** An earlier state of an Iceberg table that nobody can read: somebody removed what it names. */
  | { readonly kind: 'snapshot-lost'; readonly what: string }
  /** Glue names a manifest that is not there, or cut short: readers find no rows, and no error. */
  | { readonly kind: 'manifest-missing'; readonly partition: string; readonly what: string };
export type FindingKind = Finding['kind'];

/** As people write a partition: `dt=2026-11-01/hh=10`. An unpartitioned table is one without a name. */
export const nameOfPartition = (table: TableDescriptor, values: readonly string[]): string =>
  table.partitionColumns.map(({ name }, i) => `${name}=${values[i] ?? ''}`).join('/');

/** The part of Glue's entry of a table that we write. */
export interface FoundTable {
  readonly partitionKeys: readonly Column[];
  readonly storage: Storage;
  readonly parameters: Readonly<Record<string, string>>;
}

/** @param location where a partitioned table lies; an unpartitioned one lies where its manifest does. */
export const editsOfTable = (table: TableDescriptor, found: FoundTable, location: string | undefined): Finding[] => {
  const edits: string[] = [];
  const { storage, partitionKeys, parameters } = found;
  if (!sameForm(storage, storageOf(table, storage.location))) {
    const kind = table.spark === undefined ? 'symlinks' : 'its files';
    const isColumns = !sameColumns(storage.columns, table.columns);
    edits.push(isColumns ? 'its columns are not those of the configuration' : `its format is not that of ${kind}`);
  }
  const keys = table.partitionColumns.map(({ name, type }) => ({ name, type }));
  if (!sameColumns(partitionKeys, keys)) edits.push('its partition columns are not those of the configuration');
  if (location !== undefined && storage.location !== location)
    edits.push(`it lies at ${storage.location}, expected ${location}`);
  if (parameters[TABLE_PARAMETER.commit] === undefined) edits.push('it does not say which commit it shows');
  if (parameters[TABLE_PARAMETER.refreshing] !== undefined)
    edits.push(`it says that a refresh to ${parameters[TABLE_PARAMETER.refreshing] ?? ''} is under way, and none is`);
  return edits.map((what) => ({ kind: 'table-edited', what }));
};

/** @param isThere whether its manifest is as it should be. */
export const findingsOfPartition = (
  table: TableDescriptor,
  wanted: WantedPartition,
  found: PublishedPartition | undefined,
  isThere: boolean,
): Finding[] => {
  const partition = nameOfPartition(table, wanted.values);
  if (found === undefined) return [{ kind: 'partition-missing', partition }];
  if (found.location !== wanted.location) {
    const what = `it lies at ${found.location}, expected ${wanted.location}`;
    return [{ kind: 'partition-different', partition, what }];
  }
  const different = !found.isInForm
    ? 'its columns or format are not those of the table'
    : found.prefix !== wanted.prefix
      ? `it says that its files come from ${found.prefix ?? 'nowhere'}, expected ${wanted.prefix}`
      : found.files !== wanted.files
        ? 'it does not say of which files it is'
        : undefined;
  return [
    ...(different === undefined ? [] : [{ kind: 'partition-different' as const, partition, what: different }]),
    ...(isThere ? [] : [{ kind: 'manifest-missing' as const, partition, what: wanted.location }]),
  ];
};
