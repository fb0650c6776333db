/**
 * The constants, names and wire shapes that infrastructure, functions, CLI and Glue jobs share.
 * The only module of `lambdas/` that `lib/` may import: nothing in it does any work.
 */

/** Of the project: `package.json` says the same. Functions and CLI tell theirs, so that `doctor` can compare. */
export const VERSION = '0.1.0';

/**
 * The one place that pins lakeFS: what `lakefs.server` deploys, what the local environment runs where Docker does, what `doctor`
 * compares a server with. Moved after `npm run verify:real` with the new one; docs/deploy.md tells how.
 */
export const LAKEFS_VERSION = '1.84.0';
/** The oldest server that the contract suite was tried on. */
export const LAKEFS_OLDEST_TRIED = '1.83.0';

/** Version of the ledger items and of the payloads below. Old items and old events stay accepted. */
export const SCHEMA_VERSION = 1;

/** Function names without prefix. With the default prefix the start-run function is `branchline-start-run`. */
export const FUNCTION = {
  startRun: 'start-run',
  claimRun: 'claim-run',
  openRun: 'open-run',
  settleRun: 'settle-run',
  promoteRun: 'promote-run',
  refreshCatalog: 'refresh-catalog',
  export: 'export',
  runExports: 'run-exports',
  copyChunk: 'copy-chunk',
  resolveRun: 'resolve-run',
  catalog: 'catalog',
  snapshot: 'snapshot',
  reconcile: 'reconcile',
  sweep: 'sweep',
  publishEvents: 'publish-events',
  setUp: 'set-up',
  inspect: 'inspect',
  rotateCredentials: 'rotate-credentials',
  restore: 'restore',
  collectGarbage: 'collect-garbage',
  erase: 'erase',
  rollback: 'rollback',
  drill: 'drill',
  replication: 'replication',
} as const;
export type FunctionName = (typeof FUNCTION)[keyof typeof FUNCTION];

/**
 * From the start of a job to its promotion, and the word that it is promoted: their cold starts are part of the time that a promotion takes.
 * refresh-catalog comes after it, at its own pace (five seconds between two of a target, domain/catalog/publication.ts).
 */
export const ON_THE_WAY_OF_A_RUN: readonly FunctionName[] = [
  ...[FUNCTION.startRun, FUNCTION.claimRun, FUNCTION.openRun, FUNCTION.settleRun, FUNCTION.promoteRun],
  FUNCTION.publishEvents,
];

/** They may have to read YAML that lies in a repository, which takes a library of its own: it is loaded when it is needed. */
export const READS_DESCRIPTIONS: readonly FunctionName[] = [
  ...[FUNCTION.refreshCatalog, FUNCTION.catalog, FUNCTION.settleRun, FUNCTION.resolveRun, FUNCTION.reconcile],
  FUNCTION.erase,
];

export const DEFAULT_PREFIX = 'branchline';

/** Operators, pipelines and the CLI call functions by name: it is fixed by prefix and role. */
export const functionName = (prefix: string, name: FunctionName): string => `${prefix}-${name}`;

/** Every Glue database that begins so belongs to previews, and goes with what is in it. */
export const previewDatabasePrefix = (prefix: string): string => `${prefix.replaceAll('-', '_')}_preview_`;

/** Asynchronous steps. Those without a queue of their own only leave dead letters: what the ledger's stream or a schedule gave up. */
export const HOP = {
  open: { hasQueue: true, isFifo: false },
  settle: { hasQueue: true, isFifo: false },
  promotions: { hasQueue: true, isFifo: true },
  refreshes: { hasQueue: true, isFifo: true },
  exports: { hasQueue: true, isFifo: true },
  'publish-events': { hasQueue: false, isFifo: false },
  schedules: { hasQueue: false, isFifo: false },
} as const satisfies Record<string, { readonly hasQueue: boolean; readonly isFifo: boolean }>;
export type HopName = keyof typeof HOP;

/** SQS wants the name of a FIFO queue to end in `.fifo`. */
export const queueName = (prefix: string, hop: HopName): string => `${prefix}-${hop}${HOP[hop].isFifo ? '.fifo' : ''}`;
export const deadLetterQueueName = (prefix: string, hop: HopName): string =>
  `${prefix}-${hop}-dlq${HOP[hop].isFifo ? '.fifo' : ''}`;

