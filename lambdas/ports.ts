/**
 * What the use cases need from outside. Adapters implement it for AWS and lakeFS, tests in memory.
 * Infrastructure faults are thrown as `BranchlineError`; what a use case must decide about is a returned outcome.
 */
import type { CompiledConfig } from './contract.ts';
import type { Description } from './domain/catalog/description.ts';
import type { Column } from './domain/catalog/table.ts';
import type {
  Change,
  Commit,
  CommitOutcome,
  CommitRequest,
  GarbageCollectionRules,
  MergeOutcome,
  ObjectStats,
  Ref,
  Repository,
  RevertOutcome,
} from './domain/lakefs.ts';
import type { EpochMs, Run, RunKey, RunState } from './domain/run.ts';
import type { TlsFacts } from './domain/server.ts';
import type { RefsDump } from './domain/snapshot.ts';
import type { Target } from './domain/target.ts';
import type { FooterNotes, Footers } from './footer-ports.ts';

export interface Clock {
  now(): EpochMs;
}

export interface Ids {
  /** A fresh run id for a start that brought none. */
  runId(): string;
  /** A fresh name for the holder of a lease. */
  owner(): string;
}

/** The configuration this deployment was made with. */
export interface ConfigSource {
  load(): Promise<CompiledConfig>;
}

/**
 * lakeFS by its documented API. Throws BL3001 unreachable (nobody knows whether the call took effect), BL3002 unauthorised,
 * BL3003 throttled or locked (surely not in effect), BL3004 not found, BL3005 unexpected, BL3006 protected.
 * Retries of calls that are safe to repeat happen inside, within the time that the invocation has left.
 */
export interface Lakefs {
  getRepository(repository: string): Promise<Repository | undefined>;
  createRepository(repository: Repository): Promise<'created' | 'exists'>;
  getBranch(repository: string, branch: string): Promise<Ref | undefined>;
  /** `exists` only after a look that a *branch* of that name exists (409 is also answered for a tag or commit of that name). */
  createBranch(repository: string, branch: string, sourceCommit: string): Promise<'created' | 'exists'>;
  /** Staged changes of the branch are lost for good. */
  deleteBranch(repository: string, branch: string): Promise<'deleted' | 'absent'>;
  listBranches(repository: string, prefix: string): AsyncIterable<Ref>;
  /** `exists` also where the tag stands for another commit: look what it stands for. A *branch* of that name: BL3005. */
  createTag(repository: string, tag: string, ref: string): Promise<'created' | 'exists'>;
  getTag(repository: string, tag: string): Promise<Ref | undefined>;
  deleteTag(repository: string, tag: string): Promise<'deleted' | 'absent'>;
  listTags(repository: string, prefix: string): AsyncIterable<Ref>;
  /** Uncommitted changes. */
  listStaged(repository: string, branch: string): AsyncIterable<Change>;
  /** Throws away uncommitted changes: all of them, or those below a prefix. */
  resetStaged(repository: string, branch: string, prefix?: string): Promise<void>;
  commit(repository: string, branch: string, request: CommitRequest, sourceMetaRange?: string): Promise<CommitOutcome>;
  /** By any ref: a commit id or the beginning of one, a tag, a branch. */
  getCommit(repository: string, ref: string): Promise<Commit | undefined>;
  /**
   * Commits from `ref` back, newest first, along first parents. `stopAt` is included as the last one.
   * `ref` that does not exist: BL3004.
   */
  log(repository: string, ref: string, options: { stopAt?: string; limit?: number }): AsyncIterable<Commit>;
  /** `two_dot`: what differs; `three_dot`: what `right` changed since the merge base with `left`. */
  diff(
    repository: string,
    left: string,
    right: string,
    options: { type: 'two_dot' | 'three_dot'; prefix?: string; delimiter?: string; after?: string },
  ): AsyncIterable<Change>;
  /** Best common ancestor. */
  mergeBase(repository: string, left: string, right: string): Promise<string>;
  merge(repository: string, sourceCommit: string, target: string, request: CommitRequest): Promise<MergeOutcome>;
  /** Undo a commit by a new one; `parentNumber` 1 for a merge, 0 otherwise. */
  revert(
    repository: string,
    branch: string,
    commitId: string,
    parentNumber: number,
    request: CommitRequest,
  ): Promise<RevertOutcome>;
  listObjects(
    repository: string,
    ref: string,
    options: { prefix?: string; delimiter?: string; after?: string },
  ): AsyncIterable<ObjectStats>;
  /** Whole content of a small object. */
  getObject(repository: string, ref: string, path: string): Promise<Uint8Array | undefined>;
  /** The bytes `from` up to but not including `to` of an object that is longer than `from`. */
  getObjectRange(
    repository: string,
    ref: string,
    path: string,
    range: { readonly from: number; readonly to: number },
  ): Promise<Uint8Array | undefined>;
  putObject(
    repository: string,
    branch: string,
    path: string,
    content: Uint8Array,
    options?: { ifAbsent?: boolean },
  ): Promise<'written' | 'exists'>;
  deleteObjects(repository: string, branch: string, paths: readonly string[]): Promise<void>;
  copyObject(repository: string, branch: string, path: string, source: { ref: string; path: string }): Promise<void>;
  getProtectedBranches(repository: string): Promise<readonly string[]>;
  setProtectedBranches(repository: string, patterns: readonly string[]): Promise<void>;
  setGarbageCollection(repository: string, rules: GarbageCollectionRules): Promise<void>;
  /** `undefined` where there are none. */
  getGarbageCollection(repository: string): Promise<GarbageCollectionRules | undefined>;
  /** Begins to write all refs into the storage namespace. @returns the task to ask `dumpOf` about. */
  beginDump(repository: string): Promise<string>;
  /** `undefined` while it is being written; `unknown` where the server has forgotten the task. */
  dumpOf(repository: string, task: string): Promise<RefsDump | 'unknown' | undefined>;
  /** Free texts that belong to the repository. */
  getRepositoryMetadata(repository: string): Promise<Readonly<Record<string, string>>>;
  /** A file of a dump, as it lies in the storage namespace; `undefined` where it is gone. */
  getMetaRangeFile(repository: string, metaRangeId: string): Promise<Uint8Array | undefined>;
  /** Without refs, on a storage namespace that may be in use: what a dump is restored into. */
  createBareRepository(repository: Repository): Promise<'created' | 'exists'>;
  /** Begins to bring the refs of a dump back. @returns the task; `in-use` where the repository has refs already. */
  beginRestore(repository: string, dump: RefsDump): Promise<{ task: string } | 'in-use'>;
  /** `pending` while it goes on; `unknown` where the server has forgotten the task. BL8402 where the files of the dump are not there. */
  restoreOf(repository: string, task: string): Promise<'done' | 'pending' | 'unknown'>;
  setRepositoryMetadata(repository: string, metadata: Readonly<Record<string, string>>): Promise<void>;
  /** Version of the server. Needs no credentials. */
  version(): Promise<string>;
}

