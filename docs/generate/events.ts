/** docs/events.md: each domain event with an example, made by the function that makes the real ones. */
import { DOMAIN_EVENT, type DomainEventType, EVENT_SOURCE } from '../../lambdas/contract.ts';
import { catalogEventsOf } from '../../lambdas/domain/catalog-events.ts';
import type { Collection } from '../../lambdas/domain/collection.ts';
import { collectionEventsOf } from '../../lambdas/domain/collection-events.ts';
import {
  type DomainEvent,
  eventsOf,
  exportEventsOf,
  publicationEventsOf,
  restoreEventsOf,
  rollbackEventsOf,
  rotationEventsOf,
  targetEventsOf,
} from '../../lambdas/domain/domain-events.ts';
import type { Drill } from '../../lambdas/domain/drill.ts';
import { drillEventsOf } from '../../lambdas/domain/drill-events.ts';
import { erasureEventsOf } from '../../lambdas/domain/erasure-events.ts';
import { type Erasure, NO_DEEDS } from '../../lambdas/domain/erasure-record.ts';
import { NEW_TARGET, newRecord } from '../../lambdas/domain/replication.ts';
import { replicationEventsOf } from '../../lambdas/domain/replication-events.ts';
import { type Asking, endedRequest, newRequest } from '../../lambdas/domain/request.ts';
import { requestEventsOf } from '../../lambdas/domain/request-events.ts';
import type { RestoreRecord } from '../../lambdas/domain/restore.ts';
import type { Rollback } from '../../lambdas/domain/rollback.ts';
import type { Run } from '../../lambdas/domain/run.ts';
import type { Snapshot } from '../../lambdas/domain/snapshot.ts';
import { snapshotEventsOf } from '../../lambdas/domain/snapshot-events.ts';
import type { Target } from '../../lambdas/domain/target.ts';

const AT = Date.parse('2026-11-20T02:00:00.000Z');
const commit = (digit: string): string => digit.repeat(64);

const opened: Run = {
  schemaVersion: 1,
  runId: 'jr_6f1c',
  attempt: 0,
  version: 1,
  state: 'OPEN',
  job: 'sales-load',
  pipeline: 'nightly',
  repository: 'lake',
  target: 'main',
  branch: 'run-sales-load-jr_6f1c',
  baseCommit: commit('a'),
  jobRunId: 'jr_6f1c',
  openedAt: AT,
  updatedAt: AT,
  rerunNumber: 0,
  branchDeleted: false,
  steps: [],
};
const ended = { jobEndedAt: AT + 600_000, updatedAt: AT + 601_000 } as const;
const committed: Run = {
  ...opened,
  ...ended,
  version: 2,
  state: 'COMMITTED',
  runCommit: commit('b'),
  changedPartitions: 24,
};
const target: Target = {
  schemaVersion: 1,
  version: 7,
  repository: 'lake',
  branch: 'main',
  verifiedCommit: commit('a'),
  updatedAt: AT,
};
const restoreBegun: RestoreRecord = {
  ...{ schemaVersion: 1, version: 1, id: '2026-11-24T15:04:05.000Z-o1', repository: 'lake', what: 'repository' },
  ...{ dryRun: false, requestedBy: 'arn:aws:sts::111122223333:assumed-role/restore/maria' },
  ...{ startedAt: AT - 60_000, updatedAt: AT - 60_000 },
};
const blocked: Target = {
  ...target,
  version: 8,
  blocked: {
    commit: commit('d'),
    since: AT,
    cause: {
      code: 'BL2016',
      message:
        'merge dddddddddddd by anna changed partitions that had changed since aaaaaaaaaaaa: sales/yyyy_mm_dd=2026-11-19/',
    },
  },
};

