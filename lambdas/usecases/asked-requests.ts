/** Who asked for what, of all kinds: what the ledger keeps as requests, and what has entries of its own. Newest first. */
import { FUNCTION } from '../contract.ts';
import type { RequestRecord } from '../domain/request.ts';
import type { RestoreRecord } from '../domain/restore.ts';
import type { Rollback } from '../domain/rollback.ts';
import type { Rotation } from '../domain/rotation.ts';
import type { RequestFilter, Requests } from '../request-ports.ts';
import type { Rollbacks } from '../rollback-ports.ts';
import type { Rotations } from '../rotation-ports.ts';

export interface AskedPorts {
  readonly requests: Pick<Requests, 'list'>;
  readonly rollbacks: Pick<Rollbacks, 'list'>;
  readonly rotations: Pick<Rotations, 'get'>;
}

const ofRollback = (rollback: Rollback): RequestRecord => {
  const { schemaVersion, version, id, repository, target, requestedBy, reason, dryRun, asked, cause } = rollback;
  return {
    ...{ schemaVersion, version, id, function: FUNCTION.rollback, repository, target, requestedBy, dryRun },
    action: asked.run !== undefined ? 'undo-run' : 'roll-back',
    ...(reason === undefined ? {} : { reason }),
    ...{ asked: { ...asked }, startedAt: rollback.requestedAt, updatedAt: rollback.updatedAt },
    ...(rollback.settledAt === undefined ? {} : { endedAt: rollback.settledAt }),
    outcome: rollback.state,
    ...(cause === undefined ? {} : cause),
  };
};

const ofRestore = (restore: RestoreRecord): RequestRecord => {
  const { schemaVersion, version, id, repository, requestedBy, dryRun, what, branch, startedAt, updatedAt } = restore;
  const { endedAt, outcome, message } = restore;
  return {
    ...{ schemaVersion, version, id, function: FUNCTION.restore, action: dryRun ? 'plan' : 'run', repository },
    ...{ requestedBy, dryRun, asked: { what, ...(branch === undefined ? {} : { branch }) }, startedAt, updatedAt },
    ...(endedAt === undefined ? {} : { endedAt }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(message === undefined ? {} : { message }),
  };
};

/** The newest rotation, and the dry runs that are remembered: the events tell of all. */
const ofRotation = (rotation: Rotation | undefined): RequestRecord[] => {
  if (rotation === undefined) return [];
  const { schemaVersion, version, current, last, trials = [] } = rotation;
  const common = { schemaVersion, version, function: FUNCTION.rotateCredentials, action: 'rotate' };
  return [
    ...trials.map(({ by, at, obstacles }) => ({
      ...{ ...common, id: `rotation-${new Date(at).toISOString()}`, requestedBy: by, dryRun: true },
      ...{ asked: { obstacles }, startedAt: at, updatedAt: at, endedAt: at, outcome: 'would-rotate' },
    })),
    ...[current, last].flatMap((each) =>
      each === undefined
        ? []
        : [
            {
              ...{ ...common, id: each.token, requestedBy: each.by, dryRun: false, asked: {} },
              ...{ startedAt: each.startedAt, updatedAt: rotation.updatedAt },
              ...('endedAt' in each ? { endedAt: each.endedAt, outcome: 'rotated' } : {}),
            },
          ],
    ),
  ];
};

const firstOf = async <T>(all: AsyncIterable<T>, limit: number): Promise<T[]> => {
  const found: T[] = [];
  for await (const each of all) {
    found.push(each);
    if (found.length >= limit) break;
  }
  return found;
};

export const requestsOf = async (
  ports: AskedPorts,
  filter: RequestFilter,
  { limit, restores }: { readonly limit: number; readonly restores: readonly RestoreRecord[] },
): Promise<readonly RequestRecord[]> => {
  const { repository, target } = filter;
  const found = [
    ...(await firstOf(ports.requests.list(filter), limit)),
    ...(await firstOf(ports.rollbacks.list(filter), limit)).map(ofRollback),
    ...(target === undefined ? restores.map(ofRestore) : []),
    ...(repository === undefined && target === undefined ? ofRotation(await ports.rotations.get()) : []),
  ];
  return found.toSorted((a, b) => b.startedAt - a.startedAt).slice(0, limit);
};
