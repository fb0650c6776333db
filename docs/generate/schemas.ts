/** JSON Schemas of what the functions take and answer. */
import * as z from 'zod/mini';
import { EXPORT_TRIGGERS, type ON_CONFLICT } from '../../lambdas/contract.ts';
import { PREVIEW_STATE } from '../../lambdas/domain/catalog/preview.ts';
import { KINDS } from '../../lambdas/domain/catalog/table.ts';
import { COLLECTION_STATE } from '../../lambdas/domain/collection.ts';
import { DRILL_KINDS, DRILL_STATE } from '../../lambdas/domain/drill.ts';
import { ERASURE_STEP } from '../../lambdas/domain/erasure.ts';
import { ERASURE_STATE } from '../../lambdas/domain/erasure-record.ts';
import { ROLLBACK_STATE } from '../../lambdas/domain/rollback.ts';
import { RUN_STATE } from '../../lambdas/domain/run.ts';
import { SNAPSHOT_KINDS, SNAPSHOT_STATE } from '../../lambdas/domain/snapshot.ts';
import {
  catalogRequest,
  claimRunRequest,
  collectGarbageRequest,
  drillRequest,
  eraseRequest,
  exportRequest,
  inspectRequest,
  replicationRequest,
  resolveRunRequest,
  restoreRequest,
  rollbackRequest,
  rotateCredentialsRequest,
  snapshotRequest,
  startRunRequest,
} from '../../lambdas/payloads.ts';

export const REQUESTS = {
  'start-run': startRunRequest,
  'claim-run': claimRunRequest,
  'resolve-run': resolveRunRequest,
  catalog: catalogRequest,
  rollback: rollbackRequest,
  snapshot: snapshotRequest,
  export: exportRequest,
  inspect: inspectRequest,
  'rotate-credentials': rotateCredentialsRequest,
  restore: restoreRequest,
  'collect-garbage': collectGarbageRequest,
  drill: drillRequest,
  erase: eraseRequest,
  replication: replicationRequest,
} as const;

const maybe = z.exactOptional;
const list = <T extends z.ZodMiniType>(element: T) => z.readonly(z.array(element));
const cause = z.object({ code: z.string(), message: z.string() });
const state = z.enum(RUN_STATE);
const time = z.number();

const schemaChange = z.object({
  table: z.string(),
  kind: z.enum(['added', 'widened', 'changed', 'dropped', 'unreadable']),
  file: z.string(),
  column: maybe(z.string()),
  before: maybe(z.string()),
  after: maybe(z.string()),
  why: maybe(z.string()),
});

const run = z.object({
  runId: z.string(),
  attempt: z.number(),
  schemaVersion: z.number(),
  version: z.number(),
  state,
  job: z.string(),
  pipeline: z.string(),
  repository: z.string(),
  target: z.string(),
  branch: z.string(),
  baseCommit: z.string(),
  jobRunId: maybe(z.string()),
  openedAt: time,
  updatedAt: time,
  jobEndedAt: maybe(time),
  jobState: maybe(z.string()),
  jobMessage: maybe(z.string()),
  settledAt: maybe(time),
  argumentsDigest: maybe(z.string()),
  bookmarks: maybe(z.boolean()),
  runCommit: maybe(z.string()),
  changedPartitions: maybe(z.number()),
  changedObjects: maybe(z.number()),
  removesLast: maybe(z.boolean()),
  schemaChanges: maybe(list(schemaChange)),
  schemaAccepted: maybe(z.literal(true)),
  startLeaseUntil: maybe(time),
  branchMade: maybe(z.literal(true)),
  lease: maybe(z.object({ owner: z.string(), checkedHead: z.string(), expiresAt: time })),
  promotionBase: maybe(z.string()),
  originalCommit: maybe(z.string()),
  resolutionBranch: maybe(z.string()),
  promotionTries: maybe(z.number()),
  resolutions: maybe(z.number()),
  mergeCommit: maybe(z.string()),
  clashes: maybe(
    list(
      z.object({
        kind: z.enum(['path', 'partition', 'history']),
        what: z.string(),
        commit: maybe(z.string()),
        run: maybe(z.string()),
      }),
    ),
  ),
  policy: maybe(z.enum(['rerun', 'source-wins', 'target-wins'] as const satisfies (typeof ON_CONFLICT)[number][])),
  cause: maybe(cause),
  rerunOf: maybe(z.string()),
  rerunAs: maybe(z.string()),
  rerunDue: maybe(z.boolean()),
  rerunNumber: z.number(),
  keepUntil: maybe(time),
  preserveDue: maybe(z.boolean()),
  branchDeleted: z.boolean(),
  bookmarkRewind: maybe(z.enum(['due', 'done', 'rerun-needed'])),
  rewindLeaseUntil: maybe(time),
  wakeUps: maybe(z.number()),
  steps: list(z.object({ at: time, state, note: maybe(z.string()) })),
});

