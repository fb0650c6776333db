/**
 * Types of Iceberg, as its metadata writes them, and how they follow from those of Glue. Pure.
 *
 * Source: Iceberg specification, "Schemas and data types" and appendix C, "JSON serialization".
 */
import { BranchlineError } from '../errors.ts';

export interface StructType {
  readonly type: 'struct';
  readonly fields: readonly Field[];
}
export interface ListType {
  readonly type: 'list';
  readonly 'element-id': number;
  readonly element: IcebergType;
  readonly 'element-required': boolean;
}
export interface MapType {
  readonly type: 'map';
  readonly 'key-id': number;
  readonly key: IcebergType;
  readonly 'value-id': number;
  readonly value: IcebergType;
  readonly 'value-required': boolean;
}
/** Primitive types are their names: `long`, `decimal(10, 2)`. */
export type IcebergType = string | StructType | ListType | MapType;

export interface Field {
  readonly id: number;
  readonly name: string;
  readonly required: boolean;
  readonly type: IcebergType;
}

/** A type without ids yet: what a column is to be. */
export type WantedType =
  | string
  | { readonly list: WantedType }
  | { readonly key: WantedType; readonly value: WantedType }
  | { readonly fields: readonly WantedField[] };
export interface WantedField {
  readonly name: string;
  readonly type: WantedType;
}

const SIMPLE: Readonly<Record<string, string>> = {
  boolean: 'boolean',
  tinyint: 'int',
  smallint: 'int',
  int: 'int',
  integer: 'int',
  bigint: 'long',
  float: 'float',
  double: 'double',
  string: 'string',
  binary: 'binary',
  date: 'date',
  timestamp: 'timestamp',
};

/** Splits at separators outside of any brackets. */
const split = (text: string, separator: string): string[] => {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '<' || char === '(') depth += 1;
    else if (char === '>' || char === ')') depth -= 1;
    else if (char === separator && depth === 0) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  return [...parts, text.slice(from)];
};

const unknown = (type: string): BranchlineError =>
  new BranchlineError('BL7002', `Iceberg has no type for ${JSON.stringify(type)} of Glue`);

/** @throws BL7002 for a type that Iceberg has no like for. */
export const wantedType = (glue: string): WantedType => {
  const type = glue.trim().toLowerCase();
  const simple = SIMPLE[type];
  if (simple !== undefined) return simple;
  if (/^(?:char|varchar)\(\d+\)$/.test(type)) return 'string';
  const decimal = /^decimal(?:\((\d+)(?:,\s*(\d+))?\))?$/.exec(type);
  if (decimal !== null) return `decimal(${decimal[1] ?? '10'}, ${decimal[2] ?? '0'})`;
  const [, outer, inner = ''] = /^(array|map|struct)<(.*)>$/s.exec(type) ?? [];
  if (outer === 'array') return { list: wantedType(inner) };
  if (outer === 'map') {
    const [key, value, ...more] = split(inner, ',');
    if (key === undefined || value === undefined || more.length > 0) throw unknown(glue);
    return { key: wantedType(key), value: wantedType(value) };
  }
  if (outer !== 'struct') throw unknown(glue);
  return {
    fields: split(inner, ',').map((field) => {
      const [name = '', ...rest] = split(field, ':');
      if (rest.length === 0) throw unknown(glue);
      return { name: name.trim(), type: wantedType(rest.join(':')) };
    }),
  };
};

export interface Decimal {
  readonly precision: number;
  readonly scale: number;
}

export const asDecimal = (type: IcebergType): Decimal | undefined => {
  const found = typeof type === 'string' ? /^decimal\((\d+), ?(\d+)\)$/.exec(type) : null;
  return found === null ? undefined : { precision: Number(found[1]), scale: Number(found[2]) };
};

/**
 * Whether a column of the first type may become one of the second and keep its meaning.
 * Source: Iceberg specification, "Schema evolution": int → long, float → double, more digits of the same scale.
 */
export const widens = (from: string, to: string): boolean => {
  if (from === to) return true;
  if ((from === 'int' && to === 'long') || (from === 'float' && to === 'double')) return true;
  const [before, after] = [asDecimal(from), asDecimal(to)];
  return (
    before !== undefined && after !== undefined && before.scale === after.scale && before.precision <= after.precision
  );
};
