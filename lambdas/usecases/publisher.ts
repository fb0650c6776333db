/**
 * Which publisher shows a table. A table that is there keeps its kind, whatever the configuration says, until an operator switches it:
 * readers whose engine, rights or queries rest on the one kind would not find their rows by the other.
 */
import type { CatalogPorts, Prepared, Publisher, PublishOutcome, StoredTable, TableWork } from '../catalog-ports.ts';
import { isOwnTable } from '../domain/catalog/storage.ts';
import { configuredKind, type Kind, type TableDescriptor } from '../domain/catalog/table.ts';
import { isIcebergTable } from './iceberg-table.ts';
import { icebergPublisher } from './publish-iceberg.ts';
import { sparkPublisher, symlinkPublisher } from './publish-partitions.ts';
import { hasLeftOver, removeLeftOver } from './switch-left-over.ts';

export interface Publishers {
  readonly iceberg?: Publisher;
  readonly symlink?: Publisher;
  /** Of tables for Spark, which have a name of their own: they never become another kind. */
  readonly spark?: Publisher;
}

/** Of what Glue has under the name of the table, if it is ours. */
export const presentKind = (table: TableDescriptor, stored: StoredTable | undefined): Kind | undefined => {
  if (stored === undefined || !isOwnTable(table, stored.parameters)) return undefined;
  return isIcebergTable(stored.parameters) ? 'iceberg' : 'symlink';
};

export const publisherOfKind = ({
  iceberg = icebergPublisher(),
  symlink = symlinkPublisher(),
  spark = sparkPublisher(),
}: Publishers = {}): Publisher => {
  const of = { iceberg, symlink };
  return async (ports, work) => {
    const { table: descriptor } = work;
    if (descriptor.spark !== undefined) return spark(ports, work);
    const wanted = configuredKind(descriptor);
    const table = await (work.looking ?? ports.catalog.getTable(descriptor.database, descriptor.tableName));
    const present = work.switches === true ? undefined : presentKind(descriptor, table);
    const kind = present ?? wanted;
    if (kind !== wanted) {
      ports.log.warn('table keeps its kind until it is switched', { table: descriptor.name, present, wanted });
    }
    const outcome = await of[kind](ports, { ...work, found: { table } });
    return withTidying(ports, { ...work, found: { table } }, kind === wanted ? outcome : keeping(outcome, kind));
  };
};

const keeping = (outcome: PublishOutcome | Prepared, keeps: Kind): PublishOutcome | Prepared => {
  const say = (of: PublishOutcome): PublishOutcome => (of.outcome === 'published' ? { ...of, keeps } : of);
  return outcome.outcome === 'prepared' ? { ...outcome, show: async () => say(await outcome.show()) } : say(outcome);
};

/** What a switch left behind goes with the comparisons that follow it. */
const withTidying = async (
  ports: CatalogPorts,
  { table, isWhole, until, found }: TableWork,
  outcome: PublishOutcome | Prepared,
): Promise<PublishOutcome | Prepared> => {
  const tidy = () => removeLeftOver(ports, table, until);
  if (!isWhole || !hasLeftOver(found?.table, ports.clock.now())) return outcome;
  if (outcome.outcome === 'published') await tidy();
  if (outcome.outcome !== 'prepared') return outcome;
  return {
    ...outcome,
    async tidy() {
      await outcome.tidy();
      await tidy();
    },
  };
};