const preview = z.object({
  schemaVersion: z.number(),
  version: z.number(),
  name: z.string(),
  state: z.enum(PREVIEW_STATE),
  repository: z.string(),
  ref: z.string(),
  commit: z.string(),
  database: z.string(),
  tables: list(z.string()),
  paths: maybe(list(z.string())),
  createdAt: time,
  expiresAt: time,
  updatedAt: time,
  lease: maybe(z.object({ owner: z.string(), expiresAt: time })),
});

const target = z.object({
  schemaVersion: z.number(),
  version: z.number(),
  repository: z.string(),
  branch: z.string(),
  verifiedCommit: z.string(),
  verifiedAt: maybe(time),
  updatedAt: time,
  hold: maybe(z.object({ owner: z.string(), reason: z.string(), expiresAt: time, rollback: maybe(z.string()) })),
  noted: maybe(list(z.object({ commit: z.string(), at: time }))),
  byHand: maybe(z.object({ commit: z.string(), at: time })),
  blocked: maybe(z.object({ commit: z.string(), cause, since: time })),
});

const commit = z.object({
  id: z.string(),
  parents: list(z.string()),
  metaRangeId: z.string(),
  message: z.string(),
  committer: z.string(),
  creationDate: time,
  metadata: z.record(z.string(), z.string()),
});

const ids = list(z.string());
const rotation = z.object({
  schemaVersion: z.number(),
  version: z.number(),
  updatedAt: time,
  current: maybe(
    z.object({ token: z.string(), by: z.string(), startedAt: time, leaseUntil: time, snapshots: maybe(ids) }),
  ),
  last: maybe(z.object({ token: z.string(), by: z.string(), startedAt: time, endedAt: time, snapshots: maybe(ids) })),
  trials: maybe(list(z.object({ by: z.string(), at: time, obstacles: list(z.string()) }))),
});

const lostWork = z.object({
  runs: list(z.string()),
  targets: list(z.object({ target: z.string(), commit: z.string() })),
});

/** By target: what it has brought since a snapshot. */
const since = z.record(
  z.string(),
  z.object({ head: z.string(), commits: z.number(), more: maybe(z.boolean()), runs: list(z.string()) }),
);
const cameAfter = z.object({ takenAt: z.string(), foundAt: z.string(), targets: since });

const repositoryPlan = z.object({
  after: maybe(cameAfter),
  repository: z.string(),
  state: z.enum(['absent', 'bare', 'present']),
  backup: maybe(
    z.object({
      snapshot: z.string(),
      dumpedAt: time,
      storageNamespace: z.string(),
      branches: z.number(),
      tags: z.number(),
    }),
  ),
  looked: list(z.object({ snapshot: z.string(), createdAt: time, fault: maybe(z.string()) })),
  lost: lostWork,
});

const restoreRecord = z.object({
  ...{ schemaVersion: z.number(), version: z.number(), id: z.string(), repository: z.string() },
  what: z.enum(['repository', 'branch', 'database']),
  branch: maybe(z.string()),
  dryRun: z.boolean(),
  requestedBy: z.string(),
  ...{ startedAt: time, updatedAt: time, endedAt: maybe(time) },
  outcome: maybe(z.enum(['planned', 'restored', 'failed'])),
  ...{ snapshot: maybe(z.string()), commit: maybe(z.string()), lost: maybe(lostWork), message: maybe(z.string()) },
});

const requestRecord = z.object({
  ...{ schemaVersion: z.number(), version: z.number(), id: z.string(), function: z.string(), action: z.string() },
  ...{ dryRun: z.boolean(), requestedBy: z.string(), reason: maybe(z.string()) },
  ...{ repository: maybe(z.string()), target: maybe(z.string()), asked: z.record(z.string(), z.unknown()) },
  ...{ startedAt: time, updatedAt: time, endedAt: maybe(time) },
  ...{ outcome: maybe(z.string()), code: maybe(z.string()), message: maybe(z.string()) },
});

const storedBackup = z.object({
  id: z.string(),
  arn: z.string(),
  at: time,
  kind: z.string(),
  isAvailable: z.boolean(),
});

const workSince = z.object({ count: z.number(), runs: list(z.string()) });

