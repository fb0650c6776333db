/**
 * Deploy-time set-up of lakeFS: repositories, protected targets, garbage-collection rules. Runs again whenever the
 * configuration changes; removing the stack removes nothing in lakeFS.
 */
import { Aws, CfnElement, CustomResource, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Provider } from 'aws-cdk-lib/custom-resources';
import { Construct } from 'constructs';
import { acknowledge, asNagWrites } from '../compliance.ts';
import type { BranchlineFunction } from './branchline-function.ts';

export interface SetUpProps {
  readonly target: BranchlineFunction;
  /** Changes with the configuration. */
  readonly configUri: string;
  readonly endpoint: string;
}

export class SetUp extends Construct {
  constructor(scope: Construct, id: string, props: SetUpProps) {
    super(scope, id);
    const logGroup = new LogGroup(this, 'Log', {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const provider = new Provider(this, 'Provider', { onEventHandler: props.target.fn, logGroup });
    new CustomResource(this, 'Resource', {
      serviceToken: provider.serviceToken,
      resourceType: 'Custom::BranchlineSetUp',
      properties: { configUri: props.configUri, endpoint: props.endpoint },
    });
    const stack = Stack.of(this);
    acknowledge(
      provider,
      'IAM4',
      `Policy::${asNagWrites(stack, `arn:${Aws.PARTITION}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole`)}`,
      'The provider framework of the CDK brings its own role.',
    );
    const { defaultChild } = props.target.fn.node;
    const logicalId = defaultChild instanceof CfnElement ? stack.getLogicalId(defaultChild) : '';
    acknowledge(
      provider,
      'IAM5',
      `Resource::<${logicalId}.Arn>:*`,
      'The provider framework may invoke any version of the one function it is given.',
    );
  }
}
