/** The manifests of a table, opened as they are asked for, and what a commit wants otherwise of its partitions. */
import type { IcebergReader, SourceFile, TableWork } from '../catalog-ports.ts';
import { escapeValue } from '../domain/catalog/hive.ts';
import type { TableDescriptor } from '../domain/catalog/table.ts';
import { groupsOf, partitionKey } from '../domain/iceberg/groups.ts';
import { type ManifestFile, readManifest } from '../domain/iceberg/manifest-file.ts';
import { avroName, type TypedPartition, tupleOf } from '../domain/iceberg/partition-spec.ts';
import { keysOfFiles, type OpenGroup } from '../domain/iceberg/rewrite.ts';
import type { Value } from '../domain/iceberg/values.ts';
import type { Ports } from '../ports.ts';

/**
 * Opened manifests that are held in memory, by their bytes as stored, of which they take some thirty times as much: a change of few
 * partitions reads each of its manifests once, and a comparison in full, whose partitions come in much the same order as manifests have them, too.
 */
const HELD_BYTES = 2 * 1024 * 1024;
/** Partitions whose manifests are asked for before it is their turn. */
const AHEAD = 32;

export interface GroupState {
  /** By partition: what is there. */
  readonly addresses: ReadonlyMap<string, ReadonlySet<string>>;
  readonly open: OpenGroup;
}

export interface Groups {
  readonly manifests: readonly ManifestFile[];
  readonly starts: readonly string[];
  /** Manifests that the list names and that are not there, of those that were opened. */
  readonly lost: ReadonlySet<number>;
  open(index: number): Promise<GroupState>;
  /** Files and prefix of a partition. */
  partition(key: string): Promise<{ readonly addresses: ReadonlySet<string>; readonly prefix: string }>;
}

export const openGroups = (
  ports: { readonly iceberg: IcebergReader },
  partitions: readonly TypedPartition[],
  manifests: readonly ManifestFile[],
  starts: readonly string[],
): Groups => {
  const held = new Map<number, Promise<GroupState>>();
  let heldBytes = 0;
  const sizeOf = (index: number): number => manifests[index]?.manifest_length ?? 0;
  const lost = new Set<number>();
  const load = async (index: number): Promise<GroupState> => {
    const manifest = manifests[index];
    const key = manifest === undefined ? undefined : ports.iceberg.keyOf(manifest.manifest_path);
    const bytes = key === undefined ? undefined : await ports.iceberg.get(key);
    if (manifest !== undefined && bytes === undefined) lost.add(index);
    if (manifest === undefined || bytes === undefined) return stateOf(partitions, { index, entries: [], prefixes: {} });
    return stateOf(partitions, { index, ...readManifest(Buffer.from(bytes), manifest) });
  };
  const groups: Groups = {
    manifests,
    starts,
    lost,
    async open(index) {
      const known = held.get(index);
      const found = known ?? load(index);
      held.delete(index);
      held.set(index, found);
      if (known === undefined) heldBytes += sizeOf(index);
      for (const oldest of held.keys()) {
        if (heldBytes <= HELD_BYTES || oldest === index) break;
        held.delete(oldest);
        heldBytes -= sizeOf(oldest);
      }
      return found;
    },
    async partition(key) {
      const [from, to] = groupsOf(starts, key);
      const addresses = new Set<string>();
      let prefix = '';
      for (let index = from; index <= Math.min(to, manifests.length - 1); index += 1) {
        const state = await groups.open(index);
        for (const address of state.addresses.get(key) ?? []) addresses.add(address);
        prefix = state.open.prefixes[key] ?? prefix;
      }
      return { addresses, prefix };
    },
  };
  return groups;
};

const stateOf = (partitions: readonly TypedPartition[], open: OpenGroup): GroupState => {
  const addresses = new Map<string, Set<string>>();
  const keyOf = keysOfFiles(partitions);
  for (const { data_file: file } of open.entries) {
    const key = keyOf(file);
    const found = addresses.get(key);
    if (found === undefined) addresses.set(key, new Set([file.file_path]));
    else found.add(file.file_path);
  }
  return { addresses, open };
};

/** A partition that is to be otherwise. */
export interface PartitionChange {
  readonly key: string;
  readonly prefix: string;
  readonly partition: Readonly<Record<string, Value>>;
  readonly addresses: Set<string>;
  /** Those of its files that the table does not have. */
  readonly files: Map<string, SourceFile>;
  /** Whether there was, and will be, anything of it. */
  readonly was: boolean;
}

export interface Changes {
  readonly changes: ReadonlyMap<string, PartitionChange>;
  /** Any file of the table at the commit. */
  readonly someFile?: SourceFile | undefined;
  /** Why the changes alone are not enough to go by. */
  readonly drift?: string;
}

