/** Bounds of columns whose type became wider: an engine that knows the new type alone would misread the old bytes. Pure. */
import type { DataFile, Entry } from './manifest-file.ts';
import type { Pairs } from './metrics.ts';
import { avroName, type TypedPartition } from './partition-spec.ts';
import type { OpenGroup } from './rewrite.ts';
import { leaves, type Schemas } from './schema.ts';
import { asDecimal, type Field } from './types.ts';
import { bytesOfPrecision, integerBytes, integerOfBytes, type Value } from './values.ts';

/**
 * Id of a column → its type now, of columns whose type is another than what bounds were written for: that of the schema before, or, of
 * a column that comes back, any that it had.
 */
export const widenedTypes = (before: Schemas, after: Schemas): ReadonlyMap<number, string> => {
  if (before.current === after.current) return new Map();
  const typesOf = (fields: readonly Field[] = []): Map<number, string> =>
    new Map([...leaves(fields).values()].map(({ id, type }) => [id, type as string]));
  const fieldsOf = ({ schemas, current }: Schemas): readonly Field[] | undefined =>
    schemas.find((schema) => schema['schema-id'] === current)?.fields;
  const last = typesOf(fieldsOf(before));
  const ever = before.schemas.map(({ fields }) => typesOf(fields));
  return new Map(
    [...typesOf(fieldsOf(after))].filter(([id, type]) =>
      (last.has(id) ? [last] : ever).some((types) => types.has(id) && types.get(id) !== type),
    ),
  );
};

const wideBound = (type: string, bytes: Uint8Array): Uint8Array => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const wide = Buffer.alloc(8);
  if (type === 'long' && bytes.length === 4) wide.writeBigInt64LE(BigInt(view.getInt32(0, true)));
  else if (type === 'double' && bytes.length === 4) wide.writeDoubleLE(view.getFloat32(0, true));
  else return bytes;
  return wide;
};

const wideBounds = (pairs: Pairs<Uint8Array>, types: ReadonlyMap<number, string>): Pairs<Uint8Array> =>
  pairs.map(({ key, value }) => {
    const type = types.get(key);
    return { key, value: type === undefined ? value : wideBound(type, value) };
  });

/** Decimals of a partition take as many bytes as their digits may need. */
const wideValue = (type: string, value: Value): Value => {
  const decimal = asDecimal(type);
  if (decimal === undefined || !(value instanceof Uint8Array)) return value;
  return integerBytes(integerOfBytes(value), bytesOfPrecision(decimal.precision));
};

export const wideFile = (
  file: DataFile,
  types: ReadonlyMap<number, string>,
  partitions: readonly TypedPartition[],
): DataFile => ({
  ...file,
  partition: Object.fromEntries(
    partitions.map(({ field, type }) => {
      const name = avroName(field.name);
      return [name, wideValue(type, file.partition[name] ?? null)];
    }),
  ),
  lower_bounds: wideBounds(file.lower_bounds, types),
  upper_bounds: wideBounds(file.upper_bounds, types),
});

export const widen = (
  group: OpenGroup,
  types: ReadonlyMap<number, string>,
  partitions: readonly TypedPartition[],
): OpenGroup => ({
  ...group,
  entries: group.entries.map((entry): Entry => ({ ...entry, data_file: wideFile(entry.data_file, types, partitions) })),
});
