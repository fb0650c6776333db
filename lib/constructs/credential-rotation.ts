/**
 * Rotation of lakeFS's key pair: its schedule in Secrets Manager, and the rights on the secret.
 *
 * What you get where it is wanted: a rotation at night, in a window of four hours, tried when it is set up and not begun by a
 * deployment; only Secrets Manager, and only for this secret, may call the function. Where it is not wanted: a function that can
 * read and say so. An alarm when a rotation fails, in both.
 */
import { Duration, Stack } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnRotationSchedule } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { addAlarm, RUNBOOK } from './alarms.ts';
import type { BranchlineFunction } from './branchline-function.ts';

export interface CredentialRotationProps {
  readonly prefix: string;
  readonly target: BranchlineFunction;
  readonly secretArn: string;
  readonly secretKmsKeyArn: string | undefined;
  /** `90d`, or `never` for rotations that a person asks for; `undefined`: the secret is left alone. */
  readonly every: string | undefined;
  readonly alarmActions: readonly IAlarmAction[];
}

export class CredentialRotation extends Construct {
  constructor(scope: Construct, id: string, props: CredentialRotationProps) {
    super(scope, id);
    const { prefix, target, secretArn, secretKmsKeyArn, every, alarmActions } = props;
    const { fn } = target;
    addAlarm(this, 'Failed', {
      metric: fn.metricErrors({ period: Duration.minutes(5), statistic: 'sum' }),
      threshold: 1,
      description: `${prefix}: the key pair of lakeFS was not rotated. ${RUNBOOK}/credential-rotation.md`,
      actions: alarmActions,
    });
    if (every === undefined) return;
    fn.addToRolePolicy(
      new PolicyStatement({
        sid: 'RotateSecret',
        actions: ['DescribeSecret', 'PutSecretValue', 'UpdateSecretVersionStage'].map(
          (action) => `secretsmanager:${action}`,
        ),
        resources: [secretArn],
      }),
    );
    if (secretKmsKeyArn !== undefined) {
      fn.addToRolePolicy(
        new PolicyStatement({ sid: 'EncryptSecret', actions: ['kms:GenerateDataKey'], resources: [secretKmsKeyArn] }),
      );
    }
    if (every === 'never') return;
    fn.addPermission('SecretsManager', {
      principal: new ServicePrincipal('secretsmanager.amazonaws.com'),
      sourceAccount: Stack.of(this).account,
      sourceArn: secretArn,
    });
    const schedule = new CfnRotationSchedule(this, 'Schedule', {
      secretId: secretArn,
      rotationLambdaArn: fn.functionArn,
      // A deployment may replace tasks of the server: no moment to change its user.
      rotateImmediatelyOnUpdate: false,
      rotationRules: { scheduleExpression: `rate(${every.replace('d', '')} days)`, duration: '4h' },
    });
    schedule.node.addDependency(target);
  }
}
