/**
 * Many workers for exports that are large: a state machine whose distributed map hands out chunks that lie below the destinations.
 *
 * What you get: one state machine for all exports, with its log and traces; a role that can invoke one function, list and write below
 * `_branchline/exports/` of the destinations, and wake the queue of exports; an alarm on executions that fail.
 */
import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { type IAlarmAction, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { CfnStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { ENV, EXPORT_RUNS_FOLDER, type ExportConfig } from '../../lambdas/contract.ts';
import { acknowledge, asNagWrites } from '../compliance.ts';
import { addAlarm, RUNBOOK } from './alarms.ts';
import type { BranchlineFunction } from './branchline-function.ts';

/** A whole lake takes days; what is left then goes on in another execution. */
const TIMEOUT = Duration.days(7);

export interface ExportMapProps {
  readonly prefix: string;
  readonly logRetentionDays: RetentionDays;
  /** Those that use it. */
  readonly exports: readonly ExportConfig[];
  readonly keys: readonly string[];
  readonly worker: BranchlineFunction;
  /** Begin executions and look at them. */
  readonly starters: readonly BranchlineFunction[];
  /** Is told the end. */
  readonly queue: Queue;
  readonly actions: readonly IAlarmAction[];
}

export class ExportMap extends Construct {
  constructor(scope: Construct, id: string, props: ExportMapProps) {
    super(scope, id);
    const { prefix, starters } = props;
    const stack = Stack.of(this);
    const name = `${prefix}-exports`;
    // By name, so that role and state machine do not wait for each other in CloudFormation.
    const arn = (resource: string, resourceName: string): string =>
      stack.formatArn({ service: 'states', resource, resourceName, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
    const own = arn('stateMachine', name);
    const executions = arn('execution', `${name}:*`);
    const role = this.#role(name, own, executions, props);
    const logs = new LogGroup(this, 'Log', {
      // Below this name it needs no line in the account's resource policy. Source: Step Functions developer guide, logging.
      logGroupName: `/aws/vendedlogs/states/${name}`,
      retention: props.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const machine = new CfnStateMachine(this, 'StateMachine', {
      stateMachineName: name,
      stateMachineType: 'STANDARD',
      roleArn: role.roleArn,
      definitionString: stack.toJsonString(definition(stack, props)),
      tracingConfiguration: { enabled: true },
      loggingConfiguration: {
        level: 'ALL',
        includeExecutionData: false,
        destinations: [{ cloudWatchLogsLogGroup: { logGroupArn: logs.logGroupArn } }],
      },
    });
    machine.node.addDependency(role);
    for (const { fn } of starters) {
      fn.addEnvironment(ENV.exportMap, own);
      fn.addToRolePolicy(
        new PolicyStatement({ sid: 'BeginMaps', actions: ['states:StartExecution'], resources: [own] }),
      );
      fn.addToRolePolicy(
        new PolicyStatement({
          sid: 'FollowMaps',
          actions: ['states:DescribeExecution', 'states:StopExecution'],
          resources: [executions],
        }),
      );
      if (fn.role === undefined) continue;
      const reason = 'Executions are named for the exports and their runs.';
      acknowledge(fn.role, 'IAM5', `Resource::${asNagWrites(stack, executions)}`, reason);
    }
    for (const [id, metricName] of [
      ['Failed', 'ExecutionsFailed'],
      ['Late', 'ExecutionsTimedOut'],
    ] as const) {
      addAlarm(this, id, {
        metric: new Metric({
          ...{ namespace: 'AWS/States', metricName, statistic: 'sum', period: Duration.minutes(5) },
          dimensionsMap: { StateMachineArn: own },
        }),
        threshold: 1,
        description: `${prefix}: workers left chunks of an export behind. ${RUNBOOK}/exports.md`,
        actions: props.actions,
      });
    }
  }

  /** Source: Step Functions developer guide, "IAM policies for using Distributed Map states", "logging", "X-Ray". */
  #role(name: string, own: string, executions: string, props: ExportMapProps): Role {
    const stack = Stack.of(this);
    const { partition, account } = stack;
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('states.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': account } },
      }),
      description: `Of the state machine ${name}`,
    });
    const allow = (sid: string, actions: string[], resources: string[], why?: string): void => {
      if (resources.length === 0) return;
      role.addToPolicy(new PolicyStatement({ sid, actions, resources }));
      if (why === undefined) return;
      for (const arn of resources) acknowledge(role, 'IAM5', `Resource::${asNagWrites(stack, arn)}`, why);
    };
    const folders = props.exports.map(
      ({ bucket, prefix }) => `arn:${partition}:s3:::${bucket}/${prefix}${EXPORT_RUNS_FOLDER}*`,
    );
    allow('Invoke', ['lambda:InvokeFunction'], [props.worker.fn.functionArn]);
    allow('BeginChildren', ['states:StartExecution'], [own]);
    allow(
      'FollowChildren',
      ['states:DescribeExecution', 'states:StopExecution', 'states:RedriveExecution'],
      [executions],
      'Children are named by Step Functions.',
    );
    for (const bucket of new Set(props.exports.map((each) => each.bucket))) {
      const prefixes = props.exports
        .filter((each) => each.bucket === bucket)
        .map(({ prefix }) => `${prefix}${EXPORT_RUNS_FOLDER}*`);
      role.addToPolicy(
        new PolicyStatement({
          actions: ['s3:ListBucket'],
          resources: [`arn:${partition}:s3:::${bucket}`],
          conditions: { StringLike: { 's3:prefix': prefixes } },
        }),
      );
    }
    allow(
      'WriteResults',
      ['s3:GetObject', 's3:PutObject', 's3:ListMultipartUploadParts', 's3:AbortMultipartUpload'],
      folders,
      'Folders are named for the runs of the exports.',
    );
    allow('Keys', ['kms:Decrypt', 'kms:GenerateDataKey'], [...props.keys]);
    allow('Wake', ['sqs:SendMessage'], [props.queue.queueArn]);
    role.addToPolicy(
      new PolicyStatement({
        sid: 'LogAndTrace',
        actions: [
          ...['CreateLogDelivery', 'GetLogDelivery', 'UpdateLogDelivery', 'DeleteLogDelivery', 'ListLogDeliveries'],
          ...['PutResourcePolicy', 'DescribeResourcePolicies', 'DescribeLogGroups'],
        ]
          .map((action) => `logs:${action}`)
          .concat(
            ['PutTraceSegments', 'PutTelemetryRecords', 'GetSamplingRules', 'GetSamplingTargets'].map(
              (action) => `xray:${action}`,
            ),
          ),
        resources: ['*'],
      }),
    );
    acknowledge(role, 'IAM5', 'Resource::*', 'The calls by which Step Functions logs and traces know no resource.');
    return role;
  }
}

