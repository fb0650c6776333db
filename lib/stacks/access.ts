/** Which function may do what: the one list that a reviewer reads. Resources are named wherever AWS knows them by name. */
import { ArnFormat, type Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { CompiledConfig, FunctionName } from '../../lambdas/contract.ts';
import type { LedgerAccess } from '../constructs/run-ledger.ts';

type GlueAccess = 'look' | 'start' | 'rewind';

export interface Access {
  readonly ledger: readonly LedgerAccess[];
  readonly glue: readonly GlueAccess[];
  /** May wake promotions. */
  readonly wakes: boolean;
  /** Talks to lakeFS and so reads the secret and the configuration. */
  readonly lakefs: boolean;
}

const none: Access = { ledger: [], glue: [], wakes: false, lakefs: false };
const worker: Access = { ledger: ['read', 'write'], glue: ['look'], wakes: false, lakefs: true };

export const ACCESS: Readonly<Record<FunctionName, Access>> = {
  'start-run': { ...worker, glue: ['look', 'start'] },
  'claim-run': worker,
  'open-run': worker,
  // A run that is discarded may owe a rerun and a rewind.
  'settle-run': { ...worker, glue: ['look', 'start', 'rewind'], wakes: true },
  'promote-run': { ...worker, glue: ['look', 'start', 'rewind'], wakes: true },
  'resolve-run': { ...worker, glue: ['look', 'start', 'rewind'], wakes: true },
  reconcile: { ...worker, glue: ['look', 'start', 'rewind'], wakes: true },
  sweep: { ...worker, glue: ['look', 'start', 'rewind'] },
  inspect: { ledger: ['read'], glue: ['look'], wakes: false, lakefs: true },
  'set-up': { ledger: ['read', 'write'], glue: [], wakes: false, lakefs: true },
  'publish-events': none,
};

const GLUE_ACTIONS: Readonly<Record<GlueAccess, readonly string[]>> = {
  look: ['glue:GetJob', 'glue:GetJobRun', 'glue:GetJobRuns'],
  start: ['glue:StartJobRun'],
  rewind: ['glue:ResetJobBookmark'],
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

export const glueStatements = (access: Access, jobs: readonly string[]): PolicyStatement[] =>
  access.glue.map(
    (kind) =>
      new PolicyStatement({
        sid: `Glue${kind.charAt(0).toUpperCase()}${kind.slice(1)}`,
        actions: [...GLUE_ACTIONS[kind]],
        resources: [...jobs],
      }),
  );

export const JOB_WILDCARD_REASON = 'Pipelines name jobs by patterns; the resource is as narrow as the pattern.';
