/** Which domain events a change of the ledger stands for. A pure function of the two images, so that none can be lost. */
import { DOMAIN_EVENT, type DomainEventType, SCHEMA_VERSION } from '../contract.ts';
import { filesOf, type Publication } from './catalog/publication.ts';
import type { ExportRecord } from './export.ts';
import type { RestoreRecord } from './restore.ts';
import type { Rollback, RollbackState } from './rollback.ts';
import type { Rotation } from './rotation.ts';
import type { EpochMs, Run, RunState } from './run.ts';
import type { Target } from './target.ts';

export interface DomainEvent {
  readonly type: DomainEventType;
  readonly at: EpochMs;
  readonly detail: Readonly<Record<string, unknown>>;
}

const EVENT_OF_STATE: Readonly<Record<RunState, DomainEventType | undefined>> = {
  OPEN: DOMAIN_EVENT.runOpened,
  COMMITTED: DOMAIN_EVENT.runCommitted,
  AUDITING: undefined,
  PROMOTING: undefined,
  PROMOTED: DOMAIN_EVENT.runPromoted,
  UNCHANGED: DOMAIN_EVENT.runUnchanged,
  DISCARDED: DOMAIN_EVENT.runDiscarded,
  ROLLED_BACK: DOMAIN_EVENT.runRolledBack,
  CONFLICTED: DOMAIN_EVENT.runConflicted,
  REJECTED: DOMAIN_EVENT.runRejected,
  AWAITING_APPROVAL: undefined,
};

/** The fields of a run that consumers may rely on. */
const detailOf = (run: Run): Record<string, unknown> => ({
  schemaVersion: SCHEMA_VERSION,
  runId: run.runId,
  attempt: run.attempt,
  job: run.job,
  jobRunId: run.jobRunId,
  pipeline: run.pipeline,
  repository: run.repository,
  target: run.target,
  branch: run.branch,
  state: run.state,
  baseCommit: run.baseCommit,
  runCommit: run.runCommit,
  mergeCommit: run.mergeCommit,
  changedPartitions: run.changedPartitions,
  clashes: run.clashes,
  cause: run.cause,
  rerunAs: run.rerunAs,
  jobEndedAt: run.jobEndedAt,
  ledgerVersion: run.version,
});

export const eventsOf = (before: Run | undefined, after: Run): DomainEvent[] => {
  if (before?.state === after.state) return [];
  // PROMOTING → COMMITTED is a promotion that was put off, not a second commit.
  if (after.state === 'COMMITTED' && before?.state === 'PROMOTING') return [];
  const type = EVENT_OF_STATE[after.state];
  return type === undefined ? [] : [{ type, at: after.updatedAt, detail: detailOf(after) }];
};

/** For each table: that a refresh changed something of it, that files are shown which do not fit it, that somebody else wrote to it. */
export const publicationEventsOf = (before: Publication | undefined, after: Publication): DomainEvent[] => [
  ...refreshEventsOf(before, after),
  ...misfitEventsOf(before, after),
  ...foreignEventsOf(before, after),
];

export const foreignEventsOf = (before: Publication | undefined, after: Publication): DomainEvent[] =>
  Object.entries(after.tables).flatMap(([table, { foreign, commit }]) =>
    foreign === undefined || foreign.at === before?.tables[table]?.foreign?.at
      ? []
      : [
          {
            type: DOMAIN_EVENT.foreignSnapshotUndone,
            at: foreign.at,
            detail: {
              ...{ schemaVersion: SCHEMA_VERSION, repository: after.repository, target: after.branch, table, commit },
              ...{ snapshot: foreign.snapshot, ledgerVersion: after.version },
            },
          },
        ],
  );

const misfitEventsOf = (before: Publication | undefined, after: Publication): DomainEvent[] =>
  Object.entries(after.tables).flatMap(([table, { misfits, commit }]) =>
    misfits === undefined || misfits.at === before?.tables[table]?.misfits?.at
      ? []
      : [
          {
            type: DOMAIN_EVENT.catalogMisfitFound,
            at: misfits.at,
            detail: {
              schemaVersion: SCHEMA_VERSION,
              repository: after.repository,
              target: after.branch,
              table,
              commit,
              files: filesOf(misfits),
              first: misfits.found[0],
              ledgerVersion: after.version,
            },
          },
        ],
  );

export const refreshEventsOf = (before: Publication | undefined, after: Publication): DomainEvent[] =>
  Object.entries(after.tables).flatMap(([table, { refresh }]) =>
    refresh === undefined || refresh.endedAt === before?.tables[table]?.refresh?.endedAt
      ? []
      : [
          {
            type: DOMAIN_EVENT.catalogRefreshed,
            at: refresh.endedAt,
            detail: {
              schemaVersion: SCHEMA_VERSION,
              repository: after.repository,
              target: after.branch,
              table,
              from: refresh.from,
              to: refresh.to,
              partitionsAdded: refresh.added,
              partitionsChanged: refresh.changed,
              partitionsRemoved: refresh.removed,
              compared: refresh.compared,
              durationMs: refresh.durationMs,
              ledgerVersion: after.version,
            },
          },
        ],
  );

export const targetEventsOf = (before: Target | undefined, after: Target): DomainEvent[] => [
  ...blockEventsOf(before, after),
  ...holdEventsOf(before, after),
];

const detailOfTarget = (target: Target): Record<string, unknown> => ({
  schemaVersion: SCHEMA_VERSION,
  repository: target.repository,
  target: target.branch,
  verifiedCommit: target.verifiedCommit,
});

