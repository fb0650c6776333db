/**
 * Who may erase a person's data, and what erasing takes.
 *
 * What you get: a policy for those who may, apart from every other; a function that may look at the lake's buckets and at how they keep
 * versions, and delete copies at the destinations of exports, and nothing in the lake; an alarm on erasures that wait.
 */
import { CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { type CompiledConfig, METRIC } from '../../lambdas/contract.ts';
import { acknowledge, asNagWrites } from '../compliance.ts';
import type { Config } from '../config/schema.ts';
import { addAlarm, ownMetric, RUNBOOK } from './alarms.ts';
import type { BranchlineFunction } from './branchline-function.ts';
import type { LakefsConnection } from './lakefs/connection.ts';
import { placeOfNamespace } from './namespace.ts';

/** How often the schedule takes erasures on. */
export const ERASE_EVERY = '1h';
/** Of waiting for somebody before a person is told. */
const MAX_WAIT = Duration.days(3);

export interface ErasureProps {
  readonly prefix: string;
  readonly actions: readonly IAlarmAction[];
  readonly config: Config;
  readonly compiled: CompiledConfig;
  readonly lakefs: LakefsConnection;
  readonly target: BranchlineFunction;
}

export class Erasure extends Construct {
  constructor(scope: Construct, id: string, props: ErasureProps) {
    super(scope, id);
    this.#policy(props.target);
    this.#mayLookAtLake(props);
    this.#mayRemoveCopies(props);
    if (props.compiled.garbageCollection === undefined) return;
    addAlarm(this, 'Waits', {
      metric: ownMetric(props.prefix, METRIC.erasureWaitSeconds, { statistic: 'max', period: Duration.hours(2) }),
      threshold: MAX_WAIT.toSeconds(),
      description: `${props.prefix}: an erasure waits for somebody. ${RUNBOOK}/erasure.md`,
      actions: props.actions,
    });
  }

  /** In no role of the stack: whoever may have garbage collected need not be allowed to erase what is not garbage. */
  #policy({ fn }: BranchlineFunction): void {
    const policy = new ManagedPolicy(this, 'Policy', {
      description: 'Lets a person plan and run erasures by Branchline',
      statements: [
        new PolicyStatement({ sid: 'Invoke', actions: ['lambda:InvokeFunction'], resources: [fn.functionArn] }),
      ],
    });
    new CfnOutput(this, 'PolicyArn', {
      value: policy.managedPolicyArn,
      description: 'For the role of those who may erase data',
    });
  }

  #allow(
    { fn }: BranchlineFunction,
    { sid, actions, resources, why }: { sid: string; actions: string[]; resources: string[]; why?: string },
  ): void {
    const once = [...new Set(resources)];
    if (once.length === 0) return;
    fn.addToRolePolicy(new PolicyStatement({ sid, actions, resources: once }));
    if (why === undefined || fn.role === undefined) return;
    const stack = Stack.of(this);
    for (const arn of once) acknowledge(fn.role, 'IAM5', `Resource::${asNagWrites(stack, arn)}`, why);
  }

  #mayLookAtLake({ config, compiled, lakefs, target }: ErasureProps): void {
    const { partition } = Stack.of(this);
    const collected = compiled.garbageCollection?.repositories ?? [];
    const places = compiled.repositories
      .filter(({ name }) => collected.includes(name))
      .map(({ storageNamespace }) => placeOfNamespace(storageNamespace));
    const buckets = compiled.repositories.map(
      ({ storageNamespace }) => `arn:${partition}:s3:::${placeOfNamespace(storageNamespace).bucket}`,
    );
    this.#allow(target, {
      sid: 'HowBucketsKeepVersions',
      actions: ['s3:GetBucketVersioning', 's3:GetLifecycleConfiguration', 's3:GetReplicationConfiguration'],
      resources: buckets,
    });
    const keys = [config.garbageCollection.storageKmsKeyArn ?? [], lakefs.storageKmsKeyArn ?? []].flat();
    this.#mayLookAtObjects(target, places, keys);
  }

  #mayLookAtObjects(
    target: BranchlineFunction,
    places: readonly { readonly bucket: string; readonly prefix: string }[],
    keys: readonly string[],
  ): void {
    const { partition } = Stack.of(this);
    this.#allow(target, {
      sid: 'AskForObjects',
      actions: ['s3:GetObject'],
      resources: places.map(({ bucket, prefix }) => `arn:${partition}:s3:::${bucket}/${prefix}*`),
      why: 'lakeFS chooses the names of objects below the namespace.',
    });
    // Without the right to list, S3 answers that access is denied rather than that nothing is there. Source: S3 API, HeadObject.
    this.#allow(target, {
      sid: 'ListVersions',
      actions: ['s3:ListBucket', 's3:ListBucketVersions'],
      resources: places.map(({ bucket }) => `arn:${partition}:s3:::${bucket}`),
    });
    if (places.length > 0) this.#allow(target, { sid: 'DecryptLake', actions: ['kms:Decrypt'], resources: [...keys] });
  }

  #mayRemoveCopies({ config, compiled, target }: ErasureProps): void {
    const { partition } = Stack.of(this);
    const exports = compiled.exports ?? [];
    this.#allow(target, {
      sid: 'RemoveCopies',
      actions: ['s3:GetObject', 's3:DeleteObject'],
      resources: exports.map(({ bucket, prefix }) => `arn:${partition}:s3:::${bucket}/${prefix}*`),
      why: 'Copies are named as the objects in the lake.',
    });
    this.#allow(target, {
      sid: 'ListCopies',
      actions: ['s3:ListBucket'],
      resources: exports.map(({ bucket }) => `arn:${partition}:s3:::${bucket}`),
    });
    // HEAD of an object that is encrypted with a key of one's own asks for the key. Source: S3 API, HeadObject.
    const keys = Object.values(config.exports).flatMap(({ kmsKeyArn }) => kmsKeyArn ?? []);
    this.#allow(target, { sid: 'DecryptCopies', actions: ['kms:Decrypt'], resources: keys });
  }
}
