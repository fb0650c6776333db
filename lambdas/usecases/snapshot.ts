/** What people ask of snapshots: make, list, verify, prune, hold, release. */
import type { Retention, SnapshotsConfig } from '../contract.ts';
import { BranchlineError } from '../domain/errors.ts';
import type { EpochMs } from '../domain/run.ts';
import { advanceSnapshot, isGood, type Snapshot } from '../domain/snapshot.ts';
import type { KeptBy } from '../domain/snapshot-retention.ts';
import type { SnapshotRequest } from '../payloads.ts';
import type { SnapshotPorts } from '../snapshot-ports.ts';
import { type CreateSnapshotAnswer, continueSnapshot, createSnapshot } from './create-snapshot.ts';
import { removeSnapshot, retentionPlans } from './prune-snapshots.ts';
import { changeSnapshot, requireSnapshot } from './snapshot-entries.ts';
import { backupOf, type TendReport, tendSnapshots } from './tend-snapshots.ts';
import { type VerifySnapshotAnswer, verifySnapshot } from './verify-snapshot.ts';

export interface ListedSnapshot {
  readonly snapshot: Snapshot;
  /** Rules and holds that keep it; none: the next pruning removes it. Absent for what is not complete. */
  readonly keptBy?: readonly KeptBy[];
}

/** What each request is answered. */
export interface SnapshotAnswers {
  readonly create: CreateSnapshotAnswer;
  readonly list: { readonly outcome: 'listed'; readonly snapshots: readonly ListedSnapshot[] };
  readonly verify: VerifySnapshotAnswer;
  readonly prune: { readonly outcome: 'pruned' | 'would-prune'; readonly snapshots: readonly Snapshot[] };
  readonly hold: { readonly outcome: 'held' | 'would-hold'; readonly snapshot: Snapshot };
  readonly release: { readonly outcome: 'released' | 'would-release'; readonly snapshot: Snapshot };
  readonly tend: { readonly outcome: 'tended'; readonly report: TendReport };
}
export type SnapshotAnswerTo<Action extends keyof SnapshotAnswers> = SnapshotAnswers[Action];
export type SnapshotAnswer = SnapshotAnswers[keyof SnapshotAnswers];

/** Where the configuration says nothing of retention: nothing is pruned but what a person names. */
const KEEP_ALL: Retention = { last: 1e9, hourly: 0, daily: 0, weekly: 0, monthly: 0, yearly: 0 };

export const snapshot = async (
  ports: SnapshotPorts,
  request: SnapshotRequest,
  until: EpochMs,
): Promise<SnapshotAnswer> => {
  const settings = (await ports.config.load()).snapshots;
  const rules = settings?.retention ?? KEEP_ALL;
  const by = 'requestedBy' in request ? (request.requestedBy ?? 'unknown') : 'unknown';
  switch (request.action) {
    case 'create':
      return create(ports, request, settings, by, until);
    case 'list':
      return { outcome: 'listed', snapshots: await list(ports, request, rules) };
    case 'verify': {
      const found = await requireSnapshot(ports, request.repository, request.id);
      return verifySnapshot(ports, found, { isFull: request.full === true, until });
    }
    case 'prune':
      return prune(ports, request, rules, by, until);
    case 'hold':
    case 'release':
      return changeHold(ports, request, by);
    case 'tend':
      return { outcome: 'tended', report: await tendSnapshots(ports, { until }) };
  }
};

type Of<Action extends SnapshotRequest['action']> = Extract<SnapshotRequest, { action: Action }>;

const create = async (
  ports: SnapshotPorts,
  request: Of<'create'>,
  settings: SnapshotsConfig | undefined,
  requestedBy: string,
  until: EpochMs,
): Promise<CreateSnapshotAnswer> => {
  const { repository, target, reason, id, dryRun } = request;
  const kind = request.kind ?? 'manual';
  if (id !== undefined) {
    const found = await requireSnapshot(ports, repository, id);
    return continueSnapshot(ports, found, { ...backupOf(settings, found), until });
  }
  return createSnapshot(ports, {
    ...{ repository, target, kind, requestedBy, until },
    ...backupOf(settings, { kind, startedAt: ports.clock.now() }),
    ...(reason === undefined ? {} : { reason }),
    ...(dryRun === undefined ? {} : { dryRun }),
  });
};

