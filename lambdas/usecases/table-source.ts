/**
 * What lakeFS holds of a table, as partitions with their files. The cost follows the change: a diff names the partitions, and only
 * these are listed.
 */
import type { SourceFile, SourcePartition } from '../catalog-ports.ts';
import { comparePaths, placeOf } from '../domain/catalog/hive.ts';
import { keyOfValues } from '../domain/catalog/plan.ts';
import type { TableDescriptor } from '../domain/catalog/table.ts';
import { placeOfFile, unreadableColumn } from '../domain/catalog/visible.ts';
import type { ObjectStats } from '../domain/lakefs.ts';
import type { LakePorts } from '../ports.ts';

/** Up to so many partitions are listed one by one; more are read in passing, as pages hold 1,000 objects. */
const ONE_BY_ONE = 8;
/** After so many objects that nobody asked for, a fresh listing from the next partition on costs less than reading on. */
const WORTH_A_JUMP = 1000;

/** Tables below which two commits differ at all: one call for all of them. */
export const touchedTables = async (
  ports: LakePorts,
  tables: readonly TableDescriptor[],
  from: string,
  to: string,
): Promise<ReadonlySet<string>> => {
  const [first] = tables;
  const touched = new Set<string>();
  if (first === undefined) return touched;
  for await (const { path } of ports.lakefs.diff(first.repository, from, to, { type: 'two_dot', delimiter: '/' })) {
    for (const table of tables) if (path.startsWith(table.path) || table.path.startsWith(path)) touched.add(table.name);
  }
  return touched;
};

/** Prefixes of the partitions in which two commits differ, sorted. */
export const changedPrefixes = async (
  ports: LakePorts,
  table: TableDescriptor,
  from: string,
  to: string,
): Promise<readonly string[]> => {
  const prefixes = new Set<string>();
  // With one partition column lakeFS itself can tell partitions; below several, a page of paths tells more than a call for each.
  const delimiter = table.partitionColumns.length === 1 ? { delimiter: '/' } : {};
  const options = { type: 'two_dot', prefix: table.path, ...delimiter } as const;
  for await (const { path } of ports.lakefs.diff(table.repository, from, to, options)) {
    const place = placeOf(table, path);
    if (place !== undefined) prefixes.add(place.prefix);
    // The table is one partition: that anything changed is all there is to know.
    if (table.partitionColumns.length === 0) break;
  }
  return [...prefixes].sort(comparePaths);
};

/** Those partitions at a commit, in the order given; one without files comes with none. */
export async function* partitionsAt(
  ports: LakePorts,
  table: TableDescriptor,
  commit: string,
  prefixes: readonly string[],
): AsyncIterable<SourcePartition> {
  if (prefixes.length <= ONE_BY_ONE) {
    for (const prefix of prefixes) {
      const files = await filesBelow(ports, table, commit, prefix);
      yield* readable(ports, table, { ...partitionOf(table, prefix), files });
    }
    return;
  }
  for (let at = 0; at < prefixes.length; ) {
    const passed = readInPassing(ports, table, commit, prefixes.slice(at));
    for await (const partition of passed) {
      at += 1;
      yield* readable(ports, table, partition);
    }
  }
}

const fileOf = ({ path, physicalAddress, sizeBytes }: ObjectStats): SourceFile => ({
  ...{ path, address: physicalAddress, sizeBytes },
});

const partitionOf = (table: TableDescriptor, prefix: string): Omit<SourcePartition, 'files'> => ({
  values: placeOf(table, prefix)?.values ?? [],
  prefix,
});

const filesBelow = async (
  ports: LakePorts,
  table: TableDescriptor,
  commit: string,
  prefix: string,
): Promise<readonly SourceFile[]> => {
  const files: SourceFile[] = [];
  for await (const object of ports.lakefs.listObjects(table.repository, commit, { prefix })) {
    if (placeOfFile(table, object)?.prefix === prefix) files.push(fileOf(object));
  }
  return files;
};

