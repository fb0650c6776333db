/**
 * Erasure: objects that a person has the right to see gone, wherever they are still reached. What is asked for, who reaches it, and what is
 * to be done about each. Pure.
 */
import type { CompiledConfig, ExportConfig } from '../contract.ts';
import type { GarbageCollectionRules, ObjectStats } from './lakefs.ts';
import type { EpochMs } from './run.ts';
import type { LegalHold } from './snapshot.ts';

/** So many objects one erasure takes: their list is held in memory, and each is asked about one by one. */
export const MAX_ERASED = 10_000;
export const MAX_ERASURE_EXAMPLES = 10;

/** What is to go: everything that ever lay at these paths or below these prefixes, and what lies at these addresses. */
export interface Selection {
  readonly paths?: readonly string[] | undefined;
  readonly prefixes?: readonly string[] | undefined;
  /** `s3://bucket/key` */
  readonly addresses?: readonly string[] | undefined;
}

/** One object in S3. Several paths may show it: lakeFS copies by name alone where it can. */
export interface ErasedObject {
  readonly address: string;
  /** Of what lakeFS says of it; absent for an address that no ref shows. */
  readonly sizeBytes?: number;
  readonly checksum?: string;
  /** Where it lay or lies, in the order in which it was found; the first few. */
  readonly paths: readonly string[];
}

const MAX_PATHS = 20;

/** Objects by their addresses: the same address is the same object, whatever it is called. */
export class ErasedObjects {
  readonly #found = new Map<string, ErasedObject>();
  readonly #contents = new Set<string>();

  add(address: string, seen?: Pick<ObjectStats, 'path' | 'sizeBytes' | 'checksum'>): void {
    const before = this.#found.get(address);
    if (seen === undefined) {
      if (before === undefined) this.#found.set(address, { address, paths: [] });
      return;
    }
    const { path, sizeBytes, checksum } = seen;
    this.#contents.add(`${String(sizeBytes)} ${checksum}`);
    const paths = before?.paths ?? [];
    const isNew = !paths.includes(path) && paths.length < MAX_PATHS;
    this.#found.set(address, { address, sizeBytes, checksum, paths: isNew ? [...paths, path] : paths });
  }

  /** As it was kept. */
  restore(object: ErasedObject): void {
    const { address, sizeBytes, checksum } = object;
    this.#found.set(address, object);
    if (sizeBytes !== undefined && checksum !== undefined) this.#contents.add(`${String(sizeBytes)} ${checksum}`);
  }

  has(address: string): boolean {
    return this.#found.has(address);
  }

  /** Another object with the content of one of them: a copy, or chance. */
  isAlike({ physicalAddress, sizeBytes, checksum }: ObjectStats): boolean {
    return !this.has(physicalAddress) && this.#contents.has(`${String(sizeBytes)} ${checksum}`);
  }

  get size(): number {
    return this.#found.size;
  }

