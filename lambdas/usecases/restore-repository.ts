/**
 * Brings a repository back whose metadata is lost, on the storage namespace that its objects lie in:
 *
 *     newest good backup → bare repository → refs of the dump → compared with the listing → metadata, protection, rules → ledger
 *
 * Every step looks first at what is there, so that whoever comes after an interruption goes on. Refs that exist are never overwritten:
 * lakeFS refuses a restore into a repository that has any (seen on 1.84).
 */
import { BranchlineError } from '../domain/errors.ts';
import type { Repository } from '../domain/lakefs.ts';
import type { BackupFound, LostWork } from '../domain/restore.ts';
import { dumpedAt } from '../domain/restore.ts';
import type { EpochMs } from '../domain/run.ts';
import type { RestorePorts } from '../restore-ports.ts';
import { bringBackRefs, bringBackSettings, differencesFrom } from './bring-back.ts';
import { alignmentOf, findBackup, type GoodBackup } from './find-backup.ts';
import { alignLedger, lostWork, summaryOf } from './restore-ledger.ts';
import { type CheckedTarget, checkObjects } from './restore-there.ts';

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
  /** In a second region: targets whose objects are looked for. */
  readonly checkTargets?: readonly string[];
}

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
  /** In a second region: whether everything is there that its targets show. */
  readonly objects?: readonly CheckedTarget[];
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
  else await bringBackRefs(ports, placeOf(request, good), good, request.until);
  const differences = await differencesFrom(ports, repository, good);
  if (differences.length > 0) {
    throw new BranchlineError('BL8405', `repository "${repository}": ${differences.slice(0, 20).join('; ')}`, {
      details: { differences },
    });
  }
  await bringBackSettings(ports, repository, good);
  const lost = await alignLedger(ports, alignmentOf(good));
  const restored = { branches: refs.branches.length, tags: refs.tags.length, lost };
  const { checkTargets: targets, until } = request;
  if (targets === undefined) return { snapshot: manifest.snapshot.id, ...restored };
  const { storageNamespace } = placeOf(request, good);
  const objects = await checkObjects(ports, repository, { storageNamespace, targets, until });
  return { snapshot: manifest.snapshot.id, ...restored, objects };
};

/** A repository with exactly the refs of the backup is one that an interrupted restore has left: the rest is still to be done. */
const refuseUnlessOurs = async (ports: RestorePorts, good: GoodBackup): Promise<void> => {
  const { name } = good.manifest.repository;
  const differences = await differencesFrom(ports, name, good);
  if (differences.length === 0) return;
  throw new BranchlineError('BL8403', `repository "${name}" has refs: ${differences.slice(0, 5).join('; ')}`);
};

const placeOf = ({ storageNamespace }: RepositoryRequest, { manifest }: GoodBackup): Repository => ({
  name: manifest.repository.name,
  storageNamespace: storageNamespace ?? manifest.repository.storageNamespace,
  defaultBranch: manifest.repository.defaultBranch,
});
