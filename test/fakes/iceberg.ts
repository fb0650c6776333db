/** Iceberg tables of the fake world: as a reader finds them by their metadata, and Parquet files to fill them with. */

import type { TableConfig } from '../../lambdas/contract.ts';
import { readManifest, readManifestList } from '../../lambdas/domain/iceberg/manifest-file.ts';
import { currentSnapshot, parseMetadata, type TableMetadata } from '../../lambdas/domain/iceberg/metadata.ts';
import type { Snapshot } from '../../lambdas/domain/iceberg/snapshot.ts';
import { parquetFile } from '../unit/domain/parquet/files.ts';
import { type CatalogWorld, PUBLISHED } from './catalog.ts';

/** The tables of the fake world, shown as Iceberg for a day after a change. */
export const ICEBERG_TABLES: readonly TableConfig[] = PUBLISHED.map((table) => ({
  ...table,
  ...(table.publish === undefined
    ? {}
    : { publish: { ...table.publish, publisher: 'iceberg' as const, historySeconds: 86_400 } }),
}));

/** A file of two rows that no other has. */
export const rowsOf = (serial: number): Uint8Array =>
  parquetFile([
    { name: 'id', data: [BigInt(serial), BigInt(serial) * 1000n], type: 'INT64' },
    { name: 'v', data: [`v${String(serial)}`, null], type: 'STRING' },
  ]);

const bytesAt = ({ iceberg }: Pick<CatalogWorld, 'iceberg'>, uri: string): Buffer => {
  const found = iceberg.objects.get(iceberg.keyOf(uri) ?? '');
  if (found === undefined) throw new Error(`${uri} is not there`);
  return Buffer.from(found.content);
};

export const metadataOf = (world: CatalogWorld, database: string, table: string): TableMetadata | undefined => {
  const at = world.catalog.tables.get(`${database}.${table}`)?.parameters['metadata_location'];
  return at === undefined ? undefined : parseMetadata(bytesAt(world, at).toString('utf8'));
};

/** By partition values as JSON: addresses of the files, sorted. */
export const filesAt = (world: Pick<CatalogWorld, 'iceberg'>, snapshot: Snapshot): Readonly<Record<string, string>> => {
  const files = new Map<string, string[]>();
  for (const manifest of readManifestList(bytesAt(world, snapshot['manifest-list'])).manifests) {
    for (const { data_file: file } of readManifest(bytesAt(world, manifest.manifest_path), manifest).entries) {
      const key = JSON.stringify(Object.values(file.partition));
      files.set(key, [...(files.get(key) ?? []), file.file_path]);
    }
  }
  return Object.fromEntries(
    [...files].map(([key, of]) => [key, of.sort().join('\n')] as const).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
};

/** What a reader of the table finds now. */
export const readIceberg = (world: CatalogWorld, database: string, table: string): Readonly<Record<string, string>> => {
  const snapshot = currentSnapshot(metadataOf(world, database, table));
  return snapshot === undefined ? {} : filesAt(world, snapshot);
};