const databasePlan = z.object({
  store: z.object({
    kind: z.enum(['rds', 'dynamodb']),
    name: z.string(),
    status: maybe(z.string()),
    resource: maybe(z.string()),
    window: maybe(z.object({ from: time, to: time })),
    backups: list(storedBackup),
  }),
  way: z.union([
    z.object({ kind: z.literal('point'), at: time }),
    z.object({ kind: z.literal('backup'), at: time, backup: storedBackup }),
    z.object({ kind: z.literal('none'), reason: z.string() }),
  ]),
  lost: z.object({
    promoted: workSince,
    unfinished: workSince,
    targets: list(z.object({ repository: z.string(), target: z.string(), verifiedAt: time })),
  }),
  steps: list(z.object({ what: z.string(), commands: list(z.string()) })),
  minutes: z.readonly(z.tuple([z.number(), z.number()])),
});

const databaseCheck = z.object({
  repository: z.string(),
  isThere: z.boolean(),
  backup: maybe(z.object({ snapshot: z.string(), dumpedAt: time })),
  refs: z.object({
    same: z.number(),
    moved: z.number(),
    made: z.number(),
    gone: list(z.string()),
    lost: list(z.string()),
  }),
  missing: lostWork,
});

const branchPlan = z.object({
  repository: z.string(),
  branch: z.string(),
  commit: z.string(),
  from: z.enum(['request', 'target', 'run', 'backup']),
  isThere: z.boolean(),
});

const exportMode = z.enum(['follow', 'compare']);
const exportCounts = { copied: z.number(), removed: z.number(), kept: z.number(), bytes: z.number() };
const exportRecord = z.object({
  schemaVersion: z.number(),
  version: z.number(),
  name: z.string(),
  digest: maybe(z.string()),
  commit: maybe(z.string()),
  sequence: z.number(),
  run: maybe(
    z.object({
      id: z.string(),
      digest: z.string(),
      mode: exportMode,
      from: maybe(z.string()),
      to: z.string(),
      startedAt: time,
      phase: z.enum(['copy', 'plan', 'map', 'remove', 'seal']),
      opened: maybe(z.literal(true)),
      cursor: maybe(z.object({ scope: z.number(), path: z.string() })),
      parts: z.number(),
      execution: maybe(z.object({ name: z.string(), startedAt: time, endedAt: maybe(time) })),
      tries: maybe(z.number()),
      ...exportCounts,
    }),
  ),
  last: maybe(
    z.object({
      id: z.string(),
      mode: exportMode,
      from: maybe(z.string()),
      to: z.string(),
      endedAt: time,
      durationMs: z.number(),
      manifest: maybe(z.string()),
      ...exportCounts,
    }),
  ),
  comparedAt: maybe(time),
  lease: maybe(z.object({ owner: z.string(), expiresAt: time })),
  failure: maybe(z.object({ code: z.string(), message: z.string(), since: time })),
  updatedAt: time,
});
const exportFindings = {
  commit: z.string(),
  missing: z.number(),
  different: z.number(),
  surplus: z.number(),
  bytes: z.number(),
  examples: list(z.string()),
  complete: z.boolean(),
};

const check = z.object({
  name: z.string(),
  status: z.enum(['ok', 'warning', 'failed']),
  message: z.string(),
  remedy: maybe(z.string()),
});

const texts = list(z.string());

const rollbackPlan = z.union([
  z.object({ kind: z.literal('state'), to: z.string(), metaRangeId: z.string(), prefixes: maybe(texts) }),
  z.object({
    kind: z.literal('run'),
    run: z.string(),
    mergeCommit: z.string(),
    to: z.string(),
    prefixes: maybe(texts),
  }),
]);

const rollbackState = z.enum(ROLLBACK_STATE);

const rollback = z.object({
  schemaVersion: z.number(),
  version: z.number(),
  id: z.string(),
  state: rollbackState,
  repository: z.string(),
  target: z.string(),
  requestedBy: z.string(),
  reason: maybe(z.string()),
  dryRun: z.boolean(),
  asked: z.object({
    to: maybe(z.string()),
    run: maybe(z.string()),
    tables: maybe(texts),
    prefixes: maybe(texts),
    restorePartitions: maybe(z.boolean()),
  }),
  plan: maybe(rollbackPlan),
  requestedAt: time,
  updatedAt: time,
  settledAt: maybe(time),
  head: maybe(z.string()),
  safetyTag: maybe(z.string()),
  attempt: maybe(z.object({ number: z.number(), head: z.string(), branch: z.string(), commit: maybe(z.string()) })),
  mergeCommit: maybe(z.string()),
  undone: maybe(texts),
  undoneCount: maybe(z.number()),
  restored: maybe(texts),
  restoredCount: maybe(z.number()),
  cause: maybe(cause),
  lease: maybe(z.object({ owner: z.string(), expiresAt: time })),
  steps: list(z.object({ at: time, state: rollbackState, note: maybe(z.string()) })),
});

