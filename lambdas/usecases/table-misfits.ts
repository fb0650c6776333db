/**
 * Files that are shown though readers cannot read them: their columns do not fit the table. Runs are compared before they are promoted;
 * what a person merged is compared here, when it is shown. Whoever looks keeps what is known of files that nothing has touched since.
 */
import type { CatalogPorts } from '../catalog-ports.ts';
import { compareFile, MAX_NOTES, type SchemaChange } from '../domain/catalog/columns.ts';
import type { PublishedTable } from '../domain/catalog/publication.ts';
import type { TableDescriptor } from '../domain/catalog/table.ts';
import type { EpochMs } from '../domain/run.ts';
import { changedSince, readFiles } from './table-files.ts';

export interface Looked {
  readonly misfits: readonly SchemaChange[];
  /** The merge by hand that was looked at. */
  readonly handSeen?: EpochMs | undefined;
}

/**
 * Of a table whose columns somebody gave. Costs nothing where no person merged anything and nothing is amiss.
 * @param byHandAt when the newest commit was found that nobody of ours made.
 * @returns `undefined` where there is nothing to look at: what is known stays.
 */
export const misfitsOfGiven = async (
  ports: Pick<CatalogPorts, 'lakefs' | 'footers' | 'log'>,
  table: TableDescriptor,
  record: PublishedTable | undefined,
  { to, byHandAt }: { readonly to: string; readonly byHandAt: EpochMs | undefined },
): Promise<Looked | undefined> => {
  if (table.format !== 'parquet' || table.infers === true || table.spark !== undefined) return undefined;
  const known = record?.misfits?.found ?? [];
  const isNew = byHandAt !== undefined && byHandAt !== record?.handSeen;
  if (record?.commit === undefined || (!isNew && known.length === 0)) return undefined;
  const changed = await changedSince(ports, table, record.commit, to, known);
  if (changed === undefined) return undefined;
  const read = isNew ? await readFiles(ports, table.repository, to, changed.files) : [];
  const options = {
    ...{ table: table.name, isGiven: true },
    partitionColumns: table.partitionColumns.map(({ name }) => name),
  };
  const found = read
    .flatMap((file) => compareFile(table.columns, file, options))
    .filter(({ kind }) => kind === 'changed' || kind === 'unreadable');
  logMisfits(ports, found);
  return { misfits: [...found, ...changed.untouched].slice(0, MAX_NOTES), handSeen: byHandAt };
};

export const logMisfits = ({ log }: Pick<CatalogPorts, 'log'>, misfits: readonly SchemaChange[]): void => {
  for (const { table, file, column, before, after, why } of misfits)
    log.warn('file does not fit its table', { table, file, column, before, after, why });
};