/** Environment variables of the functions. None holds a secret; the configuration itself lies in S3. */
export const ENV = {
  prefix: 'BRANCHLINE_PREFIX',
  /** Name of the DynamoDB table. */
  ledgerTable: 'BRANCHLINE_LEDGER_TABLE',
  /** `s3://bucket/key` of the compiled configuration (JSON of `CompiledConfig`). */
  configUri: 'BRANCHLINE_CONFIG_URI',
  /** Base URL of the lakeFS server without `/api/v1`, e.g. `https://lakefs.internal`. */
  lakefsEndpoint: 'BRANCHLINE_LAKEFS_ENDPOINT',
  /** ARN of the secret: JSON `{"access_key_id": "…", "secret_access_key": "…"}`. */
  lakefsSecretArn: 'BRANCHLINE_LAKEFS_SECRET_ARN',
  /** URL of the FIFO queue that promote-run consumes. */
  promotionQueueUrl: 'BRANCHLINE_PROMOTION_QUEUE_URL',
  /** URL of the FIFO queue that refresh-catalog consumes. */
  refreshQueueUrl: 'BRANCHLINE_REFRESH_QUEUE_URL',
  /** `s3://bucket/prefix/` below which manifests are written. */
  manifestRoot: 'BRANCHLINE_MANIFEST_ROOT',
  /** `s3://bucket/prefix/` below which the manifests of previews are written. */
  previewRoot: 'BRANCHLINE_PREVIEW_ROOT',
  /** `s3://bucket/prefix/` below which backups lie. */
  backupRoot: 'BRANCHLINE_BACKUP_ROOT',
  /** `rds:<instance identifier>` or `dynamodb:<table ARN>`: the metadata store of a server of ours. Empty where it is somebody else's. */
  metadataStore: 'BRANCHLINE_METADATA_STORE',
  /** URL of the FIFO queue that run-exports consumes. */
  exportQueueUrl: 'BRANCHLINE_EXPORT_QUEUE_URL',
  /** ARN of the state machine that copies what is large; absent where no export may use it. */
  exportMap: 'BRANCHLINE_EXPORT_MAP',
  /** Names of the Spark jobs that copy what is large begin so, and end with that of the export; absent where no export has one. */
  exportJobs: 'BRANCHLINE_EXPORT_JOBS',
  /** `s3://bucket/prefix/` below which the metadata of Iceberg tables is written. */
  icebergRoot: 'BRANCHLINE_ICEBERG_ROOT',
  /** `s3://bucket/prefix/` below which settle-run keeps footers of Parquet files for refresh-catalog. */
  footerRoot: 'BRANCHLINE_FOOTER_ROOT',
  /** Names of lakeFS's two jobs in Glue; absent where no jar of its client was given. */
  markJob: 'BRANCHLINE_MARK_JOB',
  sweepJob: 'BRANCHLINE_SWEEP_JOB',
  /** The second region; absent where there is none. */
  replicaRegion: 'BRANCHLINE_REPLICA_REGION',
  /** In a second region: `s3://bucket/prefix/` below which the backups of the first one were replicated. */
  replicaBackupRoot: 'BRANCHLINE_REPLICA_BACKUP_ROOT',
  /** Name of the EventBridge bus for domain events. */
  busName: 'BRANCHLINE_BUS_NAME',
} as const;

/**
 * Indexes of the ledger table; all keys are strings. Filters read `state`, `job`, `repository` and `target` from an index, all
 * else is read from the table, consistently: a projection of these four is enough.
 */
export const LEDGER_INDEX = {
  /** Sparse: only what still moves, waits or is to be cleaned up. */
  state: { name: 'state-index', partitionKey: 'stateKey', sortKey: 'sortKey' },
  /** All runs by the time they opened; all targets. */
  recent: { name: 'recent-index', partitionKey: 'listKey', sortKey: 'sortKey' },
  jobRun: { name: 'job-run-index', partitionKey: 'jobRunId' },
  projected: ['state', 'job', 'repository', 'target'],
} as const;
/** Number attribute, seconds since 1970, by which DynamoDB forgets entries that nobody needs any more. */
export const LEDGER_TTL = 'ttl';

