/**
 * Looks at what reached a target since it was last verified. Readers see verified commits only: a merge made by hand is
 * checked as ours are, and one that clashes with what lay between blocks the target until a person decides.
 */
import { COMMIT_KIND, METADATA, SCHEMA_VERSION } from '../contract.ts';
import { isPromotion, type Restoring, restoredBy, revertedBy, rolledBackTo } from '../domain/history.ts';
import type { Commit } from '../domain/lakefs.ts';
import { clashingPartitions } from '../domain/partitions.ts';
import { tablesOf } from '../domain/pipelines.ts';
import { type Cause, formatRunKey, isEndedByHand, type Run } from '../domain/run.ts';
import { type NotedHead, notedStill, type Target } from '../domain/target.ts';
import type { Ports } from '../ports.ts';
import { changeTarget } from './change.ts';
import { headOf } from './claim.ts';
import { followHistory } from './follow-history.ts';
import { lostPaths, type MergeOfSides } from './merge-losses.ts';
import { broughtBy } from './run-of-commit.ts';
import { changesBetween, historySince } from './target-history.ts';

/** The entry of a target; made at its present head where there is none yet. */
export const ensureTarget = async (ports: Ports, repository: string, branch: string): Promise<Target> => {
  const known = await ports.ledger.getTarget(repository, branch);
  if (known !== undefined) return known;
  const fresh: Target = {
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    repository,
    branch,
    verifiedCommit: await headOf(ports, repository, branch),
    verifiedAt: ports.clock.now(),
    updatedAt: ports.clock.now(),
  };
  const answer = await ports.ledger.putTarget(fresh);
  return answer.outcome === 'stale' && answer.target !== undefined ? answer.target : fresh;
};

interface Walked {
  readonly byHand?: string | undefined;
  /** Heads that were noted, where all that they said agrees with what is verified now. */
  readonly settled?: readonly NotedHead[] | undefined;
}

/** Moves the verified commit on; never back, and not past a block. */
export const advanceVerified = (
  ports: Ports,
  target: Target,
  from: string,
  to: string,
  { byHand, settled }: Walked = {},
): Promise<Target | undefined> =>
  changeTarget(ports, target.repository, target.branch, target, (current) => {
    if (current === undefined || current.verifiedCommit !== from || current.blocked !== undefined) return undefined;
    const now = ports.clock.now();
    const { noted = [], ...rest } = current;
    const still = notedStill(noted, settled, now);
    if (from === to && still.length === noted.length) return undefined;
    return {
      ...rest,
      version: current.version + 1,
      updatedAt: now,
      ...(from === to ? {} : { verifiedCommit: to, verifiedAt: now }),
      ...(still.length === 0 ? {} : { noted: still }),
      ...(byHand === undefined ? {} : { byHand: { commit: byHand, at: now } }),
    };
  });

/** Verifies every commit since the last verified one, oldest first, and writes down how far it came. */
export const verifyTarget = async (ports: Ports, start: Target): Promise<Target> => {
  if (start.blocked !== undefined) return (await followHistory(ports, start)).target;
  const { newestFirst, reachesBase } = await historySince(ports, start.repository, start.branch, start.verifiedCommit);
  const head = newestFirst[0];
  if (head === undefined || (head.id === start.verifiedCommit && start.noted === undefined)) return start;
  if (!reachesBase) {
    const { target } = await followHistory(ports, start);
    return blockTarget(ports, target, head.id, {
      code: 'BL2007',
      message: `the verified commit ${start.verifiedCommit} is no longer in the history of ${start.branch}: it was reset by hand`,
    });
  }
  const { verified, open, byHand } = await walk(ports, start, newestFirst.slice(0, -1).toReversed());
  // Before the verified commit moves on, since nothing behind it is looked at again; after the walk, which rests on how runs stood.
  const followed = await followHistory(ports, start);
  const settled = followed.head === verified ? start.noted : undefined;
  const walked = { byHand, settled };
  const moved = (await advanceVerified(ports, followed.target, start.verifiedCommit, verified, walked)) ?? start;
  return open === undefined ? moved : blockTarget(ports, moved, open.commit.id, open.cause);
};