  get all(): readonly ErasedObject[] {
    return [...this.#found.values()];
  }
}

export const selects = ({ paths = [], prefixes = [] }: Selection, path: string): boolean =>
  paths.includes(path) || prefixes.some((prefix) => path.startsWith(prefix));

const FEW = 5;

/** What is to be asked of lakeFS: prefixes that hold everything selected. Many paths are looked for below what they share. */
export const scopesOf = ({ paths = [], prefixes = [] }: Selection): readonly string[] => {
  const own = paths.filter((path) => !prefixes.some((prefix) => path.startsWith(prefix)));
  if (own.length <= FEW) return [...prefixes, ...own];
  const [first = '', ...others] = own;
  let shared = first;
  for (const path of others) while (!path.startsWith(shared)) shared = shared.slice(0, -1);
  return [...prefixes.filter((prefix) => !prefix.startsWith(shared)), shared];
};

/** Whoever still reaches an object. */
export type Holder =
  /** The head of a target: readers see it. */
  | { readonly kind: 'target'; readonly name: string }
  /** The head of anybody's branch. */
  | { readonly kind: 'branch'; readonly name: string }
  /** The branch of a run: one that has not ended, or that is kept for a look. */
  | { readonly kind: 'run'; readonly name: string; readonly run: string; readonly hasEnded: boolean }
  /** Not committed. */
  | { readonly kind: 'staged'; readonly name: string }
  | { readonly kind: 'tag'; readonly name: string }
  /** The branch that keeps the objects of a tag. */
  | { readonly kind: 'tag-keeper'; readonly name: string }
  /** Its tag, the branch beside it, and the backup of the refs. */
  | { readonly kind: 'snapshot'; readonly name: string; readonly hold?: LegalHold }
  /** What readers see of a table by its manifests or its newest Iceberg snapshot. */
  | { readonly kind: 'table'; readonly name: string }
  /** Earlier snapshots of an Iceberg table. */
  | { readonly kind: 'iceberg'; readonly name: string }
  | { readonly kind: 'preview'; readonly name: string };

export const ERASURE_STEP = {
  /** A run of its own takes the paths out, and is promoted as any other. */
  promote: 'promote',
  /** A branch takes the paths out and is merged. */
  merge: 'merge',
  /** Whoever works there has to end first. */
  wait: 'wait',
  /** Kept work of a run that failed goes before its time. */
  expire: 'expire',
  'remove-tag': 'remove-tag',
  /** Goes with what it stands beside. */
  follow: 'follow',
  prune: 'prune',
  /** Cannot be done: a legal hold. */
  refuse: 'refuse',
  /** Follows the target by itself. */
  refresh: 'refresh',
  drop: 'drop',
} as const;
export type ErasureStep = (typeof ERASURE_STEP)[keyof typeof ERASURE_STEP];

export const stepFor = (holder: Holder): ErasureStep => {
  switch (holder.kind) {
    case 'target':
      return 'promote';
    case 'branch':
      return 'merge';
    case 'run':
      return holder.hasEnded ? 'expire' : 'wait';
    case 'staged':
      return 'wait';
    case 'tag':
      return 'remove-tag';
    case 'tag-keeper':
      return 'follow';
    case 'snapshot':
      return holder.hold === undefined ? 'prune' : 'refuse';
    case 'table':
    case 'iceberg':
      return 'refresh';
    case 'preview':
      return 'drop';
  }
};

/** The longest time that lakeFS keeps what a branch no longer shows: after it no rule keeps what is removed now. */
export const longestRetentionDays = (
  { defaultRetentionDays, branches }: GarbageCollectionRules,
  names: readonly string[],
): number => Math.max(defaultRetentionDays, ...names.flatMap((name) => branches[name] ?? []));

const DAY_MS = 86_400_000;
export const retainedUntil = (removedAt: EpochMs, days: number): EpochMs => removedAt + days * DAY_MS;

/** What S3 does with versions in the bucket of a namespace. */
export interface StorageFacts {
  readonly bucket: string;
  readonly versioning: 'on' | 'suspended' | 'off' | 'unknown';
  /** After so many days the lifecycle removes what is no longer current; absent where no rule that reaches the objects says so. */
  readonly earlierVersionsDays?: number;
  /** Buckets that it is copied to: a deletion there is theirs to make. */
  readonly replicatesTo: readonly string[];
}

export interface ExportHold {
  readonly name: string;
  /** `s3://bucket/prefix` */
  readonly destination: string;
  readonly files: number;
  readonly examples: readonly string[];
}

export interface Held {
  readonly holder: Holder;
  readonly does: ErasureStep;
  readonly objects: number;
  readonly examples: readonly string[];
}

export interface ErasurePlan {
  readonly repository: string;
  readonly objects: number;
  readonly bytes: number;
  /** Addresses that were given and that no ref shows: only S3 knows of them. */
  readonly unseen: number;
  /** Other objects that refs show and that have the content of one of these: copies that may have to be selected too. */
  readonly alike: { readonly objects: number; readonly examples: readonly string[] };
  /** Outside the storage namespace: imported. lakeFS deletes nothing there. */
  readonly outside: readonly string[];
  readonly examples: readonly ErasedObject[];
  readonly held: readonly Held[];
  readonly exports: readonly ExportHold[];
  /** Backups that tell of commits which hold the objects: they hold names, no rows. */
  readonly backups: readonly string[];
  readonly storage: StorageFacts;
  readonly retention: { readonly days: number; readonly until: EpochMs };
  /** Why `erase run` would not begin. */
  readonly refusals: readonly { readonly code: string; readonly message: string }[];
}

/** The path in the lake of which a file at a destination is a copy, by each scope that could have brought it there. */
export const pathsOfKey = ({ scopes }: Pick<ExportConfig, 'scopes'>, key: string): readonly string[] =>
  scopes.flatMap(({ path, to }) => (key.startsWith(to) ? `${path}${key.slice(to.length)}` : []));

export const exportsOf = (config: CompiledConfig, repository: string): readonly ExportConfig[] =>
  (config.exports ?? []).filter((each) => each.repository === repository);
