/**
 * Requests and answers of the functions that operators, pipelines and jobs invoke. Stable: others script against them.
 * A refused request or a failed action is a thrown error whose name is its catalog code (`BL2003`), so that a Step
 * Functions state can catch it by name.
 */
import * as z from 'zod/mini';

/** Letters, digits, `_` and `-`, beginning with a letter or digit. It becomes part of a branch name. */
export const RUN_ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;
const runId = z
  .string()
  .check(z.regex(RUN_ID_PATTERN, 'letters, digits, _ and -, at most 128, first a letter or digit'));
const attempt = z.int().check(z.gte(0));
/** Glue allows 255 characters of nearly any kind. Source: AWS Glue API, NameString. */
const jobName = z.string().check(z.minLength(1), z.maxLength(255));
const states = z.enum([
  'OPEN',
  'COMMITTED',
  'AUDITING',
  'PROMOTING',
  'PROMOTED',
  'UNCHANGED',
  'DISCARDED',
  'ROLLED_BACK',
  'CONFLICTED',
  'REJECTED',
  'AWAITING_APPROVAL',
]);

/** A person, a pipeline: for the audit trail and for whoever meets a hold. */
const who = z.string().check(z.minLength(1), z.maxLength(200));
/** Who asks, in words; the trail of AWS knows whose credentials it was. */
const requestedBy = z.optional(z.string().check(z.minLength(1), z.maxLength(256)));
const reason = z.string().check(z.minLength(1), z.maxLength(1000));
/** A hold that is forgotten ends by itself. */
const MAX_HOLD_SECONDS = 30 * 86_400;
/** So many are told apart in one commit's metadata. */
const MAX_PREFIXES = 20;
const rollbackId = z.string().check(z.regex(/^[a-z0-9-]{1,60}$/, 'a rollback id, as an answer tells it'));

/** start-run: claims the run, creates its branch, starts the job. Safe to repeat with the same run id. */
export const startRunRequest = z.strictObject({
  job: jobName,
  runId: z.optional(runId),
  /** Arguments for the job run, each name with its two leading dashes. Those that Branchline manages are refused. */
  arguments: z.optional(z.record(z.string().check(z.regex(/^--/, 'must begin with --')), z.string())),
  dryRun: z.optional(z.boolean()),
});
export type StartRunRequest = z.infer<typeof startRunRequest>;

/** claim-run: a job asks for its run. Safe to repeat by the same job run; refused for any other. */
export const claimRunRequest = z.strictObject({
  jobName,
  jobRunId: z.string().check(z.minLength(1), z.maxLength(255)),
  runId: z.optional(runId),
});
export type ClaimRunRequest = z.infer<typeof claimRunRequest>;

export interface ClaimRunAnswer {
  readonly runId: string;
  readonly attempt: number;
  readonly job: string;
  readonly pipeline: string;
  readonly repository: string;
  readonly target: string;
  readonly branch: string;
  readonly baseCommit: string;
  /** Base URL without `/api/v1`. */
  readonly endpoint: string;
  /** ARN of the secret with lakeFS's key pair; the job reads it by its own role. */
  readonly secretArn: string;
}

/** resolve-run: what a person decides about a run that waits, or about a blocked target. */
export const resolveRunRequest = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.literal('promote'),
    runId,
    attempt: z.optional(attempt),
    /** Who wins in the clashing partitions. Without it the promotion is only tried again as it is. */
    strategy: z.optional(z.enum(['source-wins', 'target-wins'])),
    /** Take the columns as they are, though they do not fit the table. */
    acceptSchema: z.optional(z.boolean()),
    requestedBy,
    dryRun: z.optional(z.boolean()),
  }),
  z.strictObject({
    action: z.literal('discard'),
    runId,
    attempt: z.optional(attempt),
    reason: z.optional(z.string()),
    requestedBy,
    dryRun: z.optional(z.boolean()),
  }),
  z.strictObject({
    action: z.literal('retry'),
    runId,
    attempt: z.optional(attempt),
    requestedBy,
    dryRun: z.optional(z.boolean()),
  }),
  z.strictObject({
    action: z.enum(['accept-target', 'revert-target']),
    repository: z.string(),
    target: z.string(),
    /** The commit that blocks the target, as a guard against deciding about another one. */
    commit: z.string(),
    requestedBy,
    dryRun: z.optional(z.boolean()),
  }),
  /** Promotions into the target wait until the hold is released or expires. Again by its owner: a new reason, a new expiry. */
  z.strictObject({
    action: z.literal('hold-target'),
    repository: z.string(),
    target: z.string(),
    owner: who,
    reason,
    /** From now. */
    expiresInSeconds: z.int().check(z.gte(1), z.lte(MAX_HOLD_SECONDS)),
    requestedBy,
    dryRun: z.optional(z.boolean()),
  }),
  z.strictObject({
    action: z.literal('release-target'),
    repository: z.string(),
    target: z.string(),
    /** Only if it is this one who holds it. */
    owner: z.optional(who),
    requestedBy,
    dryRun: z.optional(z.boolean()),
  }),
]);
export type ResolveRunRequest = z.infer<typeof resolveRunRequest>;

