/** How the two sides of a replication find each other: by names, since no stack may refer to one of another region. */
import { ArnFormat, type Stack } from 'aws-cdk-lib';

export const replicaKeyAlias = (prefix: string): string => `alias/${prefix}-replica`;

/** KMS takes the ARN of an alias for the key, and S3 hands it on. Source: S3 API, EncryptionConfiguration `ReplicaKmsKeyID`. */
export const replicaKeyArn = (stack: Stack, region: string, prefix: string): string =>
  stack.formatArn({
    service: 'kms',
    region,
    resource: 'alias',
    resourceName: `${prefix}-replica`,
    arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
  });