const held: Target = {
  ...{ ...target, version: 8 },
  hold: { owner: 'anna', reason: 'the vendor sends yesterday again', expiresAt: AT + 7_200_000 },
};
const rollback: Rollback = {
  ...{ schemaVersion: 1, version: 1, id: '20261120t100000-5f0c2a91', state: 'REQUESTED' },
  ...{ repository: 'lake', target: 'main', requestedBy: 'anna', reason: 'wrong prices', dryRun: false },
  asked: { to: '2026-11-20T02:00Z' },
  plan: { kind: 'state', to: commit('a'), metaRangeId: commit('9') },
  ...{ requestedAt: AT, updatedAt: AT, steps: [{ at: AT, state: 'REQUESTED' }] },
};
const creating: Snapshot = {
  schemaVersion: 1,
  version: 1,
  id: 'snapshot-main-20261120T020000Z',
  repository: 'lake',
  target: 'main',
  kind: 'scheduled',
  state: 'CREATING',
  requestedBy: 'schedule',
  startedAt: AT,
  updatedAt: AT,
  commit: commit('c'),
  metaRangeId: commit('e'),
  keeperBranch: 'keep-snapshot-main-20261120T020000Z',
};
const complete: Snapshot = {
  ...creating,
  version: 5,
  state: 'COMPLETE',
  updatedAt: AT + 4_000,
  completedAt: AT + 4_000,
  content: { objects: 12_480, bytes: 73_400_320, digest: commit('f') },
  backup: {
    uri: 's3://branchline-backups/backups/lake/snapshot-main-20261120T020000Z/manifest.json',
    sha256: commit('0'),
  },
};

const ofRun = (before: Run | undefined, after: Run): readonly DomainEvent[] => eventsOf(before, after);

const EXAMPLES: readonly DomainEvent[] = [
  ...ofRun(undefined, opened),
  ...ofRun(opened, committed),
  ...ofRun(
    { ...committed, version: 3, state: 'PROMOTING' },
    { ...committed, version: 4, state: 'PROMOTED', mergeCommit: commit('c') },
  ),
  ...ofRun(opened, { ...opened, ...ended, version: 2, state: 'UNCHANGED', runCommit: opened.baseCommit }),
  ...ofRun(opened, {
    ...opened,
    ...ended,
    version: 2,
    state: 'DISCARDED',
    cause: { code: 'BL2005', message: 'ValueError: no rows for 2026-11-19' },
  }),
  ...ofRun(committed, {
    ...committed,
    version: 3,
    state: 'CONFLICTED',
    clashes: [
      { kind: 'partition', what: 'sales/yyyy_mm_dd=2026-11-19/hh_mm=00-00/', commit: commit('c'), run: 'jr_77aa' },
    ],
    cause: {
      code: 'BL2003',
      message: 'partition sales/yyyy_mm_dd=2026-11-19/hh_mm=00-00/ changed on main too (run jr_77aa)',
    },
  }),
  ...ofRun(committed, {
    ...committed,
    version: 3,
    state: 'REJECTED',
    cause: { code: 'BL2013', message: 'pre-merge hook "check" failed' },
  }),
  ...ofRun(
    { ...committed, version: 4, state: 'PROMOTED', mergeCommit: commit('c') },
    {
      ...committed,
      version: 6,
      state: 'ROLLED_BACK',
      mergeCommit: commit('c'),
      cause: { code: 'BL2014', message: 'merge cccccccccccc was undone on main' },
    },
  ),
  ...targetEventsOf(target, blocked),
  ...targetEventsOf(blocked, { ...target, version: 9, verifiedCommit: commit('d') }),
  ...targetEventsOf(target, held),
  ...targetEventsOf(held, { ...target, version: 9 }),
  ...rollbackEventsOf(undefined, { ...rollback, dryRun: true }),
  ...rollbackEventsOf(rollback, {
    ...{ ...rollback, version: 2, state: 'REFUSED' },
    cause: { code: 'BL2015', message: 'BL2015 target is held or blocked: target lake/main is held by anna' },
  }).filter(({ type }) => type === DOMAIN_EVENT.rollbackRefused),
  ...rollbackEventsOf(
    { ...rollback, version: 6, state: 'MERGED' },
    {
      ...{ ...rollback, version: 7, state: 'PUBLISHING', updatedAt: AT + 4_000 },
      ...{ head: commit('c'), safetyTag: `before-rollback-${rollback.id}`, mergeCommit: commit('e') },
      ...{ undoneCount: 3, restoredCount: 0 },
    },
  ),
  ...publicationEventsOf(undefined, {
    ...{ schemaVersion: 1, version: 12, repository: 'lake', branch: 'main', commit: commit('c'), updatedAt: AT },
    tables: {
      sales: {
        commit: commit('c'),
        descriptor: '0f'.repeat(16),
        refresh: {
          ...{ from: commit('a'), to: commit('c'), added: 24, changed: 1, removed: 0 },
          ...{ compared: false, endedAt: AT, durationMs: 1200 },
        },
        foreign: { at: AT, snapshot: '4096' },
        misfits: {
          at: AT,
          found: [
            {
              ...{ table: 'sales', kind: 'changed', file: 'sales/day=2026-11-20/by-hand.parquet' },
              ...{ column: 'amount', before: 'double', after: 'string' },
            },
          ],
        },
      },
    },
  }),
  ...catalogEventsOf(undefined, {
    ...{ schemaVersion: 1, version: 13, repository: 'lake', branch: 'main', commit: commit('c'), updatedAt: AT },
    tables: {
      animals: { commit: commit('c'), descriptor: '', shownAs: ['lake_described.animals'], left: { since: AT } },
    },
    described: {
      ...{ commit: commit('d'), digest: '0a'.repeat(16) },
      refused: {
        '_lakefs_tables/plants.yaml': {
          ...{ code: 'BL7010', since: AT, table: 'plants' },
          message: '_lakefs_tables/plants.yaml: schema: column height: no type of Spark or Glue is called "metre"',
        },
      },
    },
  }),
  ...restoreEventsOf(undefined, restoreBegun),
  ...restoreEventsOf(restoreBegun, {
    ...restoreBegun,
    ...{ version: 2, updatedAt: AT, endedAt: AT, outcome: 'restored', snapshot: 'snapshot-main-20261120T010000Z' },
    lost: { runs: ['jr_6f1c'], targets: [{ target: 'main', commit: commit('e') }] },
  }),
  ...rotationEventsOf(undefined, {
    ...{ schemaVersion: 1, version: 1, updatedAt: AT },
    trials: [{ by: 'arn:aws:iam::111122223333:user/op', at: AT, obstacles: ['BL8302: 2 runs are open'] }],
  }),
  ...rotationEventsOf(undefined, {
    ...{ schemaVersion: 1, version: 3, updatedAt: AT },
    last: { token: '9f8e7d6c-0000-4000-8000-000000000001', by: 'secrets-manager', startedAt: AT - 4000, endedAt: AT },
  }),
  ...exportEventsOf(undefined, {
    ...{ schemaVersion: 1, version: 7, name: 'for-redshift', sequence: 2, commit: commit('c'), updatedAt: AT },
    last: {
      ...{ id: `000002-${'c'.repeat(12)}`, mode: 'follow', from: commit('a'), to: commit('c') },
      ...{ copied: 48, removed: 2, kept: 0, bytes: 7_340_032, endedAt: AT, durationMs: 2100 },
      manifest: `s3://exports/lake/_branchline/exports/000002-${'c'.repeat(12)}/manifest.json`,
    },
  }),
  ...exportEventsOf(undefined, {
    ...{ schemaVersion: 1, version: 9, name: 'for-redshift', sequence: 3, commit: commit('c'), updatedAt: AT },
    failure: { code: 'BL4002', message: 's3:PutObject s3://exports/lake/a: AccessDenied', since: AT },
  }),
];

