/** What a garbage collection would meet, without Spark and without a change: what is in its way, and what holds back space. */
import type { CollectionPorts } from '../collection-ports.ts';
import { type GarbageCollectionConfig, KEEPER_BRANCH_PREFIX, type RepositoryConfig } from '../contract.ts';
import { type Blocker, type CollectionRecord, haveDrifted, tagKeeperOf } from '../domain/collection.ts';
import type { GarbageCollectionRules } from '../domain/lakefs.ts';
import type { EpochMs } from '../domain/run.ts';
import { keeperBranchOf } from '../domain/snapshot.ts';
import { blockersOf, ownersOfBranches } from './collection-guards.ts';
import { unlessGone } from './unless-gone.ts';

/** A branch that nobody works on keeps whatever its head shows. */
export interface StaleBranch {
  readonly branch: string;
  /** As whoever committed says. */
  readonly headAt: EpochMs;
  /** What it shows and the first target does not: kept for its sake alone, unless another branch shows it too. */
  readonly objects: number;
  readonly bytes: number;
  /** Counting ended before all was seen: there is more. */
  readonly isAtLeast: boolean;
}

export interface CollectionPlan {
  readonly repository: string;
  readonly rules: {
    readonly wanted: GarbageCollectionRules;
    readonly found?: GarbageCollectionRules;
    readonly hasDrifted: boolean;
  };
  readonly blockers: readonly Blocker[];
  readonly staleBranches: readonly StaleBranch[];
  /** Tags that no branch keeps yet: `tags: keep` makes one before the next mark. */
  readonly tagsWithoutKeeper: number;
  readonly record?: CollectionRecord;
}

const MOST = 10_000;

const heldBack = async (
  ports: CollectionPorts,
  repository: string,
  target: string,
  branch: string,
): Promise<Pick<StaleBranch, 'objects' | 'bytes' | 'isAtLeast'>> => {
  let objects = 0;
  let bytes = 0;
  for await (const { type, sizeBytes = 0 } of ports.lakefs.diff(repository, target, branch, { type: 'two_dot' })) {
    if (type !== 'added' && type !== 'changed') continue;
    objects += 1;
    bytes += sizeBytes;
    if (objects === MOST) return { objects, bytes, isAtLeast: true };
  }
  return { objects, bytes, isAtLeast: false };
};

const MOST_BRANCHES = 50;

const staleBranches = async (
  ports: CollectionPorts,
  { name, targets, defaultBranch }: RepositoryConfig,
  { staleAfterSeconds }: GarbageCollectionConfig,
): Promise<StaleBranch[]> => {
  const owners = await ownersOfBranches(ports, name);
  const old = ports.clock.now() - staleAfterSeconds * 1000;
  const found: StaleBranch[] = [];
  for await (const { id, commitId } of ports.lakefs.listBranches(name, '')) {
    if (targets.includes(id) || id === defaultBranch || id.startsWith(KEEPER_BRANCH_PREFIX) || owners.has(id)) continue;
    const head = await ports.lakefs.getCommit(name, commitId);
    if (head === undefined || head.creationDate > old) continue;
    const held = await unlessGone(() => heldBack(ports, name, targets[0] ?? defaultBranch, id));
    if (held === undefined) continue;
    found.push({ branch: id, headAt: head.creationDate, ...held });
    if (found.length === MOST_BRANCHES) break;
  }
  return found.sort((a, b) => b.bytes - a.bytes || b.objects - a.objects);
};

const tagsWithoutKeeper = async (ports: CollectionPorts, repository: string): Promise<number> => {
  const keepers = new Set<string>();
  for await (const { id } of ports.lakefs.listBranches(repository, KEEPER_BRANCH_PREFIX)) keepers.add(id);
  let count = 0;
  for await (const { id } of ports.lakefs.listTags(repository, ''))
    if (!keepers.has(keeperBranchOf(id)) && !keepers.has(tagKeeperOf(id))) count += 1;
  return count;
};

export const planCollection = async (
  ports: CollectionPorts,
  repository: RepositoryConfig,
  settings: GarbageCollectionConfig,
): Promise<CollectionPlan> => {
  const wanted = repository.garbageCollection;
  const found = await ports.lakefs.getGarbageCollection(repository.name);
  const record = await ports.collections.get(repository.name);
  return {
    repository: repository.name,
    rules: { wanted, ...(found === undefined ? {} : { found }), hasDrifted: haveDrifted(wanted, found) },
    blockers: await blockersOf(ports, repository.name, settings.minAgeSeconds),
    staleBranches: await staleBranches(ports, repository, settings),
    tagsWithoutKeeper: await tagsWithoutKeeper(ports, repository.name),
    ...(record === undefined ? {} : { record }),
  };
};
