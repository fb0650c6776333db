/** Ledger, Glue, queue and clock in memory, for tests of use cases. */
import type { CompiledConfig, PipelineConfig, TableConfig } from '../../lambdas/contract.ts';
import type { Description } from '../../lambdas/domain/catalog/description.ts';
import type { Column } from '../../lambdas/domain/catalog/table.ts';
import { BranchlineError } from '../../lambdas/domain/errors.ts';
import { formatRunKey, needsCleanUp, type Run, type RunKey } from '../../lambdas/domain/run.ts';
import type { Target } from '../../lambdas/domain/target.ts';
import type { Glue, Job, JobRun, Ledger, Log, Ports, Promotions, RunFilter, ServerProbe } from '../../lambdas/ports.ts';
import { FakeLakefs } from './lakefs.ts';
import { FakeRequests } from './requests.ts';
import { FakeRestores } from './restores.ts';
import { FakeRollbacks } from './rollbacks.ts';
import { FakeRotations } from './rotations.ts';

/** What DynamoDB does to an entry: a copy, so that nobody changes it behind the ledger's back. */
const copy = <T>(value: T): T => structuredClone(value);

export class FakeLedger implements Ledger {
  readonly runs = new Map<string, Run>();
  readonly targets = new Map<string, Target>();
  readonly changes = new Map<string, { readonly commit: string; readonly partitions: readonly string[] }>();
  readonly columns = new Map<string, readonly Column[]>();
  readonly descriptions = new Map<string, readonly Description[]>();
  readonly unmanaged: unknown[] = [];
  /** Every image that the stream would carry, in order. */
  readonly stream: { before: Run | undefined; after: Run }[] = [];

  async getRun(key: RunKey): Promise<Run | undefined> {
    return copy(this.runs.get(formatRunKey(key)));
  }
  async getRuns(keys: readonly RunKey[]): Promise<readonly Run[]> {
    return keys.flatMap((key) => copy(this.runs.get(formatRunKey(key))) ?? []);
  }
  async createRun(run: Run): Promise<{ outcome: 'created' } | { outcome: 'exists'; run: Run }> {
    const existing = this.runs.get(formatRunKey(run));
    if (existing !== undefined) return { outcome: 'exists', run: copy(existing) };
    this.#write(undefined, run);
    return { outcome: 'created' };
  }
  async updateRun(next: Run): Promise<{ outcome: 'updated' } | { outcome: 'stale'; run: Run | undefined }> {
    const stored = this.runs.get(formatRunKey(next));
    if (stored?.version !== next.version - 1) return { outcome: 'stale', run: copy(stored) };
    this.#write(stored, next);
    return { outcome: 'updated' };
  }
  async *listRuns(filter: RunFilter): AsyncIterable<Run> {
    const found = [...this.runs.values()]
      .filter((run) => filter.states === undefined || filter.states.includes(run.state))
      .filter((run) => filter.job === undefined || run.job === filter.job)
      .filter((run) => filter.repository === undefined || run.repository === filter.repository)
      .filter((run) => filter.target === undefined || run.target === filter.target)
      .filter((run) => filter.needsCleanUp === undefined || needsCleanUp(run))
      .sort((a, b) => b.openedAt - a.openedAt)
      .slice(0, filter.limit);
    for (const run of found) yield copy(run);
  }
  async putChanges(key: RunKey, commit: string, partitions: readonly string[]): Promise<void> {
    this.changes.set(formatRunKey(key), copy({ commit, partitions }));
  }
  async getChanges(key: RunKey, commit: string): Promise<readonly string[] | undefined> {
    const recorded = this.changes.get(formatRunKey(key));
    return recorded?.commit === commit ? copy(recorded.partitions) : undefined;
  }
  async getColumns(repository: string, target: string, table: string): Promise<readonly Column[] | undefined> {
    return this.columns.get(`${repository}/${target}/${table}`);
  }
  async getDescriptions(repository: string, target: string): Promise<readonly Description[]> {
    return copy(this.descriptions.get(`${repository}/${target}`) ?? []);
  }
  async getTarget(repository: string, target: string): Promise<Target | undefined> {
    return copy(this.targets.get(`${repository}/${target}`));
  }
  async *listTargets(): AsyncIterable<Target> {
    for (const target of this.targets.values()) yield copy(target);
  }
  async putTarget(next: Target): Promise<{ outcome: 'written' } | { outcome: 'stale'; target: Target | undefined }> {
    const id = `${next.repository}/${next.branch}`;
    const stored = this.targets.get(id);
    if ((stored?.version ?? 0) !== next.version - 1) return { outcome: 'stale', target: copy(stored) };
    this.targets.set(id, copy(next));
    return { outcome: 'written' };
  }
  async recordUnmanaged(entry: unknown): Promise<void> {
    this.unmanaged.push(entry);
  }
  #write(before: Run | undefined, after: Run): void {
    this.runs.set(formatRunKey(after), copy(after));
    this.stream.push({ before: copy(before), after: copy(after) });
  }
}