/**
 * CloudWatch metrics, written as embedded metric format. Every metric has the dimension `service` (the prefix of the
 * deployment); `RunsSettled` has `Outcome` (a settled or waiting state) besides.
 */
export const METRIC_NAMESPACE = 'Branchline';
export const METRIC_DIMENSION = { service: 'service', outcome: 'Outcome' } as const;
export const METRIC = {
  runsSettled: 'RunsSettled',
  /** From the end of the job to PROMOTED. */
  promotionSeconds: 'PromotionSeconds',
  lakefsErrors: 'LakefsErrors',
  oldestOpenRunSeconds: 'OldestOpenRunSeconds',
  stuckRuns: 'StuckRuns',
  waitingRuns: 'WaitingRuns',
  blockedTargets: 'BlockedTargets',
  /** From the moment that a commit was verified to the one that readers saw it. */
  publicationSeconds: 'PublicationSeconds',
  /** How long readers have been waiting for a verified commit, as reconcile finds it. */
  catalogLagSeconds: 'CatalogLagSeconds',
  /** Since the oldest rollback was asked for that is not finished. */
  oldestRollbackSeconds: 'OldestRollbackSeconds',
  /** Partitions that refreshes added, changed or removed. */
  refreshedPartitions: 'RefreshedPartitions',
  /** Calls to Glue and to S3 by refreshes. */
  catalogCalls: 'CatalogCalls',
  /** Manifests that nobody had named for a day, and how large they were. */
  manifestsRemoved: 'ManifestsRemoved',
  manifestBytesRemoved: 'ManifestBytesRemoved',
  /** Snapshots of Iceberg tables that refreshes showed, and how long a refresh took that showed one. */
  icebergSnapshots: 'IcebergSnapshots',
  icebergRefreshSeconds: 'IcebergRefreshSeconds',
  /** Objects of Iceberg metadata that nobody named any more. */
  icebergObjectsRemoved: 'IcebergObjectsRemoved',
  /** States of Iceberg tables that somebody else had made, and that were undone. */
  foreignSnapshots: 'ForeignSnapshots',
  /** Age of the newest good snapshot, of the target where it is the oldest. */
  snapshotAgeSeconds: 'SnapshotAgeSeconds',
  /** Snapshots that were found damaged, and steps of the schedule that failed. */
  snapshotFaults: 'SnapshotFaults',
  /** How long consumers have been waiting for a verified commit, as reconcile finds it. */
  exportLagSeconds: 'ExportLagSeconds',
  /** Exports that can go no further by themselves. */
  failedExports: 'FailedExports',
  exportedObjects: 'ExportedObjects',
  /** Calls to S3 by exports. */
  exportCalls: 'ExportCalls',
  /** Objects that sweeps deleted. */
  collectedObjects: 'CollectedObjects',
  /** Repositories whose newest garbage collection failed. */
  failedCollections: 'FailedCollections',
  /** Objects that refs show and that were not in S3 after the newest collection. */
  missingObjects: 'MissingObjects',
  /** How long the oldest collection has been waiting for somebody's staged work or operation. */
  collectionWaitSeconds: 'CollectionWaitSeconds',
  /** Since the last good drill, of the kind where it lies furthest back. */
  drillAgeSeconds: 'DrillAgeSeconds',
  /** Kinds of drills of which the newest failed, and drills of which something is left. */
  drillFaults: 'DrillFaults',
  /** What a rollback, and a restore, took in a drill. */
  drilledRollbackSeconds: 'DrilledRollbackSeconds',
  drilledRestoreSeconds: 'DrilledRestoreSeconds',
  /** How old what has wholly arrived in the second region is, of the target where it is the oldest. */
  replicationLagSeconds: 'ReplicationLagSeconds',
  /** Age of the newest snapshot that could be restored there. */
  replicatedSnapshotSeconds: 'ReplicatedSnapshotSeconds',
  /** Objects that were looked for there and not found, at least. */
  unreplicatedObjects: 'UnreplicatedObjects',
  replicationFaults: 'ReplicationFaults',
  /** How long the oldest erasure has been waiting for somebody. */
  erasureWaitSeconds: 'ErasureWaitSeconds',
} as const;

