/**
 * The publisher for tables whose partitions Glue knows: those of symlinks, with a manifest for each, and those for Spark, which lie where
 * lakeFS has them.
 *
 * Every step is safe to repeat, and what is right already is not done again: interrupted anywhere, the same work goes on. A
 * manifest is written before Glue names it, also where it was there once: clean-up may have taken it since. The old one stays.
 */
import type {
  CatalogPorts,
  Publisher,
  PublishOutcome,
  SourcePartition,
  StoredPartition,
  TableWork,
} from '../catalog-ports.ts';
import { atOnce } from '../domain/at-once.ts';
import { digestOfKey, manifestFolder, manifestKey, manifestOf, manifestPrefix } from '../domain/catalog/manifest.ts';
import {
  inBatches,
  keyOfValues,
  MAX_BATCH,
  type PublishedPartition,
  planPartitions,
  type WantedPartition,
} from '../domain/catalog/plan.ts';
import { sparkPartition } from '../domain/catalog/spark.ts';
import { sameForm, storageOf } from '../domain/catalog/storage.ts';
import type { TableDescriptor } from '../domain/catalog/table.ts';
import { type OneBehind, withOneBehind } from '../domain/one-behind.ts';
import { type Counts, type Ready, removePartitions, writePartitions } from './partition-writes.ts';
import { openTable, type TableSwitch } from './table-switch.ts';

/** Manifests that are written at a time. */
const PUTS_AT_ONCE = 32;
/** So many partitions, or files, are held in memory before they are published. */
export interface Held {
  readonly partitions: number;
  readonly files: number;
}
const MAX_HELD: Held = { partitions: 100, files: 50_000 };

/** Where a partition is to lie, and what has to be written first. */
interface Placed {
  readonly wanted: WantedPartition;
  readonly put?: () => Promise<void>;
  /** What has to be written is there as it should be. */
  readonly isThere: boolean;
  /** Glue names it. */
  readonly isNamed: boolean;
}
type Place = (partition: SourcePartition, before: PublishedPartition | undefined) => Placed;
type Placing = (ports: CatalogPorts, work: TableWork) => Promise<Place>;

const onManifests: Placing = async ({ manifests }, { table, isWhole }) => {
  // With their sizes; known where the whole table is compared.
  const present = new Map<string, number>();
  if (isWhole && table.partitionColumns.length > 0) {
    for await (const { key, sizeBytes } of manifests.list(manifestFolder(table))) {
      const digest = digestOfKey(table, key);
      if (digest !== undefined) present.set(digest, sizeBytes);
    }
  }
  return ({ values, prefix, files }, before) => {
    const { content, digest } = manifestOf(files.map(({ address }) => address));
    const location = manifests.uri(manifestPrefix(table, digest));
    const isNamed = before?.location === location;
    return {
      wanted: { values, prefix, location },
      put: () => manifests.put(manifestKey(table, digest), content),
      // A manifest that Glue names and that is gone, or cut short, reads as no rows, without an error.
      isThere: isNamed && (!isWhole || present.get(digest) === Buffer.byteLength(content, 'utf8')),
      isNamed,
    };
  };
};

const onLake: Placing =
  async (_, { table, commit }) =>
  (partition, before) => ({ wanted: sparkPartition(table, commit, partition, before), isThere: true, isNamed: false });

const publisherOf =
  (placing: Placing, most: Held): Publisher =>
  async (ports, work) => {
    const table = await openTable(ports, work.table, work);
    const cleared = table.isOtherLayout ? await clear(ports, work, table) : 'done';
    if (cleared !== 'done') return cleared;
    return work.table.partitionColumns.length === 0
      ? publishUnpartitioned(ports, work, table, placing)
      : withOneBehind((telling) =>
          withOneBehind((writing) => publishPartitions(ports, work, table, { placing, most, writing, telling })),
        );
  };

export const symlinkPublisher = (most: Held = MAX_HELD): Publisher => publisherOf(onManifests, most);
export const sparkPublisher = (most: Held = MAX_HELD): Publisher => publisherOf(onLake, most);

/** The partitions of another layout. Readers find none until those of the new one are there. */
const clear = async (ports: CatalogPorts, work: TableWork, table: TableSwitch): Promise<PublishOutcome | 'done'> => {
  const { database, tableName } = work.table;
  await table.announce();
  const found = await Array.fromAsync(ports.catalog.listPartitions(database, tableName));
  let removed = 0;
  for (const batch of inBatches(found, MAX_BATCH.remove)) {
    if (ports.clock.now() >= work.until) return { outcome: 'unfinished', added: 0, changed: 0, removed };
    await ports.catalog.removePartitions(
      database,
      tableName,
      batch.map(({ values }) => values),
    );
    removed += batch.length;
  }
  return 'done';
};

/** One call switches the whole table. */
const publishUnpartitioned = async (
  ports: CatalogPorts,
  work: TableWork,
  table: TableSwitch,
  placing: Placing,
): Promise<PublishOutcome> => {
  const place = await placing(ports, work);
  let isChanged = false;
  for await (const partition of work.partitions) {
    const { location = '', files } = table;
    const { wanted, put } = place(partition, {
      ...{ values: [], location, isInForm: true, ...(files === undefined ? {} : { files }) },
    });
    isChanged = location !== wanted.location;
    if (!isChanged && !work.isWhole && !table.isOpen) continue;
    await put?.();
    await table.switchTo(wanted.location, wanted.files);
  }
  await table.finish();
  return { outcome: 'published', added: 0, changed: isChanged ? 1 : 0, removed: 0, restored: 0 };
};