/** Where the files of a partition lie if its values are written as we would write them. */
const usualPrefix = (
  { path, partitionColumns }: TableDescriptor,
  partitions: readonly TypedPartition[],
  tuple: Readonly<Record<string, Value>>,
): string =>
  path +
  partitionColumns
    .map(({ key }, i) => {
      const value = tuple[avroName(partitions[i]?.field.name ?? '')] ?? null;
      return `${key}=${escapeValue(value === null ? '' : String(value))}/`;
    })
    .join('');

const sameSet = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean =>
  a.size === b.size && [...a].every((item) => b.has(item));

interface Known {
  readonly tuple: Readonly<Record<string, Value>>;
  readonly key: string;
  readonly given: string;
  readonly files: readonly SourceFile[];
  readonly state: ReturnType<Groups['partition']>;
}

/** While lakeFS lists partitions, manifests of those before are read. */
async function* withStates(
  ports: Pick<Ports, 'log'>,
  { table, source, groups, partitions }: Source,
): AsyncIterable<Known> {
  const waiting: Known[] = [];
  for await (const { values, prefix: given, files } of source) {
    const tuple = tupleOf(partitions, values);
    if (tuple === undefined) {
      ports.log.warn('partition left out: its value does not fit the type of the column', {
        table: table.name,
        prefix: given,
      });
      continue;
    }
    const key = partitionKey(partitions.map(({ field }) => tuple[avroName(field.name)] ?? null));
    const state = groups.partition(key);
    // Whoever takes it throws it.
    state.catch(() => undefined);
    waiting.push({ tuple, key, given, files, state });
    const next = waiting.length > AHEAD ? waiting.shift() : undefined;
    if (next !== undefined) yield next;
  }
  yield* waiting;
}

interface Source extends Pick<TableWork, 'table'> {
  readonly source: TableWork['partitions'];
  readonly groups: Groups;
  readonly partitions: readonly TypedPartition[];
}

export const findChanges = async (
  ports: Pick<Ports, 'log'>,
  { table, partitions: source, isWhole }: Pick<TableWork, 'table' | 'partitions' | 'isWhole'>,
  groups: Groups,
  partitions: readonly TypedPartition[],
): Promise<Changes> => {
  const changes = new Map<string, PartitionChange>();
  const seen = new Set<string>();
  let someFile: SourceFile | undefined;
  for await (const { tuple, key, given, files, state } of withStates(ports, { table, source, groups, partitions })) {
    const prefix = given === usualPrefix(table, partitions, tuple) ? '' : given;
    const now = await state;
    const before = changes.get(key);
    if (seen.has(key) || (!isWhole && now.addresses.size > 0 && now.prefix !== prefix)) {
      if (!isWhole) return { changes, drift: `${given} is not where the partition came from` };
    }
    someFile = files[0] ?? someFile;
    const wanted = new Map(files.map((file) => [file.address, file]));
    const addresses = new Set(wanted.keys());
    // A second directory that stands for the same values: the partition is both.
    const isSecond = seen.has(key);
    if (isSecond) for (const address of before?.addresses ?? now.addresses) addresses.add(address);
    seen.add(key);
    const joined = isSecond ? joinedPrefix(before?.prefix ?? now.prefix, prefix, given) : prefix;
    if (addresses.size === 0 && now.addresses.size === 0) continue;
    if (sameSet(addresses, now.addresses) && (addresses.size === 0 || now.prefix === joined)) {
      changes.delete(key);
      continue;
    }
    const fresh = new Map(before?.files ?? []);
    for (const [address, file] of wanted) if (!now.addresses.has(address)) fresh.set(address, file);
    changes.set(key, {
      ...{ key, prefix: joined, partition: tuple, addresses, files: fresh },
      was: now.addresses.size > 0,
    });
  }
  if (isWhole) await addRemovals(groups, seen, changes);
  else if (groups.lost.size > 0) return { changes, drift: 'one of its manifests is gone' };
  return { changes, someFile };
};

/** That there are several is all that has to be known: what belongs together is found by a comparison in full. */
const joinedPrefix = (first: string, second: string, given: string): string =>
  [...new Set([...(first === '' ? ['='] : first.split('\n')), ...(second === '' ? ['='] : [given])])].sort().join('\n');

/** Partitions that the commit does not have. */
const addRemovals = async (
  groups: Groups,
  seen: ReadonlySet<string>,
  changes: Map<string, PartitionChange>,
): Promise<void> => {
  for (let index = 0; index < groups.manifests.length; index += 1) {
    const { addresses } = await groups.open(index);
    for (const key of addresses.keys()) {
      if (seen.has(key)) continue;
      changes.set(key, { key, prefix: '', partition: {}, addresses: new Set(), files: new Map(), was: true });
    }
  }
};
