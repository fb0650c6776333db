/** A table that readers see: where its files lie in the repository, and what Glue calls it. Pure. */
import { createHash } from 'node:crypto';
import {
  type CompiledConfig,
  SPARK_SUFFIX,
  type SparkTable,
  SYMLINK_SUFFIX,
  type TableConfig,
  type TableFormat,
} from '../../contract.ts';

export interface Column {
  readonly name: string;
  /** As Glue writes it: `bigint`, `decimal(10,2)`, `array<string>`. */
  readonly type: string;
}

export interface PartitionColumn extends Column {
  /** As the path has it: `Day` in `sales/Day=…/`. Glue's names are lower-case. */
  readonly key: string;
}

export interface TableDescriptor {
  readonly repository: string;
  /** The branch whose commits the table shows. */
  readonly target: string;
  /** Name in the configuration. */
  readonly name: string;
  /** Ends in `/`. */
  readonly path: string;
  readonly database: string;
  readonly tableName: string;
  readonly format: TableFormat;
  /** Empty where they are inferred, until they are known. */
  readonly columns: readonly Column[];
  readonly partitionColumns: readonly PartitionColumn[];
  /** Named in Glue beside the manifests: where all files lie. */
  readonly filesBelow?: string;
  /** The columns are read off the files. */
  readonly infers?: true;
  /** Shown as an Iceberg table; absent for one of symlinks. */
  readonly iceberg?: { readonly keepSeconds: number };
  /** Shown to Spark: its partitions lie where lakeFS has them. `beside` names the table whose columns it has. */
  readonly spark?: SparkTable & { readonly beside: string };
}

/** How Glue shows a table to readers. */
export const KINDS = ['iceberg', 'symlink'] as const;
export type Kind = (typeof KINDS)[number];

export const configuredKind = ({ iceberg }: TableDescriptor): Kind => (iceberg === undefined ? 'symlink' : 'iceberg');

/** The symlink table beside an Iceberg table, if the configuration asks for one. */
export const symlinkTableBeside = (
  tables: readonly TableDescriptor[],
  { name, iceberg }: TableDescriptor,
): TableDescriptor | undefined =>
  iceberg === undefined ? undefined : tables.find((table) => table.name === `${name}${SYMLINK_SUFFIX}`);

/** What a table of the configuration is to readers: nothing, or one table, or several beside one another. */
export const describe = (repository: string, table: TableConfig): TableDescriptor[] => {
  const { publish } = table;
  if (publish === undefined) return [];
  const descriptor: TableDescriptor = {
    repository,
    target: publish.target,
    name: table.name,
    path: table.path,
    database: publish.database,
    tableName: publish.tableName,
    format: publish.format,
    columns: publish.columns,
    partitionColumns: table.partitionColumns.map((key) => ({
      key,
      name: key.toLowerCase(),
      type: publish.partitionTypes[key] ?? 'string',
    })),
    ...(publish.filesBelow === undefined ? {} : { filesBelow: publish.filesBelow }),
    ...(publish.columns.length === 0 ? { infers: true as const } : {}),
  };
  const { publisher = 'symlink', historySeconds = 0, spark } = publish;
  // The table for Spark comes behind: what was found out about the files is known by then.
  const behind = spark === undefined ? [] : [sparkTableOf(descriptor, spark)];
  if (publisher === 'symlink') return [descriptor, ...behind];
  const iceberg = { ...descriptor, iceberg: { keepSeconds: historySeconds } };
  if (publisher === 'iceberg') return [iceberg, ...behind];
  // A table of its own in every respect, but for the files.
  return [iceberg, withSuffix(descriptor, SYMLINK_SUFFIX), ...behind];
};

const withSuffix = (table: TableDescriptor, suffix: string): TableDescriptor => ({
  ...table,
  name: `${table.name}${suffix}`,
  tableName: `${table.tableName}${suffix}`,
});

/** The table for Spark beside one that readers see. Lake Formation vends nothing on lakeFS's addresses. */
export const sparkTableOf = (
  { filesBelow: _, iceberg: _iceberg, ...table }: TableDescriptor,
  spark: SparkTable,
): TableDescriptor => ({ ...withSuffix(table, SPARK_SUFFIX), spark: { ...spark, beside: table.name } });

/** The published tables whose files tell their columns, whatever target they show. */
export const parquetTables = (config: CompiledConfig, repository: string): readonly TableDescriptor[] =>
  config.repositories
    .filter(({ name }) => name === repository)
    .flatMap(({ tables }) => tables.flatMap((table) => describe(repository, table)))
    .filter(({ format, spark }) => format === 'parquet' && spark === undefined);

/** The tables that show the commits of this target; those without a database are not published. */
export const publishedTables = (
  config: CompiledConfig,
  repository: string,
  target: string,
): readonly TableDescriptor[] =>
  config.repositories
    .filter(({ name }) => name === repository)
    .flatMap(({ tables }) => tables.flatMap((table) => describe(repository, table)))
    .filter((table) => table.target === target);

/**
 * Changes with everything that Glue's table and partitions are made of besides the files.
 * @param columns names those that were inferred.
 */
export const digestOfTable = (table: TableDescriptor, columns?: string): string =>
  createHash('sha256')
    .update(JSON.stringify(columns === undefined ? table : { ...table, columns }), 'utf8')
    .digest('hex')
    .slice(0, 32);
