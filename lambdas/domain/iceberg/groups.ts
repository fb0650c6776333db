/**
 * Which manifest a data file belongs to. Files are sorted by partition and address; each manifest has a stretch of them, so that a
 * change rewrites the manifests of its partitions alone, and engines skip those whose partitions a query does not ask for. Pure.
 */
import { escapeValue, NULL_VALUE } from '../catalog/hive.ts';
import type { Entry } from './manifest-file.ts';
import { bytesOfInteger, integerOfBytes, type Value } from './values.ts';

/** A manifest with more files is split in halves; the parts of a first publication have three quarters of it. */
export const MOST_FILES = 1000;
const USUAL_FILES = 750;

const textOf = (value: Value): string => {
  if (value === null) return NULL_VALUE;
  // A decimal is the same however many digits its column may have.
  if (value instanceof Uint8Array) return bytesOfInteger(integerOfBytes(value)).toString('hex');
  return escapeValue(String(value));
};

/**
 * One for all texts that stand for the same values: `01` and `1` of an integer are one partition to every reader. Sorts much as paths
 * do: partitions that follow one another in the repository are neighbours.
 */
export const partitionKey = (tuple: readonly Value[]): string => tuple.map((value) => `${textOf(value)}/`).join('');

/** No text of a path comes between a partition and its files. */
const END = '\u0000';
export const fileKey = (partition: string, address: string): string => `${partition}${END}${address}`;

/** Where the stretch lies that holds a key: the last that begins at or before it. */
export const groupOf = (starts: readonly string[], key: string): number => {
  let [from, to] = [0, starts.length - 1];
  while (from < to) {
    const middle = Math.ceil((from + to) / 2);
    if ((starts[middle] ?? '') <= key) from = middle;
    else to = middle - 1;
  }
  return from;
};

/** All stretches that may hold files of the partition: first and last. */
export const groupsOf = (starts: readonly string[], partition: string): readonly [number, number] => [
  groupOf(starts, `${partition}${END}`),
  groupOf(starts, `${partition}${END}\uffff`),
];

export interface Placed {
  readonly key: string;
  readonly entry: Entry;
}

export interface Stretch {
  readonly start: string;
  readonly entries: readonly Entry[];
}

/**
 * Cuts what lies between two starts into stretches that are not too long.
 * @param start where it begins; the first one of a table begins at the empty text.
 */
export const stretches = (start: string, placed: readonly Placed[], most = MOST_FILES): readonly Stretch[] => {
  const sorted = [...placed].sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)));
  if (sorted.length <= most) return [{ start, entries: sorted.map(({ entry }) => entry) }];
  const usual = Math.max(1, Math.floor((most * USUAL_FILES) / MOST_FILES));
  const parts = Math.max(2, Math.ceil(sorted.length / usual));
  const size = Math.ceil(sorted.length / parts);
  return Array.from({ length: Math.ceil(sorted.length / size) }, (_, i) => {
    const some = sorted.slice(i * size, (i + 1) * size);
    return { start: i === 0 ? start : (some[0]?.key ?? ''), entries: some.map(({ entry }) => entry) };
  });
};
