/**
 * Which publisher shows a table. A table that is there keeps its kind, whatever the configuration says, until an operator switches it:
 * readers whose engine, rights or queries rest on the one kind would not find their rows by the other.
 */
import type { Publisher, StoredTable } from '../catalog-ports.ts';
import { isOwnTable } from '../domain/catalog/storage.ts';
import type { TableDescriptor } from '../domain/catalog/table.ts';
import { isIcebergTable } from './iceberg-table.ts';
import { icebergPublisher } from './publish-iceberg.ts';
import { sparkPublisher, symlinkPublisher } from './publish-partitions.ts';

export type Kind = 'iceberg' | 'symlink';

export interface Publishers {
  readonly iceberg?: Publisher;
  readonly symlink?: Publisher;
  /** Of tables for Spark, which have a name of their own: they never become another kind. */
  readonly spark?: Publisher;
  /** Names of tables that are to become what the configuration says. */
  readonly switches?: ReadonlySet<string>;
}

export const configuredKind = ({ iceberg }: TableDescriptor): Kind => (iceberg === undefined ? 'symlink' : 'iceberg');

/** Of what Glue has under the name of the table, if it is ours. */
export const presentKind = (table: TableDescriptor, stored: StoredTable | undefined): Kind | undefined => {
  if (stored === undefined || !isOwnTable(table, stored.parameters)) return undefined;
  return isIcebergTable(stored.parameters) ? 'iceberg' : 'symlink';
};

export const publisherOfKind = ({
  iceberg = icebergPublisher(),
  symlink = symlinkPublisher(),
  spark = sparkPublisher(),
  switches = new Set(),
}: Publishers = {}): Publisher => {
  const of = { iceberg, symlink };
  return async (ports, work) => {
    const { table: descriptor } = work;
    if (descriptor.spark !== undefined) return spark(ports, work);
    const wanted = configuredKind(descriptor);
    const table = await ports.catalog.getTable(descriptor.database, descriptor.tableName);
    const present = switches.has(descriptor.name) ? undefined : presentKind(descriptor, table);
    if (present !== undefined && present !== wanted) {
      ports.log.warn('table keeps its kind until it is switched', { table: descriptor.name, present, wanted });
    }
    return of[present ?? wanted](ports, { ...work, found: { table } });
  };
};
