/** Tables for Spark that the configuration does not ask for any more: they would go on showing what nobody keeps in step. */
import { isOwnTable } from '../domain/catalog/storage.ts';
import { sparkTableOf, type TableDescriptor } from '../domain/catalog/table.ts';
import { putTable, type Work } from './refresh-table.ts';

export interface RemovedTable {
  readonly table: TableDescriptor;
  readonly remove: () => Promise<'done'>;
}

/** Only beside a table that is still shown: what leaves the configuration as a whole stays as it is. */
export const removedSparkTables = ({ ports, writer, tables }: Work): readonly RemovedTable[] =>
  tables
    .filter(({ spark }) => spark === undefined)
    .map((table) => sparkTableOf(table, { scheme: 'lakefs' }))
    .filter(({ name }) => writer.entry.tables[name]?.spark === true && !tables.some((other) => other.name === name))
    .map((table) => ({
      table,
      remove: async () => {
        const { database, tableName, name } = table;
        const stored = await ports.catalog.getTable(database, tableName);
        if (stored !== undefined && isOwnTable(table, stored.parameters)) {
          await ports.catalog.removeTable(database, tableName);
          ports.log.info('table for Spark removed', { table: name });
        }
        await writer.save((entry) => putTable(entry, name, { descriptor: '' }));
        return 'done';
      },
    }));
