/** What no single key says about how tables are shown, and what they become. */
import {
  glueNameOf,
  type PublisherName,
  previewDatabasePrefix,
  publishedViewName,
  type RepositoryConfig,
  SPARK_SUFFIX,
  type SparkTable,
  SYMLINK_SUFFIX,
  type TablePublication,
} from '../../lambdas/contract.ts';
import type { Fault } from './allowed.ts';
import { type Config, durationSeconds } from './schema.ts';

type Repository = Config['repositories'][string];
type Table = Repository['tables'][string];
/** What a table and the setting for all described ones have in common. */
type Shown = Pick<Table, 'target' | 'publish' | 'sparkTable' | 'history' | 'format'>;

const withSlash = (uri: string): string => (uri.endsWith('/') ? uri : `${uri}/`);

/** Nothing for a table without a database: readers do not find it in Glue. */
export const publicationOf = (name: string, table: Table, repository: Repository): TablePublication | undefined =>
  table.database === undefined
    ? undefined
    : {
        database: table.database,
        tableName: table.tableName ?? glueNameOf(name),
        target: targetOf(table, repository),
        format: table.format,
        columns: Object.entries(table.columns).map(([column, type]) => ({ name: column, type })),
        partitionTypes: table.partitionTypes,
        ...filesBelow(repository),
        ...shownAs(table, repository),
        ...sparkOf(table),
      };

/** Nothing where descriptors in the repository are not to be read. */
export const descriptorSettingsOf = (repository: Repository): Pick<RepositoryConfig, 'lakefsTables'> => {
  const { lakefsTables } = repository;
  if (lakefsTables === undefined) return {};
  const { database, format } = lakefsTables;
  const target = targetOf(lakefsTables, repository);
  const shown = { ...filesBelow(repository), ...shownAs(lakefsTables, repository), ...sparkOf(lakefsTables) };
  return { lakefsTables: { database, target, format, ...shown } };
};

const targetOf = ({ target }: Shown, repository: Repository): string =>
  target ?? repository.targets[0] ?? repository.defaultBranch;

const filesBelow = ({ lakeFormation, storageNamespace }: Repository): Pick<TablePublication, 'filesBelow'> =>
  lakeFormation ? { filesBelow: withSlash(storageNamespace) } : {};

/** Iceberg tables are made of Parquet files. */
const publisherOf = ({ publish, format }: Shown): PublisherName =>
  publish ?? (format === 'parquet' ? 'both' : 'symlink');

/** Nothing for symlink tables: what they are made of stays as earlier versions wrote it. */
const shownAs = (shown: Shown, repository: Repository): Pick<TablePublication, 'publisher' | 'historySeconds'> => {
  const publisher = publisherOf(shown);
  if (publisher === 'symlink') return {};
  const { history } = shown;
  const usual = Math.min(USUAL_HISTORY_S, longestHistoryDays(shown, repository) * DAY_S);
  return { publisher, historySeconds: history === undefined ? usual : durationSeconds(history) };
};

const sparkOf = ({ sparkTable }: Shown): { spark?: SparkTable } => {
  if (sparkTable === false) return {};
  const { scheme, pin } = sparkTable === true ? { scheme: 'lakefs' as const, pin: false } : sparkTable;
  return { spark: { scheme, ...(pin ? { pin } : {}) } };
};

export const publicationFaults = (config: Config): Fault[] => {
  const seen = new Map<string, string>();
  return [
    ...Object.entries(config.repositories).flatMap(([name, repository]) =>
      Object.entries(repository.tables).flatMap(([table, keys]) => {
        const at = ['repositories', name, 'tables', table];
        return [
          ...previewFaults(config, at, keys.database),
          ...tableFaults(at, keys, repository),
          ...twinFaults(seen, at, table, keys, [name, repository]),
        ];
      }),
    ),
    ...descriptorFaults(config),
  ];
};

const previewFaults = (config: Config, at: readonly string[], database = ''): Fault[] => {
  const previews = previewDatabasePrefix(config.controlPlane.prefix);
  if (!database.startsWith(previews)) return [];
  const taken = `found "${database}"; databases that begin with ${previews} are those of previews, and go by themselves`;
  return [{ path: [...at, 'database'], message: taken }];
};

/** Two repositories may describe tables of one name, so each has a database of its own for them. */
const descriptorFaults = (config: Config): Fault[] => {
  const seen = new Map<string, string>();
  return Object.entries(config.repositories).flatMap(([name, repository]) => {
    const { lakefsTables } = repository;
    if (lakefsTables === undefined) return [];
    const { database } = lakefsTables;
    const at = ['repositories', name, 'lakefsTables'];
    const other = seen.get(database);
    seen.set(database, name);
    const twice = `found "${database}"; the described tables of repository "${other ?? ''}" are shown there`;
    return [
      ...previewFaults(config, at, database),
      ...shownFaults(at, lakefsTables, repository),
      ...(other === undefined ? [] : [{ path: [...at, 'database'], message: twice }]),
    ];
  });
};

