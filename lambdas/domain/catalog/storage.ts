/** How Glue describes a table of symlinks, or one for Spark, and its partitions. Pure. */
import type { TableFormat } from '../../contract.ts';
import type { Column, TableDescriptor } from './table.ts';

/** The part of a storage descriptor that we write and compare. */
export interface Storage {
  readonly location: string;
  readonly columns: readonly Column[];
  readonly inputFormat: string;
  readonly outputFormat: string;
  readonly serde: string;
  /**
   * Other places that the table's data lies in. Lake Formation vends rights on a table's location alone, which holds manifests:
   * the files are elsewhere. Source: Glue API, StorageDescriptor; dbt-glue#219 for what Lake Formation makes of it.
   */
  readonly additionalLocations?: readonly string[];
}

/** Source: Athena user guide, "Supported data formats"; symlinks keep the serializer of the files that they point to. */
const SERDE: Readonly<Record<TableFormat, string>> = {
  parquet: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe',
  orc: 'org.apache.hadoop.hive.ql.io.orc.OrcSerde',
  json: 'org.apache.hive.hcatalog.data.JsonSerDe',
  csv: 'org.apache.hadoop.hive.serde2.OpenCSVSerde',
};

const SYMLINKS = 'org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat';
/** Its location, and those of its partitions, hold lists of files. */
export const isSymlinkTable = ({ inputFormat }: Pick<Storage, 'inputFormat'>): boolean => inputFormat === SYMLINKS;

const HIVE_IO = 'org.apache.hadoop.hive.ql.io.';
const TEXT_OUTPUT = `${HIVE_IO}HiveIgnoreKeyTextOutputFormat`;
const TEXT = ['org.apache.hadoop.mapred.TextInputFormat', TEXT_OUTPUT] as const;
/** Formats of the files themselves, to and from. Source: Hive language manual, "Storage formats". */
const DIRECT: Readonly<Record<TableFormat, readonly [string, string]>> = {
  parquet: [`${HIVE_IO}parquet.MapredParquetInputFormat`, `${HIVE_IO}parquet.MapredParquetOutputFormat`],
  orc: [`${HIVE_IO}orc.OrcInputFormat`, `${HIVE_IO}orc.OrcOutputFormat`],
  json: TEXT,
  csv: TEXT,
};

const formatsOf = ({ spark, format }: TableDescriptor): Pick<Storage, 'inputFormat' | 'outputFormat'> => {
  const [inputFormat, outputFormat] = spark === undefined ? [SYMLINKS, TEXT_OUTPUT] : DIRECT[format];
  return { inputFormat, outputFormat };
};

export const storageOf = (table: TableDescriptor, location: string): Storage => ({
  location,
  columns: table.columns,
  ...formatsOf(table),
  serde: SERDE[table.format],
  ...(table.filesBelow === undefined ? {} : { additionalLocations: [table.filesBelow] }),
});

/** Location left out: that is what changes. */
export const sameForm = (a: Storage, b: Storage): boolean =>
  a.inputFormat === b.inputFormat &&
  a.outputFormat === b.outputFormat &&
  a.serde === b.serde &&
  (a.additionalLocations ?? []).join('\n') === (b.additionalLocations ?? []).join('\n') &&
  sameColumns(a.columns, b.columns);

export const sameColumns = (a: readonly Column[], b: readonly Column[]): boolean =>
  a.length === b.length && a.every((column, i) => column.name === b[i]?.name && column.type === b[i]?.type);

/** Parameters of Glue's table. */
export const TABLE_PARAMETER = {
  /** The commit whose rows the table shows. */
  commit: 'branchline.commit',
  repository: 'branchline.repository',
  target: 'branchline.target',
  table: 'branchline.table',
  /** While a refresh is under way: every partition is that of `commit` or of this one. */
  refreshing: 'branchline.refreshing',
  /** Since then the table is of its present kind; said while something of the other kind is still there. */
  switched: 'branchline.switched',
} as const;

/** Parameter of a partition: the prefixes in the repository that its files come from, one a line. */
export const PREFIX_PARAMETER = 'branchline.prefix';

/** Parameter of a partition, or of a table without any, that lies at a commit: tells its files there from others. */
export const FILES_PARAMETER = 'branchline.files';

/** Whose the table is; those of `commit` and `refreshing` are left to whoever writes it. */
export const ownParameters = (table: TableDescriptor): Readonly<Record<string, string>> => ({
  EXTERNAL: 'TRUE',
  classification: table.format,
  [TABLE_PARAMETER.repository]: table.repository,
  [TABLE_PARAMETER.target]: table.target,
  [TABLE_PARAMETER.table]: table.name,
});

/** Whether a table of Glue is the one that we made for this descriptor. */
export const isOwnTable = (
  table: Pick<TableDescriptor, 'repository' | 'target' | 'name'>,
  parameters: Readonly<Record<string, string>>,
): boolean =>
  parameters[TABLE_PARAMETER.repository] === table.repository &&
  parameters[TABLE_PARAMETER.target] === table.target &&
  parameters[TABLE_PARAMETER.table] === table.name;