interface OpenClash {
  readonly commit: Commit;
  readonly cause: Cause;
  /** In which partitions; none where the whole commit is in question. */
  readonly partitions: readonly string[];
}

/** How far the history is good, oldest first. A clash that was taken back since (a revert, a rollback) is none any more. */
const walk = async (
  ports: Ports,
  target: Target,
  oldestFirst: readonly Commit[],
): Promise<{ verified: string; open: OpenClash | undefined; byHand: string | undefined }> => {
  let verified = target.verifiedCommit;
  let byHand: string | undefined;
  let clashes: readonly OpenClash[] = [];
  // What is open at each commit, so that going back to it brings that back too.
  const states = new Map<string, readonly OpenClash[]>();
  for (const commit of oldestFirst) {
    const back = rolledBackTo(commit);
    const reverted = revertedBy(commit);
    const restoring = restoredBy(commit);
    if (commit.metadata[METADATA.kind] === COMMIT_KIND.rollback) {
      clashes = back === undefined ? [] : (states.get(back) ?? (await openAt(ports, target, commit, back)));
    } else if (reverted !== undefined) {
      clashes = clashes.filter(({ commit: { id, parents } }) => id !== reverted && parents[1] !== reverted);
    }
    if (restoring !== undefined) {
      const then = states.get(restoring.to) ?? (await openAt(ports, target, commit, restoring.to));
      clashes = afterRestoring(clashes, then, restoring);
    }
    const run = await broughtBy(ports, target.repository, commit);
    if (isUndecided(run, commit)) break;
    const clash = await clashOf(ports, target, commit, run);
    if (clash !== undefined) clashes = [...clashes, { commit, ...clash }];
    states.set(commit.id, clashes);
    if (run === undefined && commit.metadata[METADATA.kind] === undefined) byHand = commit.id;
    if (clashes.length === 0) verified = commit.id;
  }
  return { verified, open: clashes[0], byHand };
};

/** What lies below the prefixes is as it was: with the clashes that were open there, and without those that have come since. */
const afterRestoring = (
  open: readonly OpenClash[],
  then: readonly OpenClash[],
  { prefixes }: Restoring,
): readonly OpenClash[] => {
  const isBelow = (partition: string): boolean => prefixes.some((prefix) => partition.startsWith(prefix));
  const left = open.filter(({ partitions }) => partitions.length === 0 || !partitions.every(isBelow));
  const back = then.filter(
    ({ commit, partitions }) =>
      !left.some((clash) => clash.commit.id === commit.id) && (partitions.length === 0 || partitions.some(isBelow)),
  );
  return [...left, ...back];
};

/** A state older than what is verified now: it was good, but where its last merge was taken back right after. */
const openAt = async (ports: Ports, target: Target, commit: Commit, to: string): Promise<readonly OpenClash[]> => {
  const { newestFirst } = await historySince(ports, target.repository, target.branch, to);
  const isTakenBack = newestFirst.some(
    ({ metadata }) => metadata[METADATA.kind] === COMMIT_KIND.revert && metadata[METADATA.reverts] === to,
  );
  const message = `commit ${commit.id.slice(0, 12)} rolls back to ${to.slice(0, 12)}, which was taken back because it clashed`;
  return isTakenBack ? [{ commit, cause: { code: 'BL2016', message }, partitions: [] }] : [];
};

/** A merge of a run, ours or by hand, whose promotion has not said yet whether it stands: it decides, nobody else. */
const isUndecided = (run: Run | undefined, commit: Commit): boolean =>
  run?.runCommit === commit.parents[1] && (run?.state === 'PROMOTING' || run?.state === 'COMMITTED');

