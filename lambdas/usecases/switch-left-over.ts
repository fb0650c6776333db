/**
 * What a table left behind that was switched to the other kind: Glue's partitions of a symlink table, the metadata of an Iceberg table.
 * No reader of the table looks at it, but for those who began before the switch: it goes a day later, by a comparison of the table.
 */
import type { CatalogPorts, StoredTable } from '../catalog-ports.ts';
import { inBatches, MAX_BATCH } from '../domain/catalog/plan.ts';
import { isOwnTable, TABLE_PARAMETER } from '../domain/catalog/storage.ts';
import type { TableDescriptor } from '../domain/catalog/table.ts';
import { MANIFEST_GRACE_MS } from '../domain/catalog/unnamed.ts';
import type { EpochMs } from '../domain/run.ts';
import { icebergFolder, isIcebergTable, withoutPartitions } from './iceberg-table.ts';

/** Removals of metadata at a time. */
const AT_ONCE = 32;

/** Whether something is left, for so long that no query reads it any more. */
export const hasLeftOver = (stored: StoredTable | undefined, now: EpochMs): boolean => {
  const since = stored?.parameters[TABLE_PARAMETER.switched];
  return since !== undefined && !(now - Date.parse(since) < MANIFEST_GRACE_MS);
};

/** Under the right to publish. What does not fit in is left to the next comparison. */
export const removeLeftOver = async (ports: CatalogPorts, table: TableDescriptor, until: EpochMs): Promise<void> => {
  const { database, tableName } = table;
  const stored = await ports.catalog.getTable(database, tableName);
  if (stored === undefined || !isOwnTable(table, stored.parameters) || !hasLeftOver(stored, ports.clock.now())) return;
  const isIceberg = isIcebergTable(stored.parameters);
  const isGone = await (isIceberg ? removePartitions : removeMetadata)(ports, table, until);
  if (!isGone) return;
  const { [TABLE_PARAMETER.switched]: _, ...parameters } = stored.parameters;
  // Where somebody writes to it meanwhile, the next comparison finds nothing left but this.
  await ports.catalog.updateTable(
    isIceberg ? withoutPartitions(ports, table, stored) : { ...stored, parameters },
    stored.versionId,
  );
};

const removePartitions = async (
  { catalog, clock }: CatalogPorts,
  { database, tableName }: TableDescriptor,
  until: EpochMs,
): Promise<boolean> => {
  const left = await Array.fromAsync(catalog.listPartitions(database, tableName), ({ values }) => values);
  for (const batch of inBatches(left, MAX_BATCH.remove)) {
    if (clock.now() >= until) return false;
    await catalog.removePartitions(database, tableName, batch);
  }
  return true;
};

const removeMetadata = async (
  { iceberg, clock }: CatalogPorts,
  table: TableDescriptor,
  until: EpochMs,
): Promise<boolean> => {
  const keys = await Array.fromAsync(iceberg.list(icebergFolder(table)), ({ key }) => key);
  for (const batch of inBatches(keys, AT_ONCE)) {
    if (clock.now() >= until) return false;
    await Promise.all(batch.map((key) => iceberg.remove(key)));
  }
  return true;
};
