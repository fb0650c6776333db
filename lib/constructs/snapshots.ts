/**
 * Where backups lie, and who tends to snapshots.
 *
 * What you get: a bucket with a key of its own, versions, TLS only, nothing public, object lock where that is asked for; kept when the
 * stack is removed, always. A function that may write below one prefix of it, back up the metadata store where that is ours, and nothing
 * else; a schedule; an alarm on the age of the newest good snapshot.
 */
import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { Construct } from 'constructs';
import { BACKUP_PREFIX, ENV, METRIC, type SnapshotsConfig } from '../../lambdas/contract.ts';
import { acknowledge, asNagWrites } from '../compliance.ts';
import type { ReplicationTarget } from '../config/replication-schema.ts';
import { nagName } from '../nag-name.ts';
import { addAlarm, ownMetric, RUNBOOK } from './alarms.ts';
import type { BranchlineFunction } from './branchline-function.ts';
import { BucketReplication } from './bucket-replication.ts';
import type { MetadataStoreReference } from './lakefs/connection.ts';
import { versionedBucket } from './versioned-bucket.ts';

/** Of the snapshots that drills make: no rule keeps them, and no restore ever looks there. */
const DRILL_PREFIX = 'drills/';
/** Lists of objects and reports of erasures. */
const ERASURE_PREFIX = 'erasures/';
/** How often the function looks what is due. */
export const TEND_EVERY = '1h';
const TEND_SECONDS = 3600;

type Action = 's3:GetObject' | 's3:PutObject' | 's3:DeleteObject';

export interface SnapshotsProps {
  readonly prefix: string;
  readonly settings: SnapshotsConfig;
  readonly objectLockDays?: number;
  readonly target: BranchlineFunction;
  /** Functions that restore from backups. */
  readonly readers: readonly BranchlineFunction[];
  /** Plans a way back of the metadata store, and looks what AWS keeps of it. */
  readonly planner: BranchlineFunction;
  /** Makes snapshots before it changes the key pair; absent where nothing is rotated. */
  readonly rotator?: BranchlineFunction;
  /** Makes backups to try them, and removes them again. */
  readonly driller: BranchlineFunction;
  /** Functions that keep files of their own there. */
  readonly writers: readonly BranchlineFunction[];
  readonly metadataStore?: MetadataStoreReference;
  /** The second region that backups are copied to. */
  readonly replicateTo?: ReplicationTarget;
  readonly actions: readonly IAlarmAction[];
}

export class Snapshots extends Construct {
  readonly bucket: Bucket;
  readonly key: Key;

  constructor(scope: Construct, id: string, props: SnapshotsProps) {
    super(scope, id);
    const { prefix, target, settings, metadataStore, objectLockDays } = props;
    this.key = new Key(this, 'Key', {
      description: `Backups of ${prefix}`,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    this.bucket = versionedBucket(this, 'Backups', {
      ...{ holds: 'backups', key: this.key, objectLockDays, removalPolicy: RemovalPolicy.RETAIN },
    });
    acknowledge(
      this.bucket,
      'S1',
      undefined,
      'It holds names and ids, no rows; one function writes it, and CloudTrail can tell who else does.',
    );
    if (props.replicateTo !== undefined)
      new BucketReplication(this, 'Replication', {
        ...{ prefix, source: this.bucket, sourceKey: this.key, to: props.replicateTo },
        ...{ replica: props.replicateTo.backups, isLocked: objectLockDays !== undefined },
      });
    this.#grant(target, ['s3:GetObject', 's3:PutObject', 's3:DeleteObject']);
    for (const reader of props.readers) this.#grant(reader, ['s3:GetObject']);
    if (props.rotator !== undefined) this.#grant(props.rotator, ['s3:GetObject', 's3:PutObject']);
    this.#grant(props.driller, ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'], DRILL_PREFIX);
    // Besides its own: drills try the newest backup of the lake.
    this.#mayUse(props.driller.fn, 'LakeBackups', ['s3:GetObject'], BACKUP_PREFIX);
    for (const writer of props.writers) this.#grant(writer, ['s3:GetObject', 's3:PutObject'], ERASURE_PREFIX);
    if (metadataStore !== undefined) {
      const name = StringParameter.valueForStringParameter(this, metadataStore.parameterName);
      this.#database(props, target, metadataStore, name, ['rds:DeleteDBSnapshot']);
      if (props.rotator !== undefined) this.#database(props, props.rotator, metadataStore, name);
      this.#look(props.planner, metadataStore, name);
    }
    if (settings.everySeconds > 0) this.#alarms(props);
  }

  /** Rights on the files of backups, and on their key. */
  #grant({ fn }: BranchlineFunction, actions: readonly Action[], prefix = BACKUP_PREFIX): void {
    fn.addEnvironment(ENV.backupRoot, `s3://${this.bucket.bucketName}/${prefix}`);
    const writes = actions.some((action) => action !== 's3:GetObject');
    this.#mayUse(fn, 'Backups', actions, prefix);
    fn.addToRolePolicy(
      new PolicyStatement({ sid: 'ListBackups', actions: ['s3:ListBucket'], resources: [this.bucket.bucketArn] }),
    );
    fn.addToRolePolicy(
      new PolicyStatement({
        sid: 'BackupKey',
        actions: ['kms:Decrypt', ...(writes ? ['kms:GenerateDataKey'] : [])],
        resources: [this.key.keyArn],
      }),
    );
  }

  #mayUse(fn: BranchlineFunction['fn'], sid: string, actions: readonly Action[], prefix: string): void {
    fn.addToRolePolicy(
      new PolicyStatement({ sid, actions: [...actions], resources: [this.bucket.arnForObjects(`${prefix}*`)] }),
    );
    if (fn.role !== undefined)
      acknowledge(
        fn.role,
        'IAM5',
        `Resource::${nagName(this.bucket)}/${prefix}*`,
        'Backups are named by repository and snapshot.',
      );
  }