/** Which tables are meant; all that are published where nothing is named. */
const someTables = {
  repository: z.optional(z.string()),
  target: z.optional(z.string()),
  /** Name in the configuration. */
  table: z.optional(z.string()),
};

const previewName = z.string().check(z.regex(/^[a-z0-9_]{1,60}$/, 'at most 60 lower-case letters, digits and _'));

/** catalog: what readers see of targets, looked at and put right. `status` and `verify` change nothing. */
export const catalogRequest = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('status'), ...someTables }),
  /** Has the newest verified commit shown; answers at once, `status` tells when it is. */
  z.strictObject({ action: z.literal('refresh'), ...someTables, requestedBy, dryRun: z.optional(z.boolean()) }),
  /** Compares in full what lakeFS holds, what Glue names, and the manifests. */
  z.strictObject({ action: z.literal('verify'), ...someTables }),
  /** Has the same comparison made by refresh-catalog, which puts right what differs; answers at once. */
  z.strictObject({ action: z.literal('repair'), ...someTables, requestedBy, dryRun: z.optional(z.boolean()) }),
  /** The tables at another ref, in a Glue database of its own that goes by itself. Asked for again it goes on, or follows the ref. */
  z.strictObject({
    action: z.literal('preview'),
    /** A branch, tag, commit id, or an expression of lakeFS such as `main~2`. */
    ref: z.string().check(z.minLength(1), z.maxLength(1000)),
    repository: z.optional(z.string()),
    /** Names in the configuration. */
    tables: z.optional(z.array(z.string()).check(z.minLength(1))),
    name: z.optional(previewName),
    ttlSeconds: z.optional(z.int().check(z.gte(300), z.lte(604_800))),
    requestedBy,
    dryRun: z.optional(z.boolean()),
  }),
  /** Has tables become what the configuration says: Iceberg tables that are symlink tables, or the other way round; answers at once. */
  z.strictObject({
    action: z.literal('switch'),
    ...someTables,
    /** What the configuration is taken to say. */
    to: z.optional(z.enum(['iceberg', 'symlink', 'both'])),
    requestedBy,
    dryRun: z.optional(z.boolean()),
  }),
  /** By which snapshots Iceberg tables show an earlier state of their target. */
  z.strictObject({
    action: z.literal('at'),
    ...someTables,
    /** A commit id or the beginning of one, a tag, a snapshot, a branch, the id of a run, or a time such as `2026-11-20T10:00Z`. */
    ref: z.string().check(z.minLength(1), z.maxLength(1000)),
  }),
  z.strictObject({ action: z.literal('previews') }),
  z.strictObject({
    action: z.literal('drop-preview'),
    name: previewName,
    requestedBy,
    dryRun: z.optional(z.boolean()),
  }),
  /** By a schedule: removes what has expired. */
  z.strictObject({ action: z.literal('sweep-previews') }),
  /** Looks at the heads of targets again and again, and verifies what a person merged: then it is shown. A schedule sends it. */
  z.strictObject({
    action: z.literal('watch'),
    ...someTables,
    everySeconds: z.int().check(z.gte(1), z.lte(60)),
    forSeconds: z.int().check(z.gte(1), z.lte(840)),
  }),
]);
export type CatalogRequest = z.infer<typeof catalogRequest>;
/** rotate-credentials, asked by a person. Secrets Manager sends its own four steps. */
export const rotateCredentialsRequest = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('status') }),
  z.strictObject({
    action: z.literal('rotate'),
    /** Who asks, for the record. */
    by: z.optional(z.string().check(z.minLength(1), z.maxLength(256))),
    /** Do not wait until no run is open: Spark jobs that run fail with the old pair. */
    evenWhileRunsAreOpen: z.optional(z.boolean()),
    dryRun: z.optional(z.boolean()),
  }),
]);
export type RotateCredentialsRequest = z.infer<typeof rotateCredentialsRequest>;