/** Yields the first prefixes, at least one, and ends where the way to the next one is too long. */
async function* readInPassing(
  ports: LakePorts,
  table: TableDescriptor,
  commit: string,
  prefixes: readonly string[],
): AsyncIterable<SourcePartition> {
  const [first = ''] = prefixes;
  let at = 0;
  let wanted = first;
  let files: SourceFile[] = [];
  let unasked = 0;
  // The prefix itself sorts before everything below it.
  for await (const object of ports.lakefs.listObjects(table.repository, commit, { prefix: table.path, after: first })) {
    while (!object.path.startsWith(wanted) && comparePaths(object.path, wanted) > 0) {
      yield { ...partitionOf(table, wanted), files };
      files = [];
      unasked = 0;
      at += 1;
      const next = prefixes[at];
      if (next === undefined) return;
      wanted = next;
    }
    if (!object.path.startsWith(wanted)) {
      unasked += 1;
      if (unasked >= WORTH_A_JUMP) return;
    } else if (placeOfFile(table, object)?.prefix === wanted) files.push(fileOf(object));
  }
  for (const prefix of prefixes.slice(at)) {
    yield { ...partitionOf(table, prefix), files: prefix === wanted ? files : [] };
  }
}

/**
 * Everything that a commit holds of a table, partition by partition. Two directories that spell the same values differently
 * (`a%20b`, `a b`) are one partition to every reader, and come as one: showing first the one and then both would mix states.
 */
export async function* wholeTable(
  ports: LakePorts,
  table: TableDescriptor,
  commit: string,
): AsyncIterable<SourcePartition> {
  const several = await spelledSeveralTimes(ports, table, commit);
  const joined = new Set<string>();
  let isEmpty = true;
  for await (const partition of inOrder(ports, table, commit)) {
    isEmpty = false;
    const key = keyOfValues(partition.values);
    const prefixes = several.get(key);
    if (prefixes === undefined) yield* readable(ports, table, partition);
    if (prefixes === undefined || joined.has(key)) continue;
    joined.add(key);
    const files: SourceFile[] = [];
    for (const prefix of prefixes) files.push(...(await filesBelow(ports, table, commit, prefix)));
    yield* readable(ports, table, { values: partition.values, prefix: prefixes.join('\n'), files });
  }
  if (isEmpty && table.partitionColumns.length === 0) yield { values: [], prefix: table.path, files: [] };
}

const spelledSeveralTimes = async (
  ports: LakePorts,
  table: TableDescriptor,
  commit: string,
): Promise<ReadonlyMap<string, readonly string[]>> => {
  const several = new Map<string, string[]>();
  if (table.partitionColumns.length === 0) return several;
  const first = new Map<string, string>();
  const delimiter = table.partitionColumns.length === 1 ? { delimiter: '/' } : {};
  const options = { prefix: table.path, ...delimiter };
  for await (const { path } of ports.lakefs.listObjects(table.repository, commit, options)) {
    const place = placeOf(table, path);
    if (place === undefined) continue;
    const key = keyOfValues(place.values);
    const known = several.get(key) ?? [first.get(key) ?? place.prefix];
    if (!first.has(key)) first.set(key, place.prefix);
    if (!known.includes(place.prefix)) several.set(key, [...known, place.prefix]);
  }
  return several;
};

/** The objects of a partition follow one another: paths are sorted. */
async function* inOrder(ports: LakePorts, table: TableDescriptor, commit: string): AsyncIterable<SourcePartition> {
  let open: { prefix: string; values: readonly string[]; files: SourceFile[] } | undefined;
  const objects: AsyncIterable<ObjectStats> = ports.lakefs.listObjects(table.repository, commit, {
    prefix: table.path,
  });
  for await (const object of objects) {
    const place = placeOfFile(table, object);
    if (place === undefined) continue;
    if (open?.prefix !== place.prefix) {
      if (open !== undefined) yield open;
      open = { prefix: place.prefix, values: place.values, files: [] };
    }
    open.files.push(fileOf(object));
  }
  if (open !== undefined) yield open;
}

/** A partition whose value no reader can take would fail every query of the table: it is told, and left out. */
function* readable(ports: LakePorts, table: TableDescriptor, partition: SourcePartition): Iterable<SourcePartition> {
  const column = unreadableColumn(table, partition.values);
  if (column === undefined) yield partition;
  else if (partition.files.length > 0) {
    ports.log.warn('partition left out: its value does not fit the type of the column', {
      table: table.name,
      prefix: partition.prefix,
      column,
    });
  }
}
