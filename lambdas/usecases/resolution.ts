/**
 * Resolving a conflict on a scratch branch from the target's head: the run's changes are laid on it anew, and in the
 * clashing partitions one side wins as a whole. lakeFS's own merge strategies decide by path and would leave both sides'
 * files in the partition (tried on a real server). Costs as many copies as the run has objects.
 */
import { createHash } from 'node:crypto';
import { COMMIT_KIND, METADATA, RESOLUTION_BRANCH_PREFIX } from '../contract.ts';
import { BranchlineError } from '../domain/errors.ts';
import { clashingPartitions, isBookkeeping, partitionOf, partitionsOf } from '../domain/partitions.ts';
import { tablesOf } from '../domain/pipelines.ts';
import { leaseStands, provenance } from '../domain/promotion.ts';
import { formatRunKey, type Run } from '../domain/run.ts';
import { advance } from '../domain/transitions.ts';
import type { Ports } from '../ports.ts';
import { changeRun } from './change.ts';
import { headOf } from './claim.ts';
import { changesBetween } from './target-history.ts';

export type Strategy = 'source-wins' | 'target-wins';

export interface ResolutionPlan {
  readonly head: string;
  /** Partitions in which `strategy` decides. */
  readonly contested: readonly string[];
  /** Paths to copy from the run, and paths to delete, on a branch from `head`. */
  readonly copy: readonly string[];
  readonly remove: readonly string[];
}

/** What a resolution would do, without doing it. */
export const planResolution = async (ports: Ports, run: Run, strategy: Strategy): Promise<ResolutionPlan> => {
  const source = run.originalCommit ?? run.runCommit;
  if (source === undefined) throw new BranchlineError('BL1005', `run ${formatRunKey(run)} has no commit to resolve`);
  const { repository } = run;
  const head = await headOf(ports, repository, run.target);
  const tables = tablesOf(await ports.config.load(), repository);
  const changed: { path: string; removed: boolean }[] = [];
  for await (const change of ports.lakefs.diff(repository, run.baseCommit, source, { type: 'two_dot' })) {
    changed.push({ path: change.path, removed: change.type === 'removed' });
  }
  const theirPaths = new Set<string>();
  for await (const { path } of ports.lakefs.diff(repository, run.baseCommit, head, { type: 'two_dot' }))
    theirPaths.add(path);
  const theirs = partitionsOf(theirPaths, tables);
  const mine = partitionsOf(
    changed.map(({ path }) => path),
    tables,
  );
  const contested = clashingPartitions(mine, theirs, tables);
  const isContested = (path: string): boolean => {
    // Also where partitions may grow from both sides, one object can only be one side's.
    if (theirPaths.has(path)) return true;
    const partition = partitionOf(path, tables);
    return partition !== undefined && contested.some((prefix) => partition === prefix || partition.startsWith(prefix));
  };
  const laid =
    strategy === 'source-wins' ? changed : changed.filter(({ path }) => !isContested(path) && !isBookkeeping(path));
  const copy = new Set(laid.filter(({ removed }) => !removed).map(({ path }) => path));
  const remove = new Set(laid.filter(({ removed }) => removed).map(({ path }) => path));
  if (strategy === 'source-wins') await takeWhole(ports, run, { source, head, contested }, copy, remove);
  return { head, contested, copy: [...copy], remove: [...remove] };
};

/** In a contested partition the run's content stands as a whole: what only the head has goes, what the run kept comes. */
const takeWhole = async (
  ports: Ports,
  run: Run,
  from: { readonly source: string; readonly head: string; readonly contested: readonly string[] },
  copy: Set<string>,
  remove: Set<string>,
): Promise<void> => {
  const tables = tablesOf(await ports.config.load(), run.repository);
  for (const prefix of from.contested) {
    const isWithin = (path: string): boolean => {
      const partition = partitionOf(path, tables);
      return partition !== undefined && (partition === prefix || (prefix !== '' && partition.startsWith(prefix)));
    };
    const atHead = new Map<string, string>();
    for await (const object of ports.lakefs.listObjects(run.repository, from.head, { prefix })) {
      if (isWithin(object.path)) atHead.set(object.path, object.physicalAddress);
    }
    for await (const object of ports.lakefs.listObjects(run.repository, from.source, { prefix })) {
      if (!isWithin(object.path)) continue;
      if (atHead.get(object.path) !== object.physicalAddress) copy.add(object.path);
      atHead.delete(object.path);
    }
    for (const path of atHead.keys()) remove.add(path);
  }
};