const blockEventsOf = (before: Target | undefined, after: Target): DomainEvent[] => {
  const wasBlocked = before?.blocked !== undefined;
  const isBlocked = after.blocked !== undefined;
  if (wasBlocked === isBlocked) return [];
  return [
    {
      type: isBlocked ? DOMAIN_EVENT.targetBlocked : DOMAIN_EVENT.targetUnblocked,
      at: after.updatedAt,
      detail: { ...detailOfTarget(after), blocked: after.blocked ?? before?.blocked, ledgerVersion: after.version },
    },
  ];
};

/** Who asked for a rotation, or what one would do. A repeat under the same token is no new request. */
const rotationRequestsOf = (before: Rotation | undefined, after: Rotation): DomainEvent[] => {
  const { current, trials: [trial] = [] } = after;
  const event = (at: EpochMs, detail: Record<string, unknown>): DomainEvent => ({
    type: DOMAIN_EVENT.rotationRequested,
    at,
    detail: { schemaVersion: SCHEMA_VERSION, ...detail, ledgerVersion: after.version },
  });
  const isKnown = current?.token === before?.current?.token || current?.token === after.last?.token;
  const isBegun = current !== undefined && !isKnown;
  const [earlier] = before?.trials ?? [];
  const isTried = trial !== undefined && (trial.at !== earlier?.at || after.trials?.length !== before?.trials?.length);
  return [
    ...(isBegun ? [event(current.startedAt, { dryRun: false, by: current.by, secretVersion: current.token })] : []),
    ...(isTried ? [event(trial.at, { dryRun: true, by: trial.by, obstacles: trial.obstacles })] : []),
  ];
};

/** The pair itself is nowhere but in the secret: an event names the version of it. */
export const rotationEventsOf = (before: Rotation | undefined, after: Rotation): DomainEvent[] => {
  const { last } = after;
  const requests = rotationRequestsOf(before, after);
  if (last === undefined || last.token === before?.last?.token) return requests;
  return [
    ...requests,
    {
      type: DOMAIN_EVENT.credentialsRotated,
      at: last.endedAt,
      detail: {
        schemaVersion: SCHEMA_VERSION,
        secretVersion: last.token,
        by: last.by,
        snapshots: last.snapshots,
        startedAt: last.startedAt,
        endedAt: last.endedAt,
        ledgerVersion: after.version,
      },
    },
  ];
};

/** Who asked for what, plans among them, and what came of it. */
export const restoreEventsOf = (before: RestoreRecord | undefined, after: RestoreRecord): DomainEvent[] => {
  const isEnd = after.outcome !== undefined && before?.outcome === undefined;
  if (before !== undefined && !isEnd) return [];
  const { version: ledgerVersion, updatedAt: at, schemaVersion: _, ...detail } = after;
  return [
    {
      type: isEnd ? DOMAIN_EVENT.restoreEnded : DOMAIN_EVENT.restoreRequested,
      at,
      detail: { schemaVersion: SCHEMA_VERSION, ...detail, ledgerVersion },
    },
  ];
};
/** A hold that is only made longer is no news; one that another takes over, when it has expired, is. */
const holdEventsOf = (before: Target | undefined, after: Target): DomainEvent[] => {
  const [old, hold] = [before?.hold, after.hold];
  if (old?.owner === hold?.owner && old?.reason === hold?.reason) return [];
  return [
    {
      type: hold === undefined ? DOMAIN_EVENT.targetReleased : DOMAIN_EVENT.targetHeld,
      at: after.updatedAt,
      detail: { ...detailOfTarget(after), hold: hold ?? old, ledgerVersion: after.version },
    },
  ];
};

const EVENT_OF_ROLLBACK: Partial<Record<RollbackState, DomainEventType>> = {
  REFUSED: DOMAIN_EVENT.rollbackRefused,
  // The target holds what was asked for and is verified; runs and bookmarks have followed.
  PUBLISHING: DOMAIN_EVENT.targetRolledBack,
};

/** Who asked for what, dry runs and what was refused included. */
export const rollbackEventsOf = (before: Rollback | undefined, after: Rollback): DomainEvent[] => {
  const event = (type: DomainEventType): DomainEvent => ({
    type,
    at: after.updatedAt,
    detail: {
      schemaVersion: SCHEMA_VERSION,
      rollback: after.id,
      repository: after.repository,
      target: after.target,
      requestedBy: after.requestedBy,
      reason: after.reason,
      dryRun: after.dryRun,
      state: after.state,
      asked: after.asked,
      toCommit: after.plan?.to,
      run: after.plan?.kind === 'run' ? after.plan.run : undefined,
      head: after.head,
      safetyTag: after.safetyTag,
      mergeCommit: after.mergeCommit,
      undoneRuns: after.undoneCount,
      restoredRuns: after.restoredCount,
      cause: after.cause,
      ledgerVersion: after.version,
    },
  });
  const type = before?.state === after.state ? undefined : EVENT_OF_ROLLBACK[after.state];
  return [
    ...(before === undefined ? [event(DOMAIN_EVENT.rollbackRequested)] : []),
    ...(type === undefined ? [] : [event(type)]),
  ];
};

/** An export that reached its commit, and one that can go no further by itself. */
export const exportEventsOf = (before: ExportRecord | undefined, after: ExportRecord): DomainEvent[] => {
  const events: DomainEvent[] = [];
  const common = { schemaVersion: SCHEMA_VERSION, export: after.name, ledgerVersion: after.version };
  const { last, failure } = after;
  if (last !== undefined && last.id !== before?.last?.id) {
    events.push({ type: DOMAIN_EVENT.exportCompleted, at: last.endedAt, detail: { ...common, ...last } });
  }
  if (failure !== undefined && failure.since !== before?.failure?.since) {
    const { code, message, since } = failure;
    const detail = { ...common, commit: after.run?.to, cause: { code, message }, since };
    events.push({ type: DOMAIN_EVENT.exportFailed, at: after.updatedAt, detail });
  }
  return events;
};
