/**
 * From what a footer says to what a manifest says: counts, sizes, and bounds by field id. Pure.
 *
 * A bound may be wider than the truth, and left out; never narrower: engines skip files by it. Source: Iceberg specification, "Manifests".
 */
import type { SchemaElement } from 'hyparquet';
import { type ColumnStatistics, type FileStatistics, unitOfTime } from './footer-statistics.ts';
import type { PartitionSpec } from './partition-spec.ts';
import { leaves, type Schema } from './schema.ts';
import { asDecimal } from './types.ts';
import { boundOf, bytesOfInteger, compareValues, type Value } from './values.ts';

/** Iceberg writes maps with such keys as lists of pairs. */
export type Pairs<V> = readonly { readonly key: number; readonly value: V }[];

export interface Metrics {
  readonly record_count: number;
  readonly column_sizes: Pairs<number>;
  readonly value_counts: Pairs<number>;
  readonly null_value_counts: Pairs<number>;
  readonly lower_bounds: Pairs<Uint8Array>;
  readonly upper_bounds: Pairs<Uint8Array>;
}

/** Longer bounds say little more. Source: Iceberg's default of `write.metadata.metrics.default`, truncate(16). */
const LONGEST = 16;
/** Columns of which bounds are kept. Source: Iceberg's default of `write.metadata.metrics.max-inferred-column-defaults`. */
const MOST_COLUMNS = 100;

const integerOf = (bytes: Uint8Array): bigint | undefined => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length === 4) return BigInt(view.getInt32(0, true));
  return bytes.length === 8 ? view.getBigInt64(0, true) : undefined;
};

const isUnsigned = ({ converted_type: kind, logical_type: logical }: SchemaElement): boolean =>
  kind?.startsWith('UINT_') === true || (logical?.type === 'INTEGER' && !logical.isSigned);

/** Microseconds of one unit; `undefined` for nanoseconds, whose bound would have to be cut off, and for what is no time. */
const microsOfUnit = (element: SchemaElement): bigint | undefined => {
  const unit = unitOfTime(element);
  return unit === 'MILLIS' ? 1000n : unit === 'MICROS' ? 1n : undefined;
};

const floatOf = (bytes: Uint8Array): number | undefined => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const value =
    bytes.length === 4 ? view.getFloat32(0, true) : bytes.length === 8 ? view.getFloat64(0, true) : undefined;
  // A minimum or maximum that is no number says nothing about the others.
  return value === undefined || Number.isNaN(value) ? undefined : value;
};

const textOf = (bytes: Uint8Array): string | undefined => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
};

const decimalOf = (element: SchemaElement, bytes: Uint8Array, scale: number): Uint8Array | undefined => {
  const given = element.logical_type?.type === 'DECIMAL' ? element.logical_type.scale : element.scale;
  if ((given ?? 0) !== scale) return undefined;
  if (element.type !== 'INT32' && element.type !== 'INT64') return bytes;
  const value = integerOf(bytes);
  return value === undefined ? undefined : bytesOfInteger(value);
};

const NUMBERS: Readonly<Record<string, readonly string[]>> = {
  int: ['INT32'],
  long: ['INT32', 'INT64'],
  date: ['INT32'],
  timestamp: ['INT64'],
  timestamptz: ['INT64'],
};

/** A least or greatest value as the table's type has it; `undefined` where the file's own type is another. */
const typedValue = (type: string, element: SchemaElement, bytes: Uint8Array): Exclude<Value, null> | undefined => {
  const decimal = asDecimal(type);
  if (decimal !== undefined) return decimalOf(element, bytes, decimal.scale);
  const isText = element.type === 'BYTE_ARRAY';
  if (type === 'string') return isText ? textOf(bytes) : undefined;
  if (type === 'binary') return isText || element.type === 'FIXED_LEN_BYTE_ARRAY' ? bytes : undefined;
  if (type === 'boolean') return element.type === 'BOOLEAN' ? bytes[0] === 1 : undefined;
  if (type === 'float') return element.type === 'FLOAT' ? floatOf(bytes) : undefined;
  if (type === 'double') return element.type === 'FLOAT' || element.type === 'DOUBLE' ? floatOf(bytes) : undefined;
  if (NUMBERS[type]?.includes(element.type ?? '') !== true || isUnsigned(element)) return undefined;
  const value = integerOf(bytes);
  if (value === undefined || !type.startsWith('timestamp')) return value;
  const unit = microsOfUnit(element);
  return unit === undefined ? undefined : value * unit;
};

