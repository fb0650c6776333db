/** What a garbage collection waits for. Each is named with whose it is, so that a person knows whom to ask. */
import type { CollectionPorts } from '../collection-ports.ts';
import { KEEPER_BRANCH_PREFIX } from '../contract.ts';
import { type Blocker, isNear } from '../domain/collection.ts';
import { type EpochMs, formatRunKey, MOVING_STATES, WAITING_STATES } from '../domain/run.ts';
import { isHeld } from '../domain/target.ts';
import { unlessGone } from './unless-gone.ts';
import { waysBackUnderWay } from './ways-back-under-way.ts';

const iso = (at: EpochMs): string => `${new Date(at).toISOString().slice(0, 16)}Z`;

/** A target, or the whole repository, is being changed by hand or by one of our own repairs. */
export const operationsUnderWay = async (ports: CollectionPorts, repository: string): Promise<Blocker[]> => {
  const now = ports.clock.now();
  const found: Blocker[] = [];
  for await (const target of ports.ledger.listTargets()) {
    if (target.repository !== repository || !isHeld(target, now) || target.hold === undefined) continue;
    const { owner, reason } = target.hold;
    found.push({
      kind: 'held',
      what: target.branch,
      message: `target ${target.branch} is held by ${owner}: ${reason}`,
    });
  }
  found.push(...(await waysBackUnderWay(ports, repository)));
  for await (const { id, state, startedAt: since } of ports.snapshots.list({ repository })) {
    if (state !== 'CREATING') continue;
    found.push({ kind: 'snapshot', what: id, message: `snapshot ${id} is being made`, since });
  }
  return found;
};

/** So few are asked for one by one; of more the branch is listed. */
const ONE_BY_ONE = 20;
/** So many paths are remembered: with more, any object between the first and the last counts. */
const MOST = 100_000;

/** When the oldest of what is staged on a branch was written; `undefined` where nothing is. */
export const oldestStaged = async (
  { lakefs }: Pick<CollectionPorts, 'lakefs'>,
  repository: string,
  branch: string,
): Promise<{ readonly at: EpochMs; readonly path: string } | undefined> => {
  const paths = new Set<string>();
  let last = '';
  for await (const { path, type } of lakefs.listStaged(repository, branch)) {
    if (type === 'removed') continue;
    if (paths.size < MOST) paths.add(path);
    last = path;
  }
  let oldest: { at: EpochMs; path: string } | undefined;
  const take = (path: string, at: EpochMs): void => {
    if (oldest === undefined || at < oldest.at) oldest = { at, path };
  };
  if (paths.size <= ONE_BY_ONE) {
    for (const path of paths) {
      for await (const object of lakefs.listObjects(repository, branch, { prefix: path })) {
        if (object.path === path) take(path, object.mtime);
        break;
      }
    }
    return oldest;
  }
  const [first = ''] = paths;
  let shared = 0;
  while (shared < first.length && first[shared] === last[shared]) shared += 1;
  for await (const { path, mtime } of lakefs.listObjects(repository, branch, { prefix: first.slice(0, shared) })) {
    if (path > last) break;
    if (paths.has(path) || (paths.size === MOST && path >= first)) take(path, mtime);
  }
  return oldest;
};

/** Whose work a branch is, as the ledger knows. */
export const ownersOfBranches = async (
  ports: Pick<CollectionPorts, 'ledger'>,
  repository: string,
): Promise<ReadonlyMap<string, { readonly words: string; readonly openedAt: EpochMs }>> => {
  const owners = new Map<string, { words: string; openedAt: EpochMs }>();
  for await (const run of ports.ledger.listRuns({ states: [...MOVING_STATES, ...WAITING_STATES], repository })) {
    owners.set(run.branch, { words: `run ${formatRunKey(run)} of job ${run.job}`, openedAt: run.openedAt });
  }
  return owners;
};

/**
 * Branches with staged work that comes near to the age at which it is at risk. Measured: with an identical rewrite staged over a
 * committed object lakeFS's job takes what the branch serves, since its list of uncommitted objects leaves that rewrite out.
 */
export const stagedForLong = async (
  ports: CollectionPorts,
  repository: string,
  minAgeSeconds: number,
): Promise<Blocker[]> => {
  const owners = await ownersOfBranches(ports, repository);
  const found: Blocker[] = [];
  for await (const { id } of ports.lakefs.listBranches(repository, '')) {
    if (id.startsWith(KEEPER_BRANCH_PREFIX)) continue;
    const staged = await unlessGone(() => oldestStaged(ports, repository, id));
    if (staged === undefined || !isNear(staged.at, minAgeSeconds, ports.clock.now())) continue;
    const whose = owners.get(id)?.words ?? 'no run that the ledger knows';
    const message = `branch ${id} (${whose}) has had ${staged.path} staged since ${iso(staged.at)}`;
    found.push({ kind: 'staged', what: id, message, since: staged.at });
  }
  return found;
};

export const blockersOf = async (
  ports: CollectionPorts,
  repository: string,
  minAgeSeconds: number,
): Promise<Blocker[]> => [
  ...(await operationsUnderWay(ports, repository)),
  ...(await stagedForLong(ports, repository, minAgeSeconds)),
];