const marked: Collection = {
  ...{ id: 'gc-20261120t020000z', state: 'MARKED', sweep: 'approval', requestedBy: 'schedule', requestedAt: AT },
  ...{ markId: 'ft49qchksdubmr4r9kk0', markedAt: AT + 900_000 },
  marked: {
    ...{ objects: 8214, bytes: 41_287_901_184, gone: 0, oldest: AT - 90 * 86_400_000, newest: AT - 29 * 86_400_000 },
    examples: ['s3://my-lake/lake/data/ft49qj9ksdubmr4r9k9g/dc36bcpksdubmr4r9kb0'],
  },
};
const collecting = { schemaVersion: 1, version: 9, repository: 'lake', past: [], updatedAt: AT + 900_000 };
const COLLECTION_EXAMPLES: readonly DomainEvent[] = [
  ...collectionEventsOf(undefined, { ...collecting, current: marked }),
  ...collectionEventsOf(undefined, {
    ...{ ...collecting, version: 15, updatedAt: AT + 9_000_000 },
    past: [
      {
        ...{ ...marked, state: 'DONE', approved: { by: 'anna', at: AT + 3_600_000 }, endedAt: AT + 9_000_000 },
        readBack: { refs: 41, objects: 1_204_411, missing: 0, outside: 0, left: 0, sightings: [] },
      },
    ],
  }),
  ...collectionEventsOf(undefined, {
    ...{ ...collecting, version: 8, updatedAt: AT + 800_000 },
    past: [
      {
        ...{ ...marked, state: 'FAILED', endedAt: AT + 800_000 },
        cause: {
          code: 'BL8506',
          message: 'collection gc-20261120t020000z: branch by-hand, staged shows sales/_SUCCESS',
        },
      },
    ],
  }),
];