const clashOf = async (
  ports: Ports,
  target: Target,
  commit: Commit,
  run: Run | undefined,
): Promise<Omit<OpenClash, 'commit'> | undefined> => {
  const [first, second] = commit.parents;
  // A commit with one parent (by hand, a revert) changes the head that it was made on, nothing in between.
  if (first === undefined || second === undefined) return clashBroughtBack(ports, target, commit);
  if (run?.state === 'DISCARDED' || run?.state === 'OPEN') {
    const message = `merge ${commit.id.slice(0, 12)} by ${commit.committer} brings run ${formatRunKey(run)}, which is ${run.state}`;
    return { cause: { code: 'BL2018', message }, partitions: [] };
  }
  // Ours, and checked at the head that it was merged into.
  const isToldByUs = run?.mergeCommit === commit.id && !isEndedByHand(run);
  const isChecked = isToldByUs || run?.lease?.checkedHead === first;
  if (isPromotion(commit) && run?.runCommit === second && isChecked) return undefined;
  const base = await ports.lakefs.mergeBase(target.repository, second, first);
  if (base === first) return undefined;
  const tables = tablesOf(await ports.config.load(), target.repository);
  const brought = await changesBetween(ports, target.repository, base, second);
  const between = await changesBetween(ports, target.repository, base, first);
  const clashes = clashingPartitions(brought.partitions, between.partitions, tables);
  if (clashes.length === 0) {
    if (!brought.removesLast && !between.removesLast) return undefined;
    return lossOf(ports, commit, {
      ...{ repository: target.repository, base, into: first },
      ...{ source: second, merge: commit.id },
    });
  }
  const message = `merge ${commit.id.slice(0, 12)} by ${commit.committer} changed partitions that had changed since ${base.slice(0, 12)}: ${clashes.slice(0, 5).join(', ')}${clashes.length > 5 ? ` and ${String(clashes.length - 5)} more` : ''}`;
  return { cause: { code: 'BL2016', message }, partitions: clashes };
};

/** lakeFS may lose files in a merge by hand as in one of ours. */
const lossOf = async (
  ports: Ports,
  commit: Commit,
  sides: MergeOfSides,
): Promise<Omit<OpenClash, 'commit'> | undefined> => {
  const lost = await lostPaths(ports, sides);
  if (lost.length === 0) return undefined;
  const message = `lakeFS lost ${lost.slice(0, 5).join(', ')}${lost.length > 5 ? ` and ${String(lost.length - 5)} more` : ''} in merge ${commit.id.slice(0, 12)} by ${commit.committer}`;
  return { cause: { code: 'BL2023', message }, partitions: [] };
};

/** What was taken back because it clashed clashes still when that is undone. */
const clashBroughtBack = async (
  ports: Ports,
  target: Target,
  commit: Commit,
): Promise<Omit<OpenClash, 'commit'> | undefined> => {
  const undone = revertedBy(commit);
  const of = undone === undefined ? undefined : await ports.lakefs.getCommit(target.repository, undone);
  if (of?.metadata[METADATA.kind] !== COMMIT_KIND.revert) return undefined;
  const message = `commit ${commit.id.slice(0, 12)} by ${commit.committer} brings back what ${of.id.slice(0, 12)} had taken back because it clashed`;
  return { cause: { code: 'BL2016', message }, partitions: [] };
};

/** Promotions and readers wait until a person accepts the commit or reverts it. */
export const blockTarget = async (ports: Ports, target: Target, commit: string, cause: Cause): Promise<Target> => {
  ports.log.error('target blocked', { repository: target.repository, target: target.branch, commit, cause });
  const now = ports.clock.now();
  const blocked = await changeTarget(ports, target.repository, target.branch, target, (current) =>
    current === undefined || current.blocked !== undefined
      ? undefined
      : { ...current, version: current.version + 1, updatedAt: now, blocked: { commit, cause, since: now } },
  );
  return blocked ?? target;
};
