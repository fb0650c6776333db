/**
 * Tables that nobody asks for any more, in the configuration or in the repository. Glue keeps them as they were, with the files that they show,
 * until a person takes them out of Glue: what a slip of the pen took out of a list is not lost.
 */
import type { CatalogPorts } from '../catalog-ports.ts';
import { SPARK_SUFFIX } from '../contract.ts';
import type { PublishedTable } from '../domain/catalog/publication.ts';
import { TABLE_PARAMETER } from '../domain/catalog/storage.ts';
import type { TableDescriptor } from '../domain/catalog/table.ts';
import { isBranchlineError } from '../domain/errors.ts';
import type { EpochMs } from '../domain/run.ts';
import type { PublicationWriter } from './publication-writer.ts';
import { putTable } from './refresh-table.ts';

/** Whether they are in Glue still is looked at so often at most. */
const LOOK_EVERY_MS = 3_600_000;

export const leave = async (
  ports: CatalogPorts,
  writer: PublicationWriter,
  tables: readonly TableDescriptor[],
): Promise<void> => {
  const names = new Set(tables.map(({ name }) => name));
  const others = Object.entries(writer.entry.tables).filter(([name]) => !names.has(name));
  const now = ports.clock.now();
  const leaving = others.filter(([, { descriptor }]) => descriptor !== '');
  // A table for Spark goes from Glue, where the one beside it stays.
  const goes = (name: string, { spark }: PublishedTable): boolean =>
    spark === true && names.has(name.slice(0, -SPARK_SUFFIX.length));
  if (leaving.length > 0) {
    await writer.save((entry) =>
      leaving.reduce((next, [name, old]) => {
        const record = next.tables[name] ?? old;
        return putTable(next, name, goes(name, record) ? forgotten(record) : leftOf(record, now));
      }, entry),
    );
  }
  for (const [name, record] of others) {
    const { left } = writer.entry.tables[name] ?? record;
    if (left === undefined || now - (left.lookedAt ?? left.since) < LOOK_EVERY_MS) continue;
    const isThere = await isInGlue(ports, writer, name, record);
    await writer.save((entry) =>
      putTable(entry, name, isThere ? { ...record, left: { ...left, lookedAt: now } } : forgotten(record)),
    );
  }
};

/** What readers go on seeing, and where. One that was never shown leaves nothing. */
const leftOf = (record: PublishedTable, since: EpochMs): PublishedTable => {
  const { commit, towards, path, partitions, snapshot } = record;
  const shows = { commit, towards, path, partitions, snapshot };
  const isShown = commit !== undefined || towards !== undefined;
  return {
    ...forgotten(record),
    ...(isShown ? { ...(withoutNothing(shows) as Partial<PublishedTable>), left: { since } } : {}),
  };
};

const withoutNothing = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** Other tables may go on naming its manifests. */
const forgotten = ({ shownAs, spark }: PublishedTable): PublishedTable => ({
  descriptor: '',
  ...(shownAs === undefined ? {} : { shownAs }),
  ...(spark === undefined ? {} : { spark }),
});

const isInGlue = async (
  { catalog, log }: CatalogPorts,
  { entry }: PublicationWriter,
  name: string,
  { shownAs = [] }: PublishedTable,
): Promise<boolean> => {
  for (const shown of shownAs) {
    const at = shown.indexOf('.');
    try {
      const stored = await catalog.getTable(shown.slice(0, at), shown.slice(at + 1));
      const { parameters } = stored ?? {};
      const isOurs =
        parameters?.[TABLE_PARAMETER.table] === name &&
        parameters[TABLE_PARAMETER.repository] === entry.repository &&
        parameters[TABLE_PARAMETER.target] === entry.branch;
      if (isOurs) return true;
    } catch (error) {
      // Its database is not ours to look at any more: it may be there.
      if (!isBranchlineError(error, 'BL4001', 'BL4002')) throw error;
      log.warn('table that was left cannot be looked at', { table: shown, reason: error.message });
      return true;
    }
  }
  return false;
};
