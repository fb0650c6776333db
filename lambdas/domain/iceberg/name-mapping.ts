/** By which names the columns of an Iceberg table are found in Parquet files: its property `schema.name-mapping.default`. Pure. */
import { newestFirst, type Schemas, STEP } from './schema.ts';
import type { Field, IcebergType } from './types.ts';

export interface NameMapping {
  readonly 'field-id'?: number;
  readonly names: readonly string[];
  readonly fields?: readonly NameMapping[];
}

/** By path in lower case: how the files write the last name of it, where that differs. */
export type Spellings = ReadonlyMap<string, readonly string[]>;

export interface Names {
  readonly spellings: Spellings;
  /** Paths of what files hold besides; the last name of each as the file has it. */
  readonly outside: ReadonlySet<string>;
  /** Columns that are not looked for in files. */
  readonly hidden: ReadonlySet<string>;
}

/**
 * Ids of what is no column of the table: no schema ever has them. Tried: pyiceberg 0.12.0 reads no file with a field that the mapping does
 * not name.
 */
const OUTSIDE = 1_000_000_000;
/** The property is read with every query. */
const MOST_OUTSIDE = 500;

const isOutside = ({ 'field-id': id = 0 }: NameMapping): boolean => id >= OUTSIDE;

const mappingOf = (type: IcebergType, path: string, spellings: Spellings): { fields?: readonly NameMapping[] } => {
  if (typeof type === 'string') return {};
  const inner = (id: number, name: string, of: IcebergType): NameMapping => ({
    ...{ 'field-id': id, names: [name] },
    ...mappingOf(of, `${path}${STEP}${name}`, spellings),
  });
  if (type.type === 'struct') return { fields: mapFields(type.fields, `${path}${STEP}`, spellings) };
  if (type.type === 'list') return { fields: [inner(type['element-id'], 'element', type.element)] };
  return { fields: [inner(type['key-id'], 'key', type.key), inner(type['value-id'], 'value', type.value)] };
};

const mapFields = (fields: readonly Field[], before: string, spellings: Spellings): readonly NameMapping[] =>
  fields.map(({ id, name, type }) => {
    const path = `${before}${name}`;
    const names = [...new Set([name, ...(spellings.get(path) ?? [])])];
    return { 'field-id': id, names, ...mappingOf(type, path, spellings) };
  });

/** The first ones, and what only the others name; nested fields too. */
const merged = (first: readonly NameMapping[], others: readonly NameMapping[]): readonly NameMapping[] => {
  const byName = new Map(others.map((each) => [each.names[0], each]));
  const both = first.map((each): NameMapping => {
    const { fields = [] } = byName.get(each.names[0]) ?? {};
    byName.delete(each.names[0]);
    return fields.length === 0 ? each : { ...each, fields: merged(each.fields ?? [], fields) };
  });
  return [...both, ...byName.values()];
};

const withOutside = (mapping: readonly NameMapping[], outside: ReadonlySet<string>): readonly NameMapping[] => {
  let id = OUTSIDE;
  const add = (nodes: readonly NameMapping[], [name = '', ...below]: readonly string[]): readonly NameMapping[] => {
    const lower = name.toLowerCase();
    // DuckDB 1.5.5 finds names whatever their case (tried): a column would be lost to what is called so but for that.
    const isTaken = nodes.some((node) => !isOutside(node) && node.names[0] === lower);
    const found = nodes.find(({ names }) => names.includes(name));
    if (below.length > 0) {
      return nodes.map((node) => (node === found ? { ...node, fields: add(node.fields ?? [], below) } : node));
    }
    return found === undefined && !isTaken ? [...nodes, { 'field-id': id++, names: [name] }] : nodes;
  };
  // Whatever is nested comes behind what holds it.
  return [...outside]
    .sort()
    .slice(0, MOST_OUTSIDE)
    .reduce<readonly NameMapping[]>((all, path) => add(all, path.split(STEP)), mapping);
};

/** By name to the ids of the current schema; and of columns that left, so that an earlier snapshot still finds them. */
export const nameMapping = (schemas: Schemas, { spellings, outside, hidden }: Names): readonly NameMapping[] =>
  withOutside(
    newestFirst(schemas)
      .map(({ fields }) => mapFields(fields, '', spellings))
      .reduce(merged)
      .filter(({ names: [name = ''] }) => !hidden.has(name)),
    outside,
  );

/** What a mapping that was written earlier says about spellings. */
export const spellingsOf = (mapping: readonly NameMapping[], before = ''): Map<string, readonly string[]> => {
  const found = new Map<string, readonly string[]>();
  const known = new Set(mapping.filter((each) => !isOutside(each)).map(({ names: [name] }) => name));
  for (const each of mapping) {
    const [name = '', ...more] = each.names;
    if (more.length > 0) found.set(`${before}${name}`, more);
    // Of a column that may come yet.
    const lower = name.toLowerCase();
    if (isOutside(each) && lower !== name && !known.has(lower)) found.set(`${before}${lower}`, [name]);
    for (const [path, names] of spellingsOf(each.fields ?? [], `${before}${name}${STEP}`)) found.set(path, names);
  }
  return found;
};

/** What it says of fields that are no columns. */
export const outsideOf = (mapping: readonly NameMapping[], before = ''): readonly string[] =>
  mapping.flatMap((each) => {
    const path = `${before}${each.names[0] ?? ''}`;
    return [...(isOutside(each) ? [path] : []), ...outsideOf(each.fields ?? [], `${path}${STEP}`)];
  });