/** Values of the dimension `Outcome`: the states in which a run has ended or waits for somebody. */
export const RUN_OUTCOMES = [
  'PROMOTED',
  'UNCHANGED',
  'DISCARDED',
  'ROLLED_BACK',
  'CONFLICTED',
  'REJECTED',
  'AWAITING_APPROVAL',
] as const;

/** How functions are bundled, by the stack and by whoever measures the bundles. */
export const BUNDLING = {
  format: 'esm',
  target: 'node24',
  /** The ES modules of the AWS SDK: only what is used of them ends up in a bundle. */
  mainFields: ['module', 'main'],
  /** Some packages are CommonJS and ask for `require`. */
  banner:
    "import { createRequire as branchlineRequire } from 'node:module';const require=branchlineRequire(import.meta.url);",
  /**
   * Left out: ways to find credentials that a function never takes. Lambda gives them in the environment, where the SDK looks
   * first; the others are imported on demand, and would be a seventh of every bundle.
   */
  external: [
    '@aws-sdk/credential-provider-http',
    '@aws-sdk/credential-provider-ini',
    '@aws-sdk/credential-provider-login',
    '@aws-sdk/credential-provider-process',
    '@aws-sdk/credential-provider-sso',
    '@aws-sdk/credential-provider-web-identity',
    '@aws-sdk/nested-clients/*',
    '@smithy/credential-provider-imds',
    // Calls that stream events, of which none is made here; imported where one is.
    '@smithy/core/event-streams',
  ],
} as const;

/** Key names in the credentials secret. */
export const SECRET_KEY = { accessKeyId: 'access_key_id', secretAccessKey: 'secret_access_key' } as const;

/**
 * Arguments that Branchline gives a Glue job run. `StartJobRun` wants them with two leading dashes.
 * Source: AWS Glue API, StartJobRun `Arguments`.
 */
export const GLUE_ARGUMENT = {
  runId: '--branchline_run_id',
  branch: '--branchline_branch',
  /** Name of the claim-run function, so that a job with no other argument finds it. */
  claimFunction: '--branchline_claim_function',
  /** The job's own name, where Glue does not tell it to the script: Python-shell jobs get no `--JOB_NAME`. */
  job: '--branchline_job',
  /** For jobs that cannot invoke claim-run: what its answer would have told. All four, or none. */
  repository: '--branchline_repository',
  target: '--branchline_target',
  lakefsEndpoint: '--branchline_lakefs_endpoint',
  secretArn: '--branchline_secret_arn',
  /** How Spark reaches lakeFS: one of `SPARK_ACCESS`. */
  access: '--branchline_access',
} as const;

/** Arguments of lakeFS's two jobs, as glue/collector/collect_garbage.py reads them. */
export const COLLECTION_ARGUMENT = {
  repository: '--repository',
  namespace: '--namespace',
  phase: '--phase',
  /** Names the receipt, and finds a job run whose start was not written down. */
  collection: '--collection',
  attempt: '--attempt',
  markId: '--mark_id',
  minAge: '--min_age',
  region: '--region',
  endpoint: '--endpoint',
  secretArn: '--secret_arn',
} as const;
/** Below a storage namespace: receipts and lists of collections. */
export const COLLECTION_FOLDER = '_lakefs/retention/branchline/';

/** Ways of a Spark job to lakeFS: `lakefs://` with signed addresses, `lakefs://` with rights on the bucket, the S3 gateway. */
export const SPARK_ACCESS = ['presigned', 'simple', 's3a'] as const;
export type SparkAccess = (typeof SPARK_ACCESS)[number];

/** Event sources and detail types that the intake accepts. AWS refuses PutEvents for sources that begin with `aws.`. */
export const GLUE_EVENT_SOURCE = ['aws.glue', 'branchline.glue'] as const;
export const GLUE_DETAIL_TYPE = {
  stateChange: 'Glue Job State Change',
  runStatus: 'Glue Job Run Status',
  apiCall: 'AWS API Call via CloudTrail',
} as const;

