/** Which changes of a table's columns a promotion may bring. Pure. */
import type { SchemaMode } from '../../contract.ts';
import type { Cause } from '../run.ts';
import { joinTypes, sameType } from './column-types.ts';
import type { SchemaChange } from './columns.ts';

/** So many are kept with a run: an entry has to fit into 400 KB. */
export const MAX_SCHEMA_CHANGES = 100;

const REFUSED: Readonly<Record<SchemaMode, readonly SchemaChange['kind'][]>> = {
  strict: ['changed', 'unreadable', 'dropped', 'widened'],
  compatible: ['changed', 'unreadable'],
  off: [],
};

export const refusedBy = (mode: SchemaMode, changes: readonly SchemaChange[]): readonly SchemaChange[] =>
  changes.filter(({ kind }) => REFUSED[mode].includes(kind));

const GRAVEST: readonly SchemaChange['kind'][] = ['unreadable', 'changed', 'dropped', 'widened', 'added'];

/** One file for each change; what is refused soonest comes first. */
export const distinctChanges = (changes: readonly SchemaChange[]): readonly SchemaChange[] => {
  const distinct = new Map<string, SchemaChange>();
  for (const change of changes) {
    const { table, kind, column, after } = change;
    const key = JSON.stringify([table, kind, column, after]);
    if (!distinct.has(key)) distinct.set(key, change);
  }
  return [...distinct.values()]
    .sort((a, b) => GRAVEST.indexOf(a.kind) - GRAVEST.indexOf(b.kind))
    .slice(0, MAX_SCHEMA_CHANGES);
};

const described = ({ table, kind, file, column = '', before = '', after, why }: SchemaChange): string => {
  if (kind === 'unreadable') return why ?? `${file} cannot be read`;
  const found = after === undefined ? 'is missing or has no type that Glue knows' : `is ${after}`;
  return `${file}: column ${column} ${found}, table ${table} has ${before}`;
};

/** @param refused at least one. */
export const schemaCause = (refused: readonly SchemaChange[]): Cause => {
  const [first] = refused;
  const more = refused.length > 1 ? ` (and ${String(refused.length - 1)} more)` : '';
  return { code: 'BL2019', message: `${first === undefined ? '' : described(first)}${more}` };
};

/**
 * What two runs bring that nobody could read together: one column of two types. Each was compared with the table as it was before
 * either came.
 */
export const crossing = (
  mine: readonly SchemaChange[],
  theirs: readonly SchemaChange[],
  mode: SchemaMode,
): readonly SchemaChange[] => {
  if (mode === 'off') return [];
  return mine.flatMap((change) => {
    const { table, column, after } = change;
    if (column === undefined || after === undefined) return [];
    const other = theirs.find((each) => each.table === table && each.column === column && each.after !== undefined);
    if (other?.after === undefined) return [];
    const isReadable = mode === 'strict' ? sameType(other.after, after) : joinTypes(other.after, after) !== undefined;
    return isReadable ? [] : [{ ...change, kind: 'changed' as const, before: other.after }];
  });
};
