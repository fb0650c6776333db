/**
 * The second region: the replicas of the lake's buckets and of the backup bucket, with one key. Nothing runs there until it has to.
 * Kept when the stack is removed, always.
 */
import { CfnOutput, RemovalPolicy, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { acknowledge } from '../compliance.ts';
import type { ReplicationTarget } from '../config/replication-schema.ts';
import type { Config } from '../config/schema.ts';
import { replicaKeyAlias } from '../constructs/replica.ts';
import { versionedBucket } from '../constructs/versioned-bucket.ts';

export interface ReplicaStackProps extends StackProps {
  readonly config: Config;
  readonly to: ReplicationTarget;
}

export class ReplicaStack extends Stack {
  constructor(scope: Construct, id: string, { config, to, ...props }: ReplicaStackProps) {
    super(scope, id, { description: 'Replicas of the buckets of Branchline in a second region', ...props });
    const { prefix, tags } = config.controlPlane;
    const { objectLockDays } = config.snapshots;
    const key = new Key(this, 'Key', {
      alias: replicaKeyAlias(prefix),
      description: `Replicas of the buckets of ${prefix}`,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    for (const [source, replica] of Object.entries(to.buckets)) this.#bucket(`Lake-${source}`, replica, key, 'lake');
    // What is locked on one side has to be lockable on the other. Source: S3 user guide, S3 Object Lock and replication.
    this.#bucket('Backups', to.backups, key, 'backups', objectLockDays);
    new CfnOutput(this, 'ReplicaKeyArn', {
      value: key.keyArn,
      description: 'For replication.from of a deployment in this region',
    });
    Tags.of(this).add('branchline:owned', 'true');
    Tags.of(this).add('branchline:stack', id);
    for (const [name, value] of Object.entries(tags)) Tags.of(this).add(name, value);
  }

  #bucket(id: string, bucketName: string, key: Key, holds: 'lake' | 'backups', objectLockDays?: number): void {
    const bucket = versionedBucket(this, id, {
      ...{ holds, key, bucketName, objectLockDays, removalPolicy: RemovalPolicy.RETAIN },
    });
    acknowledge(
      bucket,
      'S1',
      undefined,
      'S3 alone writes it, and nothing reads it until the region is needed; CloudTrail can tell who else does.',
    );
  }
}