/** Of a repository as a whole: for snapshots and restores. */
type OfRepositories =
  | 'createBareRepository'
  | 'beginRestore'
  | 'restoreOf'
  | 'setRepositoryMetadata'
  | 'beginDump'
  | 'dumpOf'
  | 'getGarbageCollection'
  | 'getRepositoryMetadata'
  | 'getMetaRangeFile';
/** Branches, commits and objects. */
export type LakefsContent = Omit<Lakefs, OfRepositories>;

export interface RunFilter {
  readonly states?: readonly RunState[];
  readonly job?: string;
  readonly repository?: string;
  readonly target?: string;
  /** Only settled runs that still owe something: see `needsCleanUp` in domain/run.ts. Reads an index. */
  readonly needsCleanUp?: true;
  readonly limit?: number;
}

/** The truth about runs and targets. Every write is conditional on what was read. */
/** The ledger's entries about targets: all that functions need which never touch runs. */
export interface TargetLedger {
  getTarget(repository: string, target: string): Promise<Target | undefined>;
  /** Columns that readers see of a table, where they were inferred. */
  getColumns(repository: string, target: string, table: string): Promise<readonly Column[] | undefined>;
  /** What the files of `_lakefs_tables/` said at the newest refresh of the target. */
  getDescriptions(repository: string, target: string): Promise<readonly Description[]>;
  listTargets(): AsyncIterable<Target>;
  /** Creates at version 1, else writes where the stored version is `next.version - 1`. */
  putTarget(next: Target): Promise<{ outcome: 'written' } | { outcome: 'stale'; target: Target | undefined }>;
}

export interface Ledger extends TargetLedger {
  getRun(key: RunKey): Promise<Run | undefined>;
  getRuns(keys: readonly RunKey[]): Promise<readonly Run[]>;
  /** The loser of two creations receives the winner's entry. */
  createRun(run: Run): Promise<{ outcome: 'created' } | { outcome: 'exists'; run: Run }>;
  /** Writes `next` where the stored version is `next.version - 1`; otherwise returns what is stored. */
  updateRun(next: Run): Promise<{ outcome: 'updated' } | { outcome: 'stale'; run: Run | undefined }>;
  /** Newest first. A state filter reads an index, not the table. */
  listRuns(filter: RunFilter): AsyncIterable<Run>;
  /**
   * The partitions that a run changed by this commit. Written before the entry names the commit; a resolution writes them anew for
   * its own.
   */
  putChanges(key: RunKey, commit: string, partitions: readonly string[]): Promise<void>;
  /** `undefined` where none are recorded, or those of another commit. */
  getChanges(key: RunKey, commit: string): Promise<readonly string[] | undefined>;
  /** A job run that ended without ever having had a branch: remembered for 90 days, for `doctor` and the curious. */
  recordUnmanaged(entry: {
    job: string;
    jobRunId: string;
    pipeline: string;
    state: string;
    at: EpochMs;
  }): Promise<void>;
}

