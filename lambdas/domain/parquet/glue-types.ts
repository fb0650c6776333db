/**
 * From the types of Parquet to those of Glue, as Athena and Spark read them. Pure.
 *
 * Sources: Apache Parquet, LogicalTypes.md (also for the older annotations and for lists of two levels); Athena user guide, "Data
 * types in Amazon Athena"; for unsigned numbers the wider signed type, as Spark reads them.
 */
import type { LogicalType, SchemaElement } from 'hyparquet';
import type { SchemaNode } from './schema-tree.ts';

/** A type of Glue, or why there is none. */
export type GlueType = { readonly type: string } | { readonly why: string };

const of = (type: string): GlueType => ({ type });
const none = (why: string): GlueType => ({ why });

/** Source: Athena user guide: decimal(precision, scale), at most 38 digits. */
const MAX_DIGITS = 38;

const decimal = (precision = 0, scale = 0): GlueType =>
  precision >= 1 && precision <= MAX_DIGITS && scale >= 0 && scale <= precision
    ? of(`decimal(${String(precision)},${String(scale)})`)
    : none(`decimal(${String(precision)},${String(scale)}) has no like in Glue, whose decimals have at most 38 digits`);

/** Unsigned numbers need one bit more. */
const integer = (bits: number, isSigned: boolean): GlueType => {
  const type = isSigned
    ? { 8: 'tinyint', 16: 'smallint', 32: 'int', 64: 'bigint' }[bits]
    : { 8: 'smallint', 16: 'int', 32: 'bigint', 64: 'decimal(20,0)' }[bits];
  return type === undefined ? none(`integers of ${String(bits)} bits are unknown`) : of(type);
};

const BARE: Readonly<Record<string, string>> = {
  BOOLEAN: 'boolean',
  INT32: 'int',
  INT64: 'bigint',
  // Used for nothing but points in time, by Hive, Impala and older Spark.
  INT96: 'timestamp',
  FLOAT: 'float',
  DOUBLE: 'double',
  BYTE_ARRAY: 'binary',
  FIXED_LEN_BYTE_ARRAY: 'binary',
};

const byLogicalType = (logical: LogicalType): GlueType | undefined => {
  switch (logical.type) {
    case 'STRING':
    case 'ENUM':
    case 'JSON':
      return of('string');
    case 'BSON':
    case 'UUID':
    case 'GEOMETRY':
    case 'GEOGRAPHY':
      return of('binary');
    case 'DATE':
      return of('date');
    case 'TIMESTAMP':
      return of('timestamp');
    case 'DECIMAL':
      return decimal(logical.precision, logical.scale);
    case 'INTEGER':
      return integer(logical.bitWidth, logical.isSigned);
    case 'TIME':
    case 'INTERVAL':
    case 'FLOAT16':
    case 'VARIANT':
      return none(`Glue has no type for ${logical.type}`);
    case 'NULL':
      return none('the file holds only nulls and names no type');
    default:
      return undefined;
  }
};

const byConvertedType = ({ converted_type, precision, scale }: SchemaElement): GlueType | undefined => {
  switch (converted_type) {
    case 'UTF8':
    case 'ENUM':
    case 'JSON':
      return of('string');
    case 'BSON':
      return of('binary');
    case 'DATE':
      return of('date');
    case 'TIMESTAMP_MILLIS':
    case 'TIMESTAMP_MICROS':
      return of('timestamp');
    case 'DECIMAL':
      return decimal(precision, scale);
    case 'TIME_MILLIS':
    case 'TIME_MICROS':
    case 'INTERVAL':
      return none(`Glue has no type for ${converted_type}`);
    default: {
      const [, unsigned, bits] = /^(U?)INT_(\d+)$/.exec(converted_type ?? '') ?? [];
      return bits === undefined ? undefined : integer(Number(bits), unsigned === '');
    }
  }
};

