/** From the columns of files to those of their table, and what of a file does not fit the table. Pure. */
import { createHash } from 'node:crypto';
import type { FileColumns, LeftOut } from '../parquet/file-columns.ts';
import { fitsColumn, joinTypes, sameType } from './column-types.ts';
import type { Column } from './table.ts';

/** A file of a table; columns as its footer has them, or why that could not be read. */
export interface TableFile {
  readonly path: string;
  readonly found: FileColumns | { readonly unreadable: string };
}

export type SchemaChangeKind =
  /** A column that the table does not have yet. */
  | 'added'
  /** A wider type, by which readers find the old values too. */
  | 'widened'
  /** A type by which readers would not find the table's values, or the table's type not those of the file. */
  | 'changed'
  /** A column of the table that the file lacks: its rows read as null. */
  | 'dropped'
  /** No Parquet file that anybody can read. */
  | 'unreadable';

/** One way in which a file differs from its table. */
export interface SchemaChange {
  /** Name in the configuration. */
  readonly table: string;
  readonly kind: SchemaChangeKind;
  readonly file: string;
  readonly column?: string;
  readonly before?: string;
  readonly after?: string;
  /** Of a file that cannot be read. */
  readonly why?: string;
}

export interface TableColumns {
  readonly columns: readonly Column[];
  /** Columns of files that Glue cannot show. */
  readonly leftOut: readonly (LeftOut & { readonly file: string })[];
  /** Files whose columns do not fit: readers cannot read them. */
  readonly misfits: readonly SchemaChange[];
}

/** A person needs the pattern, not the list. */
export const MAX_NOTES = 20;

export const digestOfColumns = (columns: readonly Column[]): string =>
  createHash('sha256')
    .update(JSON.stringify(columns.map(({ name, type }) => [name, type])), 'utf8')
    .digest('hex')
    .slice(0, 32);

export interface CompareOptions {
  readonly table: string;
  /** Columns of the path: what files hold under these names is nobody's. */
  readonly partitionColumns: readonly string[];
  /** Somebody gave the table's columns: more columns in files are not shown, and a wider type does not fit. */
  readonly isGiven: boolean;
}

/** How a file differs from the columns of its table. */
export const compareFile = (
  known: readonly Column[],
  { path: file, found }: TableFile,
  { table, partitionColumns, isGiven }: CompareOptions,
): readonly SchemaChange[] => {
  if ('unreadable' in found) return [{ table, kind: 'unreadable', file, why: found.unreadable }];
  const ofFile = new Map(found.columns.map(({ name, type }) => [name, type]));
  const changes: SchemaChange[] = [];
  const names = new Set(known.map(({ name }) => name));
  for (const { name: column, type: before } of known) {
    const after = ofFile.get(column);
    if (after === undefined) {
      const isThere = found.leftOut.some(({ name }) => name.toLowerCase() === column);
      changes.push({ table, kind: isThere ? 'changed' : 'dropped', file, column, before });
    } else if (!fitsColumn(before, after)) {
      const isWider = !isGiven && joinTypes(before, after) !== undefined;
      changes.push({ table, kind: isWider ? 'widened' : 'changed', file, column, before, after });
    }
  }
  if (isGiven) return changes;
  for (const { name: column, type: after } of found.columns) {
    if (!names.has(column) && !partitionColumns.includes(column))
      changes.push({ table, kind: 'added', file, column, after });
  }
  return changes;
};

/** The table's columns with what these files bring: new columns behind the old ones, wider types in their place. */
export const withFiles = (
  known: readonly Column[],
  files: readonly TableFile[],
  options: Omit<CompareOptions, 'isGiven'>,
): TableColumns => {
  const columns = new Map(known.map(({ name, type }) => [name, type]));
  const leftOut = new Map<string, TableColumns['leftOut'][number]>();
  const misfits: SchemaChange[] = [];
  for (const file of files) {
    const now = [...columns].map(([name, type]) => ({ name, type }));
    for (const change of compareFile(now, file, { ...options, isGiven: false })) {
      const { kind, column = '', before = '', after = '' } = change;
      if (kind === 'added') columns.set(column, after);
      if (kind === 'widened') columns.set(column, joinTypes(before, after) ?? before);
      if ((kind === 'changed' || kind === 'unreadable') && misfits.length < MAX_NOTES) misfits.push(change);
    }
    if ('unreadable' in file.found) continue;
    for (const each of file.found.leftOut) {
      if (!leftOut.has(each.name) && leftOut.size < MAX_NOTES) leftOut.set(each.name, { ...each, file: file.path });
    }
  }
  return { columns: [...columns].map(([name, type]) => ({ name, type })), leftOut: [...leftOut.values()], misfits };
};

/**
 * The columns of a table by some of its files, oldest first. Where they disagree, the type that most of them can be read by: a
 * file that came in by mistake does not change the table, and one that was written anew as a whole does.
 */
export const inferColumns = (files: readonly TableFile[], options: Omit<CompareOptions, 'isGiven'>): TableColumns => {
  const readable = files.flatMap(({ found }) => ('unreadable' in found ? [] : [found.columns]));
  const kinds = new Map<string, { type: string; files: number }[]>();
  for (const columns of readable) {
    for (const { name, type } of columns) {
      const seen = kinds.get(name) ?? [];
      const known = seen.find((each) => sameType(each.type, type));
      if (known === undefined) kinds.set(name, [...seen, { type, files: 1 }]);
      else known.files += 1;
    }
  }
  const chosen: Column[] = [];
  for (const [name, seen] of kinds) {
    if (options.partitionColumns.includes(name)) continue;
    const readers = (by: string): number =>
      seen.reduce((sum, { type, files: count }) => sum + (fitsColumn(by, type) ? count : 0), 0);
    const candidates = new Set(seen.flatMap(({ type: a }) => seen.flatMap(({ type: b }) => joinTypes(a, b) ?? [])));
    // Of equals the newer one, which comes later.
    const best = [...candidates].reduce((a, b) => (readers(b) >= readers(a) ? b : a));
    chosen.push({ name, type: best });
  }
  return withFiles(chosen, files, options);
};