/** Source of our own domain events on the bus. */
export const EVENT_SOURCE = 'branchline';
export const DOMAIN_EVENT = {
  runOpened: 'Run Opened',
  runCommitted: 'Run Committed',
  runPromoted: 'Run Promoted',
  runUnchanged: 'Run Unchanged',
  runDiscarded: 'Run Discarded',
  runConflicted: 'Run Conflicted',
  runRejected: 'Run Rejected',
  runRolledBack: 'Run Rolled Back',
  targetBlocked: 'Target Blocked',
  targetUnblocked: 'Target Unblocked',
  targetHeld: 'Target Held',
  targetReleased: 'Target Released',
  rollbackRequested: 'Rollback Requested',
  rollbackRefused: 'Rollback Refused',
  targetRolledBack: 'Target Rolled Back',
  catalogRefreshed: 'Catalog Refreshed',
  catalogMisfitFound: 'Catalog Misfit Found',
  descriptionRefused: 'Table Description Refused',
  tableLeft: 'Table Left',
  rotationRequested: 'Rotation Requested',
  foreignSnapshotUndone: 'Foreign Snapshot Undone',
  credentialsRotated: 'Credentials Rotated',
  restoreRequested: 'Restore Requested',
  restoreEnded: 'Restore Ended',
  requestMade: 'Request Made',
  requestEnded: 'Request Ended',
  snapshotCreated: 'Snapshot Created',
  snapshotDamaged: 'Snapshot Damaged',
  snapshotPruned: 'Snapshot Pruned',
  snapshotHeld: 'Snapshot Held',
  snapshotReleased: 'Snapshot Released',
  exportCompleted: 'Export Completed',
  exportFailed: 'Export Failed',
  garbageMarked: 'Garbage Marked',
  garbageCollected: 'Garbage Collected',
  garbageCollectionFailed: 'Garbage Collection Failed',
  drillCompleted: 'Drill Completed',
  drillFailed: 'Drill Failed',
  commitReplicated: 'Commit Replicated',
  snapshotReplicated: 'Snapshot Replicated',
  erasureBegun: 'Erasure Begun',
  erasureCompleted: 'Erasure Completed',
  erasureCancelled: 'Erasure Cancelled',
} as const;
export type DomainEventType = (typeof DOMAIN_EVENT)[keyof typeof DOMAIN_EVENT];

/**
 * Prefix of our keys in lakeFS commit metadata. The lakeFS UI shows a key `::lakefs::<group>::<name>[url:ui]` as a link.
 * Source: commits made by airflow-provider-lakeFS.
 */
export const METADATA_PREFIX = '::lakefs::Branchline::';
export const METADATA = {
  runId: `${METADATA_PREFIX}run_id`,
  attempt: `${METADATA_PREFIX}attempt`,
  job: `${METADATA_PREFIX}job`,
  jobRunId: `${METADATA_PREFIX}job_run_id`,
  argumentsDigest: `${METADATA_PREFIX}arguments_digest`,
  baseCommit: `${METADATA_PREFIX}base_commit`,
  pipeline: `${METADATA_PREFIX}pipeline`,
  consoleUrl: `${METADATA_PREFIX}glue_run[url:ui]`,
  /** What the commit is: see `COMMIT_KIND`. */
  kind: `${METADATA_PREFIX}kind`,
  /** On a rollback merge: the commit whose state the target took. */
  rollbackTo: `${METADATA_PREFIX}rollback_to`,
  /** On a revert of ours: the merge commit that it undid. */
  reverts: `${METADATA_PREFIX}reverts`,
  /** Where only some prefixes were put back: the commit whose state they took, and the prefixes as a JSON list. */
  restores: `${METADATA_PREFIX}restores`,
  prefixes: `${METADATA_PREFIX}prefixes`,
  /** The rollback's entry in the ledger. */
  rollback: `${METADATA_PREFIX}rollback`,
  /** The erasure's entry in the ledger. */
  erasure: `${METADATA_PREFIX}erasure`,
} as const;
export const COMMIT_KIND = {
  run: 'run',
  /** Made by the job while it runs: never taken for the commit that settles the run. */
  checkpoint: 'checkpoint',
  failed: 'failed',
  promotion: 'promotion',
  resolution: 'resolution',
  rollback: 'rollback',
  /** Some prefixes were put back; or one run was undone, and with it, where later changes overlap, whole partitions. */
  partialRollback: 'partial-rollback',
  undo: 'undo',
  /** Objects of an erasure were taken out of a branch that is no target. */
  erasure: 'erasure',
  /** A promotion that turned out to clash was taken back. */
  revert: 'revert',
} as const;

