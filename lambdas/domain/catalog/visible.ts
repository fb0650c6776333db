/** Which objects are files of a table. Everything else never reaches a reader. Pure. */
import type { ObjectStats } from '../lakefs.ts';
import { fitsType, type Place, placeOf, type TablePlace } from './hive.ts';
import type { TableDescriptor } from './table.ts';

/**
 * Readers skip names that begin with `_` or `.`, at any depth: `_SUCCESS`, `_temporary/`, `.part-0.crc`. Steps that name a
 * partition are none of these: a column may be called `_day`.
 */
const isHidden = (rest: string): boolean =>
  rest.split('/').some((step) => step.startsWith('_') || step.startsWith('.'));

/** Directory markers are empty, and so is everything else that a reader would choke on: a Parquet file never is. */
export const placeOfFile = (
  table: TablePlace,
  object: Pick<ObjectStats, 'path' | 'sizeBytes' | 'isPrefix'>,
): Place | undefined => {
  if (object.isPrefix || object.sizeBytes === 0 || object.path.endsWith('/')) return undefined;
  const place = placeOf(table, object.path);
  return place === undefined || isHidden(place.rest) ? undefined : place;
};

/** The column whose value no reader can take for its type, if there is one. */
export const unreadableColumn = (table: TableDescriptor, values: readonly string[]): string | undefined =>
  table.partitionColumns.find(({ type }, i) => !fitsType(values[i] ?? '', type))?.name;
