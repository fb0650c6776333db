/** What lakeFS names and keeps, as far as it concerns the snapshots of an Iceberg table. */
import { KEEPER_BRANCH_PREFIX } from '../contract.ts';
import type { TableDescriptor } from '../domain/catalog/table.ts';
import { isBranchlineError } from '../domain/errors.ts';
import { type LakeRefs, snapshotOf } from '../domain/iceberg/retention.ts';
import { type Snapshot, SUMMARY } from '../domain/iceberg/snapshot.ts';
import type { Lakefs, LakePorts } from '../ports.ts';

type RefPorts = { readonly lakefs: Pick<LakePorts['lakefs'], 'log' | 'diff' | 'listTags' | 'listBranches'> };

/** Refreshes that follow one another more closely take over what the one before saw. */
const LOOK_EVERY_MS = 60_000;
/** Commits of the target that are looked through for a state: one page. */
const MOST_COMMITS = 1000;

/**
 * Where the rows of a commit are shown by the snapshot of another: nothing of the table changed between. A hundred promotions may share
 * one refresh, and most commits change other tables.
 */
export const sameStates = async (
  { lakefs }: RefPorts,
  { repository, target, path }: TableDescriptor,
  snapshots: readonly Snapshot[],
  commits: ReadonlySet<string>,
  known: LakeRefs['same'] = {},
): Promise<LakeRefs['same']> => {
  const same: Record<string, LakeRefs['same'][string]> = {};
  const open = new Set<string>();
  for (const commit of commits) {
    const before = known[commit];
    // One that has left takes the answer with it.
    const isThere = before === 0 || snapshots.some((snapshot) => snapshot['snapshot-id'] === before);
    if (before !== undefined && isThere) same[commit] = before;
    else if (snapshotOf(snapshots, { same: {} }, commit) === undefined) open.add(commit);
  }
  if (open.size === 0) return same;
  const byCommit = new Map(snapshots.map((snapshot) => [snapshot.summary[SUMMARY.commit], snapshot]));
  // From the newest back: those that wait for the next state that was shown.
  let waiting: string[] = [];
  for await (const { id } of lakefs.log(repository, target, { limit: MOST_COMMITS })) {
    if (open.has(id)) waiting.push(id);
    const shown = byCommit.get(id);
    if (shown === undefined) continue;
    for (const commit of waiting) {
      const isSame = !(await differs(lakefs, repository, id, commit, path));
      same[commit] = isSame ? shown['snapshot-id'] : 0;
    }
    waiting = [];
  }
  return same;
};

export const differs = async (
  lakefs: Pick<Lakefs, 'diff'>,
  repository: string,
  left: string,
  right: string,
  prefix: string,
): Promise<boolean> => {
  // The first change is enough.
  for await (const _ of lakefs.diff(repository, left, right, { type: 'two_dot', prefix })) return true;
  return false;
};

export interface Look {
  readonly before: LakeRefs | undefined;
  /** With the one that is about to be shown. */
  readonly snapshots: readonly Snapshot[];
  readonly now: number;
  readonly isForced: boolean;
}

export const lookAtRefs = async (
  ports: RefPorts,
  table: TableDescriptor,
  { before, snapshots, now, isForced }: Look,
): Promise<LakeRefs> => {
  if (!isForced && before !== undefined && now - before.at < LOOK_EVERY_MS) return before;
  const [found, keepers] = await Promise.all([
    Array.fromAsync(ports.lakefs.listTags(table.repository, '')),
    Array.fromAsync(ports.lakefs.listBranches(table.repository, KEEPER_BRANCH_PREFIX)),
  ]);
  const tags = Object.fromEntries(found.map(({ id, commitId }) => [id, commitId]));
  const held = [...new Set(keepers.map(({ commitId }) => commitId))];
  const commits = new Set([...Object.values(tags), ...held]);
  try {
    return { at: now, tags, held, same: await sameStates(ports, table, snapshots, commits, before?.same) };
  } catch (error) {
    // A commit that left between two calls: known by what is shown alone, until the next look.
    if (!isBranchlineError(error, 'BL3004')) throw error;
    return { at: now, tags, held, same: before?.same ?? {} };
  }
};