const DRILL_ID = 'drill-restore-20261120t020000z-5f0c2a';
const drilling: Drill = {
  ...{ schemaVersion: 1, version: 6, id: DRILL_ID, drillKind: 'restore', state: 'RUNNING', repository: 'lake' },
  ...{ storageNamespace: `s3://my-lake/branchline-drills/${DRILL_ID}`, requestedBy: 'schedule' },
  ...{ startedAt: AT, updatedAt: AT, leaseUntil: AT + 960_000, steps: [], isRemoved: false },
};
const drilled = { version: 7, seconds: 1.2, updatedAt: AT + 9_000, endedAt: AT + 9_000 };
const DRILL_EXAMPLES: readonly DomainEvent[] = [
  ...drillEventsOf(drilling, { ...drilling, ...drilled, state: 'PASSED', compared: { refs: 6, objects: 214 } }),
  ...drillEventsOf(drilling, {
    ...{ ...drilling, ...drilled, state: 'FAILED', compared: { refs: 6, objects: 214 } },
    differences: ['main: sales/dt=2026-11-19/part-0 is not there, not 9f86d081884c7d65 of 38 bytes'],
    cause: {
      code: 'BL8801',
      message: 'main: sales/dt=2026-11-19/part-0 is not there, not 9f86d081884c7d65 of 38 bytes',
    },
  }),
];
const arrived = { commit: commit('c'), shownAt: AT - 600_000, arrivedAt: AT, objects: 1_204_411 };
const REPLICATION_EXAMPLES: readonly DomainEvent[] = replicationEventsOf(undefined, {
  ...newRecord('lake', 'eu-central-1', 1),
  ...{ version: 41, updatedAt: AT },
  targets: { main: { ...NEW_TARGET, arrived: [arrived], replicated: arrived, lagCommits: 2, lagSeconds: 600 } },
  restorable: {
    ...{ snapshot: 'snapshot-main-20261120T010000Z', takenAt: AT - 3_600_000, arrivedAt: AT },
    commits: { main: commit('b') },
  },
});
const erasing: Erasure = {
  ...{ schemaVersion: 1, version: 1, repository: 'lake', id: 'erase-20261120t020000z', state: 'REMOVING' },
  ...{ requestedBy: 'anna', reason: 'request 4711', requestedAt: AT, updatedAt: AT, digest: 'd'.repeat(32) },
  objects: {
    count: 3,
    bytes: 7_340_032,
    uri: 's3://my-backups/erasures/…/objects.json',
    sha256: 'e'.repeat(64),
  },
  ...{ removeTags: [], replacements: [], runs: {}, did: NO_DEEDS },
};
const erased: Erasure = {
  ...{ ...erasing, version: 31, state: 'DONE', updatedAt: AT + 30 * 86_400_000, endedAt: AT + 30 * 86_400_000 },
  did: { ...NO_DEEDS, runs: ['erase-20261120t020000z-0d6be69b-1'] },
  proof: { at: AT + 30 * 86_400_000, gone: 3, left: 0, versions: 0, examples: [] },
  report: { uri: 's3://my-backups/erasures/lake/erase-20261120t020000z/report.json', sha256: 'f'.repeat(64) },
};
const ERASURE_EXAMPLES: readonly DomainEvent[] = [
  ...erasureEventsOf(undefined, erasing),
  ...erasureEventsOf(erasing, erased),
  ...erasureEventsOf(erasing, {
    ...{ ...erasing, version: 9, state: 'CANCELLED', updatedAt: AT + 3_600_000 },
    cause: { code: 'BL8610', message: 'cancelled by bert' },
  }),
];

