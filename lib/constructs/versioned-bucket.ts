/**
 * Buckets from which nothing is lost at once: those of the lake and of backups, and their replicas.
 *
 * What you get: a key of the caller's, versions, TLS only, nothing public, unfinished uploads removed, object lock where that is asked for.
 */
import { Duration, type RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type LifecycleRule,
  ObjectLockRetention,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';

/** What was overwritten or deleted can be had back so long. lakeFS never writes to an object again; garbage collection deletes by mistake. */
const EARLIER_VERSIONS = {
  lake: { id: 'unfinished-uploads-and-earlier-versions', noncurrentVersionExpiration: Duration.days(30) },
  backups: { id: 'earlier-versions', noncurrentVersionExpiration: Duration.days(90) },
} as const satisfies Record<string, LifecycleRule>;
const UNFINISHED_UPLOADS = Duration.days(7);

export interface VersionedBucketProps {
  readonly holds: keyof typeof EARLIER_VERSIONS;
  readonly key: IKey;
  /** @default the stack's choice */
  readonly bucketName?: string;
  /** Nobody can delete a version for so long. @default they can */
  readonly objectLockDays?: number | undefined;
  readonly removalPolicy: RemovalPolicy;
}

export const versionedBucket = (scope: Construct, id: string, props: VersionedBucketProps): Bucket => {
  const { holds, key, bucketName, objectLockDays, removalPolicy } = props;
  return new Bucket(scope, id, {
    ...(bucketName === undefined ? {} : { bucketName }),
    encryption: BucketEncryption.KMS,
    encryptionKey: key,
    // One call to KMS for many objects.
    bucketKeyEnabled: true,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    versioned: true,
    ...(objectLockDays === undefined
      ? {}
      : { objectLockDefaultRetention: ObjectLockRetention.compliance(Duration.days(objectLockDays)) }),
    lifecycleRules: [
      { ...EARLIER_VERSIONS[holds], abortIncompleteMultipartUploadAfter: UNFINISHED_UPLOADS },
      { id: 'delete-markers-without-versions', expiredObjectDeleteMarker: true },
    ],
    removalPolicy,
  });
};