const primitive = (element: SchemaElement): GlueType => {
  const { logical_type: logical, type = '' } = element;
  const annotated = (logical === undefined ? undefined : byLogicalType(logical)) ?? byConvertedType(element);
  if (annotated !== undefined) return annotated;
  const bare = BARE[type];
  return bare === undefined ? none(`Parquet's type ${JSON.stringify(type)} is unknown`) : of(bare);
};

export const isA = ({ logical_type, converted_type }: SchemaElement, kind: 'LIST' | 'MAP'): boolean =>
  logical_type?.type === kind || converted_type === kind || (kind === 'MAP' && converted_type === 'MAP_KEY_VALUE');

const wrapped = (inner: GlueType, wrap: (type: string) => string): GlueType =>
  'why' in inner ? inner : of(wrap(inner.type));

export interface ListElement {
  readonly node: SchemaNode;
  /** It is the repeated field itself, as in lists of two levels, which older writers made. */
  readonly isRepeated: boolean;
}

/** `undefined` for what is no list, though it is called one. */
export const elementOf = ({ element, children }: SchemaNode): ListElement | undefined => {
  const [repeated, ...more] = children;
  if (repeated === undefined || more.length > 0 || repeated.element.repetition_type !== 'REPEATED') return undefined;
  const [only, ...others] = repeated.children;
  const { name } = repeated.element;
  const isRepeated =
    only === undefined ||
    others.length > 0 ||
    only.element.repetition_type === 'REPEATED' ||
    name === 'array' ||
    name === `${element.name}_tuple`;
  return isRepeated ? { node: repeated, isRepeated } : { node: only, isRepeated };
};

const listOf = (node: SchemaNode): GlueType => {
  const found = elementOf(node);
  if (found === undefined) return none('a list without one repeated field');
  return wrapped(found.isRepeated ? once(found.node) : glueType(found.node), (type) => `array<${type}>`);
};

const mapOf = ({ children }: SchemaNode): GlueType => {
  const [pairs, ...more] = children;
  const [key, value, ...others] = pairs?.children ?? [];
  if (more.length > 0 || pairs?.element.repetition_type !== 'REPEATED' || others.length > 0) {
    return none('a map without one repeated pair');
  }
  if (key === undefined || value === undefined) return none('a map without keys or values');
  const [of1, of2] = [glueType(key), glueType(value)];
  if ('why' in of1) return of1;
  return wrapped(of2, (type) => `map<${of1.type},${type}>`);
};

/** A type is one text: what separates its parts cannot stand in a name. Source: Hive's parser of type names. */
const PLAIN_NAME = /^[\p{L}\p{N}_.$]+$/u;

const structOf = ({ children }: SchemaNode): GlueType => {
  if (children.length === 0) return none('a group without fields');
  const fields: string[] = [];
  const names = new Set<string>();
  for (const child of children) {
    const name = child.element.name.toLowerCase();
    if (!PLAIN_NAME.test(name)) return none(`Glue takes no field of the name ${JSON.stringify(child.element.name)}`);
    if (names.has(name)) return none(`two fields are called ${name}, which differ only in case`);
    names.add(name);
    const type = glueType(child);
    if ('why' in type) return none(`field ${name}: ${type.why}`);
    fields.push(`${name}:${type.type}`);
  }
  return of(`struct<${fields.join(',')}>`);
};

/** As if it came once: for what is repeated inside a list. */
const once = (node: SchemaNode): GlueType => {
  const { element, children } = node;
  if (element.num_children === undefined && children.length === 0) return primitive(element);
  if (element.logical_type?.type === 'VARIANT') return none('Glue has no type for VARIANT');
  if (isA(element, 'LIST')) return listOf(node);
  return isA(element, 'MAP') ? mapOf(node) : structOf(node);
};

/** A repeated field outside any list is one, as older writers made them. */
export const glueType = (node: SchemaNode): GlueType =>
  node.element.repetition_type === 'REPEATED' ? wrapped(once(node), (type) => `array<${type}>`) : once(node);