const holdAsked: Asking = {
  ...{ function: 'resolve-run', action: 'hold-target', dryRun: true, repository: 'lake', target: 'main' },
  ...{ requestedBy: 'arn:aws:sts::111122223333:assumed-role/operator/maria', reason: 'month end' },
  asked: { owner: 'maria', expiresInSeconds: 3600 },
};
const holdRequest = newRequest(holdAsked, 'o1', AT);
const REQUEST_EXAMPLES: readonly DomainEvent[] = [
  ...requestEventsOf(undefined, holdRequest),
  ...requestEventsOf(holdRequest, endedRequest(holdRequest, { outcome: 'would-hold-target' }, AT + 400)),
];

const caseHold = { by: 'anna', reason: 'case 4711', since: AT + 7_200_000 };
const onHold: Snapshot = { ...complete, version: 6, hold: caseHold, updatedAt: caseHold.since };
const SNAPSHOT_EXAMPLES: readonly DomainEvent[] = [
  ...snapshotEventsOf(creating, complete),
  ...snapshotEventsOf(complete, {
    ...complete,
    version: 6,
    verified: {
      ...{ at: AT + 3_600_000, outcome: 'damaged', isFull: false },
      missing: ['tag snapshot-main-20261120T020000Z is gone'],
    },
    updatedAt: AT + 3_600_000,
  }),
  ...snapshotEventsOf(complete, {
    ...{ ...complete, version: 8, state: 'PRUNED', updatedAt: AT + 604_800_000 },
    cause: { code: 'BL8102', message: 'no rule of retention keeps it' },
  }),
  ...snapshotEventsOf(complete, onHold),
  ...snapshotEventsOf(onHold, {
    ...complete,
    ...{ version: 7, updatedAt: AT + 86_400_000 },
    lastHold: { ...caseHold, releasedBy: 'ben', releasedAt: AT + 86_400_000 },
  }),
];

