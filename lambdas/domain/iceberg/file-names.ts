/**
 * How a Parquet file names its fields, nested ones included, where Glue has them in lower case, and the ids that it gives them. Pure.
 *
 * Paths are those of the table's schema: what stands in a list is below `element`, what stands in a map below `key` and `value`, whatever
 * the groups of the file are called.
 */
import { BranchlineError } from '../errors.ts';
import { elementOf, isA } from '../parquet/glue-types.ts';
import type { SchemaNode } from '../parquet/schema-tree.ts';
import type { PartitionSpec } from './partition-spec.ts';
import { type Schema, STEP } from './schema.ts';
import type { Field, IcebergType } from './types.ts';

/** A field of a file as a table sees it. */
export interface FileField {
  /** As the file has it; `element`, `key` and `value` for what stands in lists and maps. */
  readonly name: string;
  /** Given by the file. */
  readonly id?: number;
  readonly fields: readonly FileField[];
}

export const fieldsIn = (root: SchemaNode): readonly FileField[] => {
  const fields = ({ children }: SchemaNode): readonly FileField[] =>
    children.map((child) => walk(child.element.name, child));
  const inside = (node: SchemaNode): readonly FileField[] => {
    if (node.children.length === 0) return [];
    if (isA(node.element, 'LIST')) {
      const element = elementOf(node);
      return element === undefined ? [] : [(element.isRepeated ? once : walk)('element', element.node)];
    }
    if (!isA(node.element, 'MAP')) return fields(node);
    return (node.children[0]?.children ?? []).map((each, i) => walk(i === 0 ? 'key' : 'value', each));
  };
  /** As if it came once: for what is repeated inside a list. */
  const once = (name: string, node: SchemaNode): FileField => {
    const { field_id: id } = node.element;
    return { name, ...(id === undefined || id < 0 ? {} : { id }), fields: inside(node) };
  };
  const walk = (name: string, node: SchemaNode): FileField =>
    node.element.repetition_type === 'REPEATED' ? { name, fields: [once('element', node)] } : once(name, node);
  return fields(root);
};

/** Of several names that differ in case alone one is read: that in lower case, or the first. */
const chosen = (fields: readonly FileField[]): ReadonlyMap<string, FileField> => {
  const found = new Map<string, FileField>();
  for (const field of fields) {
    const lower = field.name.toLowerCase();
    if (field.name === lower || !found.has(lower)) found.set(lower, field);
  }
  return found;
};

/** Path in lower case → the last name of it as the file has it, where that differs. */
export const spellingsIn = (fields: readonly FileField[], before = ''): ReadonlyMap<string, string> => {
  const found = new Map<string, string>();
  for (const [lower, { name, fields: nested }] of chosen(fields)) {
    if (name !== lower) found.set(`${before}${lower}`, name);
    for (const [path, each] of spellingsIn(nested, `${before}${lower}${STEP}`)) found.set(path, each);
  }
  return found;
};

interface Own {
  readonly name: string;
  readonly id: number;
  readonly type: IcebergType;
}

const ownOf = (type: IcebergType): readonly Own[] => {
  if (typeof type === 'string') return [];
  if (type.type === 'struct') return type.fields;
  if (type.type === 'list') return [{ name: 'element', id: type['element-id'], type: type.element }];
  return [
    { name: 'key', id: type['key-id'], type: type.key },
    { name: 'value', id: type['value-id'], type: type.value },
  ];
};

interface Placed {
  readonly path: string;
  readonly given: number | undefined;
  /** Absent for what is no column of the table. */
  readonly own: number | undefined;
}

const place = (fields: readonly FileField[], own: readonly Own[], before = ''): readonly Placed[] => {
  const read = chosen(fields);
  return fields.flatMap((field) => {
    const lower = field.name.toLowerCase();
    const column = read.get(lower) === field ? own.find(({ name }) => name === lower) : undefined;
    const path = `${before}${column?.name ?? field.name}`;
    const nested = column === undefined ? [] : ownOf(column.type);
    return [{ path, given: field.id, own: column?.id }, ...place(field.fields, nested, `${path}${STEP}`)];
  });
};

/**
 * Paths of what the file holds besides the columns of the table.
 *
 * Readers of Iceberg find the columns of a file by name only if it gives no ids. Tried: pyiceberg 0.12.0 and DuckDB 1.5.5 show one
 * column under the name of another, without a word.
 * @throws BL7025 where the file gives ids that are not those of the table.
 */
export const outsideIn = (
  fields: readonly FileField[],
  { schema, spec }: { readonly schema: Schema; readonly spec: PartitionSpec },
  file: string,
): readonly string[] => {
  const partitions = new Set(spec.fields.map((field) => field['source-id']));
  const columns: readonly Field[] = schema.fields.filter(({ id }) => !partitions.has(id));
  const placed = place(fields, columns);
  const other = placed.find(({ given, own }) => given !== own);
  if (other !== undefined && placed.some(({ given }) => given !== undefined)) {
    const [theirs, ours] = [other.given, other.own].map((id) => (id === undefined ? 'none' : String(id)));
    const name = other.path.replaceAll(STEP, '.');
    throw new BranchlineError('BL7025', `${file} gives "${name}" the id ${theirs ?? ''}, the table ${ours ?? ''}`);
  }
  return placed.flatMap(({ path, own }) => (own === undefined ? [path] : []));
};
