/** Tables and partitions as Glue writes them, to ours and back. */
import type { Partition, PartitionInput, StorageDescriptor, Table, TableInput } from '@aws-sdk/client-glue';
import type { CatalogTable, StoredPartition, StoredTable } from '../catalog-ports.ts';
import type { WantedPartition } from '../domain/catalog/plan.ts';
import { FILES_PARAMETER, PREFIX_PARAMETER, type Storage } from '../domain/catalog/storage.ts';
import type { Column } from '../domain/catalog/table.ts';

const toColumns = (wire: readonly { Name?: string | undefined; Type?: string | undefined }[] = []): readonly Column[] =>
  wire.map(({ Name = '', Type = '' }) => ({ name: Name, type: Type }));

const ofColumns = (columns: readonly Column[]): { Name: string; Type: string }[] =>
  columns.map(({ name, type }) => ({ Name: name, Type: type }));

const toStorage = (wire: StorageDescriptor | undefined): Storage => ({
  location: wire?.Location ?? '',
  columns: toColumns(wire?.Columns),
  inputFormat: wire?.InputFormat ?? '',
  outputFormat: wire?.OutputFormat ?? '',
  serde: wire?.SerdeInfo?.SerializationLibrary ?? '',
  ...(wire?.AdditionalLocations === undefined || wire.AdditionalLocations.length === 0
    ? {}
    : { additionalLocations: wire.AdditionalLocations }),
});

/** Everything that readers may look for: some take a missing count of buckets for a fault (tried with Trino). */
const ofStorage = (storage: Storage): StorageDescriptor => ({
  Columns: ofColumns(storage.columns),
  Location: storage.location,
  ...(storage.additionalLocations === undefined ? {} : { AdditionalLocations: [...storage.additionalLocations] }),
  // Tables whose metadata says all have none of these.
  ...(storage.inputFormat === '' ? {} : { InputFormat: storage.inputFormat, OutputFormat: storage.outputFormat }),
  ...(storage.serde === ''
    ? {}
    : { SerdeInfo: { SerializationLibrary: storage.serde, Parameters: { 'serialization.format': '1' } } }),
  NumberOfBuckets: -1,
  BucketColumns: [],
  SortColumns: [],
  Compressed: false,
  StoredAsSubDirectories: false,
  Parameters: {},
});

export const toStoredTable = (wire: Table): StoredTable => ({
  database: wire.DatabaseName ?? '',
  name: wire.Name ?? '',
  partitionKeys: toColumns(wire.PartitionKeys),
  storage: toStorage(wire.StorageDescriptor),
  parameters: wire.Parameters ?? {},
  ...(wire.TableType === 'VIRTUAL_VIEW' ? { view: wire.ViewOriginalText ?? '' } : {}),
  versionId: wire.VersionId ?? '',
});

/** @param before what Glue holds: an update replaces all of it, and what is not ours is to stay. */
export const ofTable = (table: CatalogTable, before?: Table): TableInput => ({
  ...(before?.Description === undefined ? {} : { Description: before.Description }),
  ...(before?.Owner === undefined ? {} : { Owner: before.Owner }),
  ...(before?.Retention === undefined ? {} : { Retention: before.Retention }),
  Name: table.name,
  ...(table.view === undefined
    ? { TableType: 'EXTERNAL_TABLE' }
    : { TableType: 'VIRTUAL_VIEW', ViewOriginalText: table.view, ViewExpandedText: '/* Presto View */' }),
  Parameters: { ...table.parameters },
  PartitionKeys: ofColumns(table.partitionKeys),
  StorageDescriptor: ofStorage(table.storage),
});

export const toStoredPartition = (wire: Partition): StoredPartition => {
  const prefix = wire.Parameters?.[PREFIX_PARAMETER];
  const files = wire.Parameters?.[FILES_PARAMETER];
  const storage = toStorage(wire.StorageDescriptor);
  return {
    values: wire.Values ?? [],
    location: storage.location,
    ...(prefix === undefined ? {} : { prefix }),
    ...(files === undefined ? {} : { files }),
    storage,
  };
};

export const ofPartition = (
  table: CatalogTable,
  { values, location, prefix, files }: WantedPartition,
): PartitionInput => ({
  Values: [...values],
  StorageDescriptor: ofStorage({ ...table.storage, location }),
  Parameters: { [PREFIX_PARAMETER]: prefix, ...(files === undefined ? {} : { [FILES_PARAMETER]: files }) },
});