/** restore: brings a repository or a branch back. A plan changes nothing; a repository is restored only where it has no refs. */
const restoreOf = z.optional(z.string().check(z.minLength(1), z.maxLength(256)));
const moment = z
  .string()
  .check(z.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?Z$/, 'a time in UTC such as 2026-11-20T10:00:00Z'));
export const restoreRequest = z.union([
  z.strictObject({
    action: z.literal('plan'),
    what: z.literal('repository'),
    /** All that are configured or have backups, without it. */
    repository: z.optional(z.string()),
    snapshot: z.optional(z.string()),
    storageNamespace: z.optional(z.string()),
    fromReplica: z.optional(z.boolean()),
    requestedBy: restoreOf,
  }),
  z.strictObject({
    action: z.literal('run'),
    what: z.literal('repository'),
    repository: z.string(),
    /** The name of the repository once more. */
    confirm: z.optional(z.string()),
    /** This one instead of the newest good one. */
    snapshot: z.optional(z.string()),
    /** Where the objects lie now, if not where they did: a replica in another region. */
    storageNamespace: z.optional(z.string()),
    /** In a second region: by the replicated backups, on the storage that the configuration of this region names. */
    fromReplica: z.optional(z.boolean()),
    requestedBy: restoreOf,
  }),
  z.strictObject({
    action: z.enum(['plan', 'run']),
    what: z.literal('branch'),
    repository: z.string(),
    branch: z.string().check(z.minLength(1)),
    commit: z.optional(z.string()),
    requestedBy: restoreOf,
  }),
  /** What AWS keeps of the metadata store, and how it comes back to a moment. */
  z.strictObject({
    action: z.literal('plan'),
    what: z.literal('database'),
    /** The newest moment that there is, without it. */
    at: z.optional(moment),
    requestedBy: restoreOf,
  }),
  /** After the store was brought back to that moment: what differs, and with `run` the ledger brought in line. */
  z.strictObject({
    action: z.literal('check'),
    what: z.literal('database'),
    at: moment,
    repository: z.optional(z.string()),
    requestedBy: restoreOf,
  }),
  z.strictObject({
    action: z.literal('run'),
    what: z.literal('database'),
    at: moment,
    repository: z.string(),
    /** The name of the repository once more. */
    confirm: z.optional(z.string()),
    requestedBy: restoreOf,
  }),
]);
export type RestoreRequest = z.infer<typeof restoreRequest>;

/** What Secrets Manager sends. Source: its user guide, "Rotation function". */
export const rotationStepRequest = z.object({
  SecretId: z.string(),
  ClientRequestToken: z.string().check(z.minLength(1)),
  Step: z.enum(['createSecret', 'setSecret', 'testSecret', 'finishSecret']),
});

/**
 * rollback: puts a target back to an earlier state, or undoes one run. The same request goes on with what an earlier one left
 * unfinished.
 */
export const rollbackRequest = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.literal('roll-back'),
    repository: z.string(),
    target: z.string(),
    /** A commit id or the beginning of one, a tag, a snapshot, a branch; or a time such as `2026-11-20T10:00Z`. */
    to: z.string().check(z.minLength(1), z.maxLength(200)),
    /** Only these tables, as the configuration names them, and what lies below these prefixes. */
    tables: z.optional(z.array(z.string()).check(z.minLength(1), z.maxLength(MAX_PREFIXES))),
    prefixes: z.optional(z.array(z.string()).check(z.minLength(1), z.maxLength(MAX_PREFIXES))),
    reason: z.optional(reason),
    requestedBy: z.optional(who),
    dryRun: z.optional(z.boolean()),
  }),
  z.strictObject({
    action: z.literal('undo-run'),
    repository: z.string(),
    target: z.string(),
    runId,
    attempt: z.optional(attempt),
    /** Partitions that changed since go back as a whole to what they were before the run. */
    restorePartitions: z.optional(z.boolean()),
    reason: z.optional(reason),
    requestedBy: z.optional(who),
    dryRun: z.optional(z.boolean()),
  }),
  /** Goes on with this one. */
  z.strictObject({ action: z.literal('continue'), rollback: rollbackId }),
]);
export type RollbackRequest = z.infer<typeof rollbackRequest>;

/** snapshot: makes, lists, verifies, prunes and holds snapshots. `tend` is what the schedule asks for. */
const snapshotId = z
  .string()
  .check(z.regex(/^snapshot-[A-Za-z0-9_][-\w]*-\d{8}T\d{6}Z$/, 'snapshot-<target>-<time>, as lists show it'));