const rollbackEffect = z.object({
  plan: rollbackPlan,
  head: z.string(),
  isNothing: z.boolean(),
  tables: list(
    z.object({
      table: maybe(z.string()),
      partitions: z.number(),
      added: z.number(),
      changed: z.number(),
      removed: z.number(),
    }),
  ),
  partitions: texts,
  files: texts,
  fileCount: z.number(),
  undone: texts,
  restored: texts,
  touched: texts,
  based: texts,
  rewinds: z.number(),
  overlap: maybe(texts),
});

const details = z.object({
  run,
  commits: list(commit),
  commitsUnread: maybe(z.string()),
  partitions: maybe(list(z.string())),
});

const refresh = z.object({
  from: maybe(z.string()),
  to: z.string(),
  added: z.number(),
  changed: z.number(),
  removed: z.number(),
  compared: z.boolean(),
  endedAt: time,
  durationMs: z.number(),
});

const tableStatus = z.object({
  repository: z.string(),
  target: z.string(),
  table: z.string(),
  database: z.string(),
  tableName: z.string(),
  state: z.enum(['shown', 'behind', 'unpublished', 'to-compare', 'failed']),
  commit: maybe(z.string()),
  verifiedCommit: maybe(z.string()),
  towards: maybe(z.string()),
  lagSeconds: z.number(),
  partitions: maybe(z.number()),
  keeps: maybe(z.enum(KINDS)),
  switchAskedAt: maybe(time),
  comparedAt: maybe(time),
  compareAskedAt: maybe(time),
  drift: maybe(z.object({ at: time, what: z.string() })),
  refresh: maybe(refresh),
  misfits: maybe(z.object({ at: time, found: list(schemaChange) })),
  failure: maybe(z.object({ code: z.string(), message: z.string(), since: time, triedAt: maybe(time) })),
});

const refusedDescription = z.object({
  repository: z.string(),
  target: z.string(),
  file: z.string(),
  table: maybe(z.string()),
  code: z.string(),
  message: z.string(),
  since: time,
});

const leftTable = z.object({
  repository: z.string(),
  target: z.string(),
  table: z.string(),
  shownAs: list(z.string()),
  commit: maybe(z.string()),
  since: time,
});

const finding = z.union([
  z.object({ kind: z.enum(['table-missing']) }),
  z.object({ kind: z.enum(['table-foreign']) }),
  z.object({ kind: z.enum(['table-edited']), what: z.string() }),
  z.object({ kind: z.enum(['partition-missing']), partition: z.string() }),
  z.object({ kind: z.enum(['partition-foreign']), partition: z.string() }),
  z.object({ kind: z.enum(['partition-different']), partition: z.string(), what: z.string() }),
  z.object({ kind: z.enum(['snapshot-foreign']), what: z.string() }),
  z.object({ kind: z.enum(['snapshot-lost']), what: z.string() }),
  z.object({ kind: z.enum(['manifest-missing']), partition: z.string(), what: z.string() }),
]);

const tableVerification = z.object({
  repository: z.string(),
  target: z.string(),
  table: z.string(),
  outcome: z.enum(['right', 'different', 'busy', 'unpublished', 'unfinished']),
  commit: maybe(z.string()),
  partitions: z.number(),
  counts: z.partialRecord(
    z.enum([
      ...(['table-missing', 'table-foreign', 'table-edited'] as const),
      ...([
        'partition-missing',
        'partition-foreign',
        'partition-different',
        'manifest-missing',
        'snapshot-foreign',
        'snapshot-lost',
      ] as const),
    ]),
    z.exactOptional(z.number()),
  ),
  findings: list(finding),
});

const kind = z.enum(KINDS);
const tableSwitching = z.object({
  repository: z.string(),
  target: z.string(),
  table: z.string(),
  database: z.string(),
  tableName: z.string(),
  from: kind,
  to: kind,
  beside: maybe(z.string()),
});

const tableAt = z.object({
  repository: z.string(),
  target: z.string(),
  table: z.string(),
  database: z.string(),
  tableName: z.string(),
  asked: z.string(),
  state: z.enum(['same', 'earlier', 'expired', 'not-yet-shown', 'no-snapshots']),
  commit: maybe(z.string()),
  snapshot: maybe(z.string()),
  shownAt: maybe(time),
  query: maybe(z.string()),
});

