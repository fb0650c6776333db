/**
 * The columns of a table that nobody gave: read off its files once, and again only of files that changed. They are written down
 * before Glue is touched, so that whoever goes on shows the same ones.
 */
import type { CatalogPorts } from '../catalog-ports.ts';
import {
  digestOfColumns,
  inferColumns,
  MAX_NOTES,
  type SchemaChange,
  type TableColumns,
  withFiles,
} from '../domain/catalog/columns.ts';
import type { PublishedTable } from '../domain/catalog/publication.ts';
import type { TableDescriptor } from '../domain/catalog/table.ts';
import { BranchlineError } from '../domain/errors.ts';
import type { PublicationWriter } from './publication-writer.ts';
import { changedSince, readFiles, someFiles } from './table-files.ts';
import { logMisfits } from './table-misfits.ts';

export interface ShownTable {
  /** With its columns. */
  readonly table: TableDescriptor;
  /** Names the columns where they were inferred. */
  readonly columns?: string;
  /** Other columns than Glue was told last: every partition has to be told too. */
  readonly isNew: boolean;
  /** Files that do not fit, where they were looked for. */
  readonly misfits?: readonly SchemaChange[];
}

const optionsOf = (table: TableDescriptor) => ({
  table: table.name,
  partitionColumns: table.partitionColumns.map(({ name }) => name),
});

/** @param to the commit that is about to be shown. */
export const columnsFor = async (
  ports: CatalogPorts,
  writer: PublicationWriter,
  table: TableDescriptor,
  to: string,
): Promise<ShownTable> => {
  if (table.infers !== true) return { table, isNew: false };
  if (table.spark !== undefined) return columnsOfOther(ports, writer, table, table.spark.beside);
  const record = writer.entry.tables[table.name];
  const known = await knownColumns(ports, table, record);
  const found = await look(ports, table, known, record?.commit, to);
  logMisfits(ports, found.misfits);
  const [misfit] = found.misfits;
  if (found.columns.length === 0 && misfit !== undefined) {
    throw new BranchlineError('BL7004', `no file of the table tells its columns: ${misfit.why ?? misfit.file}`);
  }
  const columns = digestOfColumns(found.columns);
  if (JSON.stringify(known) !== JSON.stringify(found)) await ports.publications.putColumns(table, columns, found);
  if (record?.columns !== columns) await remember(writer, table.name, columns);
  const isNew = record?.columns !== columns;
  return { table: { ...table, columns: found.columns }, columns, isNew, misfits: found.misfits };
};

/** Those of the table beside, which has been refreshed just before: no file is read twice. */
const columnsOfOther = async (
  ports: CatalogPorts,
  writer: PublicationWriter,
  table: TableDescriptor,
  beside: string,
): Promise<ShownTable> => {
  const columns = writer.entry.tables[beside]?.columns;
  const known =
    columns === undefined ? undefined : await ports.publications.getColumns({ ...table, name: beside }, columns);
  if (columns === undefined || known === undefined) return { table, isNew: false };
  const isNew = writer.entry.tables[table.name]?.columns !== columns;
  if (isNew) {
    await ports.publications.putColumns(table, columns, known);
    await remember(writer, table.name, columns);
  }
  return { table: { ...table, columns: known.columns }, columns, isNew };
};

const remember = (writer: PublicationWriter, name: string, columns: string): Promise<void> =>
  writer.save((entry) => {
    const record = entry.tables[name] ?? { descriptor: '' };
    return { ...entry, tables: { ...entry.tables, [name]: { ...record, columns } } };
  });

const knownColumns = async (
  ports: Pick<CatalogPorts, 'publications'>,
  table: TableDescriptor,
  record: PublishedTable | undefined,
): Promise<TableColumns | undefined> =>
  record?.columns === undefined ? undefined : ports.publications.getColumns(table, record.columns);

const look = async (
  ports: Pick<CatalogPorts, 'lakefs' | 'footers'>,
  table: TableDescriptor,
  known: TableColumns | undefined,
  from: string | undefined,
  to: string,
): Promise<TableColumns> => {
  const changed =
    known === undefined || from === undefined ? undefined : await changedSince(ports, table, from, to, known.misfits);
  if (known === undefined || changed === undefined) return afresh(ports, table, to);
  const { files, untouched } = changed;
  if (files.length === 0) return untouched.length === known.misfits.length ? known : { ...known, misfits: untouched };
  const found = withFiles(known.columns, await readFiles(ports, table.repository, to, files), optionsOf(table));
  if (!found.misfits.some(({ kind }) => kind === 'changed')) return withNotes(found, { ...known, misfits: untouched });
  // Some of the table is of one type and some of another: what most of its files are decides.
  const anew = await afresh(ports, table, to);
  const types = new Map(anew.columns.map(({ name, type }) => [name, type]));
  const columns = found.columns.map(({ name, type }) => ({ name, type: types.get(name) ?? type }));
  return { ...anew, columns };
};

/** What was said of files that nothing has touched stays said. */
const withNotes = (found: TableColumns, known: TableColumns): TableColumns => {
  const names = new Set(found.leftOut.map(({ name }) => name));
  return {
    columns: found.columns,
    leftOut: [...found.leftOut, ...known.leftOut.filter(({ name }) => !names.has(name))].slice(0, MAX_NOTES),
    misfits: [...found.misfits, ...known.misfits].slice(0, MAX_NOTES),
  };
};

const afresh = async (
  ports: Pick<CatalogPorts, 'lakefs' | 'footers'>,
  table: TableDescriptor,
  commit: string,
): Promise<TableColumns> => {
  const files = await someFiles(ports, table, commit);
  return inferColumns(await readFiles(ports, table.repository, commit, files), optionsOf(table));
};

/** The table with its columns at any commit, by what is known of the published one; nothing is written down. */
export const columnsAt = async (
  ports: CatalogPorts,
  table: TableDescriptor,
  commit: string,
): Promise<TableDescriptor> => {
  if (table.infers !== true) return table;
  const of = table.spark === undefined ? table : { ...table, name: table.spark.beside };
  const record = (await ports.publications.get(table.repository, table.target))?.tables[of.name];
  const known = await knownColumns(ports, of, record);
  return { ...table, columns: (await look(ports, table, known, record?.commit, commit)).columns };
};