const place = { repository: z.string(), id: snapshotId };
export const snapshotRequest = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.literal('create'),
    repository: z.string(),
    target: z.string(),
    kind: z.optional(z.enum(['manual', 'pre-rollback', 'pre-restore', 'pre-rotation', 'drill'])),
    reason: z.optional(reason),
    requestedBy,
    /** Goes on with one whose time was up. */
    id: z.optional(snapshotId),
    dryRun: z.optional(z.boolean()),
  }),
  z.strictObject({ action: z.literal('list'), repository: z.optional(z.string()), target: z.optional(z.string()) }),
  /** `full` counts every object anew. */
  z.strictObject({ action: z.literal('verify'), ...place, full: z.optional(z.boolean()), requestedBy }),
  z.strictObject({
    action: z.literal('prune'),
    repository: z.optional(z.string()),
    target: z.optional(z.string()),
    /** This one, whatever the rules say of it; never one that is held, nor the newest good one. */
    id: z.optional(snapshotId),
    requestedBy,
    dryRun: z.optional(z.boolean()),
  }),
  z.strictObject({ action: z.literal('hold'), ...place, reason, requestedBy, dryRun: z.optional(z.boolean()) }),
  z.strictObject({ action: z.literal('release'), ...place, requestedBy, dryRun: z.optional(z.boolean()) }),
  z.strictObject({ action: z.literal('tend') }),
]);
export type SnapshotRequest = z.infer<typeof snapshotRequest>;

/** inspect: what the ledger and lakeFS say. Changes nothing; `doctor` tries writing on a branch of its own. */
export const inspectRequest = z.discriminatedUnion('query', [
  z.strictObject({
    query: z.literal('runs'),
    states: z.optional(z.array(states)),
    job: z.optional(z.string()),
    repository: z.optional(z.string()),
    target: z.optional(z.string()),
    limit: z.optional(z.int().check(z.gte(1), z.lte(1000))),
  }),
  /** Without an attempt: all attempts of the run id. */
  z.strictObject({ query: z.literal('run'), runId, attempt: z.optional(attempt) }),
  z.strictObject({ query: z.literal('targets') }),
  /** `readOnly` leaves out the probe that writes an object on a branch of its own. */
  z.strictObject({ query: z.literal('doctor'), readOnly: z.optional(z.boolean()) }),
  /** Newest first; dry runs and refused ones among them. */
  z.strictObject({
    query: z.literal('rollbacks'),
    repository: z.optional(z.string()),
    target: z.optional(z.string()),
    unfinished: z.optional(z.boolean()),
    limit: z.optional(z.int().check(z.gte(1), z.lte(1000))),
  }),
  z.strictObject({ query: z.literal('rollback'), rollback: rollbackId }),
  /** Newest first; plans and failed ones among them. */
  z.strictObject({
    query: z.literal('restores'),
    repository: z.optional(z.string()),
    limit: z.optional(z.int().check(z.gte(1), z.lte(1000))),
  }),
  /** Who asked for what, of all kinds, newest first: dry runs and refused ones among them. */
  z.strictObject({
    query: z.literal('requests'),
    repository: z.optional(z.string()),
    target: z.optional(z.string()),
    limit: z.optional(z.int().check(z.gte(1), z.lte(1000))),
  }),
  /** By its id or the beginning of it. */
  z.strictObject({ query: z.literal('restore'), restore: z.string().check(z.minLength(1), z.maxLength(200)) }),
]);
export type InspectRequest = z.infer<typeof inspectRequest>;

/** One finding of `doctor`. */
export interface Check {
  readonly name: string;
  readonly status: 'ok' | 'warning' | 'failed';
  readonly message: string;
  readonly remedy?: string;
}

/** export: plain copies for consumers that do not know lakeFS. */
export const exportRequest = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.literal('run'),
    export: z.string().check(z.minLength(1)),
    /** Everything against what lies at the destination, though the ledger says that all is well. */
    compare: z.optional(z.boolean()),
    /** The destination may hold objects that no export has written; with `delete: true` they go. */
    adopt: z.optional(z.boolean()),
    requestedBy,
    dryRun: z.optional(z.boolean()),
  }),
  z.strictObject({ action: z.literal('verify'), export: z.string().check(z.minLength(1)) }),
  z.strictObject({ action: z.literal('list') }),
]);
export type ExportRequest = z.infer<typeof exportRequest>;