const content = z.object({ objects: z.number(), bytes: z.number(), digest: z.string() });
const snapshot = z.object({
  schemaVersion: z.number(),
  version: z.number(),
  id: z.string(),
  repository: z.string(),
  target: z.string(),
  kind: z.enum(SNAPSHOT_KINDS),
  state: z.enum(SNAPSHOT_STATE),
  requestedBy: z.string(),
  reason: maybe(z.string()),
  startedAt: time,
  updatedAt: time,
  completedAt: maybe(time),
  commit: z.string(),
  metaRangeId: z.string(),
  keeperBranch: z.string(),
  dump: maybe(
    z.object({ commitsMetaRangeId: z.string(), tagsMetaRangeId: z.string(), branchesMetaRangeId: z.string() }),
  ),
  refs: maybe(z.object({ branches: z.number(), tags: z.number(), sha256: z.string() })),
  counting: maybe(z.extend(content, { after: z.string() })),
  content: maybe(content),
  database: maybe(z.object({ kind: z.enum(['rds', 'dynamodb']), arn: z.string(), restorableTo: time })),
  backup: maybe(z.object({ uri: z.string(), sha256: z.string() })),
  hold: maybe(z.object({ by: z.string(), reason: z.string(), since: time })),
  lastHold: maybe(
    z.object({ by: z.string(), reason: z.string(), since: time, releasedBy: z.string(), releasedAt: time }),
  ),
  verified: maybe(
    z.object({ at: time, outcome: z.enum(['good', 'damaged']), isFull: z.boolean(), missing: list(z.string()) }),
  ),
  cause: maybe(cause),
});
const keptBy = z.enum(['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly', 'hold', 'newest']);
const tended = z.object({
  created: ids,
  unfinished: ids,
  pruned: ids,
  damaged: ids,
  failures: list(z.object({ what: z.string(), reason: z.string() })),
  newestGoodSeconds: z.number(),
});

/** The types that these stand for are held to them by a test. */
const blocker = z.object({
  kind: z.enum(['staged', 'held', 'rollback', 'restore', 'rotation', 'snapshot']),
  what: z.string(),
  message: z.string(),
  since: maybe(time),
});
const jobStep = z.object({ intendedAt: time, tries: z.number(), jobRunId: maybe(z.string()) });
const sighting = z.object({ where: z.string(), path: z.string(), address: z.string() });
const collection = z.object({
  id: z.string(),
  state: z.enum(COLLECTION_STATE),
  sweep: z.enum(['approval', 'automatic']),
  requestedBy: z.string(),
  requestedAt: time,
  waits: maybe(z.object({ since: time, for: list(blocker) })),
  mark: maybe(jobStep),
  markId: maybe(z.string()),
  marked: maybe(
    z.object({
      ...{ objects: z.number(), bytes: z.number(), gone: z.number(), oldest: maybe(time), newest: maybe(time) },
      examples: list(z.string()),
    }),
  ),
  markedAt: maybe(time),
  examined: maybe(list(z.string())),
  approved: maybe(z.object({ by: z.string(), at: time })),
  sweeping: maybe(jobStep),
  checked: maybe(list(z.string())),
  readBack: maybe(
    z.object({
      ...{ refs: z.number(), objects: z.number(), missing: z.number(), outside: z.number(), left: z.number() },
      sightings: list(sighting),
    }),
  ),
  endedAt: maybe(time),
  cause: maybe(cause),
});
const collectionRecord = z.object({
  ...{ schemaVersion: z.number(), version: z.number(), repository: z.string() },
  current: maybe(collection),
  past: list(collection),
  lease: maybe(z.object({ owner: z.string(), expiresAt: time })),
  updatedAt: time,
});
const drill = z.object({
  ...{ schemaVersion: z.number(), version: z.number(), id: z.string() },
  drillKind: z.enum(DRILL_KINDS),
  state: z.enum(DRILL_STATE),
  ...{ repository: z.string(), storageNamespace: z.string(), requestedBy: z.string(), reason: maybe(z.string()) },
  ...{ startedAt: time, updatedAt: time, endedAt: maybe(time), leaseUntil: time },
  steps: list(z.object({ at: time, what: z.string() })),
  seconds: maybe(z.number()),
  compared: maybe(z.object({ refs: z.number(), objects: z.number() })),
  backup: maybe(
    z.object({
      ...{ snapshot: z.string(), left: maybe(z.string()), seconds: maybe(z.number()) },
      ...{ refs: maybe(z.number()), objects: maybe(z.number()) },
    }),
  ),
  differences: maybe(list(z.string())),
  cause: maybe(cause),
  isRemoved: z.boolean(),
});
const gcRules = z.object({
  defaultRetentionDays: z.number(),
  branches: z.readonly(z.record(z.string(), z.number())),
});
const collectionPlans = z.object({
  outcome: z.literal('planned'),
  plans: list(
    z.object({
      repository: z.string(),
      rules: z.object({ wanted: gcRules, found: maybe(gcRules), hasDrifted: z.boolean() }),
      blockers: list(blocker),
      staleBranches: list(
        z.object({
          ...{ branch: z.string(), headAt: time, objects: z.number(), bytes: z.number(), isAtLeast: z.boolean() },
        }),
      ),
      tagsWithoutKeeper: z.number(),
      record: maybe(collectionRecord),
    }),
  ),
});

