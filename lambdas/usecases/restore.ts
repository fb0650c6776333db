/** Restores a repository or a branch, or tells what would be done. Who asked for what is in the ledger, plans included. */
import { SCHEMA_VERSION } from '../contract.ts';
import { BranchlineError } from '../domain/errors.ts';
import type { ReplicaNote } from '../domain/replica-note.ts';
import type { LostWork, RestoreRecord } from '../domain/restore.ts';
import type { EpochMs } from '../domain/run.ts';
import type { RestoreRequest } from '../payloads.ts';
import type { RestorePorts } from '../restore-ports.ts';
import { repositoriesWithBackups } from './find-backup.ts';
import { type BranchPlan, planBranch, restoreBranch } from './restore-branch.ts';
import {
  checkDatabase,
  type DatabaseCheck,
  type DatabasePlan,
  planDatabase,
  settleDatabase,
} from './restore-database.ts';
import {
  planRepository,
  type RepositoryPlan,
  type RepositoryRequest,
  type RestoredRepository,
  restoreRepository,
} from './restore-repository.ts';
import { namespaceThere, notedSnapshot, portsThere } from './restore-there.ts';

/** In a second region: what its snapshot lacks, as far as the first one could tell. */
export interface CameAfter {
  /** When the snapshot was made, and when the first region last looked: what came later nobody here knows. ISO 8601. */
  readonly takenAt: string;
  readonly foundAt: string;
  readonly targets: NonNullable<ReplicaNote['since']>;
}

export type RestoreAnswer =
  | { readonly outcome: 'planned'; readonly repositories: readonly (RepositoryPlan & { readonly after?: CameAfter })[] }
  | { readonly outcome: 'restored'; readonly repository: RestoredRepository & { readonly after?: CameAfter } }
  | { readonly outcome: 'planned' | 'restored'; readonly branch: BranchPlan }
  | { readonly outcome: 'planned'; readonly database: DatabasePlan }
  | { readonly outcome: 'whole' | 'different'; readonly checks: readonly DatabaseCheck[] }
  | { readonly outcome: 'settled'; readonly lost: LostWork };

export const restore = async (given: RestorePorts, request: RestoreRequest, until: EpochMs): Promise<RestoreAnswer> => {
  const isThere = 'fromReplica' in request && request.fromReplica === true;
  const ports = isThere ? portsThere(given) : given;
  if (request.what === 'database') return databaseAnswer(ports, request);
  if (request.what === 'branch') return asRecorded(ports, request, () => branchAnswer(ports, request));
  if (request.action === 'run') {
    requireConfirmed(request);
    return asRecorded(ports, request, async () => {
      const restored = await restoreRepository(ports, { ...(await placeOf(ports, request)), until });
      const after = await whatCameAfter(ports, request, restored.snapshot);
      return { outcome: 'restored', repository: { ...restored, ...after } };
    });
  }
  const { repository } = request;
  const names = repository === undefined ? await namesOf(ports, isThere) : [repository];
  return asRecorded(ports, request, async () => {
    const repositories: RepositoryPlan[] = [];
    for (const name of names) {
      const asked = { ...request, repository: name };
      const plan = await planRepository(ports, { ...(await placeOf(ports, asked)), until });
      repositories.push({ ...plan, ...(await whatCameAfter(ports, asked, plan.backup?.snapshot)) });
    }
    return { outcome: 'planned', repositories };
  });
};

interface Asked {
  readonly repository: string;
  readonly snapshot?: string | undefined;
  readonly storageNamespace?: string | undefined;
  readonly fromReplica?: boolean | undefined;
}

/** In a second region the snapshot is the one that was all there, and the storage the one that this region's configuration names. */
const placeOf = async (
  ports: RestorePorts,
  { repository, fromReplica, ...asked }: Asked,
): Promise<Omit<RepositoryRequest, 'until'>> => {
  const there = fromReplica === true ? await namespaceThere(ports, repository) : undefined;
  const snapshot =
    asked.snapshot ?? (there === undefined ? undefined : (await notedSnapshot(ports, repository)).snapshot);
  const storageNamespace = asked.storageNamespace ?? there?.storageNamespace;
  return {
    repository,
    ...(snapshot === undefined ? {} : { snapshot }),
    ...(storageNamespace === undefined ? {} : { storageNamespace }),
    ...(there === undefined ? {} : { checkTargets: there.targets }),
  };
};

