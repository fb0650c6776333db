/** What failed of a table is written down, and the others go on. */
import { digestOfTable, type TableDescriptor } from '../domain/catalog/table.ts';
import { isBranchlineError } from '../domain/errors.ts';
import { putTable, type Work } from './refresh-table.ts';

/** One table that cannot be refreshed must not keep the others from it. */
export const careful = async <T>(
  { ports, writer }: Work,
  table: TableDescriptor,
  refresh: () => Promise<T>,
): Promise<T | 'failed'> => {
  try {
    return await refresh();
  } catch (error) {
    if (!isBranchlineError(error, 'BL4002', 'BL7001', 'BL7002', 'BL7003', 'BL7004', 'BL7009', 'BL7024', 'BL7025'))
      throw error;
    const { code, message } = error;
    ports.log.error('table could not be refreshed', { table: table.name, code, reason: message });
    const since = writer.entry.tables[table.name]?.failure?.since ?? ports.clock.now();
    await writer.save((entry) => {
      const { towards, comparedAt, ...rest } = entry.tables[table.name] ?? { descriptor: digestOfTable(table) };
      // What the files of a commit are at fault for only a later one mends: that is looked at as a whole.
      const isOfCommit = code === 'BL7002' || code === 'BL7009' || code === 'BL7025';
      return putTable(entry, table.name, {
        ...rest,
        ...(isOfCommit || towards === undefined ? {} : { towards }),
        ...(isOfCommit || comparedAt === undefined ? {} : { comparedAt }),
        failure: { code, message, since, triedAt: ports.clock.now() },
      });
    });
    return 'failed';
  }
};