/**
 * One worker at a time: longer than any function may live. Its branch is its own and written down before it is made, so
 * that neither a twin nor a successor ever writes to it, and none is forgotten.
 */
const RESOLUTION_LEASE_MS = 16 * 60_000;

const COPIES_AT_ONCE = 8;

const branchFor = (run: Run, owner: string): string =>
  `${RESOLUTION_BRANCH_PREFIX}${createHash('sha256')
    .update(`${formatRunKey(run)}\n${owner}`)
    .digest('hex')
    .slice(0, 32)}`;

const takeResolutionLease = async (ports: Ports, run: Run, owner: string, head: string): Promise<Run | undefined> => {
  if (run.state !== 'CONFLICTED' || leaseStands(run, ports.clock.now())) return undefined;
  if (run.resolutionBranch !== undefined) await ports.lakefs.deleteBranch(run.repository, run.resolutionBranch);
  const now = ports.clock.now();
  const next = advance(run, now, {
    resolutionBranch: branchFor(run, owner),
    lease: { owner, checkedHead: head, expiresAt: now + RESOLUTION_LEASE_MS },
  });
  return (await ports.ledger.updateRun(next)).outcome === 'updated' ? next : undefined;
};

/**
 * Makes the resolved commit and sends the run to its promotion again.
 * @returns the run as it was given where somebody else is at it.
 */
export const resolveConflict = async (ports: Ports, start: Run, strategy: Strategy): Promise<Run> => {
  const plan = await planResolution(ports, start, strategy);
  const owner = ports.ids.owner();
  const run = await takeResolutionLease(ports, start, owner, plan.head);
  if (run === undefined) return start;
  const source = run.originalCommit ?? run.runCommit ?? '';
  const commit = await layDown(ports, run, plan, { source, strategy });
  const { partitions, removesLast } =
    commit === plan.head
      ? { partitions: [], removesLast: false }
      : await changesBetween(ports, run.repository, plan.head, commit);
  await ports.ledger.putChanges(run, commit, partitions);
  const resolved = await changeRun(ports, run, (current) =>
    current.state === 'CONFLICTED' && current.lease?.owner === owner
      ? advance(
          current,
          ports.clock.now(),
          {
            state: 'COMMITTED',
            runCommit: commit,
            originalCommit: source,
            promotionBase: plan.head,
            changedPartitions: partitions.length,
            removesLast,
            resolutions: (current.resolutions ?? 0) + 1,
          },
          {
            note: `${strategy} in ${String(plan.contested.length)} partitions`,
            forget: ['policy', 'clashes', 'cause', 'lease'],
          },
        )
      : undefined,
  );
  if (resolved.state === 'COMMITTED') await ports.promotions.wake(resolved);
  return resolved;
};

const layDown = async (
  ports: Ports,
  run: Run,
  plan: ResolutionPlan,
  { source, strategy }: { readonly source: string; readonly strategy: Strategy },
): Promise<string> => {
  const { lakefs } = ports;
  const { repository } = run;
  const branch = run.resolutionBranch ?? '';
  await lakefs.createBranch(repository, branch, plan.head);
  if (plan.remove.length > 0) await lakefs.deleteObjects(repository, branch, plan.remove);
  for (let from = 0; from < plan.copy.length; from += COPIES_AT_ONCE) {
    const copies = plan.copy.slice(from, from + COPIES_AT_ONCE);
    await Promise.all(copies.map((path) => lakefs.copyObject(repository, branch, path, { ref: source, path })));
  }
  const answer = await lakefs.commit(repository, branch, {
    message: `Resolve ${run.job}, run ${formatRunKey(run)}: ${strategy}`,
    metadata: { ...provenance(run, COMMIT_KIND.resolution, ports.place.region), [METADATA.baseCommit]: plan.head },
  });
  return answer.outcome === 'committed' ? answer.commit.id : plan.head;
};
