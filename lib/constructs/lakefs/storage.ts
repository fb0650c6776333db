/**
 * The bucket that lakeFS keeps objects in.
 *
 * What you get: a key of its own, versions, TLS only, nothing public, unfinished uploads removed, access logs; kept when the
 * stack is removed unless both keys to deletion are turned. Or a bucket and key that an earlier deployment left, unchanged.
 */
import { Duration } from 'aws-cdk-lib';
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import { BlockPublicAccess, Bucket, BucketEncryption, type IBucket, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { ReplicationTarget } from '../../config/replication-schema.ts';
import { asInterface } from '../as-interface.ts';
import { BucketReplication } from '../bucket-replication.ts';
import { removalOf } from '../removal.ts';
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

/** lakeFS never writes to an object again; what garbage collection deleted by mistake can be had back so long. */
const EARLIER_VERSIONS = Duration.days(30);
const UNFINISHED_UPLOADS = Duration.days(7);

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
    const bucket = new Bucket(this, 'Bucket', {
      bucketName,
      encryption: BucketEncryption.KMS,
      encryptionKey: this.key,
      // One call to KMS for many objects.
      bucketKeyEnabled: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      versioned: true,
      lifecycleRules: [
        {
          id: 'unfinished-uploads-and-earlier-versions',
          abortIncompleteMultipartUploadAfter: UNFINISHED_UPLOADS,
          noncurrentVersionExpiration: EARLIER_VERSIONS,
        },
        { id: 'delete-markers-without-versions', expiredObjectDeleteMarker: true },
      ],
      removalPolicy,
    });
    props.logs.takeFromBucket(bucket);
    if (props.replication !== undefined)
      new BucketReplication(this, 'Replication', { source: bucket, sourceKey: this.key, ...props.replication });
    this.bucket = asInterface<IBucket>(bucket);
  }
}