/** As the first region said when it last looked. Of another snapshot than the one that it named it said nothing. */
const whatCameAfter = async (
  ports: RestorePorts,
  { repository, fromReplica }: Asked,
  snapshot: string | undefined,
): Promise<{ readonly after?: CameAfter }> => {
  if (fromReplica !== true) return {};
  const note = await notedSnapshot(ports, repository).catch(() => undefined);
  if (note === undefined || note.snapshot !== snapshot) return {};
  const { takenAt, foundAt, since = {} } = note;
  return { after: { takenAt, foundAt, targets: since } };
};

const requireConfirmed = ({ repository, confirm }: { repository: string; confirm?: string | undefined }): void => {
  if (confirm === repository) return;
  throw new BranchlineError('BL8404', `repository "${repository}", confirmed was "${confirm ?? ''}"`);
};

const databaseAnswer = async (
  ports: RestorePorts,
  request: Extract<RestoreRequest, { what: 'database' }>,
): Promise<RestoreAnswer> => {
  if (request.action === 'run') {
    requireConfirmed(request);
    const { repository, at } = request;
    return asRecorded(ports, request, async () => ({
      outcome: 'settled',
      lost: await settleDatabase(ports, repository, Date.parse(at)),
    }));
  }
  if (request.action === 'plan') {
    const at = request.at === undefined ? undefined : Date.parse(request.at);
    return asRecorded(ports, request, async () => ({ outcome: 'planned', database: await planDatabase(ports, at) }));
  }
  return asRecorded(ports, request, async () => {
    const checks = await checkDatabase(ports, Date.parse(request.at), request.repository);
    const isWhole = checks.every(({ isThere, refs }) => isThere && refs.lost.length === 0);
    return { outcome: isWhole ? 'whole' : 'different', checks };
  });
};

const branchAnswer = async (
  ports: RestorePorts,
  request: Extract<RestoreRequest, { what: 'branch' }>,
): Promise<RestoreAnswer> => {
  const { repository, branch, commit, action } = request;
  const asked = { repository, branch, ...(commit === undefined ? {} : { commit }) };
  return action === 'plan'
    ? { outcome: 'planned', branch: await planBranch(ports, asked) }
    : { outcome: 'restored', branch: await restoreBranch(ports, asked) };
};

/** In a second region those of its configuration: it says where they lie. */
const namesOf = async (ports: RestorePorts, isThere: boolean): Promise<readonly string[]> => {
  const configured = (await ports.config.load()).repositories.map(({ name }) => name);
  if (isThere) return configured;
  return [...new Set([...configured, ...(await repositoriesWithBackups(ports))])];
};

/** The record comes first: what was tried is known even where it never ended. */
const asRecorded = async (
  ports: RestorePorts,
  request: RestoreRequest,
  act: () => Promise<RestoreAnswer>,
): Promise<RestoreAnswer> => {
  const { clock, ids, restores } = ports;
  const startedAt = clock.now();
  const begun: RestoreRecord = {
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    id: `${new Date(startedAt).toISOString()}-${ids.owner()}`,
    repository: ('repository' in request ? request.repository : undefined) ?? '*',
    what: request.what,
    ...(request.what === 'branch' ? { branch: request.branch } : {}),
    dryRun: request.action !== 'run',
    requestedBy: request.requestedBy ?? 'a person',
    startedAt,
    updatedAt: startedAt,
  };
  await restores.put(begun);
  const end = (change: Partial<RestoreRecord>): Promise<unknown> => {
    const endedAt = clock.now();
    return restores.put({ ...begun, ...change, version: 2, updatedAt: endedAt, endedAt });
  };
  try {
    const answer = await act();
    await end(outcomeOf(answer));
    return answer;
  } catch (error) {
    // The fault itself matters more than its record.
    await end({ outcome: 'failed', message: String(error) }).catch(() => undefined);
    throw error;
  }
};

const outcomeOf = (answer: RestoreAnswer): Partial<RestoreRecord> => {
  if ('branch' in answer) return { outcome: answer.outcome, commit: answer.branch.commit };
  if ('repositories' in answer || 'database' in answer || 'checks' in answer) return { outcome: 'planned' };
  if ('lost' in answer) return { outcome: 'restored', lost: answer.lost };
  return { outcome: 'restored', snapshot: answer.repository.snapshot, lost: answer.repository.lost };
};