  /** By name from a parameter: an export would keep the metadata store from ever being replaced by a restored one. */
  #database(
    { prefix, settings }: SnapshotsProps,
    { fn }: BranchlineFunction,
    { kind }: MetadataStoreReference,
    name: string,
    more: readonly string[] = [],
  ): void {
    if (!settings.database) return;
    const stack = Stack.of(this);
    fn.addEnvironment(ENV.metadataStore, `${kind}:${name}`);
    if (kind !== 'rds') return;
    const arn = (resource: string, resourceName: string): string =>
      stack.formatArn({ service: 'rds', resource, resourceName, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
    const snapshots = arn('snapshot', `${prefix}-*`);
    fn.addToRolePolicy(
      new PolicyStatement({
        sid: 'BackUpDatabase',
        actions: ['rds:CreateDBSnapshot'],
        resources: [arn('db', name), snapshots],
      }),
    );
    fn.addToRolePolicy(
      new PolicyStatement({
        sid: 'DatabaseBackups',
        actions: ['rds:AddTagsToResource', 'rds:DescribeDBSnapshots', ...more],
        resources: [snapshots],
      }),
    );
    if (fn.role !== undefined)
      acknowledge(
        fn.role,
        'IAM5',
        `Resource::${asNagWrites(stack, snapshots)}`,
        'Backups of the database are named by their hour.',
      );
  }

  /** What AWS keeps of the store, and until when: nothing can be made, changed or removed by it. */
  #look({ fn }: BranchlineFunction, { kind }: MetadataStoreReference, name: string): void {
    fn.addEnvironment(ENV.metadataStore, `${kind}:${name}`);
    const stack = Stack.of(this);
    const allow = (sid: string, actions: string[], resources: string[], reason: string): void => {
      fn.addToRolePolicy(new PolicyStatement({ sid, actions, resources }));
      for (const resource of resources) {
        if (!resource.includes('*') || fn.role === undefined) continue;
        acknowledge(fn.role, 'IAM5', `Resource::${asNagWrites(stack, resource)}`, reason);
      }
    };
    if (kind === 'dynamodb') {
      allow('LookAtStore', ['dynamodb:DescribeContinuousBackups', 'dynamodb:DescribeTable'], [name], '');
      allow('ListStoreBackups', ['dynamodb:ListBackups'], ['*'], 'AWS knows no resource for dynamodb:ListBackups.');
      return;
    }
    const arn = (resource: string, resourceName: string): string =>
      stack.formatArn({ service: 'rds', resource, resourceName, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
    const reason = 'Which backups there are of an instance is asked by listing; nothing but listing is allowed.';
    allow('LookAtStore', ['rds:DescribeDBInstances', 'rds:DescribeDBSnapshots'], [arn('db', name)], reason);
    allow('ListStoreBackups', ['rds:DescribeDBSnapshots'], [arn('snapshot', '*')], reason);
    allow('ListStorePoints', ['rds:DescribeDBInstanceAutomatedBackups'], [arn('auto-backup', '*')], reason);
  }

  #alarms({ prefix, settings, actions }: SnapshotsProps): void {
    const period = Duration.hours(2);
    addAlarm(this, 'SnapshotAge', {
      metric: ownMetric(prefix, METRIC.snapshotAgeSeconds, { statistic: 'max', period }),
      threshold: 2 * settings.everySeconds + TEND_SECONDS,
      description: `${prefix}: no good snapshot for longer than two of them should take. ${RUNBOOK}/snapshots.md`,
      actions,
    });
    addAlarm(this, 'SnapshotFaults', {
      metric: ownMetric(prefix, METRIC.snapshotFaults, { statistic: 'max', period }),
      threshold: 1,
      description: `${prefix}: a snapshot is damaged, or could not be made or removed. ${RUNBOOK}/snapshots.md`,
      actions,
    });
  }
}
