/**
 * Partition values in paths, as Hive and Spark write them: `yyyy_mm_dd=2026-11-01/hh_mm=10%3A00/`. Pure.
 *
 * Hive escapes single bytes below 128 and leaves every other character alone; other writers escape UTF-8. Both are read.
 */
import type { TableDescriptor } from './table.ts';

/** What Hive writes for a null, and for the empty string; Athena reads it as null. */
export const NULL_VALUE = '__HIVE_DEFAULT_PARTITION__';

/** Source: Hive's rules for path names: control characters and these. */
const isEscaped = (char: string): boolean => char < ' ' || char === '\u007f' || '"#%\'*/:=?\\{[]^'.includes(char);

export const escapeValue = (value: string): string => {
  if (value === '') return NULL_VALUE;
  let escaped = '';
  for (const char of value) {
    escaped += isEscaped(char) ? `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}` : char;
  }
  return escaped;
};

const decodeBytes = (run: string): string => {
  const bytes = Buffer.from(run.replaceAll('%', ''), 'hex');
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // No UTF-8: then each stands for the character of that number, as Hive reads it.
    return bytes.toString('latin1');
  }
};

/** A `%` that begins no escape stands for itself. */
export const unescapeValue = (text: string): string =>
  text === '' ? NULL_VALUE : text.replace(/(?:%[0-9A-Fa-f]{2})+/g, decodeBytes);

/** The order in which lakeFS lists: that of the bytes. JavaScript's own differs beyond the basic plane. */
export const comparePaths = (a: string, b: string): number =>
  Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));

/** What says where a table lies. */
export type TablePlace = Pick<TableDescriptor, 'path' | 'partitionColumns'>;

/** Where a file of a table belongs. */
export interface Place {
  /** Ends in `/`: all files of the partition lie below it. The table's path for an unpartitioned table. */
  readonly prefix: string;
  /** One for each partition column. */
  readonly values: readonly string[];
  /** What follows the prefix. */
  readonly rest: string;
}

/** `undefined` for a path outside the table, and for one above its partitions: no reader finds that. */
export const placeOf = (table: TablePlace, path: string): Place | undefined => {
  if (!path.startsWith(table.path)) return undefined;
  let from = table.path.length;
  const values: string[] = [];
  for (const { key } of table.partitionColumns) {
    const to = path.indexOf('/', from);
    const step = to < 0 ? '' : path.slice(from, to);
    if (!step.startsWith(`${key}=`)) return undefined;
    values.push(unescapeValue(step.slice(key.length + 1)));
    from = to + 1;
  }
  return { prefix: path.slice(0, from), values, rest: path.slice(from) };
};

const INTEGER: Readonly<Record<string, number>> = { tinyint: 8, smallint: 16, int: 32, integer: 32, bigint: 64 };

const isDate = (text: string): boolean => {
  const at = Date.parse(`${text}T00:00:00Z`);
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(at) && new Date(at).toISOString().startsWith(text);
};

/** Whether a reader can take the value for the column's type: one that it cannot fails every query of the table. */
export const fitsType = (value: string, type: string): boolean => {
  if (value === NULL_VALUE) return true;
  const bits = INTEGER[type];
  if (bits !== undefined) {
    if (!/^-?\d{1,19}$/.test(value)) return false;
    const limit = 1n << BigInt(bits - 1);
    const number = BigInt(value);
    return number >= -limit && number < limit;
  }
  return type === 'date' ? isDate(value) : true;
};