const filterOf = ({ repository, target }: { repository?: string | undefined; target?: string | undefined }) => ({
  ...(repository === undefined ? {} : { repository }),
  ...(target === undefined ? {} : { target }),
});

const list = async (ports: SnapshotPorts, request: Of<'list'>, rules: Retention): Promise<ListedSnapshot[]> => {
  const kept = new Map<Snapshot['id'], readonly KeptBy[]>();
  for (const plan of await retentionPlans(ports, filterOf(request), rules)) {
    for (const { snapshot: found, by } of plan.keep) kept.set(`${found.repository}/${found.id}`, by);
  }
  const all = await Array.fromAsync(ports.snapshots.list(filterOf(request)));
  return all.map((found) => ({
    snapshot: found,
    ...(found.state === 'COMPLETE' ? { keptBy: kept.get(`${found.repository}/${found.id}`) ?? [] } : {}),
  }));
};

const prune = async (
  ports: SnapshotPorts,
  request: Of<'prune'>,
  rules: Retention,
  by: string,
  until: EpochMs,
): Promise<SnapshotAnswer> => {
  const { repository, id } = request;
  const plans = await retentionPlans(ports, filterOf(request), rules);
  const chosen: Snapshot[] = [];
  if (id === undefined) chosen.push(...plans.flatMap((plan) => plan.prune));
  else if (repository === undefined) throw new BranchlineError('BL1001', 'id: give the repository too');
  else chosen.push(await named(ports, repository, id));
  if (request.dryRun === true) return { outcome: 'would-prune', snapshots: chosen };
  const removed: Snapshot[] = [];
  const message = id === undefined ? `no rule of retention keeps it; asked for by ${by}` : `asked for by ${by}`;
  for (const found of chosen) {
    if (ports.clock.now() >= until) break;
    removed.push(await removeSnapshot(ports, found, { code: 'BL8102', message }));
  }
  return { outcome: 'pruned', snapshots: removed };
};

/** The last way back of a target is not removed by name either. */
const named = async (ports: SnapshotPorts, repository: string, id: string): Promise<Snapshot> => {
  const found = await requireSnapshot(ports, repository, id);
  if (found.hold !== undefined)
    throw new BranchlineError('BL8102', `snapshot ${id} is held by ${found.hold.by}: ${found.hold.reason}`);
  for await (const newest of ports.snapshots.list({ repository, target: found.target })) {
    if (!isGood(newest)) continue;
    if (newest.id !== id) break;
    throw new BranchlineError(
      'BL8102',
      `snapshot ${id} is the newest good one of "${found.target}": make another first`,
    );
  }
  return found;
};

const changeHold = async (
  ports: SnapshotPorts,
  request: Of<'hold'> | Of<'release'>,
  by: string,
): Promise<SnapshotAnswer> => {
  const { repository, id, action } = request;
  const found = await requireSnapshot(ports, repository, id);
  const decide = (entry: Snapshot): Snapshot | undefined => {
    if (entry.state !== 'COMPLETE' && entry.state !== 'CREATING')
      throw new BranchlineError('BL8102', `snapshot ${id} is ${entry.state}: it cannot be kept any more`);
    const now = ports.clock.now();
    const ended = entry.hold === undefined ? {} : { lastHold: { ...entry.hold, releasedBy: by, releasedAt: now } };
    if (action === 'release')
      return entry.hold === undefined ? undefined : advanceSnapshot(entry, { hold: undefined, ...ended }, now);
    const isSame = entry.hold?.by === by && entry.hold.reason === request.reason;
    const hold = { by, reason: request.reason, since: now };
    return isSame ? undefined : advanceSnapshot(entry, { hold, ...ended }, now);
  };
  if (request.dryRun === true) {
    decide(found);
    return { outcome: action === 'hold' ? 'would-hold' : 'would-release', snapshot: found };
  }
  const changed = await changeSnapshot(ports, found, decide);
  return { outcome: action === 'hold' ? 'held' : 'released', snapshot: changed };
};
