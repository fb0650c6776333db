/**
 * Has S3 copy a bucket to its replica in another region.
 *
 * What you get: one rule for all objects, those under KMS among them, and a role that may read versions of this bucket and write replicas
 * into that one, by the two keys alone. Deletes are copied only where that is asked for.
 */
import { ArnFormat, Stack } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { type Bucket, CfnBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledge, asNagWrites } from '../compliance.ts';
import type { ReplicationTarget } from '../config/replication-schema.ts';
import { nagName } from '../nag-name.ts';
import { replicaKeyAlias, replicaKeyArn } from './replica.ts';

export interface BucketReplicationProps {
  readonly prefix: string;
  readonly source: Bucket;
  readonly sourceKey: IKey;
  /** Name of the bucket there. */
  readonly replica: string;
  readonly to: ReplicationTarget;
  /** The source has an object lock, which goes along with the objects. */
  readonly isLocked?: boolean;
}

/** S3 knows no other time. Source: S3 user guide, S3 Replication Time Control. */
const WITHIN = { minutes: 15 };

export class BucketReplication extends Construct {
  readonly role: Role;

  constructor(scope: Construct, id: string, props: BucketReplicationProps) {
    super(scope, id);
    const { source, replica, to, prefix } = props;
    const stack = Stack.of(this);
    this.role = this.#role(props);
    const { defaultChild } = source.node;
    if (!(defaultChild instanceof CfnBucket)) throw new Error('the bucket has no CfnBucket beneath it');
    defaultChild.replicationConfiguration = {
      role: this.role.roleArn,
      rules: [
        {
          id: 'second-region',
          priority: 1,
          status: 'Enabled',
          filter: { prefix: '' },
          deleteMarkerReplication: { status: to.deletes ? 'Enabled' : 'Disabled' },
          sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: 'Enabled' } },
          destination: {
            bucket: `arn:${stack.partition}:s3:::${replica}`,
            encryptionConfiguration: { replicaKmsKeyId: replicaKeyArn(stack, to.region, prefix) },
            // How far S3 is behind is measured either way; what time control adds is a promise.
            metrics: { status: 'Enabled', ...(to.timeControl ? { eventThreshold: WITHIN } : {}) },
            ...(to.timeControl ? { replicationTime: { status: 'Enabled', time: WITHIN } } : {}),
          },
        },
      ],
    };
  }

  /** Source: S3 user guide, setting up permissions for live replication, and replicating encrypted objects. */
  #role({ source, sourceKey, replica, to, prefix, isLocked }: BucketReplicationProps): Role {
    const stack = Stack.of(this);
    const { partition, region } = stack;
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('s3.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': stack.account } },
      }),
      description: `Of the replication to ${to.region}`,
    });
    const allow = (sid: string, actions: string[], resources: string[], conditions?: Record<string, unknown>): void => {
      role.addToPolicy(
        new PolicyStatement({ sid, actions, resources, ...(conditions === undefined ? {} : { conditions }) }),
      );
    };
    const { bucketArn } = source;
    const copies = `arn:${partition}:s3:::${replica}/*`;
    allow('Rule', ['s3:GetReplicationConfiguration', 's3:ListBucket'], [bucketArn]);
    allow(
      'ReadVersions',
      [
        ...['s3:GetObjectVersionForReplication', 's3:GetObjectVersionAcl', 's3:GetObjectVersionTagging'],
        ...(isLocked === true ? ['s3:GetObjectRetention', 's3:GetObjectLegalHold'] : []),
      ],
      [`${bucketArn}/*`],
    );
    allow(
      'WriteReplicas',
      ['s3:ReplicateObject', 's3:ReplicateTags', ...(to.deletes ? ['s3:ReplicateDelete'] : [])],
      [copies],
    );
    allow('ReadKey', ['kms:Decrypt'], [sourceKey.keyArn], {
      StringEquals: { 'kms:ViaService': `s3.${region}.amazonaws.com` },
    });
    // Rights go by keys, and the key's id is not known here: the one that has the alias.
    const anyKey = stack.formatArn({
      ...{ service: 'kms', region: to.region, resource: 'key', resourceName: '*' },
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
    allow('ReplicaKey', ['kms:Encrypt', 'kms:GenerateDataKey'], [anyKey], {
      StringEquals: { 'kms:ViaService': `s3.${to.region}.amazonaws.com` },
      'ForAnyValue:StringEquals': { 'kms:ResourceAliases': replicaKeyAlias(prefix) },
    });
    const everything = 'Every object of the bucket is copied.';
    acknowledge(role, 'IAM5', `Resource::${nagName(source)}/*`, everything);
    acknowledge(role, 'IAM5', `Resource::${asNagWrites(stack, copies)}`, everything);
    acknowledge(
      role,
      'IAM5',
      `Resource::${asNagWrites(stack, anyKey)}`,
      'The one key that has the alias: the condition says which, its id is of another region’s stack.',
    );
    return role;
  }
}
