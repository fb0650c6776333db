/**
 * What the footer of a Parquet file says about its rows and columns, as its bytes have it. Pure.
 *
 * hyparquet gives minima and maxima as JavaScript's numbers and dates, which cut off microseconds and long decimals: a bound that is cut
 * off hides rows. Here they stay bytes. Source: Apache Parquet, parquet.thrift: FileMetaData, ColumnMetaData, Statistics.
 */
import type { SchemaElement } from 'hyparquet';
import { deserializeTCompactProtocol } from 'hyparquet/src/thrift.js';
import { BranchlineError } from '../errors.ts';
import type { ParquetFooter } from '../parquet/footer.ts';
import { type SchemaNode, schemaTree } from '../parquet/schema-tree.ts';
import { type FileField, fieldsIn } from './file-names.ts';
import { STEP } from './schema.ts';

/** A primitive column outside of anything that repeats. */
export interface ColumnStatistics {
  /** Names in lower case, as in the schema of the table. */
  readonly path: string;
  readonly element: SchemaElement;
  readonly values: number;
  readonly bytes: number;
  /** Absent where a row group does not say. */
  readonly nulls?: number;
  /** One for each row group; absent where one does not say. */
  readonly bounds?: readonly { readonly lower: Uint8Array; readonly upper: Uint8Array }[];
}

export interface FileStatistics {
  readonly fields: readonly FileField[];
  readonly rows: number;
  /** None of those whose names differ in case alone: which of them is read is not certain. */
  readonly columns: readonly ColumnStatistics[];
  /** Of its points in time, nested ones included. */
  readonly units: ReadonlySet<TimeUnit>;
}

export type TimeUnit = 'MILLIS' | 'MICROS' | 'NANOS';

/** `undefined` for what is no point in time, and for INT96. */
export const unitOfTime = ({ converted_type: kind, logical_type: logical }: SchemaElement): TimeUnit | undefined => {
  if (logical?.type === 'TIMESTAMP') return logical.unit;
  return kind === 'TIMESTAMP_MILLIS' ? 'MILLIS' : kind === 'TIMESTAMP_MICROS' ? 'MICROS' : undefined;
};

type Thrift = Readonly<Record<`field_${number}`, unknown>>;

interface Leaf {
  readonly path: string;
  readonly element: SchemaElement;
}

const isNested = ({ element, children }: SchemaNode): boolean =>
  children.length > 0 || element.num_children !== undefined;
const isOfMany = ({ element }: SchemaNode): boolean => {
  const kind = element.logical_type?.type ?? element.converted_type;
  return kind === 'LIST' || kind === 'MAP' || kind === 'MAP_KEY_VALUE' || element.repetition_type === 'REPEATED';
};

/** In the order of the column chunks; `undefined` for one inside a list or map. */
const leavesOf = (root: SchemaNode): (Leaf | undefined)[] => {
  const walk = (node: SchemaNode, path: string, isRepeated: boolean): (Leaf | undefined)[] => {
    const own = `${path}${node.element.name.toLowerCase()}`;
    const repeated = isRepeated || isOfMany(node);
    if (!isNested(node)) return [repeated ? undefined : { path: own, element: node.element }];
    return node.children.flatMap((child) => walk(child, `${own}${STEP}`, repeated));
  };
  return root.children.flatMap((child) => walk(child, '', false));
};

/** Columns whose older `min` and `max` are ordered as numbers are: of others their order is undefined. */
const isSignedNumber = ({ type, converted_type: kind, logical_type: logical }: SchemaElement): boolean =>
  ['INT32', 'INT64', 'FLOAT', 'DOUBLE', 'BOOLEAN'].includes(type ?? '') &&
  kind?.startsWith('UINT_') !== true &&
  !(logical?.type === 'INTEGER' && !logical.isSigned);

const bytesOf = (value: unknown): Uint8Array | undefined => (value instanceof Uint8Array ? value : undefined);

const boundsOf = (element: SchemaElement, said: Thrift | undefined) => {
  const old = isSignedNumber(element);
  const lower = bytesOf(said?.field_6) ?? (old ? bytesOf(said?.field_2) : undefined);
  const upper = bytesOf(said?.field_5) ?? (old ? bytesOf(said?.field_1) : undefined);
  return lower === undefined || upper === undefined ? undefined : { lower, upper };
};

const columnOf = ({ path, element }: Leaf, chunks: readonly (Thrift | undefined)[]): ColumnStatistics => {
  let [values, bytes, nulls]: [number, number, number | undefined] = [0, 0, 0];
  let bounds: { lower: Uint8Array; upper: Uint8Array }[] | undefined = [];
  for (const chunk of chunks) {
    const count = Number(chunk?.field_5 ?? 0);
    values += count;
    bytes += Number(chunk?.field_7 ?? 0);
    const said = chunk?.field_12 as Thrift | undefined;
    const none = said?.field_3 === undefined ? undefined : Number(said.field_3);
    nulls = none === undefined || nulls === undefined ? undefined : nulls + none;
    // A row group of nulls has no least value, and needs none.
    if (none === count) continue;
    const found = boundsOf(element, said);
    if (found === undefined) bounds = undefined;
    else bounds?.push(found);
  }
  return {
    ...{ path, element, values, bytes },
    ...(nulls === undefined ? {} : { nulls }),
    ...(bounds === undefined || bounds.length === 0 ? {} : { bounds }),
  };
};

/**
 * @param bytes the end of the file, which holds its footer.
 * @param footer the same, parsed.
 * @throws BL7004 where its schema is damaged.
 */
export const fileStatistics = (bytes: Uint8Array, footer: ParquetFooter, file: string): FileStatistics => {
  const root = schemaTree(footer.schema);
  if (typeof root === 'string') throw new BranchlineError('BL7004', `${file} has a damaged footer (${root})`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(bytes.length - 8, true);
  const raw = deserializeTCompactProtocol({ view, offset: bytes.length - 8 - length }) as Thrift;
  const groups = (raw.field_4 ?? []) as readonly Thrift[];
  const leaves = leavesOf(root);
  const times = Map.groupBy(leaves, (leaf) => leaf?.path);
  const columns = leaves.flatMap((leaf, i) => {
    if (leaf === undefined || times.get(leaf.path)?.length !== 1) return [];
    const chunks = groups.map(({ field_1: all }) => (all as readonly Thrift[])[i]?.field_3 as Thrift | undefined);
    return [columnOf(leaf, chunks)];
  });
  const units = new Set(footer.schema.flatMap((element) => unitOfTime(element) ?? []));
  return { rows: Number(footer.num_rows), columns, fields: fieldsIn(root), units };
};

/**
 * Paths of points in time that the file holds in UTC and in microseconds, as Iceberg's `timestamptz` wants them. Tried: Trino 476
 * refuses a `timestamptz` whose file has milliseconds or nanoseconds, and reads all of them as `timestamp`; pyiceberg 0.12.0 reads each as either.
 */
export const zonedColumns = ({ columns }: FileStatistics): readonly string[] =>
  columns.flatMap(({ path, element: { converted_type: kind, logical_type: logical } }) => {
    const isZoned =
      logical?.type === 'TIMESTAMP'
        ? logical.isAdjustedToUTC && logical.unit === 'MICROS'
        : logical === undefined && kind === 'TIMESTAMP_MICROS';
    return isZoned ? [path] : [];
  });