/** collect-garbage: lakeFS's garbage collection of a repository. `tend` is what the schedule asks for. */
const collection = z.string().check(z.regex(/^gc-\d{8}t\d{6}z$/, 'gc-<time>, as `gc status` shows it'));
export const collectGarbageRequest = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('plan'), repository: z.optional(z.string()), requestedBy }),
  /** Begins one, or goes on with the one under way. */
  z.strictObject({
    action: z.literal('run'),
    repository: z.string(),
    /** Otherwise than the configuration says. */
    sweep: z.optional(z.enum(['approval', 'automatic'])),
    requestedBy,
    dryRun: z.optional(z.boolean()),
  }),
  /** What was marked is swept. */
  z.strictObject({ action: z.literal('approve'), repository: z.string(), collection, requestedBy }),
  z.strictObject({ action: z.literal('discard'), repository: z.string(), collection, requestedBy }),
  z.strictObject({ action: z.literal('status'), repository: z.optional(z.string()) }),
  z.strictObject({ action: z.literal('tend') }),
]);
export type CollectGarbageRequest = z.infer<typeof collectGarbageRequest>;

/** drill: rehearses a rollback or a restore on a scratch repository. `tend` is what the schedule asks for. */
const drillKind = z.enum(['rollback', 'restore']);
export const drillRequest = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.literal('run'),
    kind: drillKind,
    /** Whose paths and storage it is tried with; the one whose drill lies furthest back, without it. */
    repository: z.optional(z.string()),
    reason: z.optional(reason),
    requestedBy,
  }),
  z.strictObject({
    action: z.literal('list'),
    kind: z.optional(drillKind),
    limit: z.optional(z.int().check(z.gte(1), z.lte(1000))),
  }),
  z.strictObject({ action: z.literal('tend') }),
]);
export type DrillRequest = z.infer<typeof drillRequest>;

/** erase: a person's data, wherever it is still reached. */
const address = z.string().check(z.regex(/^s3:\/\/[^/\s]+\/.+$/, 's3://bucket/key'));
const selection = z.strictObject({
  paths: z.optional(z.array(z.string().check(z.minLength(1))).check(z.minLength(1), z.maxLength(10_000))),
  prefixes: z.optional(z.array(z.string().check(z.minLength(1))).check(z.minLength(1), z.maxLength(MAX_PREFIXES))),
  addresses: z.optional(z.array(address).check(z.minLength(1), z.maxLength(10_000))),
});
const somethingSelected = z.refine<z.infer<typeof selection>>(
  ({ paths, prefixes, addresses }) => (paths ?? prefixes ?? addresses) !== undefined,
  'give paths, prefixes or addresses',
);
const erasure = z.string().check(z.regex(/^erase-\d{8}t\d{6}z$/, 'erase-<time>, as `erase status` shows it'));
export const eraseRequest = z.discriminatedUnion('action', [
  /** Who still reaches them, and what `run` would do. Changes nothing. */
  z.strictObject({
    action: z.literal('plan'),
    repository: z.string(),
    selection: selection.check(somethingSelected),
    requestedBy,
  }),
  /** Begins one, or goes on with the one that was begun for the same selection. */
  z.strictObject({
    action: z.literal('run'),
    repository: z.string(),
    selection: selection.check(somethingSelected),
    reason,
    /** The name of the repository once more. */
    confirm: z.string(),
    /** Tags that are no snapshots and show the objects. */
    removeTags: z.optional(z.boolean()),
    /** Instead of nothing, the path then shows what another ref shows elsewhere: the file without the person. */
    replacements: z.optional(
      z
        .array(
          z.strictObject({
            path: z.string().check(z.minLength(1)),
            ref: z.string().check(z.minLength(1)),
            from: z.string().check(z.minLength(1)),
          }),
        )
        .check(z.maxLength(100)),
    ),
    requestedBy,
  }),
  z.strictObject({ action: z.literal('cancel'), repository: z.string(), erasure, requestedBy }),
  z.strictObject({ action: z.literal('status'), repository: z.optional(z.string()), erasure: z.optional(erasure) }),
  z.strictObject({ action: z.literal('tend') }),
]);
export type EraseRequest = z.infer<typeof eraseRequest>;

/** replication: what is known of the second region. `tend` is what the schedule asks for. */
export const replicationRequest = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('status'), repository: z.optional(z.string()) }),
  /** Every object of what has arrived, looked for again. */
  z.strictObject({
    action: z.literal('verify'),
    repository: z.optional(z.string()),
    target: z.optional(z.string()),
    requestedBy,
  }),
  z.strictObject({ action: z.literal('tend') }),
]);
export type ReplicationRequest = z.infer<typeof replicationRequest>;