export class FakeGlue implements Glue {
  readonly jobs = new Map<string, Job>();
  readonly jobRuns = new Map<string, JobRun>();
  readonly bookmarkResets: string[] = [];
  #serial = 0;

  addJob(name: string, more: Partial<Job> = {}): void {
    this.jobs.set(name, { name, defaultArguments: {}, maxConcurrentRuns: 10, maxRetries: 0, ...more });
  }
  /** A job run that something else started: a trigger, the console. */
  begin(jobName: string, args: Record<string, string> = {}, id?: string): JobRun {
    this.#serial += 1;
    const jobRun = {
      jobName,
      id: id ?? `jr_${String(this.#serial).padStart(4, '0')}`,
      state: 'RUNNING',
      arguments: args,
    };
    this.jobRuns.set(jobRun.id, jobRun);
    return jobRun;
  }
  end(id: string, state: string, errorMessage?: string): void {
    const jobRun = this.jobRuns.get(id);
    if (jobRun === undefined) throw new Error(`no job run ${id}`);
    this.jobRuns.set(id, { ...jobRun, state, completedOn: 0, ...(errorMessage === undefined ? {} : { errorMessage }) });
  }
  async getJob(name: string): Promise<Job | undefined> {
    return this.jobs.get(name);
  }
  async getJobRun(jobName: string, jobRunId: string): Promise<JobRun | undefined> {
    const found = this.jobRuns.get(jobRunId);
    return found?.jobName === jobName ? found : undefined;
  }
  async *listJobRuns(jobName: string, limit: number): AsyncIterable<JobRun> {
    const found = [...this.jobRuns.values()].filter((jobRun) => jobRun.jobName === jobName).reverse();
    yield* found.slice(0, limit);
  }
  async startJobRun(
    jobName: string,
    args: Readonly<Record<string, string>>,
  ): Promise<{ outcome: 'started'; jobRunId: string } | { outcome: 'busy' }> {
    const job = this.jobs.get(jobName);
    if (job === undefined) throw new BranchlineError('BL4004', `job "${jobName}"`);
    const running = [...this.jobRuns.values()].filter(
      (jobRun) => jobRun.jobName === jobName && jobRun.state === 'RUNNING',
    );
    if (running.length >= job.maxConcurrentRuns) return { outcome: 'busy' };
    return { outcome: 'started', jobRunId: this.begin(jobName, { ...args }).id };
  }
  async resetJobBookmark(_jobName: string, jobRunId: string): Promise<void> {
    this.bookmarkResets.push(jobRunId);
  }
}

export class FakePromotions implements Promotions {
  readonly queue: RunKey[] = [];
  async wake(run: RunKey): Promise<void> {
    this.queue.push({ runId: run.runId, attempt: run.attempt });
  }
}