const named = <Kind extends string>(kind: Kind) => z.object({ kind: z.literal(kind), name: z.string() });
const holder = z.union([
  named('target'),
  named('branch'),
  named('staged'),
  named('tag'),
  named('tag-keeper'),
  named('table'),
  named('iceberg'),
  named('preview'),
  z.object({ kind: z.literal('run'), name: z.string(), run: z.string(), hasEnded: z.boolean() }),
  z.object({
    kind: z.literal('snapshot'),
    name: z.string(),
    hold: maybe(z.object({ by: z.string(), reason: z.string(), since: time })),
  }),
]);
const erasurePlan = z.object({
  ...{ repository: z.string(), objects: z.number(), bytes: z.number(), unseen: z.number(), outside: list(z.string()) },
  alike: z.object({ objects: z.number(), examples: list(z.string()) }),
  examples: list(
    z.object({
      address: z.string(),
      ...{ sizeBytes: maybe(z.number()), checksum: maybe(z.string()), paths: list(z.string()) },
    }),
  ),
  held: list(z.object({ holder, does: z.enum(ERASURE_STEP), objects: z.number(), examples: list(z.string()) })),
  exports: list(z.object({ name: z.string(), destination: z.string(), files: z.number(), examples: list(z.string()) })),
  backups: list(z.string()),
  storage: z.object({
    bucket: z.string(),
    versioning: z.enum(['on', 'suspended', 'off', 'unknown']),
    earlierVersionsDays: maybe(z.number()),
    replicatesTo: list(z.string()),
  }),
  retention: z.object({ days: z.number(), until: time }),
  refusals: list(cause),
});

const missingObject = z.object({ address: z.string(), sizeBytes: z.number() });
const walk = {
  ...{ after: z.string(), isAtEnd: z.boolean(), objects: z.number(), missing: list(missingObject) },
  outside: z.number(),
};
const arrivedCommit = z.object({
  ...{ commit: z.string(), shownAt: time, arrivedAt: time, objects: z.number() },
});
const targetReplication = z.object({
  head: maybe(z.string()),
  arrived: list(arrivedCommit),
  candidate: maybe(z.object({ ...walk, commit: z.string(), chosenAt: time, shownAt: time, needsLook: z.number() })),
  givenUp: z.number(),
  replicated: maybe(arrivedCommit),
  lagCommits: maybe(z.number()),
  lagSeconds: z.number(),
});
const restorePoint = {
  snapshot: z.string(),
  takenAt: time,
  commits: z.readonly(z.record(z.string(), z.string())),
};
const replicationRecord = z.object({
  ...{ schemaVersion: z.number(), version: z.number(), repository: z.string(), region: z.string(), updatedAt: time },
  metadata: z.object({ begun: z.number(), whole: z.number(), walk: maybe(z.object(walk)) }),
  targets: z.readonly(z.record(z.string(), targetReplication)),
  point: maybe(z.object({ ...restorePoint, chosenAt: time, needsLook: z.number(), missing: list(z.string()) })),
  pointsGivenUp: z.number(),
  restorable: maybe(z.object({ ...restorePoint, arrivedAt: time, since: maybe(since) })),
});
const written = z.object({ uri: z.string(), sha256: z.string() });
const erasure = z.object({
  ...{ schemaVersion: z.number(), version: z.number(), repository: z.string(), id: z.string() },
  ...{ state: z.enum(ERASURE_STATE), requestedBy: z.string(), reason: z.string(), requestedAt: time, updatedAt: time },
  digest: z.string(),
  objects: z.object({ count: z.number(), bytes: z.number(), uri: z.string(), sha256: z.string() }),
  removeTags: list(z.string()),
  replacements: list(z.object({ path: z.string(), ref: z.string(), from: z.string() })),
  runs: z.readonly(z.record(z.string(), z.object({ number: z.number(), runId: z.string() }))),
  did: z.object({
    ...{ runs: list(z.string()), merges: list(z.string()), tags: list(z.string()), snapshots: list(z.string()) },
    ...{ previews: list(z.string()), keptRuns: list(z.string()) },
    copies: z.readonly(z.record(z.string(), z.number())),
  }),
  waits: maybe(z.object({ since: time, for: list(z.string()) })),
  ...{ removedAt: maybe(time), retainedUntil: maybe(time) },
  collection: maybe(z.object({ id: z.string(), tries: z.number() })),
  proof: maybe(
    z.object({
      ...{ at: time, gone: z.number(), left: z.number(), versions: z.number(), versionsUntil: maybe(time) },
      examples: list(z.string()),
    }),
  ),
  report: maybe(written),
  ...{ endedAt: maybe(time), cause: maybe(cause) },
  lease: maybe(z.object({ owner: z.string(), expiresAt: time })),
});