/**
 * Every chunk is an object, so that nothing has to be batched, and an item is never near the limit of a payload; those of earlier tries
 * that are done are not there any more. What workers answer goes to S3: it would not fit into an output.
 */
const definition = (stack: Stack, { worker, queue }: ExportMapProps): object => {
  const service = (name: string): string => `arn:${stack.partition}:states:::${name}`;
  const wake = (next: object): object => ({
    Type: 'Task',
    Resource: service('sqs:sendMessage'),
    Parameters: {
      QueueUrl: queue.queueUrl,
      MessageBody: { 'export.$': '$.export' },
      'MessageGroupId.$': "States.Format('export/{}', $.export)",
      'MessageDeduplicationId.$': '$$.Execution.Name',
    },
    ResultPath: null,
    Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 2, MaxAttempts: 5, BackoffRate: 2 }],
    ...next,
  });
  return {
    Comment: 'Copies the chunks of an export, and wakes it',
    StartAt: 'Copy',
    TimeoutSeconds: TIMEOUT.toSeconds(),
    States: {
      Copy: {
        Type: 'Map',
        Label: 'Chunks',
        ItemReader: {
          Resource: service('s3:listObjectsV2'),
          Parameters: { 'Bucket.$': '$.bucket', 'Prefix.$': '$.todo' },
        },
        ItemSelector: { 'export.$': '$.export', 'run.$': '$.run', 'key.$': '$$.Map.Item.Value.Key' },
        MaxConcurrencyPath: '$.concurrency',
        ToleratedFailurePercentagePath: '$.toleratedFailurePercent',
        ItemProcessor: {
          ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
          StartAt: 'CopyChunk',
          States: {
            CopyChunk: {
              Type: 'Task',
              Resource: service('lambda:invoke'),
              Parameters: { FunctionName: worker.fn.functionArn, 'Payload.$': '$' },
              OutputPath: '$.Payload',
              Retry: [
                // An object that is gone or forbidden is so a moment later: the others of its chunk are copied.
                { ErrorEquals: ['BL9003', 'BL4002', 'BL9004'], IntervalSeconds: 2, MaxAttempts: 1, BackoffRate: 1 },
                // The time was up: the next one goes on.
                { ErrorEquals: ['BL8111'], IntervalSeconds: 1, MaxAttempts: 50, BackoffRate: 1 },
                {
                  ErrorEquals: [
                    ...['TooManyRequestsException', 'ServiceException', 'AWSLambdaException', 'SdkClientException'].map(
                      (name) => `Lambda.${name}`,
                    ),
                  ],
                  ...{
                    IntervalSeconds: 2,
                    MaxAttempts: 8,
                    BackoffRate: 2,
                    MaxDelaySeconds: 120,
                    JitterStrategy: 'FULL',
                  },
                },
                { ErrorEquals: ['States.ALL'], IntervalSeconds: 2, MaxAttempts: 3, BackoffRate: 3 },
              ],
              End: true,
            },
          },
        },
        ResultWriter: {
          Resource: service('s3:putObject'),
          Parameters: { 'Bucket.$': '$.bucket', 'Prefix.$': '$.results' },
        },
        ResultPath: null,
        Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.fault', Next: 'WakeForFault' }],
        Next: 'Wake',
      },
      Wake: wake({ End: true }),
      WakeForFault: wake({ Next: 'LeftBehind' }),
      LeftBehind: { Type: 'Fail', ErrorPath: '$.fault.Error', CausePath: '$.fault.Cause' },
    },
  };
};
