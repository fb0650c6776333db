/**
 * The view that says, in one row for each Iceberg table of a target, which snapshot shows the commit that all of them show. It is a table
 * of constants: one call to Glue changes all of its rows at once. Pure.
 *
 * Glue holds views of Athena and Trino as their own JSON in base64. Source: Trino, `ViewReaderUtil` (prefix and suffix) and
 * `ConnectorViewDefinition` (the JSON); Athena makes the same.
 */
import { publishedViewName } from '../../contract.ts';
import type { PublishedTable } from './publication.ts';
import type { Column, TableDescriptor } from './table.ts';

export interface ViewRow {
  readonly database: string;
  readonly table: string;
  readonly snapshot: string;
}

interface ViewColumn {
  readonly name: string;
  readonly presto: string;
  readonly glue: string;
}

const COLUMNS: readonly ViewColumn[] = [
  { name: 'database_name', presto: 'varchar', glue: 'string' },
  { name: 'table_name', presto: 'varchar', glue: 'string' },
  { name: 'commit_id', presto: 'varchar', glue: 'string' },
  { name: 'snapshot_id', presto: 'bigint', glue: 'bigint' },
];

/** As Glue lists them. */
export const VIEW_COLUMNS: readonly Column[] = COLUMNS.map(({ name, glue }) => ({ name, type: glue }));

/** Absent where nothing has to agree: fewer than two tables, or one of them is not shown by a snapshot yet. */
export const rowsOfView = (
  tables: readonly TableDescriptor[],
  records: Readonly<Record<string, PublishedTable>>,
): readonly ViewRow[] | undefined => {
  const iceberg = tables.filter((table) => table.iceberg !== undefined);
  if (iceberg.length < 2) return undefined;
  const rows = iceberg.flatMap(({ name, database, tableName }) => {
    const snapshot = records[name]?.snapshot;
    return snapshot === undefined ? [] : [{ database, table: tableName, snapshot }];
  });
  return rows.length === 0 ? undefined : rows;
};

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const sqlOf = (commit: string, rows: readonly ViewRow[]): string => {
  const values = rows.map(({ database, table, snapshot }) =>
    [quoted(database), quoted(table), quoted(commit), snapshot].join(', '),
  );
  const columns = COLUMNS.map(({ name, presto }) => `CAST(${name} AS ${presto}) ${name}`).join(', ');
  const names = COLUMNS.map(({ name }) => name).join(', ');
  return `SELECT ${columns} FROM (VALUES ${values.map((row) => `(${row})`).join(', ')}) AS t (${names})`;
};

export const viewName = ({ repository, target }: Pick<TableDescriptor, 'repository' | 'target'>): string =>
  publishedViewName(repository, target);

/** The text of the view as Glue holds it. */
export const viewText = (database: string, commit: string, rows: readonly ViewRow[]): string => {
  const definition = {
    originalSql: sqlOf(commit, rows),
    catalog: 'awsdatacatalog',
    schema: database,
    columns: COLUMNS.map(({ name, presto }) => ({ name, type: presto })),
    runAsInvoker: true,
  };
  return `/* Presto View: ${Buffer.from(JSON.stringify(definition), 'utf8').toString('base64')} */`;
};

/** What a view's text says, for who compares. */
export const sqlOfView = (text: string): string | undefined => {
  const [, encoded] = /^\/\* Presto View: (\S+) \*\/$/.exec(text) ?? [];
  if (encoded === undefined) return undefined;
  return (JSON.parse(Buffer.from(encoded, 'base64').toString('utf8')) as { originalSql?: string }).originalSql;
};
