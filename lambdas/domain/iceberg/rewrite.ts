/** From the files of a table and what is wanted of some of its partitions to the entries of new manifests. Pure. */
import { fileKey, groupOf, groupsOf, type Placed, partitionKey, type Stretch, stretches } from './groups.ts';
import { type DataFile, type Entry, type Prefixes, type SnapshotId, STATUS } from './manifest-file.ts';
import type { Delta } from './metadata.ts';
import { avroName, type TypedPartition } from './partition-spec.ts';
import type { Value } from './values.ts';

/** What a partition is to hold from now on. */
export interface WantedFiles {
  readonly key: string;
  /** The prefixes that its files come from, one a line; empty where that is what its values say. */
  readonly prefix: string;
  readonly addresses: ReadonlySet<string>;
}

/** Keys of the partitions of files, one after the other: files of one partition follow one another. */
export const keysOfFiles = (partitions: readonly TypedPartition[]): ((file: DataFile) => string) => {
  const names = partitions.map(({ field }) => avroName(field.name));
  let last: readonly Value[] | undefined;
  let key = '';
  return ({ partition }) => {
    if (last?.every((value, i) => value === (partition[names[i] ?? ''] ?? null)) !== true) {
      last = names.map((name) => partition[name] ?? null);
      key = partitionKey(last);
    }
    return key;
  };
};

/** A manifest as it is, opened. */
export interface OpenGroup {
  readonly index: number;
  readonly entries: readonly Entry[];
  readonly prefixes: Prefixes;
}

export interface NewManifest extends Stretch {
  /** The group that it takes the place of, or a part of. */
  readonly index: number;
  readonly prefixes: Prefixes;
}

export const NO_DELTA: Delta = {
  ...{ addedFiles: 0, deletedFiles: 0, addedRows: 0, deletedRows: 0 },
  ...{ addedBytes: 0, deletedBytes: 0 },
};

export const plus = (a: Delta, b: Delta): Delta => ({
  addedFiles: a.addedFiles + b.addedFiles,
  deletedFiles: a.deletedFiles + b.deletedFiles,
  addedRows: a.addedRows + b.addedRows,
  deletedRows: a.deletedRows + b.deletedRows,
  addedBytes: a.addedBytes + b.addedBytes,
  deletedBytes: a.deletedBytes + b.deletedBytes,
});

const countOf = (entries: readonly Entry[]): Delta =>
  entries.reduce<Delta>((sum, { status, data_file: file }) => {
    const { record_count: rows, file_size_in_bytes: bytes } = file;
    if (status === STATUS.added) return plus(sum, { ...NO_DELTA, addedFiles: 1, addedRows: rows, addedBytes: bytes });
    if (status !== STATUS.deleted) return sum;
    return plus(sum, { ...NO_DELTA, deletedFiles: 1, deletedRows: rows, deletedBytes: bytes });
  }, NO_DELTA);

/** Stretches that change touches, for files whose partition is wanted otherwise. */
export const touchedGroups = (starts: readonly string[], wanted: Iterable<WantedFiles>): readonly number[] => {
  const touched = new Set<number>();
  for (const { key } of wanted) {
    const [from, to] = groupsOf(starts, key);
    for (let index = from; index <= to; index += 1) touched.add(index);
  }
  return [...touched].sort((a, b) => a - b);
};

export interface Rewrite {
  readonly partitions: readonly TypedPartition[];
  readonly starts: readonly string[];
  readonly wanted: ReadonlyMap<string, WantedFiles>;
  /** Files that no manifest has yet, by the group that they belong to. */
  readonly added: ReadonlyMap<number, readonly DataFile[]>;
  readonly snapshotId: SnapshotId;
  readonly mostFiles?: number;
  /** Rewrites a group although its files stay: what is said about them changes. */
  readonly force: boolean;
}

export const byGroup = (
  partitions: readonly TypedPartition[],
  starts: readonly string[],
  files: readonly DataFile[],
): ReadonlyMap<number, readonly DataFile[]> => {
  const keyOf = keysOfFiles(partitions);
  return Map.groupBy(files, (file) => groupOf(starts, fileKey(keyOf(file), file.file_path)));
};

const addedEntry = (snapshotId: SnapshotId, file: DataFile): Entry => ({
  ...{ status: STATUS.added, snapshot_id: snapshotId, sequence_number: null, file_sequence_number: null },
  data_file: file,
});

/** The manifests that take the place of one; `undefined` where it stays as it is. */
export const rewriteGroup = (
  { partitions, starts, wanted, added, snapshotId, mostFiles, force }: Rewrite,
  { index, entries, prefixes }: OpenGroup,
): { readonly manifests: readonly NewManifest[]; readonly delta: Delta } | undefined => {
  const keyOf = keysOfFiles(partitions);
  const live: Placed[] = [];
  const gone: Entry[] = [];
  const kept = new Map<string, string>();
  const place = (key: string, entry: Entry): void => {
    live.push({ key: fileKey(key, entry.data_file.file_path), entry });
    const prefix = wanted.get(key)?.prefix ?? prefixes[key] ?? '';
    if (prefix !== '') kept.set(key, prefix);
  };
  for (const entry of entries) {
    const key = keyOf(entry.data_file);
    const of = wanted.get(key);
    if (of === undefined || of.addresses.has(entry.data_file.file_path)) place(key, entry);
    else gone.push({ ...entry, status: STATUS.deleted, snapshot_id: snapshotId });
  }
  const fresh = (added.get(index) ?? []).map((file) => addedEntry(snapshotId, file));
  for (const entry of fresh) place(keyOf(entry.data_file), entry);
  const isMoved = JSON.stringify(Object.fromEntries(kept)) !== JSON.stringify(prefixes);
  if (gone.length + fresh.length === 0 && !isMoved && !force) return undefined;
  const [first, ...more] = stretches(starts[index] ?? '', live, mostFiles);
  // What was taken away is told once, in the first part.
  const parts = first === undefined ? [] : [{ ...first, entries: [...first.entries, ...gone] }, ...more];
  const manifests = parts
    .filter((part) => part.entries.length > 0)
    .map((part) => {
      const keys = new Set(part.entries.map(({ data_file: file }) => keyOf(file)));
      return { ...part, index, prefixes: Object.fromEntries([...kept].filter(([key]) => keys.has(key))) };
    });
  return { manifests, delta: countOf([...gone, ...fresh]) };
};
