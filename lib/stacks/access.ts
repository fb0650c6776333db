/** Which function may do what: the one list that a reviewer reads. Resources are named wherever AWS knows them by name. */
import { ArnFormat, type Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { CompiledConfig, FunctionName } from '../../lambdas/contract.ts';
import type { LedgerAccess } from '../constructs/run-ledger.ts';

type GlueAccess = keyof typeof GLUE_ACTION;

export interface Access {
  readonly ledger: readonly LedgerAccess[];
  readonly glue: readonly GlueAccess[];
  /** May wake promotions. */
  readonly wakes: boolean;
  /** May see how much lies in the queues. */
  readonly gauges: boolean;
  /** Talks to lakeFS and so reads the secret and the configuration. */
  readonly lakefs: boolean;
  /** Reads the configuration, and has nothing to do with lakeFS. */
  readonly config?: true;
}

const GLUE_ACTION = {
  job: 'glue:GetJob',
  run: 'glue:GetJobRun',
  runs: 'glue:GetJobRuns',
  start: 'glue:StartJobRun',
  rewind: 'glue:ResetJobBookmark',
} as const;

/** Calls that know no resource. Source: AWS Service Authorization Reference, AWS Glue. */
const WITHOUT_RESOURCE: readonly GlueAccess[] = ['rewind'];

const none: Access = { ledger: [], glue: [], wakes: false, gauges: false, lakefs: false };
const worker: Access = { ledger: ['read', 'write'], glue: ['job'], wakes: false, gauges: false, lakefs: true };
/** A run that is discarded may owe a rerun and a rewind. */
const DISCARDS: readonly GlueAccess[] = ['job', 'run', 'runs', 'start', 'rewind'];

export const ACCESS: Readonly<Record<FunctionName, Access>> = {
  'start-run': { ...worker, glue: ['job', 'runs', 'start'] },
  'claim-run': worker,
  'open-run': { ...worker, glue: ['job', 'run'] },
  'settle-run': { ...worker, glue: DISCARDS, wakes: true },
  'promote-run': { ...worker, glue: DISCARDS, wakes: true },
  'resolve-run': { ...worker, glue: DISCARDS, wakes: true },
  // Its rights in the backup bucket and on the metadata store: constructs/snapshots.ts.
  snapshot: { ...worker, glue: [] },
  // Its rights in Glue's catalog and in the bucket of manifests: constructs/catalog-refresh.ts.
  'refresh-catalog': { ...worker, glue: [] },
  // It looks at Glue's catalog and the manifests, and writes those of previews alone.
  catalog: { ...worker, glue: [] },
  // Their rights in the lake's buckets and at the destinations: constructs/exports.ts.
  export: { ...worker, glue: [] },
  'run-exports': { ...worker, glue: [] },
  'copy-chunk': { ...none, ledger: ['read'], config: true },
  reconcile: { ...worker, glue: DISCARDS, wakes: true },
  // Runs that are undone may owe a rewind; the release of its hold wakes those that wait.
  rollback: { ...worker, glue: DISCARDS, wakes: true },
  sweep: { ...worker, glue: DISCARDS },
  inspect: { ledger: ['read'], glue: ['job'], wakes: false, gauges: true, lakefs: true },
  'set-up': { ...worker, glue: [] },
  // Its rights on the secret: constructs/credential-rotation.ts.
  'rotate-credentials': { ...worker, glue: [] },
  // Its rights on lakeFS's two jobs, in the lake's buckets and in Glue's catalog: constructs/garbage-collection.ts.
  'collect-garbage': { ...worker, glue: [] },
  // Its rights on backups of its own, and below the places of scratch repositories: constructs/snapshots.ts, constructs/drills.ts.
  drill: { ...worker, glue: [] },
  // Its rights in the lake's buckets, at the destinations and in Glue's catalog: constructs/erasure.ts.
  erase: { ...worker, glue: [], wakes: true },
  // It reads the backup bucket besides.
  restore: { ...worker, glue: [] },
  // Its looks at both sides: constructs/replication-watch.ts.
  replication: { ...worker, glue: [] },
  'publish-events': none,
};

/** Job ARNs of the pipelines' patterns. An IAM policy takes 10 KB in all: many patterns become the shared beginning. */
const MAX_JOB_ARNS = 20;

export const jobArns = (stack: Stack, config: CompiledConfig): string[] => {
  const arn = (resourceName: string): string =>
    stack.formatArn({ service: 'glue', resource: 'job', resourceName, arnFormat: ArnFormat.SLASH_RESOURCE_NAME });
  const patterns = [...new Set(config.pipelines.flatMap(({ jobs }) => jobs))];
  // `?` would be a wildcard in IAM; names with characters outside ASCII are left to the general form.
  const isPlain = patterns.every((pattern) => /^[\w .:/*-]+$/.test(pattern));
  return patterns.length > 0 && patterns.length <= MAX_JOB_ARNS && isPlain ? patterns.map(arn) : [arn('*')];
};

const GLUE_WITHOUT_RESOURCE = WITHOUT_RESOURCE.map((kind) => GLUE_ACTION[kind]).join(', ');

export const glueStatements = (access: Access, jobs: readonly string[]): PolicyStatement[] => {
  const statement = (sid: string, kinds: readonly GlueAccess[], resources: readonly string[]): PolicyStatement[] =>
    kinds.length === 0
      ? []
      : [new PolicyStatement({ sid, actions: kinds.map((kind) => GLUE_ACTION[kind]), resources: [...resources] })];
  return [
    ...statement(
      'Jobs',
      access.glue.filter((kind) => !WITHOUT_RESOURCE.includes(kind)),
      jobs,
    ),
    ...statement(
      'Bookmarks',
      access.glue.filter((kind) => WITHOUT_RESOURCE.includes(kind)),
      ['*'],
    ),
  ];
};

/** The job ARNs that end in a wildcard, each with its reason. */
export const jobWildcards = (jobs: readonly string[]): { arn: string; reason: string }[] =>
  jobs
    .filter((arn) => arn.includes('*'))
    .map((arn) => ({ arn, reason: 'Pipelines name jobs by patterns; the resource is as narrow as the pattern.' }));

/** What of the above ends in a wildcard, each with its reason. */
export const glueWildcards = (access: Access, jobs: readonly string[]): { arn: string; reason: string }[] => [
  ...(access.glue.length === 0 ? [] : jobWildcards(jobs)),
  ...(access.glue.some((kind) => WITHOUT_RESOURCE.includes(kind))
    ? [{ arn: '*', reason: `AWS knows no resource for ${GLUE_WITHOUT_RESOURCE}.` }]
    : []),
];