/** A server in good health, whose storage signs addresses. */
export const healthyServer = (lakefs: FakeLakefs, now: () => number): ServerProbe => ({
  health: async () => 200,
  tls: async () => ({
    ...{ protocol: 'TLSv1.3', issuer: 'Amazon' },
    ...{ validFrom: now() - 86_400_000, validTo: now() + 90 * 86_400_000 },
  }),
  storage: async () => ({ kind: 's3', canPresign: true }),
  async putPresigned(repository, branch, path, content) {
    await lakefs.putObject(repository, branch, path, content);
  },
  async getPresigned(repository, ref, path) {
    return (await lakefs.getObject(repository, ref, path)) ?? new Uint8Array();
  },
});

const quiet: Log = { info: () => undefined, warn: () => undefined, error: () => undefined };

export const TABLES: readonly TableConfig[] = [
  { name: 'sales', path: 'sales/', partitionColumns: ['dt'], overwrite: 'partition', appendOnly: false },
  { name: 'stock', path: 'stock/', partitionColumns: [], overwrite: 'table', appendOnly: false },
  { name: 'log', path: 'log/', partitionColumns: ['dt'], overwrite: 'partition', appendOnly: true },
  { name: 'dims', path: 'dims/', partitionColumns: ['dt'], overwrite: 'table', appendOnly: false },
];

export const PIPELINE: PipelineConfig = {
  name: 'nightly',
  jobs: ['job-*'],
  repository: 'lake',
  target: 'main',
  onConflict: 'keep',
  maxReruns: 1,
  keepFailedForSeconds: 0,
  maxOpenSeconds: 86_400,
};

export interface World extends Ports {
  readonly lakefs: FakeLakefs;
  readonly ledger: FakeLedger;
  readonly glue: FakeGlue;
  readonly promotions: FakePromotions;
  readonly server: ServerProbe;
  readonly rollbacks: FakeRollbacks;
  readonly restores: FakeRestores;
  readonly requests: FakeRequests;
  readonly rotations: FakeRotations;
  readonly clock: { now(): number; advance(ms: number): void };
}

/** A lake with one repository, its target protected, and jobs `job-a` to `job-d` in one pipeline. */
export const makeWorld = async (pipeline: Partial<PipelineConfig> = {}): Promise<World> => {
  let now = Date.parse('2026-01-01T00:00:00Z');
  let serial = 0;
  const next = (): string => {
    serial += 1;
    return String(serial);
  };
  const config: CompiledConfig = {
    schemaVersion: 1,
    repositories: [
      {
        name: 'lake',
        storageNamespace: 's3://bucket/lake',
        defaultBranch: 'main',
        targets: ['main'],
        garbageCollection: { defaultRetentionDays: 28, branches: {} },
        tables: TABLES,
      },
    ],
    pipelines: [{ ...PIPELINE, ...pipeline }],
  };
  const lakefs = new FakeLakefs();
  await lakefs.createRepository({ name: 'lake', storageNamespace: 's3://bucket/lake', defaultBranch: 'main' });
  const glue = new FakeGlue();
  for (const name of ['job-a', 'job-b', 'job-c', 'job-d']) glue.addJob(name);
  return {
    clock: {
      now: () => now,
      advance: (ms) => {
        now += ms;
      },
    },
    ids: {
      runId: () => `run${next()}`,
      owner: () => `owner${next()}`,
    },
    config: { load: async () => config },
    lakefs,
    ledger: new FakeLedger(),
    glue,
    promotions: new FakePromotions(),
    server: healthyServer(lakefs, () => now),
    rollbacks: new FakeRollbacks(),
    restores: new FakeRestores(),
    requests: new FakeRequests(),
    rotations: new FakeRotations(),
    log: quiet,
    place: { region: 'eu-west-1', claimFunction: 'branchline-claim-run' },
  };
};

export const text = (content: string): Uint8Array => new TextEncoder().encode(content);