const ABOUT: Readonly<Record<DomainEventType, string>> = {
  [DOMAIN_EVENT.runOpened]: 'A run was claimed. Its branch exists, or is about to.',
  [DOMAIN_EVENT.runCommitted]:
    'The job succeeded and its work is committed on the run branch; or a run that waited is to be promoted again. Not sent again where a promotion was only put off.',
  [DOMAIN_EVENT.runPromoted]:
    'The work is on the target, by merge `mergeCommit`. Also sent when a target is rolled forward over a run that had been rolled back.',
  [DOMAIN_EVENT.runUnchanged]: 'The run ended well and there was nothing to promote.',
  [DOMAIN_EVENT.runDiscarded]:
    'The run will never reach the target. `cause.code` says why: `BL2005` the job failed, `BL2010` a rerun takes over (`rerunAs`), `BL2011` a person decided, `BL2004` the branch was gone, `BL2012` the job never started.',
  [DOMAIN_EVENT.runConflicted]:
    'The target changed what the run changed. `clashes` holds at most 100. Under a policy other than `keep` another event follows soon.',
  [DOMAIN_EVENT.runRejected]:
    'A hook of lakeFS refused the merge (`BL2013`), the branch holds no claim (`BL2006`), or columns do not fit their table (`BL2019`). A person decides.',
  [DOMAIN_EVENT.runRolledBack]: 'The merge of the run was undone on the target, by a revert or a rollback.',
  [DOMAIN_EVENT.targetBlocked]: 'A merge made by hand clashes. Promotions into the target wait.',
  [DOMAIN_EVENT.targetUnblocked]: 'A person accepted or reverted what blocked the target. `blocked` is what it was.',
  [DOMAIN_EVENT.targetHeld]:
    'Promotions into the target wait until the hold is released or `hold.expiresAt` has passed.',
  [DOMAIN_EVENT.targetReleased]:
    'The hold was given back, and the runs that waited are promoted. Not sent where a hold only expired.',
  [DOMAIN_EVENT.rollbackRequested]: 'Somebody asked for a rollback, or with `dryRun` what it would change.',
  [DOMAIN_EVENT.rollbackRefused]: 'The target was left as it was. `cause` says why.',
  [DOMAIN_EVENT.targetRolledBack]:
    'The target holds what was asked for, by merge `mergeCommit`, and is verified there; runs and bookmarks have followed. Readers see it when `Catalog Refreshed` comes.',
  [DOMAIN_EVENT.catalogRefreshed]:
    'Readers see another commit of a table. `from` is absent for the first one; `compared` says that the whole table was looked at. Not sent where nothing of the table changed.',
  [DOMAIN_EVENT.catalogMisfitFound]:
    'Files are shown that readers of a table cannot read, as a merge by hand or a run with `schema: off` brings them. `first` names one, `files` counts them, up to 20. Sent when one is found that was not known.',
  [DOMAIN_EVENT.descriptionRefused]:
    'A file in `_lakefs_tables/` cannot be taken at its word: it cannot be read (`BL7010`), or its table clashes with another (`BL7011`). `table` is the one that stays as the file described it before; absent where none was shown. Sent once, until the file says something else.',
  [DOMAIN_EVENT.tableLeft]:
    'Nobody asks for a table any more: its description, or its entry in the configuration, is gone. Glue keeps it as it was at `commit`, under the names of `shownAs`, until a person takes it out of Glue.',
  [DOMAIN_EVENT.foreignSnapshotUndone]:
    'Somebody else wrote to an Iceberg table, or put it back: `snapshot` is what readers saw until it was followed by one of `commit`.',
  [DOMAIN_EVENT.restoreRequested]:
    'Somebody asked for a restore, or with `dryRun` for its plan. `requestedBy` is what the caller said of itself; CloudTrail knows whose credentials it was.',
  [DOMAIN_EVENT.restoreEnded]:
    'What came of it: `outcome` is `planned`, `restored` or `failed` (with `message`). `lost` names runs and targets whose commits are not in the restored repository.',
  [DOMAIN_EVENT.requestMade]:
    'Somebody asked for a change, or with `dryRun` what one would do: of runs, targets, snapshots, garbage collection, erasures, exports, drills or the catalog. Rollbacks, restores and rotations have events of their own. `requestedBy` is what the caller said of itself; CloudTrail knows whose credentials it was.',
  [DOMAIN_EVENT.requestEnded]:
    'What came of it: `outcome` is what was answered, or `failed` with `code` and `message`. Not sent where the function died.',
  [DOMAIN_EVENT.rotationRequested]:
    'Somebody asked for a rotation of the key pair, or with `dryRun` what stood in the way of one. `by` is what the caller said of itself; CloudTrail knows whose credentials it was.',
  [DOMAIN_EVENT.credentialsRotated]:
    'lakeFS has a new key pair, and the secret holds it as its current version. `by` is `secrets-manager` or the name of a person.',
  [DOMAIN_EVENT.snapshotCreated]: 'A snapshot is complete: its backup can be restored from.',
  [DOMAIN_EVENT.snapshotDamaged]:
    'A snapshot was verified, and something of it is `missing`. It is no way back any more.',
  [DOMAIN_EVENT.snapshotPruned]: 'A snapshot was removed, and `cause` says why.',
  [DOMAIN_EVENT.snapshotHeld]:
    'Somebody keeps a snapshot, whatever the rules say. `lastHold` is one that this took the place of.',
  [DOMAIN_EVENT.snapshotReleased]:
    'Somebody took a hold off a snapshot: `lastHold` says whose it was, why, and who took it off. From now on the rules decide.',
  [DOMAIN_EVENT.exportCompleted]:
    'The destination of an export holds commit `to`, and its marker is back. `manifest` names what was copied; absent where nothing of it changed.',
  [DOMAIN_EVENT.garbageMarked]:
    'lakeFS’s job has made a list of what nothing needs any more, and no ref, table or preview shows any of it. With `sweep: approval` it waits for `branchline gc approve`.',
  [DOMAIN_EVENT.garbageCollected]:
    'What was on the list is deleted and every ref was read back; or nothing was to be deleted. Who asked and who approved is kept here: the ledger remembers the newest twenty.',
  [DOMAIN_EVENT.garbageCollectionFailed]:
    '`cause` says why: `BL8504` nothing was marked, `BL8505` the sweep did not end, `BL8506` the list names what somebody sees and nothing was deleted, `BL8507` refs show objects that are missing.',
  [DOMAIN_EVENT.drillCompleted]:
    'A way back was rehearsed on a scratch repository: everything is as it was. `seconds` is what the rollback or the restore itself took.',
  [DOMAIN_EVENT.drillFailed]:
    'A rehearsal found what is not as it was (`BL8801`, with `differences`), could not go on, or did not end (`BL8805`). The lake itself was not touched.',
  [DOMAIN_EVENT.commitReplicated]:
    'Everything that a commit of a target shows has arrived in the second region, lakeFS’s own files among it. `lagCommits` and `lagSeconds` tell how far the target itself is ahead.',
  [DOMAIN_EVENT.snapshotReplicated]:
    'A snapshot could be restored in the second region: `commits` is what its refs say of each target.',
  [DOMAIN_EVENT.erasureBegun]:
    'Somebody began the erasure of a person’s data, and said why. No path and no address is in the events: those lie in the backup bucket.',
  [DOMAIN_EVENT.erasureCompleted]:
    'S3 was asked for every object: none is there, no earlier version either. `report` names the proof and its SHA-256.',
  [DOMAIN_EVENT.erasureCancelled]: 'It goes no further. What was taken out of branches stays out.',
  [DOMAIN_EVENT.exportFailed]:
    'An export can go no further by itself: `cause` says why. Its marker stays away until it ends. Sent once, until it has succeeded again.',
};

