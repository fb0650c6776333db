/**
 * Who may restore: a policy of its own, in no role of the stack. Whoever has it may invoke the one function, plan and run.
 *
 * What you get: a managed policy to attach to a role that is taken on for the purpose; its ARN as an output.
 */
import { CfnOutput } from 'aws-cdk-lib';
import { ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { BranchlineFunction } from './branchline-function.ts';

export class RestoreRole extends Construct {
  readonly policy: ManagedPolicy;

  constructor(scope: Construct, id: string, { target }: { readonly target: BranchlineFunction }) {
    super(scope, id);
    this.policy = new ManagedPolicy(this, 'Policy', {
      description: 'Lets a person restore repositories and branches of lakeFS by Branchline',
      statements: [
        new PolicyStatement({
          sid: 'Restore',
          actions: ['lambda:InvokeFunction'],
          resources: [target.fn.functionArn],
        }),
      ],
    });
    new CfnOutput(this, 'PolicyArn', {
      value: this.policy.managedPolicyArn,
      description: 'For the role of those who may restore',
    });
  }
}
