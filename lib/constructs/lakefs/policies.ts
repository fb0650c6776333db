/** Ready-made policies for those who use the lake: jobs, which go through lakeFS, and analysts, who read what Athena reads. */
import { ArnFormat, Aws, CfnOutput, Stack } from 'aws-cdk-lib';
import { ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { acknowledge } from '../../compliance.ts';
import { nagName } from '../../nag-name.ts';
import type { LakefsSecrets } from './secrets.ts';
import type { LakefsStorage } from './storage.ts';

export interface LakefsPoliciesProps {
  readonly storage: LakefsStorage;
  readonly secrets: LakefsSecrets;
  /** Names of the Glue connections. */
  readonly connections: readonly string[];
}

export class LakefsPolicies extends Construct {
  readonly jobs: ManagedPolicy;
  readonly analysts: ManagedPolicy;

  constructor(scope: Construct, id: string, { storage, secrets, connections }: LakefsPoliciesProps) {
    super(scope, id);
    const stack = Stack.of(this);
    const glue = (resource: string, resourceName?: string): string =>
      stack.formatArn({
        service: 'glue',
        resource,
        ...(resourceName === undefined
          ? { arnFormat: ArnFormat.NO_RESOURCE_NAME }
          : { resourceName, arnFormat: ArnFormat.SLASH_RESOURCE_NAME }),
      });
    // In presigned mode objects come and go by addresses that lakeFS signs: a job needs no right on the bucket or its key.
    this.jobs = new ManagedPolicy(this, 'Jobs', {
      description: 'Lets a Glue job reach lakeFS: network connection and key pair, no right on the bucket',
      statements: [
        new PolicyStatement({
          sid: 'ReadSecret',
          actions: ['secretsmanager:GetSecretValue'],
          resources: [secrets.credentials.secretArn],
        }),
        new PolicyStatement({
          sid: 'DecryptSecret',
          actions: ['kms:Decrypt'],
          resources: [secrets.key.keyArn],
          conditions: { StringEquals: { 'kms:ViaService': `secretsmanager.${Aws.REGION}.amazonaws.com` } },
        }),
        new PolicyStatement({
          sid: 'Connect',
          actions: ['glue:GetConnection'],
          resources: [glue('catalog'), ...connections.map((name) => glue('connection', name))],
        }),
      ],
    });
    const objects = storage.bucket.arnForObjects('*');
    this.analysts = new ManagedPolicy(this, 'Analysts', {
      description: 'Lets analysts read the objects of the lake as Athena does, nothing to write or delete',
      statements: [
        new PolicyStatement({ sid: 'ReadObjects', actions: ['s3:GetObject'], resources: [objects] }),
        new PolicyStatement({
          sid: 'FindObjects',
          actions: ['s3:ListBucket', 's3:GetBucketLocation'],
          resources: [storage.bucket.bucketArn],
        }),
        new PolicyStatement({
          sid: 'DecryptObjects',
          actions: ['kms:Decrypt'],
          resources: [storage.key.keyArn],
          conditions: { StringEquals: { 'kms:ViaService': `s3.${Aws.REGION}.amazonaws.com` } },
        }),
      ],
    });
    const reason = 'Names of objects are lakeFS’s own: the bucket is the border of what analysts may read.';
    acknowledge(this.analysts, 'IAM5', `Resource::${nagName(storage.bucket)}/*`, reason);
    new CfnOutput(this, 'JobPolicyArn', {
      value: this.jobs.managedPolicyArn,
      description: 'For the roles of Glue jobs: network and key pair',
    });
    new CfnOutput(this, 'AnalystPolicyArn', {
      value: this.analysts.managedPolicyArn,
      description: 'For the roles of analysts: reading, no deletion',
    });
  }
}