const example = ({ type, at, detail }: DomainEvent): string[] => [
  `## ${type}`,
  '',
  ABOUT[type],
  '',
  '```json',
  JSON.stringify({ source: EVENT_SOURCE, 'detail-type': type, time: new Date(at).toISOString(), detail }, null, 2),
  '```',
  '',
];

/** Types of which the page has no example. */
export const typesWithoutExample = (): DomainEventType[] =>
  Object.values(DOMAIN_EVENT).filter(
    (type) =>
      ![
        ...EXAMPLES,
        ...SNAPSHOT_EXAMPLES,
        ...COLLECTION_EXAMPLES,
        ...DRILL_EXAMPLES,
        ...REPLICATION_EXAMPLES,
        ...ERASURE_EXAMPLES,
        ...REQUEST_EXAMPLES,
      ].some((event) => event.type === type),
  );

export const eventsPage = (): string =>
  [
    '<!-- Made by `npm run generate:docs` from lambdas/domain/domain-events.ts. Do not edit. -->',
    '# Domain events',
    '',
    'Branchline tells what happened on an EventBridge bus of its own. The bus is named as the prefix of the deployment,',
    `\`branchline\` by default; the source of every event is \`${EVENT_SOURCE}\`. Events follow from changes of the ledger, by its stream, so none`,
    'is sent for what did not happen. They arrive **at least once**, and those of one run in the order of its changes as long as nothing has to',
    'be sent again. `ledgerVersion` is the version of the entry: a consumer that keeps the highest one it has seen for a run (`runId` and `attempt`)',
    'drops repeats and what comes late. Events are for telling others. Branchline itself does not depend on them.',
    '',
    'Fields without a value are left out. Fields may be added; those shown keep their meaning within one `schemaVersion`. An event that would be',
    'larger than EventBridge takes (256 KB) comes without `clashes` and `cause` and with `"truncated": true`; the ledger has them.',
    'Commit ids are shown as one repeated digit.',
    '',
    '## A rule',
    '',
    'Starts a state machine for every promotion of one pipeline, and tells a topic what waits for a person:',
    '',
    '```json',
    JSON.stringify(
      { source: [EVENT_SOURCE], 'detail-type': [DOMAIN_EVENT.runPromoted], detail: { pipeline: ['nightly'] } },
      null,
      2,
    ),
    '```',
    '',
    '```sh',
    'aws events put-rule --event-bus-name branchline --name branchline-waiting \\',
    `  --event-pattern '${JSON.stringify({ source: [EVENT_SOURCE], 'detail-type': [DOMAIN_EVENT.runConflicted, DOMAIN_EVENT.runRejected, DOMAIN_EVENT.targetBlocked] })}'`,
    'aws events put-targets --event-bus-name branchline --rule branchline-waiting \\',
    '  --targets Id=topic,Arn=arn:aws:sns:eu-west-1:111122223333:data-platform',
    '```',
    '',
    'The topic needs a policy that lets `events.amazonaws.com` publish.',
    '',
    ...[
      ...EXAMPLES,
      ...SNAPSHOT_EXAMPLES,
      ...COLLECTION_EXAMPLES,
      ...DRILL_EXAMPLES,
      ...REPLICATION_EXAMPLES,
      ...ERASURE_EXAMPLES,
      ...REQUEST_EXAMPLES,
    ].flatMap(example),
  ]
    .join('\n')
    .trimEnd()
    .concat('\n');
