/**
 * Types of columns as descriptions of tables have them, in Glue's words. Pure.
 *
 * Source: Spark, `DataType.json`: texts for plain types, objects for nested ones. Glue's own words are taken too: lakeFS's exporters hand
 * most types on as they are, so that descriptions hold `bigint` as well as `long`.
 */
import { writeWith } from './column-types.ts';

export type Named = { readonly type: string } | { readonly why: string };

const of = (type: string): Named => ({ type });
const none = (why: string): Named => ({ why });

const PLAIN: Readonly<Record<string, string>> = {
  ...{ string: 'string', boolean: 'boolean', binary: 'binary', date: 'date', float: 'float', double: 'double' },
  ...{ byte: 'tinyint', tinyint: 'tinyint', short: 'smallint', smallint: 'smallint' },
  ...{ integer: 'int', int: 'int', long: 'bigint', bigint: 'bigint' },
  ...{ timestamp: 'timestamp', timestamp_ltz: 'timestamp', timestamp_ntz: 'timestamp' },
  // Source: Spark, `DecimalType.USER_DEFAULT`.
  decimal: 'decimal(10,0)',
};

/** Source: Athena user guide, "Data types in Amazon Athena": 38 digits, char up to 255, varchar up to 65,535. */
const plainType = (text: string): string | undefined => {
  const [, precision, scale = '0'] = /^decimal\((\d+)(?:,(\d+))?\)$/.exec(text) ?? [];
  if (precision !== undefined) {
    const [digits, behind] = [Number(precision), Number(scale)];
    return digits >= 1 && digits <= 38 && behind <= digits ? `decimal(${String(digits)},${String(behind)})` : undefined;
  }
  const [, kind, length] = /^(char|varchar)\((\d+)\)$/.exec(text) ?? [];
  if (kind === undefined) return Object.hasOwn(PLAIN, text) ? PLAIN[text] : undefined;
  const most = kind === 'char' ? 255 : 65_535;
  return Number(length) >= 1 && Number(length) <= most ? text : undefined;
};

/** Deeper, and longer, than those of any table; a description must not exhaust who reads it. */
const MAX_DEPTH = 32;
const MAX_TEXT = 4096;
/** A type is one text: what separates its parts cannot stand in a name. Source: Hive's parser of type names. */
const PLAIN_NAME = /^[\p{L}\p{N}_.$]+$/u;

const nested = (parts: readonly Named[], write: (types: readonly string[]) => string): Named => {
  const types: string[] = [];
  for (const part of parts) {
    if ('why' in part) return part;
    types.push(part.type);
  }
  return of(write(types));
};

const structOf = (fields: unknown, depth: number): Named => {
  if (!Array.isArray(fields) || fields.length === 0) return none('a struct without fields');
  const names = new Set<string>();
  const parts: Named[] = [];
  for (const field of fields as unknown[]) {
    const { name, type } = typeof field === 'object' && field !== null ? (field as Record<string, unknown>) : {};
    const lower = typeof name === 'string' ? name.toLowerCase() : '';
    if (!PLAIN_NAME.test(lower)) return none(`Glue takes no field of the name ${JSON.stringify(name) ?? 'nothing'}`);
    if (names.has(lower)) return none(`two fields are called ${lower}`);
    names.add(lower);
    const inner = glueTypeOf(type, depth + 1);
    parts.push('why' in inner ? none(`field ${lower}: ${inner.why}`) : of(`${lower}:${inner.type}`));
  }
  return nested(parts, (types) => `struct<${types.join(',')}>`);
};

/** @param found as the description has it: a text, or an object for a nested type. */
export const glueTypeOf = (found: unknown, depth = 0): Named => {
  if (depth > MAX_DEPTH) return none(`types are nested deeper than ${String(MAX_DEPTH)}`);
  if (typeof found === 'string') {
    const type = found.length > MAX_TEXT ? undefined : writeWith(found, plainType);
    return type === undefined
      ? none(`no type of Spark or Glue is called ${JSON.stringify(found.slice(0, 100))}`)
      : of(type);
  }
  if (typeof found !== 'object' || found === null) return none('a type is missing');
  const { type, elementType, keyType, valueType, fields, sqlType } = found as Record<string, unknown>;
  switch (type) {
    case 'array':
      return nested([glueTypeOf(elementType, depth + 1)], ([element = '']) => `array<${element}>`);
    case 'map':
      return nested(
        [glueTypeOf(keyType, depth + 1), glueTypeOf(valueType, depth + 1)],
        ([key = '', value = '']) => `map<${key},${value}>`,
      );
    case 'struct':
      return structOf(fields, depth);
    // A type of somebody's own is kept as one of Spark's.
    case 'udt':
      return glueTypeOf(sqlType, depth + 1);
    default:
      return none(`no nested type of Spark is called ${JSON.stringify(type) ?? 'nothing'}`);
  }
};
