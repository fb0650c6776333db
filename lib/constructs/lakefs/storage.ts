/**
 * The bucket that lakeFS keeps objects in.
 *
 * What you get: a key of its own, versions, TLS only, nothing public, unfinished uploads removed, access logs; kept when the
 * stack is removed unless both keys to deletion are turned. Or a bucket and key that an earlier deployment left, unchanged.
 */
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { ReplicationTarget } from '../../config/replication-schema.ts';
import { asInterface } from '../as-interface.ts';
import { BucketReplication } from '../bucket-replication.ts';
import { removalOf } from '../removal.ts';
import { versionedBucket } from '../versioned-bucket.ts';
import type { AccessLogs } from './access-logs.ts';

export interface LakefsStorageProps {
  readonly bucketName: string;
  /** Deleted with the stack. */
  readonly isRemoved: boolean;
  readonly logs: AccessLogs;
  /** Key of a bucket that is there already. @default bucket and key are made */
  readonly adoptKeyArn?: string;
  /** Copied to a second region. A bucket that is there already is not: its rules are not the stack's. */
  readonly replication?: { readonly to: ReplicationTarget; readonly replica: string; readonly prefix: string };
}

export class LakefsStorage extends Construct {
  readonly bucket: IBucket;
  readonly key: IKey;

  constructor(scope: Construct, id: string, props: LakefsStorageProps) {
    super(scope, id);
    const { bucketName, adoptKeyArn } = props;
    if (adoptKeyArn !== undefined) {
      this.key = Key.fromKeyArn(this, 'Key', adoptKeyArn);
      this.bucket = Bucket.fromBucketAttributes(this, 'Bucket', { bucketName, encryptionKey: this.key });
      return;
    }
    const removalPolicy = removalOf(props.isRemoved);
    this.key = new Key(this, 'Key', {
      description: `Objects of lakeFS in ${bucketName}`,
      enableKeyRotation: true,
      removalPolicy,
    });
    const bucket = versionedBucket(this, 'Bucket', { holds: 'lake', key: this.key, bucketName, removalPolicy });
    props.logs.takeFromBucket(bucket);
    if (props.replication !== undefined)
      new BucketReplication(this, 'Replication', { source: bucket, sourceKey: this.key, ...props.replication });
    this.bucket = asInterface<IBucket>(bucket);
  }
}