/** Where a job that cannot invoke claim-run leaves its claim, on its own run branch. Never committed. */
export const CLAIM_PREFIX = '_branchline/';
export const CLAIM_OBJECT = `${CLAIM_PREFIX}claim.json`;

/** Group of run branches: everything that begins so belongs to Branchline. */
export const RUN_BRANCH_PREFIX = 'run-';
/** Scratch branches on which a conflict is resolved. */
export const RESOLUTION_BRANCH_PREFIX = 'resolve-';
/** Branches that keep objects of snapshots from garbage collection. */
export const KEEPER_BRANCH_PREFIX = 'keep-';
/** Those that keep objects of tags which are no snapshots. */
export const TAG_KEEPER_PREFIX = 'keep-tag-';
/** Branches on which `doctor` tries writing: `branchline-probe-<seconds since 1970>-…`. */
export const PROBE_BRANCH_PREFIX = 'branchline-probe-';
/** Scratch branches on which the commit of a rollback is made. */
export const ROLLBACK_BRANCH_PREFIX = 'rollback-';
/** Tags on what a target held before a rollback. */
export const SAFETY_TAG_PREFIX = 'before-rollback-';

// ---------------------------------------------------------------------------------------------------------------------
// Compiled configuration: what `branchline.yaml` becomes, defaults filled in, durations in seconds.

export const ON_CONFLICT = ['keep', 'rerun', 'source-wins', 'target-wins'] as const;
export type OnConflict = (typeof ON_CONFLICT)[number];

/** Which changes of a table's columns a run may bring. */
export const SCHEMA_MODES = ['strict', 'compatible', 'off'] as const;
export type SchemaMode = (typeof SCHEMA_MODES)[number];

/** Formats that Athena reads through symlinks. */
export const TABLE_FORMATS = ['parquet', 'orc', 'json', 'csv'] as const;
export type TableFormat = (typeof TABLE_FORMATS)[number];

/** Ways to show a table: as Iceberg, as symlinks, or as both under two names. */
export const PUBLISHERS = ['iceberg', 'symlink', 'both'] as const;
export type PublisherName = (typeof PUBLISHERS)[number];
/** What follows the name of the symlink table where both are shown. */
export const SYMLINK_SUFFIX = '_symlink';

/** View in Glue that says which snapshot of each Iceberg table of a target belongs to the commit that readers see. */
export const publishedViewName = (repository: string, target: string): string =>
  `published_${repository}_${target}`
    .toLowerCase()
    .replace(/[^a-z0-9_]/g, '_')
    .slice(0, 255);
/** How the locations of a table for Spark begin: lakeFS's own file system, or its S3 gateway. */
export const SPARK_SCHEMES = ['lakefs', 's3a'] as const;
export type SparkScheme = (typeof SPARK_SCHEMES)[number];
/** What follows the name of the table for Spark. */
export const SPARK_SUFFIX = '_spark';

/** How a table is shown in Glue. */
export interface TablePublication {
  readonly database: string;
  readonly tableName: string;
  /** The target whose commits the table shows. */
  readonly target: string;
  readonly format: TableFormat;
  /** Without the partition columns. Empty: they are read off the files. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Glue type by partition column; `string` where it is left out. */
  readonly partitionTypes: Readonly<Record<string, string>>;
  /** Where all files lie, where Glue is to name it beside the manifests. */
  readonly filesBelow?: string | undefined;
  /** Absent means `symlink`: what configurations of earlier versions mean. */
  readonly publisher?: PublisherName;
  /** Seconds for which an Iceberg snapshot stays readable after another took its place. */
  readonly historySeconds?: number;
  /** A second table beside it, whose partitions lie where lakeFS has them. */
  readonly spark?: SparkTable;
}

export interface SparkTable {
  readonly scheme: SparkScheme;
  /** Locations name commits, not the target. */
  readonly pin?: true;
}

/** A name as Glue takes it. Source: Athena user guide, "Name databases, tables, and columns". */
export const glueNameOf = (name: string): string => name.toLowerCase().replace(/[^a-z0-9_]/g, '_');

/** How the tables are shown that a repository itself describes, in `_lakefs_tables/`. */
export type DescriptorSettings = Omit<TablePublication, 'tableName' | 'columns' | 'partitionTypes'>;

