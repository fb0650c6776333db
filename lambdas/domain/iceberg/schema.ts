/**
 * Schemas of an Iceberg table over time. Pure.
 *
 * A field id never changes its meaning: a column keeps it while its type stays or widens, through reordering, and when it comes back
 * after having been left out. A column of another type is another column, with a fresh id. Every column is optional: a file may lack it.
 */
import type { Column } from '../catalog/table.ts';
import {
  type Field,
  type IcebergType,
  type ListType,
  type MapType,
  type StructType,
  type WantedField,
  type WantedType,
  wantedType,
  widens,
} from './types.ts';

export interface Schema extends StructType {
  readonly 'schema-id': number;
}

/** Between the names of a path to a nested field. */
export const STEP = '\u0000';

export interface Schemas {
  readonly schemas: readonly Schema[];
  readonly current: number;
  readonly lastColumnId: number;
}

/** Glue has one type for points in time; whether they are in UTC was read off the first files. */
const isZoned = (old: IcebergType | undefined, wanted: WantedType): boolean =>
  old === 'timestamptz' && wanted === 'timestamp';

/** Whether what an old field says still holds for the wanted type: then its ids stay. */
const canBecome = (old: IcebergType, wanted: WantedType): boolean => {
  if (typeof wanted === 'string') return typeof old === 'string' && (widens(old, wanted) || isZoned(old, wanted));
  if (typeof old === 'string') return false;
  if ('list' in wanted) return old.type === 'list' && canBecome(old.element, wanted.list);
  if ('key' in wanted) {
    return old.type === 'map' && sameKey(old.key, wanted.key) && canBecome(old.value, wanted.value);
  }
  // Its fields are looked at one by one: those that are new or other get ids of their own.
  return old.type === 'struct';
};

/** Keys of maps may not change. */
const sameKey = (old: IcebergType, wanted: WantedType): boolean =>
  typeof wanted === 'string' ? old === wanted : typeof old !== 'string' && canBecome(old, wanted);

class Numbering {
  last: number;
  readonly #zoned: ReadonlySet<string>;
  constructor(last: number, zoned: ReadonlySet<string>) {
    this.last = last;
    this.#zoned = zoned;
  }
  next(): number {
    this.last += 1;
    return this.last;
  }

  /** Those of one level first, then what is nested, as the specification numbers new schemas. */
  fields(wanted: readonly WantedField[], known: readonly Field[], path = ''): readonly Field[] {
    const ids = wanted.map(({ name, type }) => {
      // Of whatever type it ever was: an `int` that became a `bigint` is none again.
      const old = known.find(
        ({ name: of, id }) => of === name && known.every((field) => field.id !== id || canBecome(field.type, type)),
      );
      return { old, id: old?.id ?? this.next() };
    });
    return wanted.map(({ name, type }, i) => {
      const { old, id = 0 } = ids[i] ?? {};
      return { id, name, required: false, type: this.type(type, old?.type, `${path}${name}`) };
    });
  }

  type(wanted: WantedType, old: IcebergType | undefined, path: string): IcebergType {
    if (typeof wanted === 'string') {
      const isNew = old === undefined && wanted === 'timestamp' && this.#zoned.has(path);
      return isNew || isZoned(old, wanted) ? 'timestamptz' : wanted;
    }
    if ('list' in wanted) {
      const before = old as ListType | undefined;
      const id = before?.['element-id'] ?? this.next();
      const element = this.type(wanted.list, before?.element, `${path}${STEP}element`);
      return { type: 'list', 'element-id': id, element, 'element-required': false };
    }
    if ('key' in wanted) {
      const before = old as MapType | undefined;
      const [key, value] = [before?.['key-id'] ?? this.next(), before?.['value-id'] ?? this.next()];
      return {
        ...{ type: 'map', 'key-id': key, key: this.type(wanted.key, before?.key, `${path}${STEP}key`) },
        ...{
          'value-id': value,
          value: this.type(wanted.value, before?.value, `${path}${STEP}value`),
          'value-required': false,
        },
      };
    }
    return {
      type: 'struct',
      fields: this.fields(wanted.fields, (old as StructType | undefined)?.fields ?? [], `${path}${STEP}`),
    };
  }
}

/** Newest meaning first: of a column that left and came back, the last one counts. */
export const newestFirst = ({ schemas, current }: Schemas): readonly Schema[] =>
  [...schemas].sort(
    (a, b) =>
      Number(b['schema-id'] === current) - Number(a['schema-id'] === current) || b['schema-id'] - a['schema-id'],
  );
export const everKnown = (schemas: Schemas): readonly Field[] => newestFirst(schemas).flatMap(({ fields }) => fields);

const sameFields = (a: readonly Field[], b: readonly Field[]): boolean => JSON.stringify(a) === JSON.stringify(b);

/**
 * The schemas with one that has these columns as the current one; the same where it is already.
 * @param zoned paths of points in time that the files hold in UTC; asked about new columns alone.
 */
export const withColumns = (
  before: Schemas,
  columns: readonly Column[],
  zoned: ReadonlySet<string> = new Set(),
): Schemas => {
  const numbering = new Numbering(before.lastColumnId, zoned);
  const wanted = columns.map(({ name, type }) => ({ name, type: wantedType(type) }));
  const fields = numbering.fields(wanted, everKnown(before));
  const same = before.schemas.find((schema) => sameFields(schema.fields, fields));
  if (same !== undefined) return { ...before, current: same['schema-id'] };
  const id = before.schemas.reduce((most, schema) => Math.max(most, schema['schema-id'] + 1), 0);
  const schema: Schema = { type: 'struct', 'schema-id': id, fields };
  return { schemas: [...before.schemas, schema], current: id, lastColumnId: numbering.last };
};

export const NO_SCHEMAS: Schemas = { schemas: [], current: -1, lastColumnId: 0 };

export const currentSchema = ({ schemas, current }: Schemas): Schema => {
  const found = schemas.find((schema) => schema['schema-id'] === current);
  if (found === undefined) throw new TypeError(`no schema ${String(current)}`);
  return found;
};

/** Path of a primitive field outside of lists and maps → the field, for what footers say about columns. */
export const leaves = (fields: readonly Field[], before = ''): ReadonlyMap<string, Field> => {
  const found = new Map<string, Field>();
  for (const field of fields) {
    const path = `${before}${field.name}`;
    if (typeof field.type === 'string') found.set(path, field);
    else if (field.type.type === 'struct') {
      for (const [name, leaf] of leaves(field.type.fields, `${path}${STEP}`)) found.set(name, leaf);
    }
  }
  return found;
};
