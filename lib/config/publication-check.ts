/** What no single key says about how tables are shown, and what they become. */
import { previewDatabasePrefix, SYMLINK_SUFFIX, type TablePublication } from '../../lambdas/contract.ts';
import type { Fault } from './allowed.ts';
import { type Config, durationSeconds } from './schema.ts';

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
        ...shownAs(table),
      };

/** Nothing for symlink tables: what they are made of stays as earlier versions wrote it. */
const shownAs = ({ publish, history }: Table): Pick<TablePublication, 'publisher' | 'historySeconds'> =>
  publish === 'symlink' ? {} : { publisher: publish, historySeconds: durationSeconds(history) };

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
  if (table.publish !== 'symlink' && table.format !== 'parquet') {
    fault(
      'publish',
      `found "${table.publish}"; allowed: symlink for ${table.format}: Iceberg tables are made of Parquet files`,
    );
  }
  faults.push(...historyFaults(at, table, repository));
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

const DAY_S = 86_400;

/** lakeFS's garbage collection takes what no commit shows for so long; a snapshot that is still kept must not name it. */
const historyFaults = (at: readonly string[], table: Table, repository: Repository): Fault[] => {
  if (table.publish === 'symlink') return [];
  const target = table.target ?? repository.targets[0] ?? repository.defaultBranch;
  const { branches, defaultRetentionDays } = repository.garbageCollection;
  // A day between: lakeFS collects by the day, and by clocks of its own.
  const most = (branches[target] ?? defaultRetentionDays) - 1;
  if (durationSeconds(table.history) <= most * DAY_S) return [];
  const allowed = `at most ${String(most)}d, a day less than garbageCollection keeps objects of "${target}"`;
  return [{ path: [...at, 'history'], message: `found "${table.history}"; allowed: ${allowed}` }];
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
  const { database, tableName, publisher } = publication;
  const names = [tableName, ...(publisher === 'both' ? [`${tableName}${SYMLINK_SUFFIX}`] : [])];
  const faults: Fault[] = names.flatMap((each) => {
    const shown = `${database}.${each}`;
    const other = seen.get(shown);
    seen.set(shown, name);
    return other === undefined
      ? []
      : [{ path: [...at, 'database'], message: `the table is shown as ${shown}; so is table "${other}"` }];
  });
  const second = `${name}${SYMLINK_SUFFIX}`;
  if (publisher === 'both' && repository.tables[second] !== undefined) {
    faults.push({ path: [...at, 'publish'], message: `found "both"; its symlink table is "${second}", as another is` });
  }
  return faults;
};
