/**
 * The first-parent log of targets, and what each of its commits changed. Commits never change, so what was read once is
 * kept for the life of the container: a burst of promotions reads every commit of the target once.
 */

import { isBranchlineError } from '../domain/errors.ts';
import { claimedRunOf } from '../domain/history.ts';
import type { Commit } from '../domain/lakefs.ts';
import { partitionsOf } from '../domain/partitions.ts';
import { tablesOf } from '../domain/pipelines.ts';
import { formatRunKey, type Run } from '../domain/run.ts';
import type { Lakefs, Ports } from '../ports.ts';

const MAX_COMMITS = 20_000;

interface Cache {
  readonly commits: Map<string, Commit>;
  /** Newest commit read per target: where the next reading may stop. */
  readonly newest: Map<string, string>;
  readonly changes: Map<string, CommitChanges>;
}

export interface CommitChanges {
  readonly partitions: readonly string[];
  /** As `Run.removesLast`; absent where the ledger does not say. */
  readonly removesLast?: boolean | undefined;
  /** The run that the ledger knows to have made this commit. */
  readonly run?: string;
}

/** By repository: a promotion in a burst looks up hundreds of commits. */
const caches = new WeakMap<Lakefs, Map<string, Cache>>();
const cacheOf = (ports: Ports, repository: string): Cache => {
  const ofServer = caches.get(ports.lakefs) ?? new Map<string, Cache>();
  caches.set(ports.lakefs, ofServer);
  const known = ofServer.get(repository);
  if (known !== undefined && known.commits.size < MAX_COMMITS) return known;
  const fresh: Cache = { commits: new Map(), newest: new Map(), changes: new Map() };
  ofServer.set(repository, fresh);
  return fresh;
};

export interface History {
  /** From the head back; the base is the last one where it was found. */
  readonly newestFirst: readonly Commit[];
  readonly reachesBase: boolean;
}

/**
 * First-parent log of `target` from its head back to `base`. One call for what is new since the last reading, none where
 * the head is known. A base that lakeFS does not know (any more) is not reached.
 * @param knownHead of the target, read here a moment ago.
 */
export const historySince = async (
  ports: Ports,
  repository: string,
  target: string,
  base: string,
  knownHead?: string,
): Promise<History> => {
  const cache = cacheOf(ports, repository);
  const known = cache.newest.get(target);
  const head =
    knownHead ??
    (known === undefined ? undefined : await readLog(ports, cache, repository, target, known)) ??
    (await readLog(ports, cache, repository, target, base)) ??
    (await readLog(ports, cache, repository, target, undefined));
  if (head !== undefined) cache.newest.set(target, head);
  const newestFirst: Commit[] = [];
  let next = head;
  while (next !== undefined) {
    let commit = cache.commits.get(next);
    if (commit === undefined) {
      // Older than anything read so far: another run began long before.
      await readLog(ports, cache, repository, next, base);
      commit = cache.commits.get(next);
    }
    if (commit === undefined) break;
    newestFirst.push(commit);
    if (commit.id === base) return { newestFirst, reachesBase: true };
    next = commit.parents[0];
  }
  return { newestFirst, reachesBase: false };
};

/** Reads into the cache, back to `stopAt` or to what is cached. @returns the head; `undefined` where `stopAt` is unknown. */
const readLog = async (
  ports: Ports,
  cache: Cache,
  repository: string,
  ref: string,
  stopAt: string | undefined,
): Promise<string | undefined> => {
  let head: string | undefined;
  try {
    for await (const commit of ports.lakefs.log(repository, ref, stopAt === undefined ? {} : { stopAt })) {
      head ??= commit.id;
      if (cache.commits.has(commit.id)) break;
      cache.commits.set(commit.id, commit);
      if (commit.id === stopAt) break;
    }
  } catch (error) {
    // 404 also where the target itself is missing; without `stopAt` it is surely that.
    if (stopAt === undefined || !isBranchlineError(error, 'BL3004')) throw error;
    return undefined;
  }
  return head;
};

/** Notes what a commit of ours changed, so that the next promotion need not ask. */
export const remember = (ports: Ports, repository: string, commitId: string, changes: CommitChanges): void => {
  cacheOf(ports, repository).changes.set(commitId, changes);
};

/**
 * What each of these commits changed on the target. Promotions of ours are read from the ledger, once it confirms them;
 * everything else costs a diff with the first parent.
 */
export const changesOfCommits = async (
  ports: Ports,
  repository: string,
  commits: readonly Commit[],
): Promise<ReadonlyMap<string, CommitChanges>> => {
  const cache = cacheOf(ports, repository);
  const unknown = commits.filter((commit) => !cache.changes.has(commit.id));
  const own = await ownRuns(ports, unknown);
  for (const commit of unknown) {
    const run = own.get(commit.id);
    const recorded = run?.runCommit === undefined ? undefined : await ports.ledger.getChanges(run, run.runCommit);
    cache.changes.set(
      commit.id,
      run !== undefined && recorded !== undefined
        ? { partitions: recorded, removesLast: run.removesLast, run: formatRunKey(run) }
        : await changesOf(ports, repository, commit),
    );
  }
  const found = new Map<string, CommitChanges>();
  for (const commit of commits) {
    const changes = cache.changes.get(commit.id);
    if (changes !== undefined) found.set(commit.id, changes);
  }
  return found;
};

/** A commit's metadata may say anything; it is ours when the ledger's run has just that commit as its work. */
const ownRuns = async (ports: Ports, commits: readonly Commit[]): Promise<ReadonlyMap<string, Run>> => {
  const claims = commits.flatMap((commit) => {
    const claimed = claimedRunOf(commit);
    return claimed === undefined ? [] : [{ commit, claimed }];
  });
  if (claims.length === 0) return new Map();
  const runs = await ports.ledger.getRuns(claims.map(({ claimed }) => claimed));
  const byKey = new Map(runs.map((run) => [formatRunKey(run), run]));
  const own = new Map<string, Run>();
  for (const { commit, claimed } of claims) {
    const run = byKey.get(formatRunKey(claimed));
    if (run?.runCommit !== undefined && run.runCommit === commit.parents[1]) own.set(commit.id, run);
  }
  return own;
};

const changesOf = async (ports: Ports, repository: string, commit: Commit): Promise<CommitChanges> => {
  const parent = commit.parents[0];
  if (parent === undefined) return { partitions: [], removesLast: false };
  return changesBetween(ports, repository, parent, commit.id);
};

/** In what two commits differ. */
export const changesBetween = async (
  ports: Ports,
  repository: string,
  left: string,
  right: string,
): Promise<CommitChanges & { readonly removesLast: boolean }> => {
  const tables = tablesOf(await ports.config.load(), repository);
  const paths: string[] = [];
  let removesLast = false;
  for await (const { path, type } of ports.lakefs.diff(repository, left, right, { type: 'two_dot' })) {
    paths.push(path);
    removesLast = type === 'removed';
  }
  return { partitions: partitionsOf(paths, tables), removesLast };
};

/** Partitions in which two commits differ. */
export const partitionsBetween = async (
  ports: Ports,
  repository: string,
  left: string,
  right: string,
): Promise<readonly string[]> => (await changesBetween(ports, repository, left, right)).partitions;