export const ANSWERS = {
  'start-run': z.object({ outcome: z.enum(['started', 'already-started', 'would-start']), run }),
  'claim-run': z.object({
    runId: z.string(),
    attempt: z.number(),
    job: z.string(),
    pipeline: z.string(),
    repository: z.string(),
    target: z.string(),
    branch: z.string(),
    baseCommit: z.string(),
    endpoint: z.string(),
    secretArn: z.string(),
  }),
  'resolve-run': z.object({
    outcome: z.string(),
    run: maybe(run),
    target: maybe(target),
    contested: maybe(list(z.string())),
    objectsCopied: maybe(z.number()),
    objectsRemoved: maybe(z.number()),
  }),
  catalog: z.union([
    z.object({ outcome: z.enum(['watched']), looks: z.number(), verified: z.number() }),
    z.object({ tables: list(tableStatus), refused: maybe(list(refusedDescription)), left: maybe(list(leftTable)) }),
    z.object({ outcome: z.enum(['woken', 'up-to-date', 'would-wake']), askedAt: time, tables: list(tableStatus) }),
    z.object({ outcome: z.enum(['right', 'different', 'busy', 'unfinished']), verified: list(tableVerification) }),
    z.object({ outcome: z.enum(['asked', 'would-repair']), askedAt: time, tables: list(tableStatus) }),
    z.object({
      outcome: z.enum(['ready', 'busy', 'unfinished', 'would-preview']),
      preview,
      hasUncommitted: z.boolean(),
      refused: maybe(list(z.object({ file: z.string(), code: z.string(), message: z.string() }))),
    }),
    z.object({ at: list(tableAt) }),
    z.object({
      outcome: z.enum(['asked', 'would-switch', 'nothing-to-switch']),
      askedAt: time,
      switches: list(tableSwitching),
    }),
    z.object({ previews: list(preview) }),
    z.object({ outcome: z.enum(['dropped', 'already-dropped', 'busy', 'unfinished', 'would-drop']), preview }),
    z.object({ dropped: z.number(), failures: z.number(), complete: z.boolean() }),
  ]),
  restore: z.union([
    z.object({ outcome: z.literal('planned'), repositories: list(repositoryPlan) }),
    z.object({
      outcome: z.literal('restored'),
      repository: z.object({
        ...{ snapshot: z.string(), branches: z.number(), tags: z.number(), lost: lostWork, after: maybe(cameAfter) },
        objects: maybe(
          list(
            z.object({
              ...{ target: z.string(), commit: z.string(), objects: z.number(), outside: z.number() },
              missing: list(missingObject),
              outcome: z.enum(['whole', 'missing', 'unfinished']),
            }),
          ),
        ),
      }),
    }),
    z.object({ outcome: z.enum(['planned', 'restored']), branch: branchPlan }),
    z.object({ outcome: z.literal('planned'), database: databasePlan }),
    z.object({ outcome: z.enum(['whole', 'different']), checks: list(databaseCheck) }),
    z.object({ outcome: z.literal('settled'), lost: lostWork }),
  ]),
  export: z.union([
    z.object({
      outcome: z.enum(['exported', 'up-to-date', 'nothing-to-export', 'busy', 'unfinished', 'waiting', 'failed']),
      record: maybe(exportRecord),
    }),
    z.object({ outcome: z.literal('would-export'), mode: exportMode, ...exportFindings }),
    z.object({ outcome: z.enum(['whole', 'drifted']), ...exportFindings }),
    z.object({ outcome: z.enum(['never-exported', 'running']) }),
    z.object({
      outcome: z.literal('listed'),
      exports: list(
        z.object({
          name: z.string(),
          repository: z.string(),
          ref: z.string(),
          destination: z.string(),
          trigger: z.enum(EXPORT_TRIGGERS),
          state: z.enum(['up-to-date', 'behind', 'running', 'failed', 'never-exported']),
          commit: maybe(z.string()),
          record: maybe(exportRecord),
        }),
      ),
    }),
  ]),
  'rotate-credentials': z.object({
    outcome: z.enum(['status', 'would-rotate', 'rotated']),
    rotation: maybe(rotation),
    openRuns: list(z.string()),
    obstacles: list(z.string()),
  }),
  rollback: z.object({
    outcome: z.enum(['rolled-back', 'would-roll-back', 'nothing-to-do', 'unfinished', 'busy']),
    rollback,
    effect: maybe(rollbackEffect),
  }),
  snapshot: z.union([
    z.object({ outcome: z.enum(['created']), snapshot }),
    z.object({ outcome: z.enum(['unfinished']), snapshot }),
    z.object({ outcome: z.enum(['would-create']), snapshot }),
    z.object({ outcome: z.enum(['listed']), snapshots: list(z.object({ snapshot, keptBy: maybe(list(keptBy)) })) }),
    z.object({ outcome: z.enum(['good', 'damaged']), snapshot, missing: ids }),
    z.object({ outcome: z.enum(['unfinished']), snapshot, missing: ids }),
    z.object({ outcome: z.enum(['pruned', 'would-prune']), snapshots: list(snapshot) }),
    z.object({ outcome: z.enum(['held', 'would-hold']), snapshot }),
    z.object({ outcome: z.enum(['released', 'would-release']), snapshot }),
    z.object({ outcome: z.enum(['tended']), report: tended }),
  ]),
  drill: z.union([
    z.object({ outcome: z.enum(['passed', 'failed', 'gave-way']), drill }),
    z.object({ outcome: z.literal('listed'), drills: list(drill) }),
    z.object({
      outcome: z.literal('tended'),
      drills: list(drill),
      report: z.object({
        ran: list(z.object({ id: z.string(), state: z.enum(DRILL_STATE) })),
        ...{ removed: ids, failed: list(z.enum(DRILL_KINDS)), faults: ids, ageSeconds: z.number() },
      }),
    }),
  ]),
  'collect-garbage': z.union([
    z.object({ outcome: z.union([z.enum(COLLECTION_STATE), z.literal('busy')]), collection }),
    collectionPlans,
    z.object({ outcome: z.literal('listed'), records: list(collectionRecord) }),
    z.object({
      outcome: z.literal('tended'),
      report: z.object({
        ...{ begun: list(z.string()), failed: list(z.string()), missing: z.number(), waitSeconds: z.number() },
        faults: list(z.object({ repository: z.string(), reason: z.string() })),
      }),
    }),
  ]),
  erase: z.union([
    z.object({ outcome: z.literal('planned'), plan: erasurePlan }),
    z.object({ outcome: z.union([z.enum(ERASURE_STATE), z.literal('busy')]), erasure }),
    z.object({ outcome: z.literal('listed'), erasures: list(erasure) }),
    z.object({
      outcome: z.literal('tended'),
      report: z.object({
        ...{ open: list(z.string()), waitSeconds: z.number() },
        faults: list(z.object({ erasure: z.string(), reason: z.string() })),
      }),
    }),
  ]),
  replication: z.union([
    z.object({ outcome: z.literal('listed'), region: z.string(), records: list(replicationRecord) }),
    z.object({
      outcome: z.enum(['whole', 'missing', 'unfinished']),
      targets: list(
        z.object({
          ...{ repository: z.string(), target: z.string(), commit: maybe(z.string()), objects: z.number() },
          ...{ missing: list(missingObject), outside: z.number() },
          outcome: z.enum(['whole', 'missing', 'unfinished', 'nothing']),
        }),
      ),
    }),
    z.object({
      outcome: z.literal('tended'),
      report: z.object({
        ...{ region: z.string(), lagSeconds: z.number(), restorableSeconds: z.number(), missing: z.number() },
        failures: list(z.object({ what: z.string(), reason: z.string() })),
      }),
    }),
  ]),
  inspect: z.union([
    z.object({ runs: list(run) }),
    z.object({ attempts: list(details) }),
    z.object({ targets: list(target) }),
    z.object({ rollbacks: list(rollback) }),
    z.object({ restores: list(restoreRecord) }),
    z.object({ restore: restoreRecord }),
    z.object({ requests: list(requestRecord) }),
    z.object({ rollback }),
    z.object({ checks: list(check) }),
  ]),
} as const;

const write = (title: string, schema: z.ZodMiniType, io: 'input' | 'output'): string => {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io, target: 'draft-7' });
  return `${JSON.stringify({ $schema, title, ...rest }, null, 2)}\n`;
};

/** File below schema/ → its text. Answers may get further fields: readers must tolerate them. */
export const schemaFiles = (): ReadonlyMap<string, string> =>
  new Map([
    ...Object.entries(REQUESTS).map(
      ([name, schema]) => [`requests/${name}.schema.json`, write(`Request of ${name}`, schema, 'input')] as const,
    ),
    ...Object.entries(ANSWERS).map(
      ([name, schema]) => [`answers/${name}.schema.json`, write(`Answer of ${name}`, schema, 'input')] as const,
    ),
  ]);