export interface JobRun {
  readonly jobName: string;
  /** Carries `_attempt_N` for a retry. */
  readonly id: string;
  readonly state: string;
  readonly arguments: Readonly<Record<string, string>>;
  readonly startedOn?: EpochMs;
  readonly completedOn?: EpochMs;
  readonly errorMessage?: string;
}

export interface Job {
  readonly name: string;
  readonly defaultArguments: Readonly<Record<string, string>>;
  readonly maxConcurrentRuns: number;
  readonly maxRetries: number;
}

export interface Glue {
  getJob(name: string): Promise<Job | undefined>;
  getJobRun(jobName: string, jobRunId: string): Promise<JobRun | undefined>;
  /** Newest first, at most `limit`. An unknown job has none. */
  listJobRuns(jobName: string, limit: number): AsyncIterable<JobRun>;
  /** The job run id. BL4004 for an unknown job; `busy` where the job's concurrency limit is reached. */
  startJobRun(
    jobName: string,
    args: Readonly<Record<string, string>>,
  ): Promise<{ outcome: 'started'; jobRunId: string } | { outcome: 'busy' }>;
  /** Puts the bookmark back to where it was before that job run. */
  resetJobBookmark(jobName: string, jobRunId: string): Promise<void>;
}

export interface Promotions {
  /** Asks promote-run to look at this run; `wakeUps` makes a repeat distinct within the deduplication window. */
  wake(run: Pick<Run, 'runId' | 'attempt' | 'repository' | 'target' | 'wakeUps' | 'version'>): Promise<void>;
}

export interface QueueDepth {
  /** Name of the queue. */
  readonly queue: string;
  readonly isDeadLetters: boolean;
  /** Messages that nobody has taken yet; approximate, as SQS says. */
  readonly waiting: number;
  readonly inFlight: number;
}

/** What `doctor` reads off besides. */
export interface Gauges {
  /** Of every hop. @throws BL4001 naming a queue that is missing. */
  queueDepths(): Promise<readonly QueueDepth[]>;
  /** How far the other side's clock is ahead of ours, in milliseconds, from the Date of its answer: a second coarse. */
  clockSkew(side: 'lakeFS' | 'AWS'): Promise<number>;
}

/** The server itself, for `doctor`. Throws as `Lakefs` does. */
export interface ServerProbe {
  /** Status of `GET /_health`. It says that the process serves, and asks no metadata store (tried on 1.84). */
  health(): Promise<number>;
  /** `undefined` for an endpoint without TLS. */
  tls(): Promise<TlsFacts | undefined>;
  storage(): Promise<{ readonly kind: string; readonly canPresign: boolean }>;
  /** Past the server, by an address that it signs. */
  putPresigned(repository: string, branch: string, path: string, content: Uint8Array): Promise<void>;
  getPresigned(repository: string, ref: string, path: string): Promise<Uint8Array>;
}

export interface Log {
  info(message: string, data?: Record<string, unknown>): void;
  warn(message: string, data?: Record<string, unknown>): void;
  error(message: string, data?: Record<string, unknown>): void;
}

/** What every use case may need: the lake, the ledger of its targets, and the words to tell of them. */
export interface LakePorts {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly config: ConfigSource;
  readonly lakefs: LakefsContent;
  /** Where somebody keeps what was read of files. */
  readonly footers?: Footers;
  readonly ledger: TargetLedger;
  readonly log: Log;
  readonly place: {
    /** For console links. */
    readonly region: string;
    /** Name of the deployed claim-run function: jobs are told whom to ask. */
    readonly claimFunction: string;
  };
}

/** Everything together, as the use cases about runs receive it. */
export interface Ports extends LakePorts {
  readonly lakefs: Lakefs;
  readonly ledger: Ledger;
  readonly glue: Glue;
  readonly promotions: Promotions;
  /** Only `settle-run` keeps them. */
  readonly keepFooters?: FooterNotes['put'];
  /** Only `inspect` has the rights for them. */
  readonly gauges?: Gauges;
  readonly server?: ServerProbe;
}
