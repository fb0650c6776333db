/** What no single key says about how tables are shown, and what they become. */
import { previewDatabasePrefix, type TablePublication } from '../../lambdas/contract.ts';
import type { Fault } from './allowed.ts';
import type { Config } from './schema.ts';

type Repository = Config['repositories'][string];
type Table = Repository['tables'][string];

const glueNameOf = (name: string): string => name.toLowerCase().replace(/[^a-z0-9_]/g, '_');

const withSlash = (uri: string): string => (uri.endsWith('/') ? uri : `${uri}/`);

/** Nothing for a table without a database: readers do not find it in Glue. */
export const publicationOf = (name: string, table: Table, repository: Repository): TablePublication | undefined =>
  table.database === undefined
    ? undefined
    : {
        database: table.database,
        tableName: table.tableName ?? glueNameOf(name),
        target: table.target ?? repository.targets[0] ?? repository.defaultBranch,
        format: table.format,
        columns: Object.entries(table.columns).map(([column, type]) => ({ name: column, type })),
        partitionTypes: table.partitionTypes,
        ...(repository.lakeFormation ? { filesBelow: withSlash(repository.storageNamespace) } : {}),
      };

export const publicationFaults = (config: Config): Fault[] => {
  const seen = new Map<string, string>();
  return Object.entries(config.repositories).flatMap(([name, repository]) =>
    Object.entries(repository.tables).flatMap(([table, keys]) => {
      const at = ['repositories', name, 'tables', table];
      const previews = previewDatabasePrefix(config.controlPlane.prefix);
      const isPreview = keys.database?.startsWith(previews) === true;
      const taken = `found "${keys.database ?? ''}"; databases that begin with ${previews} are those of previews, and go by themselves`;
      return [
        ...(isPreview ? [{ path: [...at, 'database'], message: taken }] : []),
        ...tableFaults(at, keys, repository),
        ...twinFaults(seen, at, table, keys, repository),
      ];
    }),
  );
};

const tableFaults = (at: readonly string[], table: Table, repository: Repository): Fault[] => {
  const faults: Fault[] = [];
  const fault = (key: string, message: string): void => {
    faults.push({ path: [...at, key], message });
  };
  if (table.target !== undefined && !repository.targets.includes(table.target)) {
    fault('target', `found "${table.target}"; allowed: a target of the repository: ${repository.targets.join(', ')}`);
  }
  for (const column of Object.keys(table.partitionTypes)) {
    if (!table.partitionColumns.includes(column)) {
      const allowed = table.partitionColumns.join(', ') || 'none, the table is not partitioned';
      fault('partitionTypes', `found "${column}"; allowed: a partition column: ${allowed}`);
    }
  }
  if (table.database === undefined) return faults;
  if (Object.keys(table.columns).length === 0 && table.format !== 'parquet') {
    fault('columns', 'found nothing; allowed: at least one column: only Parquet files tell theirs');
  }
  const lower = table.partitionColumns.map((column) => column.toLowerCase());
  for (const column of Object.keys(table.columns)) {
    if (lower.includes(column)) fault('columns', `found "${column}"; it is a partition column already`);
  }
  for (const [i, column] of table.partitionColumns.entries()) {
    if (!/^\w+$/.test(column) || lower.indexOf(column.toLowerCase()) !== i) {
      const allowed = 'letters, digits and _, each once whatever its case, for a table that names a database';
      faults.push({ path: [...at, 'partitionColumns', i], message: `found "${column}"; allowed: ${allowed}` });
    }
  }
  return faults;
};

/** Two tables would take turns in one table of Glue. */
const twinFaults = (
  seen: Map<string, string>,
  at: readonly string[],
  name: string,
  table: Table,
  repository: Repository,
): Fault[] => {
  const publication = publicationOf(name, table, repository);
  if (publication === undefined) return [];
  const shown = `${publication.database}.${publication.tableName}`;
  const other = seen.get(shown);
  seen.set(shown, name);
  return other === undefined
    ? []
    : [{ path: [...at, 'database'], message: `the table is shown as ${shown}; so is table "${other}"` }];
};