export interface TableConfig {
  /** Unique within the repository. */
  readonly name: string;
  /** Prefix in the repository, no leading slash, one trailing slash: `sales/`. */
  readonly path: string;
  /** Hive partition columns in path order; empty for an unpartitioned table. */
  readonly partitionColumns: readonly string[];
  /** What a run that writes to the table replaces: the partitions it touches, or the table as a whole. */
  readonly overwrite: 'partition' | 'table';
  /** Writers only ever add files: two runs may add to one partition. */
  readonly appendOnly: boolean;
  /** Absent for a table that readers do not find in Glue. */
  readonly publish?: TablePublication | undefined;
}

export interface RepositoryConfig {
  readonly name: string;
  /** Storage namespace for a repository that set-up creates, e.g. `s3://bucket/lake`. */
  readonly storageNamespace: string;
  readonly defaultBranch: string;
  /** Branches that readers see. Protected by set-up. Contains the default branch or not, as configured. */
  readonly targets: readonly string[];
  readonly garbageCollection: {
    readonly defaultRetentionDays: number;
    readonly branches: Readonly<Record<string, number>>;
  };
  readonly tables: readonly TableConfig[];
  /** Absent: descriptors in the repository are not read. */
  readonly lakefsTables?: DescriptorSettings;
}

export interface PipelineConfig {
  readonly name: string;
  /** Job name patterns: `*` matches any run of characters, everything else itself. The first pipeline that matches wins. */
  readonly jobs: readonly string[];
  readonly repository: string;
  readonly target: string;
  readonly onConflict: OnConflict;
  /** How often a conflicted run is started again under `onConflict: rerun`. */
  readonly maxReruns: number;
  /** Seconds that the branch of a failed run is kept for a post-mortem; 0 deletes it at once. */
  readonly keepFailedForSeconds: number;
  /** Seconds after which a run that is still open raises the alarm. */
  readonly maxOpenSeconds: number;
  /** `compatible` where it is left out. */
  readonly schema?: SchemaMode | undefined;
}

/** How many snapshots of a target each rule keeps; see docs/snapshots.md. */
export interface Retention {
  /** The newest so many. */
  readonly last: number;
  readonly hourly: number;
  readonly daily: number;
  /** Weeks begin on Monday. */
  readonly weekly: number;
  readonly monthly: number;
  readonly yearly: number;
}

export interface SnapshotsConfig {
  /** 0: none by the schedule. */
  readonly everySeconds: number;
  readonly targets: readonly { readonly repository: string; readonly target: string }[];
  readonly retention: Retention;
  /** Back up the metadata store with them, where it is ours. */
  readonly database: boolean;
}

/** What is exported, and where below the destination's prefix it goes. */
export interface ExportScope {
  /** Prefix in the repository; empty, or with a trailing slash. */
  readonly path: string;
  /** Prefix below the destination's; empty, or with a trailing slash. */
  readonly to: string;
  /** Of a table that is laid out as Hive does: only files that readers see. Absent: everything, as it lies. */
  readonly partitionColumns?: readonly string[] | undefined;
}

export const EXPORT_TRIGGERS = ['promotion', 'schedule', 'manual'] as const;
export type ExportTrigger = (typeof EXPORT_TRIGGERS)[number];

/** A plain copy of what a target or a tag holds, for consumers that do not know lakeFS. */
/** Below a destination's prefix: what is ours, one folder for each run of an export. */
export const EXPORT_RUNS_FOLDER = '_branchline/exports/';

/** What copies a large change: one function after the other, many of a distributed map, a Spark job, or one of the two by size. */
export const EXPORT_ENGINES = ['lambda', 'map', 'spark', 'auto'] as const;
export type ExportEngine = (typeof EXPORT_ENGINES)[number];

/** When and how an export is spread over many workers. */
export interface ExportScale {
  readonly engine: ExportEngine;
  /** So many objects, or so many bytes, are copied by one function; what is more goes to the engine. */
  readonly aboveObjects: number;
  readonly aboveBytes: number;
  /** What a worker is given at a time. */
  readonly chunkObjects: number;
  /** Workers at a time. */
  readonly concurrency: number;
  /** Of the chunks; beyond it the engine begins no further ones. */
  readonly toleratedFailurePercent: number;
  /** With `auto`: what has fewer objects goes to the map, all else to the Spark job. */
  readonly sparkAboveObjects?: number | undefined;
}

