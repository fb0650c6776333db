/**
 * Brings a repository back whose metadata is lost, on the storage namespace that its objects lie in:
 *
 *     newest good backup → bare repository → refs of the dump → compared with the listing → metadata, protection, rules → ledger
 *
 * Every step looks first at what is there, so that whoever comes after an interruption goes on. Refs that exist are never overwritten:
 * lakeFS refuses a restore into a repository that has any (seen on 1.84).
 */
import { BranchlineError } from '../domain/errors.ts';
import type { BackupFound, LostWork } from '../domain/restore.ts';
import { dumpedAt } from '../domain/restore.ts';
import type { EpochMs } from '../domain/run.ts';
import type { RestorePorts } from '../restore-ports.ts';
import { listRefs } from './dump-refs.ts';
import { findBackup, type GoodBackup } from './find-backup.ts';
import { alignLedger, lostWork, summaryOf } from './restore-ledger.ts';

export interface RepositoryPlan {
  readonly repository: string;
  /** `absent`: to be made; `bare`: made and empty; `present`: it has refs, and is left alone. */
  readonly state: 'absent' | 'bare' | 'present';
  /** The backup that would be used; absent where none is good. */
  readonly backup?: {
    readonly snapshot: string;
    readonly dumpedAt: EpochMs;
    readonly storageNamespace: string;
    readonly branches: number;
    readonly tags: number;
  };
  readonly looked: readonly BackupFound[];
  /** What the ledger knows and the backup does not show: work since, as far as it can be told before. */
  readonly lost: LostWork;
}

export interface RepositoryRequest {
  readonly repository: string;
  readonly snapshot?: string;
  /** Where the objects lie now: a replica. @default where the backup says */
  readonly storageNamespace?: string;
  readonly until: EpochMs;
}

const FIRST_LOOK_MS = 200;
const MAX_PAUSE_MS = 5_000;

const stateOf = async ({ lakefs }: RestorePorts, repository: string): Promise<RepositoryPlan['state']> => {
  if ((await lakefs.getRepository(repository)) === undefined) return 'absent';
  for await (const _ of lakefs.listBranches(repository, '')) return 'present';
  return 'bare';
};

export const planRepository = async (ports: RestorePorts, request: RepositoryRequest): Promise<RepositoryPlan> => {
  const { repository, snapshot } = request;
  const state = await stateOf(ports, repository);
  const { good, looked } = await findBackup(ports, repository, snapshot);
  if (good === undefined) return { repository, state, looked, lost: { runs: [], targets: [] } };
  const { manifest, refs } = good;
  // Commits are known by the refs alone before the dump is restored: what a ref shows is there, what came later is not.
  const shown = new Set([...refs.branches, ...refs.tags].map(({ commitId }) => commitId));
  const at = dumpedAt(manifest);
  const later = await lostWork(ports, repository, at, async (commit) => shown.has(commit));
  const since = {
    runs: later.runs.filter(({ settledAt, updatedAt }) => (settledAt ?? updatedAt) >= at),
    targets: later.targets.filter(({ verifiedAt, updatedAt }) => (verifiedAt ?? updatedAt) >= at),
  };
  return {
    repository,
    state,
    backup: {
      snapshot: manifest.snapshot.id,
      dumpedAt: at,
      storageNamespace: request.storageNamespace ?? manifest.repository.storageNamespace,
      branches: refs.branches.length,
      tags: refs.tags.length,
    },
    looked,
    lost: summaryOf(since),
  };
};

export interface RestoredRepository {
  readonly snapshot: string;
  readonly branches: number;
  readonly tags: number;
  readonly lost: LostWork;
}