interface Way {
  readonly placing: Placing;
  readonly most: Held;
  readonly writing: OneBehind;
  readonly telling: OneBehind;
}

/** Glue is told of some partitions while manifests of the next are written, and those after them are looked up; whoever publishes next meets no write of ours. */
const publishPartitions = async (
  ports: CatalogPorts,
  work: TableWork,
  table: TableSwitch,
  { placing, most, writing, telling }: Way,
): Promise<PublishOutcome> => {
  const published = new Map<string, PublishedPartition>();
  if (work.isWhole) {
    for await (const partition of ports.catalog.listPartitions(work.table.database, work.table.tableName)) {
      note(published, work.table, partition);
    }
  }
  const place = await placing(ports, work);
  const counts = { added: 0, changed: 0, removed: 0, restored: 0 };
  const told = { published, counts };
  const seen = new Set<string>();
  let held: SourcePartition[] = [];
  let files = 0;

  const done = async (): Promise<void> => {
    await writing.done();
    await telling.done();
  };
  const stopAt = async (outcome: PublishOutcome): Promise<PublishOutcome> => {
    await done();
    return outcome;
  };
  const isLate = (): boolean => ports.clock.now() >= work.until;
  const unfinished = async (): Promise<PublishOutcome> => {
    await done();
    return { outcome: 'unfinished', ...counts };
  };

  const flush = async (): Promise<PublishOutcome | undefined> => {
    const partitions = held;
    held = [];
    files = 0;
    if (partitions.length === 0) return undefined;
    if (isLate()) return unfinished();
    if (!work.isWhole) {
      const drift = await lookUp(ports, work.table, partitions, published);
      if (drift !== undefined) return stopAt({ outcome: 'drifted', what: drift });
    }
    await writing.next(async () => {
      const ready = await prepare({ partitions, published, place }, counts);
      await telling.next(() => writePartitions(ports, table, ready, told));
    });
    return undefined;
  };

  for await (const partition of work.partitions) {
    const key = keyOfValues(partition.values);
    // The changes alone do not tell what else spells the same values.
    if (seen.has(key)) return stopAt({ outcome: 'drifted', what: `${partition.prefix} is not alone` });
    seen.add(key);
    held.push(partition);
    files += partition.files.length;
    if (held.length < most.partitions && files < most.files) continue;
    const stop = await flush();
    if (stop !== undefined) return stop;
  }
  const stop = await flush();
  if (stop !== undefined) return stop;
  await done();
  if (work.isWhole) {
    const extra = [...published.values()].filter(({ values }) => !seen.has(keyOfValues(values)));
    if (extra.length > 0) await table.open();
    for (const batch of inBatches(extra, MAX_BATCH.remove)) {
      if (isLate()) return unfinished();
      await removePartitions(
        ports,
        table,
        batch.map(({ values }) => values),
        told,
      );
    }
  }
  await table.finish();
  return { outcome: 'published', ...counts, ...(work.isWhole ? { partitions: published.size } : {}) };
};

const note = (
  published: Map<string, PublishedPartition>,
  table: TableDescriptor,
  { storage, ...partition }: StoredPartition,
): void => {
  const isInForm = sameForm(storage, storageOf(table, storage.location));
  published.set(keyOfValues(partition.values), { ...partition, isInForm });
};

/** What Glue names of these. @returns what does not fit, where the changes alone are not enough. */
const lookUp = async (
  ports: CatalogPorts,
  table: TableDescriptor,
  partitions: readonly SourcePartition[],
  published: Map<string, PublishedPartition>,
): Promise<string | undefined> => {
  const values = partitions.map((partition) => partition.values);
  for (const partition of await ports.catalog.getPartitions(table.database, table.tableName, values)) {
    note(published, table, partition);
  }
  const stranger = partitions.find(({ values: of, prefix }) => {
    const found = published.get(keyOfValues(of));
    return found !== undefined && found.prefix !== prefix;
  });
  return stranger === undefined ? undefined : `${stranger.prefix} is not where the partition came from`;
};

interface Some {
  readonly partitions: readonly SourcePartition[];
  readonly published: ReadonlyMap<string, PublishedPartition>;
  readonly place: Place;
}

/** Writes what Glue is to name. */
const prepare = async ({ partitions, published, place }: Some, counts: Counts): Promise<Ready> => {
  const puts: (() => Promise<void>)[] = [];
  const wanted: WantedPartition[] = [];
  let restored = 0;
  for (const partition of partitions) {
    if (partition.files.length === 0) continue;
    const placed = place(partition, published.get(keyOfValues(partition.values)));
    wanted.push(placed.wanted);
    if (placed.isThere) continue;
    if (placed.put !== undefined) puts.push(placed.put);
    if (placed.isNamed) restored += 1;
  }
  const gone = partitions.filter(({ files }) => files.length === 0).map(({ values }) => values);
  const plan = planPartitions(published, wanted, gone);
  await atOnce(PUTS_AT_ONCE, puts, (put) => put());
  counts.restored += restored;
  return { wanted, plan };
};