/** Of the Spark job of an export: names of its arguments. */
export const EXPORT_ARGUMENT = {
  /** Branchline's name for one try; finds its job run again. */
  execution: '--execution',
  /** `s3://` address of what is to be done. */
  order: '--order',
  region: '--region',
} as const;
/** Glue jobs of garbage collection: lakeFS's client lists what nothing needs any more, and deletes what was approved. */
export const GARBAGE_PHASES = ['mark', 'sweep'] as const;
export type GarbagePhase = (typeof GARBAGE_PHASES)[number];
export const garbageJobName = (prefix: string, phase: GarbagePhase): string => `${prefix}-garbage-${phase}`;

/** Each export has a job of its own: with rights on its lake and its destination alone, and one run at a time. */
export const exportJobPrefix = (prefix: string): string => `${prefix}-export-`;

export interface ExportConfig {
  readonly name: string;
  readonly repository: string;
  /** Either the newest verified commit of a target, or a tag. */
  readonly target?: string | undefined;
  readonly tag?: string | undefined;
  /** In the order of their paths; none overlaps another, neither in the repository nor at the destination. */
  readonly scopes: readonly ExportScope[];
  readonly bucket: string;
  /** Empty, or with a trailing slash. */
  readonly prefix: string;
  readonly trigger: ExportTrigger;
  /** Whether what left the lake leaves the destination too. */
  readonly delete: boolean;
  readonly kmsKeyArn?: string | undefined;
  readonly storageClass?: string | undefined;
  /** Absent: one function after the other. */
  readonly scale?: ExportScale | undefined;
}

export interface GarbageCollectionConfig {
  /** 0: only when somebody asks. */
  readonly everySeconds: number;
  readonly repositories: readonly string[];
  /** `automatic`: what was marked and examined is swept at once. */
  readonly sweep: 'approval' | 'automatic';
  /** How old a list may be when it is swept. */
  readonly approveWithinSeconds: number;
  /** Uncommitted objects that are younger are left alone; never below a day. */
  readonly minAgeSeconds: number;
  /** `keep`: what tags show is kept by branches beside them. */
  readonly tags: 'keep' | 'lose';
  /** A branch whose head is older than that is told of. */
  readonly staleAfterSeconds: number;
}

/** Rehearsals of the ways back. */
export interface DrillsConfig {
  /** 0: only when somebody asks. */
  readonly everySeconds: number;
  /** Where the scratch repositories of each repository's drills lie. */
  readonly places: readonly { readonly repository: string; readonly root: string }[];
}

/** Below it, in the backup bucket and in its replica. */
export const BACKUP_PREFIX = 'backups/';

/** Below the backups of a repository: the first region's word of what has arrived in the second. */
export const REPLICA_NOTE = 'replicated.json';

/** A second region, as functions look at it. */
export interface ReplicationConfig {
  readonly region: string;
  readonly everySeconds: number;
  readonly lateAfterSeconds: number;
  /** Replica by bucket. */
  readonly buckets: Readonly<Record<string, string>>;
  /** `s3://bucket/backups/` there. */
  readonly backups: string;
  /** Whether a commit counts that shows objects outside the storage namespace. */
  readonly importedObjects: 'refuse' | 'accept';
}
export interface CompiledConfig {
  readonly schemaVersion: number;
  /** Absent in the configuration of an earlier deployment. */
  readonly snapshots?: SnapshotsConfig | undefined;
  readonly repositories: readonly RepositoryConfig[];
  readonly pipelines: readonly PipelineConfig[];
  /** Glue jobs of Branchline's own: none of their runs is a run of a pipeline, whatever its patterns say. */
  readonly ownJobs?: readonly string[] | undefined;
  /** Absent in files of deployments before there were exports. */
  readonly exports?: readonly ExportConfig[] | undefined;
  /** Absent in files of deployments before there were drills. */
  readonly drills?: DrillsConfig | undefined;
  /** Absent where no jar of lakeFS's client was given. */
  readonly garbageCollection?: GarbageCollectionConfig | undefined;
  /** Absent where there is no second region. */
  readonly replication?: ReplicationConfig | undefined;
}
