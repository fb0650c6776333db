/**
 * One function of Branchline.
 *
 * What you get: Node 24, the bundled handler, a fixed name, a log group with a retention, a role of its own that may write
 * that log and nothing else until it is told; the network of the deployment where there is one; an alarm on errors.
 */
import { type Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { ISecurityGroup, IVpc, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Architecture, Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { ENV, type FunctionName, functionName, METRIC_NAMESPACE } from '../../lambdas/contract.ts';
import { acknowledge, asNagWrites } from '../compliance.ts';
import { bundleOf, HANDLERS } from './bundle.ts';

export interface Network {
  readonly vpc: IVpc;
  readonly vpcSubnets: SubnetSelection;
  readonly securityGroups: ISecurityGroup[];
}

export interface BranchlineFunctionProps {
  readonly prefix: string;
  readonly name: FunctionName;
  readonly description: string;
  readonly timeout: Duration;
  readonly memoryMb: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly statements: readonly PolicyStatement[];
  /** Resources in `statements` that end in a wildcard, and why. */
  readonly wildcards?: readonly { readonly arn: string; readonly reason: string }[];
  readonly architecture: 'arm64' | 'x86_64';
  readonly logRetentionDays: RetentionDays;
  readonly network?: Network;
}

export class BranchlineFunction extends Construct {
  readonly fn: LambdaFunction;
  readonly timeout: Duration;

  constructor(scope: Construct, id: string, props: BranchlineFunctionProps) {
    super(scope, id);
    const name = functionName(props.prefix, props.name);
    this.timeout = props.timeout;
    const logGroup = new LogGroup(this, 'Log', {
      logGroupName: `/aws/lambda/${name}`,
      retention: props.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      description: `Of ${name}`,
    });
    // By name, so that neither waits for the other in CloudFormation.
    const { partition, region, account } = Stack.of(this);
    const streams = `arn:${partition}:logs:${region}:${account}:log-group:/aws/lambda/${name}:log-stream:*`;
    role.addToPolicy(
      new PolicyStatement({
        sid: 'WriteLog',
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [streams],
      }),
    );
    for (const statement of props.statements) role.addToPolicy(statement);
    if (props.network !== undefined) {
      // Lambda makes its network interfaces in our name; these calls know no resource. Source: Lambda developer guide, VPC permissions.
      role.addToPolicy(
        new PolicyStatement({
          sid: 'Network',
          actions: [
            'ec2:CreateNetworkInterface',
            'ec2:DescribeNetworkInterfaces',
            'ec2:DescribeSubnets',
            'ec2:DeleteNetworkInterface',
            'ec2:AssignPrivateIpAddresses',
            'ec2:UnassignPrivateIpAddresses',
          ],
          resources: ['*'],
        }),
      );
    }
    this.fn = new LambdaFunction(this, 'Function', {
      functionName: name,
      description: props.description,
      runtime: Runtime.NODEJS_24_X,
      architecture: props.architecture === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64,
      handler: 'index.handler',
      // The CDK's own switch (`aws:cdk:bundling-stacks`) for whoever only looks at the template.
      code: Code.fromAsset(Stack.of(this).bundlingRequired ? bundleOf(props.name) : HANDLERS),
      memorySize: props.memoryMb,
      timeout: props.timeout,
      role,
      logGroup,
      environment: {
        ...props.environment,
        [ENV.prefix]: props.prefix,
        NODE_OPTIONS: '--enable-source-maps',
        POWERTOOLS_SERVICE_NAME: props.prefix,
        POWERTOOLS_METRICS_NAMESPACE: METRIC_NAMESPACE,
      },
      ...(props.network ?? {}),
    });
    const stack = Stack.of(this);
    const resource = (arn: string): string => `Resource::${asNagWrites(stack, arn)}`;
    acknowledge(
      role,
      'IAM5',
      resource(streams),
      'Lambda chooses the names of the streams in the log group of the function.',
    );
    for (const pattern of props.wildcards ?? []) acknowledge(role, 'IAM5', resource(pattern.arn), pattern.reason);
    if (props.network !== undefined) {
      acknowledge(
        role,
        'IAM5',
        'Resource::*',
        'The calls by which Lambda makes its network interfaces know no resource.',
      );
    }
  }
}
