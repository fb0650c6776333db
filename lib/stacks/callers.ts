/** The policies of whoever calls the control plane: people, pipelines, and Glue jobs. */
import { CfnOutput, type Stack } from 'aws-cdk-lib';
import { ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { type CompiledConfig, type FunctionName, functionName } from '../../lambdas/contract.ts';
import { acknowledge, asNagWrites } from '../compliance.ts';
import type { BranchlineFunction } from '../constructs/branchline-function.ts';
import type { JobSide } from '../constructs/job-arguments.ts';
import { JobLibrary } from '../constructs/job-library.ts';
import { jobArns, jobWildcards } from './access.ts';

type FunctionOf = (name: FunctionName) => BranchlineFunction;

/** For people and pipelines. Whoever may decide about runs need not be allowed to put a whole target back. */
export const addCallerPolicies = (stack: Stack, fnOf: FunctionOf): void => {
  const policy = (id: string, names: readonly FunctionName[], description: string): void => {
    const made = new ManagedPolicy(stack, id, {
      description,
      statements: [
        new PolicyStatement({
          sid: 'Invoke',
          actions: ['lambda:InvokeFunction'],
          resources: names.map((name) => fnOf(name).fn.functionArn),
        }),
      ],
    });
    new CfnOutput(stack, `${id}Arn`, { value: made.managedPolicyArn, description });
  };
  policy(
    'OperatorPolicy',
    ['start-run', 'resolve-run', 'catalog', 'inspect', 'drill'],
    'For operators: runs, targets, readers',
  );
  policy('RollbackPolicy', ['rollback', 'inspect'], 'For those who may put a target back to an earlier state');
};

export interface JobSideProps {
  readonly compiled: CompiledConfig;
  readonly prefix: string;
  readonly fnOf: FunctionOf;
  /** What reading lakeFS's key pair takes. */
  readonly secretStatements: readonly PolicyStatement[];
}

/**
 * For the roles of Glue jobs: ask for the run, read library and lakeFS's key pair; a Python-shell job, which Glue tells no job run id,
 * finds its own among those of the job. Nothing else is needed for `begin()`.
 */
export const addJobSide = (
  stack: Stack,
  { compiled, prefix, fnOf, secretStatements }: JobSideProps,
): JobSide & { readonly policy: ManagedPolicy } => {
  const library = new JobLibrary(stack, 'JobLibrary');
  const jobs = jobArns(stack, compiled);
  const policy = new ManagedPolicy(stack, 'JobPolicy', {
    description: 'Lets a Glue job claim its Branchline run and reach lakeFS',
    statements: [
      new PolicyStatement({
        sid: 'ClaimRun',
        actions: ['lambda:InvokeFunction'],
        resources: [fnOf('claim-run').fn.functionArn],
      }),
      new PolicyStatement({ sid: 'FindJobRun', actions: ['glue:GetJobRuns'], resources: jobs }),
      ...secretStatements,
      library.readStatement(),
    ],
  });
  for (const { arn, reason } of jobWildcards(jobs)) {
    acknowledge(policy, 'IAM5', `Resource::${asNagWrites(stack, arn)}`, reason);
  }
  new CfnOutput(stack, 'JobPolicyArn', {
    value: policy.managedPolicyArn,
    description: 'Attach it to the roles of managed Glue jobs',
  });
  new CfnOutput(stack, 'JobLibraryUri', {
    value: library.uri,
    description: 'For --additional-python-modules (Spark) or --extra-py-files (Python shell) of managed Glue jobs',
  });
  return { claimFunction: functionName(prefix, 'claim-run'), library: library.uri, policy };
};
