/** By which columns a table is partitioned, over time. Always by the value itself: that is what Hive's paths hold. Pure. */
import type { AvroField } from './avro-binary.ts';
import type { Field, IcebergType } from './types.ts';
import { avroOf, partitionValue, type Value } from './values.ts';

export interface PartitionField {
  readonly 'source-id': number;
  readonly 'field-id': number;
  readonly name: string;
  readonly transform: string;
}

export interface PartitionSpec {
  readonly 'spec-id': number;
  readonly fields: readonly PartitionField[];
}

export interface Specs {
  readonly specs: readonly PartitionSpec[];
  readonly current: number;
  readonly lastPartitionId: number;
}

/** Source: Iceberg specification, "Partition specs": ids of partition fields begin at 1000. */
export const NO_SPECS: Specs = { specs: [], current: -1, lastPartitionId: 999 };

/**
 * A partition field has the name of its column; where the column left and another has its name, one of its own. Tried: Spark (Iceberg
 * 1.10.0) loads no table in which any spec has a field with the name of another column than its source.
 */
const renamed = (field: PartitionField, columns: readonly Field[]): PartitionField => {
  const { 'source-id': source, 'field-id': id } = field;
  const suffix = `_${String(id)}`;
  const first = field.name.endsWith(suffix) ? field.name.slice(0, -suffix.length) : field.name;
  const own = columns.find((column) => column.id === source)?.name;
  const isTaken = columns.some((column) => column.name === first);
  return { ...field, name: own ?? (isTaken ? `${first}${suffix}` : first) };
};

const idsOf = (fields: readonly PartitionField[]): string => fields.map((field) => field['field-id']).join(' ');

/**
 * The specs with one by these columns as the current one. A field that was there keeps its id.
 * @param sources the columns in the order of the path.
 * @param columns all that the table has.
 */
export const withPartitions = (
  before: Specs,
  sources: readonly Field[],
  columns: readonly Field[] = sources,
): Specs => {
  const known = before.specs.flatMap(({ fields }) => fields);
  let last = before.lastPartitionId;
  const fields = sources.map(({ id, name }): PartitionField => {
    const found = known.find((field) => field['source-id'] === id && field.transform === 'identity');
    if (found === undefined) last += 1;
    return { 'source-id': id, 'field-id': found?.['field-id'] ?? last, name, transform: 'identity' };
  });
  const specs = before.specs.map((spec) => ({ ...spec, fields: spec.fields.map((field) => renamed(field, columns)) }));
  const same = specs.find((spec) => idsOf(spec.fields) === idsOf(fields));
  if (same !== undefined) return { ...before, specs, current: same['spec-id'] };
  const id = specs.reduce((most, spec) => Math.max(most, spec['spec-id'] + 1), 0);
  return { specs: [...specs, { 'spec-id': id, fields }], current: id, lastPartitionId: last };
};

/**
 * Columns by which the table has always been partitioned. Their values are those of the path, as readers of symlink tables have them: a
 * file may hold a column of that name besides, and readers of Iceberg would believe the file (tried: pyiceberg 0.12.0, DuckDB 1.5.5).
 */
export const alwaysPartitions = ({ specs }: Specs, columns: readonly Field[]): ReadonlySet<string> => {
  const names = new Map(columns.map(({ id, name }) => [id, name]));
  const [first = new Set<string>(), ...others] = specs.map(
    ({ fields }) => new Set(fields.flatMap((field) => names.get(field['source-id']) ?? [])),
  );
  return new Set([...first].filter((name) => others.every((each) => each.has(name))));
};

export const currentSpec = ({ specs, current }: Specs): PartitionSpec => {
  const found = specs.find((spec) => spec['spec-id'] === current);
  if (found === undefined) throw new TypeError(`no partition spec ${String(current)}`);
  return found;
};

/** A partition field with the type of its column. */
export interface TypedPartition {
  readonly field: PartitionField;
  readonly type: string;
}

export const typed = (spec: PartitionSpec, fields: readonly Field[]): readonly TypedPartition[] =>
  spec.fields.map((field) => {
    const type: IcebergType = fields.find(({ id }) => id === field['source-id'])?.type ?? 'string';
    return { field, type: typeof type === 'string' ? type : 'string' };
  });

/** Names of Avro are narrower than those of columns; readers go by the ids. Source: Apache Avro specification, "Names". */
export const avroName = (name: string): string => {
  const plain = name.replace(/\W/g, (char) => `_x${(char.codePointAt(0) ?? 0).toString(16).toUpperCase()}`);
  return /^\d/.test(plain) ? `_${plain}` : plain;
};

export const partitionFields = (partitions: readonly TypedPartition[]): readonly AvroField[] =>
  partitions.map(({ field, type }) => ({
    ...{ name: avroName(field.name), type: ['null', avroOf(type, `f${String(field['field-id'])}`)], default: null },
    'field-id': field['field-id'],
  }));

/** The tuple of a partition; `undefined` where a value stands for none of its type. */
export const tupleOf = (
  partitions: readonly TypedPartition[],
  values: readonly string[],
): Readonly<Record<string, Value>> | undefined => {
  const tuple: Record<string, Value> = {};
  for (const [i, { field, type }] of partitions.entries()) {
    const value = partitionValue(type, values[i] ?? '');
    if (value === undefined) return undefined;
    tuple[avroName(field.name)] = value;
  }
  return tuple;
};
