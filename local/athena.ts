/**
 * Reads a table of Glue: an Iceberg table by its metadata, and one of symlinks as Athena documents it: the partitions that Glue names, in each location every object but
 * those whose names begin with `_` or `.`, in each of these one address a line; the rows of all files, and the partition's values as
 * columns. DuckDB reads the files, by the format that the table's serializer names. An empty line or an address without an object fails the query, as it does there.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetTableCommand, type GlueClient, paginateGetPartitions } from '@aws-sdk/client-glue';
import { GetObjectCommand, paginateListObjectsV2, type S3Client } from '@aws-sdk/client-s3';
import { DuckDBInstance } from '@duckdb/node-api';
import { type Part, partsOfIceberg } from './iceberg.ts';

const SYMLINKS = 'org.apache.hadoop.hive.ql.io.SymlinkTextInputFormat';
const PARQUET = 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe';
const NULL_VALUE = '__HIVE_DEFAULT_PARTITION__';

interface Shown {
  /** The commit that the table says it shows. */
  readonly commit: string | undefined;
  readonly serde: string;
  /** Column → type as Glue writes it; without partition columns. */
  readonly columns: Readonly<Record<string, string>>;
  readonly parts: readonly Part[];
}

interface Clients {
  readonly glue: GlueClient;
  readonly s3: S3Client;
}

const parse = (uri: string): { Bucket: string; Key: string } => {
  const [, Bucket, Key] = /^s3:\/\/([^/]+)\/(.*)$/.exec(uri) ?? [];
  if (Bucket === undefined || Key === undefined) throw new Error(`not an address in S3: ${JSON.stringify(uri)}`);
  return { Bucket, Key };
};

const read = async (s3: S3Client, uri: string): Promise<Uint8Array> => {
  const { Body } = await s3.send(new GetObjectCommand(parse(uri)));
  return (await Body?.transformToByteArray()) ?? new Uint8Array();
};

const addressesAt = async (s3: S3Client, location: string): Promise<readonly string[]> => {
  const { Bucket, Key: Prefix } = parse(location);
  const addresses: string[] = [];
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket, Prefix })) {
    for (const { Key = '' } of page.Contents ?? []) {
      if (/^[_.]/.test(Key.slice(Key.lastIndexOf('/') + 1))) continue;
      const text = new TextDecoder().decode(await read(s3, `s3://${Bucket}/${Key}`));
      if (text === '') continue;
      const lines = text.replace(/\r?\n$/, '').split(/\r?\n/);
      if (lines.includes('')) throw new Error(`s3://${Bucket}/${Key} holds an empty line`);
      addresses.push(...lines);
    }
  }
  return addresses;
};

/** What the table is made of, and the commit that it says it shows. */
export const resolveTable = async ({ glue, s3 }: Clients, DatabaseName: string, TableName: string): Promise<Shown> => {
  const { Table: table } = await glue.send(new GetTableCommand({ DatabaseName, Name: TableName }));
  const storage = table?.StorageDescriptor;
  const metadataAt = table?.Parameters?.['metadata_location'];
  if (metadataAt !== undefined) {
    const parts = await partsOfIceberg((uri) => read(s3, uri), metadataAt);
    return { commit: table?.Parameters?.['branchline.commit'], serde: PARQUET, columns: {}, parts };
  }
  if (storage?.InputFormat !== SYMLINKS) throw new Error(`${DatabaseName}.${TableName} is no table of symlinks`);
  const commit = table?.Parameters?.['branchline.commit'];
  const serde = storage.SerdeInfo?.SerializationLibrary ?? '';
  const columns = Object.fromEntries((storage.Columns ?? []).map(({ Name = '', Type = '' }) => [Name, Type]));
  const names = (table?.PartitionKeys ?? []).map(({ Name }) => Name ?? '');
  if (names.length === 0) {
    return {
      commit,
      serde,
      columns,
      parts: [{ partition: {}, addresses: await addressesAt(s3, storage.Location ?? '') }],
    };
  }
  const parts: Part[] = [];
  for await (const page of paginateGetPartitions({ client: glue }, { DatabaseName, TableName })) {
    for (const { Values = [], StorageDescriptor } of page.Partitions ?? []) {
      const values = Values.map((value) => (value === NULL_VALUE ? null : value));
      const partition = Object.fromEntries(names.map((name, i) => [name, values[i] ?? null]));
      parts.push({ partition, addresses: await addressesAt(s3, StorageDescriptor?.Location ?? '') });
    }
  }
  return { commit, serde, columns, parts };
};

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** JSON and CSV hold no types: the table's are given. */
const readerOf = ({ serde, columns }: Shown, file: string): string => {
  const types = Object.entries(columns).map(([name, type]) => `${quoted(name)}: ${quoted(duckType(type))}`);
  const given = `columns = {${types.join(', ')}}`;
  switch (serde) {
    case PARQUET:
      return `read_parquet(${quoted(file)})`;
    case 'org.apache.hive.hcatalog.data.JsonSerDe':
      return `read_json(${quoted(file)}, format = 'newline_delimited', ${given})`;
    // No line of it is a header, and a double quote escapes, unless the table says otherwise.
    case 'org.apache.hadoop.hive.serde2.OpenCSVSerde':
      return `read_csv(${quoted(file)}, header = false, auto_detect = false, delim = ',', quote = '"', ${given})`;
    default:
      throw new Error(`files of ${serde} cannot be read here`);
  }
};

const duckType = (type: string): string => (type === 'string' || type === 'binary' ? 'VARCHAR' : type.toUpperCase());

/**
 * @param sql over a table named `t`.
 * @returns its rows, each value as text.
 */
export const query = async (
  clients: Clients,
  database: string,
  table: string,
  sql: string,
): Promise<readonly (readonly string[])[]> => {
  const shown = await resolveTable(clients, database, table);
  const { parts } = shown;
  const folder = await mkdtemp(join(tmpdir(), 'branchline-athena-'));
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    const selects: string[] = [];
    for (const { partition, addresses } of parts) {
      for (const address of addresses) {
        // A file of its own for each line: one that comes twice counts twice, as it does in Athena.
        const file = join(folder, String(selects.length));
        await writeFile(file, await read(clients.s3, address));
        const columns = Object.entries(partition).map(
          ([name, value]) => `, ${value === null ? 'NULL' : quoted(value)} AS "${name}"`,
        );
        selects.push(`SELECT *${columns.join('')} FROM ${readerOf(shown, file)}`);
      }
    }
    if (selects.length === 0) return [];
    await connection.run(`CREATE VIEW t AS ${selects.join(' UNION ALL BY NAME ')}`);
    const answer = await connection.runAndReadAll(sql);
    return answer.getRows().map((row) => row.map(String));
  } finally {
    connection.closeSync();
    instance.closeSync();
    await rm(folder, { recursive: true, force: true });
  }
};
