/**
 * Who may erase a person's data, and what erasing takes.
 *
 * What you get: a policy for those who may, apart from every other; a function that may look at the lake's buckets, at how they keep
 * versions, and at the destinations of exports.
 */
import { CfnOutput, Stack } from 'aws-cdk-lib';
import { ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import type { CompiledConfig } from '../../lambdas/contract.ts';
import { acknowledge, asNagWrites } from '../compliance.ts';
import type { Config } from '../config/schema.ts';
import type { BranchlineFunction } from './branchline-function.ts';
import type { LakefsConnection } from './lakefs/connection.ts';
import { placeOfNamespace } from './namespace.ts';

export interface ErasureProps {
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
    this.#mayLookAtCopies(props);
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

  #mayLookAtLake({ compiled, target }: ErasureProps): void {
    const { partition } = Stack.of(this);
    const buckets = compiled.repositories.map(
      ({ storageNamespace }) => `arn:${partition}:s3:::${placeOfNamespace(storageNamespace).bucket}`,
    );
    this.#allow(target, {
      sid: 'HowBucketsKeepVersions',
      actions: ['s3:GetBucketVersioning', 's3:GetLifecycleConfiguration', 's3:GetReplicationConfiguration'],
      resources: buckets,
    });
  }

  #mayLookAtCopies({ config, compiled, target }: ErasureProps): void {
    const { partition } = Stack.of(this);
    const exports = compiled.exports ?? [];
    this.#allow(target, {
      sid: 'LookAtCopies',
      actions: ['s3:GetObject'],
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