const cutLower = (value: Exclude<Value, null>): Exclude<Value, null> => {
  if (typeof value === 'string') return [...value.slice(0, 2 * LONGEST)].slice(0, LONGEST).join('');
  return value instanceof Uint8Array ? value.subarray(0, LONGEST) : value;
};

/** The next text after all that begin so; `undefined` where there is none. */
const textAfter = (points: readonly string[]): string | undefined => {
  for (let at = points.length - 1; at >= 0; at -= 1) {
    const code = (points[at]?.codePointAt(0) ?? 0) + 1;
    // Half of a pair is no character.
    const next = code >= 0xd800 && code < 0xe000 ? 0xe000 : code;
    if (next <= 0x10ffff) return points.slice(0, at).join('') + String.fromCodePoint(next);
  }
  return undefined;
};

const bytesAfter = (bytes: Uint8Array): Uint8Array | undefined => {
  const last = bytes.findLastIndex((byte) => byte < 0xff);
  if (last < 0) return undefined;
  const next = Uint8Array.from(bytes.subarray(0, last + 1));
  next[last] = (next[last] ?? 0) + 1;
  return next;
};

const cutUpper = (value: Exclude<Value, null>): Exclude<Value, null> | undefined => {
  if (typeof value === 'string') {
    const points = [...value.slice(0, 2 * LONGEST + 2)];
    return points.length <= LONGEST ? value : textAfter(points.slice(0, LONGEST));
  }
  if (!(value instanceof Uint8Array) || value.length <= LONGEST) return value;
  return bytesAfter(value.subarray(0, LONGEST));
};

const extreme = (type: string, column: ColumnStatistics, side: 'lower' | 'upper'): Exclude<Value, null> | undefined => {
  const isDecimal = asDecimal(type) !== undefined;
  let found: Exclude<Value, null> | undefined;
  for (const bounds of column.bounds ?? []) {
    const value = typedValue(type, column.element, bounds[side]);
    if (value === undefined) return undefined;
    const order = found === undefined ? 0 : compareValues(value, found, isDecimal);
    if (found === undefined || (side === 'lower' ? order < 0 : order > 0)) found = value;
  }
  if (found === undefined || isDecimal) return found;
  // Writers may give either zero for both.
  if (found === 0) return side === 'lower' ? -0 : 0;
  return side === 'lower' ? cutLower(found) : cutUpper(found);
};

/** What a file says of columns by which it is partitioned counts for nothing: the path has their values. */
export const metricsBeside = <M extends Metrics>(spec: PartitionSpec, metrics: M): M => {
  const partitions = new Set(spec.fields.map((field) => field['source-id']));
  const beside = <V>(pairs: Pairs<V>): Pairs<V> => pairs.filter(({ key }) => !partitions.has(key));
  return {
    ...metrics,
    column_sizes: beside(metrics.column_sizes),
    value_counts: beside(metrics.value_counts),
    null_value_counts: beside(metrics.null_value_counts),
    lower_bounds: beside(metrics.lower_bounds),
    upper_bounds: beside(metrics.upper_bounds),
  };
};

export const metricsOf = (schema: Schema, file: FileStatistics): Metrics => {
  const fields = leaves(schema.fields);
  const sizes: { key: number; value: number }[] = [];
  const [values, nulls]: [{ key: number; value: number }[], { key: number; value: number }[]] = [[], []];
  const [lower, upper]: [{ key: number; value: Uint8Array }[], { key: number; value: Uint8Array }[]] = [[], []];
  for (const column of file.columns) {
    const field = fields.get(column.path);
    if (field === undefined || sizes.length >= MOST_COLUMNS) continue;
    const key = field.id;
    const type = field.type as string;
    sizes.push({ key, value: column.bytes });
    values.push({ key, value: column.values });
    if (column.nulls !== undefined) nulls.push({ key, value: column.nulls });
    const least = extreme(type, column, 'lower');
    const most = extreme(type, column, 'upper');
    const [from, to] = [least, most].map((value) => (value === undefined ? undefined : boundOf(type, value)));
    if (from !== undefined) lower.push({ key, value: from });
    if (to !== undefined) upper.push({ key, value: to });
  }
  return {
    ...{ record_count: file.rows, column_sizes: sizes, value_counts: values, null_value_counts: nulls },
    ...{ lower_bounds: lower, upper_bounds: upper },
  };
};