const shownFaults = (at: readonly string[], shown: Shown, repository: Repository): Fault[] => {
  const faults = [...targetFaults(at, shown, repository), ...historyFaults(at, shown, repository)];
  if (shown.publish !== undefined && shown.publish !== 'symlink' && shown.format !== 'parquet') {
    const message = `found "${shown.publish}"; allowed: symlink for ${shown.format}: Iceberg tables are made of Parquet files`;
    faults.push({ path: [...at, 'publish'], message });
  }
  return faults;
};

const targetFaults = (at: readonly string[], { target }: Shown, { targets }: Repository): Fault[] => {
  if (target === undefined || targets.includes(target)) return [];
  const message = `found "${target}"; allowed: a target of the repository: ${targets.join(', ')}`;
  return [{ path: [...at, 'target'], message }];
};

const tableFaults = (at: readonly string[], table: Table, repository: Repository): Fault[] => {
  const faults: Fault[] = [];
  const fault = (key: string, message: string): void => {
    faults.push({ path: [...at, key], message });
  };
  for (const column of Object.keys(table.partitionTypes)) {
    if (!table.partitionColumns.includes(column)) {
      const allowed = table.partitionColumns.join(', ') || 'none, the table is not partitioned';
      fault('partitionTypes', `found "${column}"; allowed: a partition column: ${allowed}`);
    }
  }
  if (table.database === undefined) {
    if (table.sparkTable !== false) {
      const found = JSON.stringify(table.sparkTable);
      fault('sparkTable', `found ${found}; allowed: false for a table that names no database`);
    }
    return [...targetFaults(at, table, repository), ...faults];
  }
  faults.push(...shownFaults(at, table, repository));
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
const USUAL_HISTORY_S = 7 * DAY_S;

/** A day less than objects are kept: lakeFS collects by the day, and by clocks of its own. */
const longestHistoryDays = (table: Shown, repository: Repository): number => {
  const { branches, defaultRetentionDays } = repository.garbageCollection;
  return (branches[targetOf(table, repository)] ?? defaultRetentionDays) - 1;
};

/** lakeFS's garbage collection takes what no commit shows for so long; a snapshot that is still kept must not name it. */
const historyFaults = (at: readonly string[], table: Shown, repository: Repository): Fault[] => {
  if (publisherOf(table) === 'symlink' || table.history === undefined) return [];
  const most = longestHistoryDays(table, repository);
  if (durationSeconds(table.history) <= most * DAY_S) return [];
  const kept = targetOf(table, repository);
  const allowed = `at most ${String(most)}d, a day less than garbageCollection keeps objects of "${kept}"`;
  return [{ path: [...at, 'history'], message: `found "${table.history}"; allowed: ${allowed}` }];
};

/** As written, or what it comes to. */
const foundPublish = ({ publish }: Table): string =>
  publish === undefined ? 'nothing, which is "both"' : `"${publish}"`;

/** Two tables would take turns in one table of Glue. */
const twinFaults = (
  seen: Map<string, string>,
  at: readonly string[],
  name: string,
  table: Table,
  [repositoryName, repository]: readonly [string, Repository],
): Fault[] => {
  const publication = publicationOf(name, table, repository);
  if (publication === undefined) return [];
  const { database, tableName, publisher, spark } = publication;
  const view = publishedViewName(repositoryName, publication.target);
  if (publisher !== undefined && tableName === view) {
    return [
      {
        path: [...at, 'tableName'],
        message: `found "${tableName}"; it is the name of the view of published snapshots`,
      },
    ];
  }
  const suffixes = [...(publisher === 'both' ? [SYMLINK_SUFFIX] : []), ...(spark === undefined ? [] : [SPARK_SUFFIX])];
  const faults: Fault[] = ['', ...suffixes].flatMap((suffix) => {
    const shown = `${database}.${tableName}${suffix}`;
    const other = seen.get(shown);
    seen.set(shown, name);
    return other === undefined
      ? []
      : [{ path: [...at, 'database'], message: `the table is shown as ${shown}; so is table "${other}"` }];
  });
  for (const suffix of suffixes) {
    const second = `${name}${suffix}`;
    if (repository.tables[second] === undefined) continue;
    const [key, found] =
      suffix === SPARK_SUFFIX ? ['sparkTable', JSON.stringify(table.sparkTable)] : ['publish', foundPublish(table)];
    const what = suffix === SPARK_SUFFIX ? 'table for Spark' : 'symlink table';
    faults.push({ path: [...at, key], message: `found ${found}; its ${what} is "${second}", as another is` });
  }
  return faults;
};