export const restoreRepository = async (
  ports: RestorePorts,
  request: RepositoryRequest,
): Promise<RestoredRepository> => {
  const { repository, snapshot } = request;
  const { good, looked } = await findBackup(ports, repository, snapshot);
  if (good === undefined) {
    const faults = looked.map(({ snapshot: id, fault }) => `${id}: ${fault ?? ''}`).join('; ');
    throw new BranchlineError('BL8401', `repository "${repository}": ${faults === '' ? 'there is none' : faults}`);
  }
  const { manifest, refs } = good;
  const state = await stateOf(ports, repository);
  if (state === 'present') await refuseUnlessOurs(ports, good);
  else await bringBackRefs(ports, request, good);
  const differences = await differencesFrom(ports, good);
  if (differences.length > 0) {
    throw new BranchlineError('BL8405', `repository "${repository}": ${differences.slice(0, 20).join('; ')}`, {
      details: { differences },
    });
  }
  await bringBackSettings(ports, good);
  const lost = await alignLedger(ports, manifest);
  return { snapshot: manifest.snapshot.id, branches: refs.branches.length, tags: refs.tags.length, lost };
};

/** A repository with exactly the refs of the backup is one that an interrupted restore has left: the rest is still to be done. */
const refuseUnlessOurs = async (ports: RestorePorts, good: GoodBackup): Promise<void> => {
  const differences = await differencesFrom(ports, good);
  if (differences.length === 0) return;
  const { name } = good.manifest.repository;
  throw new BranchlineError('BL8403', `repository "${name}" has refs: ${differences.slice(0, 5).join('; ')}`);
};

const bringBackRefs = async (ports: RestorePorts, request: RepositoryRequest, good: GoodBackup): Promise<void> => {
  const { lakefs, clock, pause } = ports;
  const { name, storageNamespace, defaultBranch } = good.manifest.repository;
  const namespace = request.storageNamespace ?? storageNamespace;
  await lakefs.createBareRepository({ name, storageNamespace: namespace, defaultBranch });
  const begun = await lakefs.beginRestore(name, good.manifest.refs.dump);
  // Another restore came first: its refs are compared like ours.
  if (begun === 'in-use') return;
  for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2)) {
    const found = await lakefs.restoreOf(name, begun.task);
    if (found !== 'pending') return;
    if (clock.now() + pauseMs > request.until) {
      throw new BranchlineError('BL3003', `restore of "${name}" goes on in lakeFS: ask again, it is gone on with`);
    }
    await pause(pauseMs);
  }
};

/** Refs that moved while the dump was made may be any of the states in between. */
const differencesFrom = async (ports: RestorePorts, { manifest, refs }: GoodBackup): Promise<string[]> => {
  const found = await listRefs(ports, manifest.repository.name);
  const moving = new Set(refs.moving);
  const shown = ({ branches, tags }: Pick<GoodBackup['refs'], 'branches' | 'tags'>): Map<string, string> =>
    new Map([
      ...branches.map(({ id, commitId }) => [`branch ${id}`, commitId] as const),
      ...tags.map(({ id, commitId }) => [`tag ${id}`, commitId] as const),
    ]);
  const [expected, actual] = [shown(refs), shown(found)];
  return [...new Set([...expected.keys(), ...actual.keys()])]
    .filter((key) => !moving.has(key.slice(key.indexOf(' ') + 1)) && expected.get(key) !== actual.get(key))
    .map((key) => `${key} shows ${actual.get(key) ?? 'nothing'}, not ${expected.get(key) ?? 'nothing'}`)
    .toSorted();
};

/** What a dump does not hold. Targets of the configuration are protected by set-up besides. */
const bringBackSettings = async ({ lakefs }: RestorePorts, { manifest }: GoodBackup): Promise<void> => {
  const { repository, settings } = manifest;
  if (Object.keys(repository.metadata).length > 0)
    await lakefs.setRepositoryMetadata(repository.name, repository.metadata);
  const before = await lakefs.getProtectedBranches(repository.name);
  const missing = settings.protectedBranches.filter((pattern) => !before.includes(pattern));
  if (missing.length > 0) await lakefs.setProtectedBranches(repository.name, [...before, ...missing]);
  if (settings.garbageCollection !== undefined) {
    await lakefs.setGarbageCollection(repository.name, settings.garbageCollection);
  }
};
