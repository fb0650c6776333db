/**
 * lakeFS's metadata in RDS for PostgreSQL.
 *
 * What you get: two zones, encryption, forced TLS, a password that nobody has seen, daily backups with restore to any second of
 * them, deletion protection; kept when the stack is removed unless both keys to deletion are turned. Or the same from a snapshot.
 */
import { createHash } from 'node:crypto';
import { Duration } from 'aws-cdk-lib';
import { BackupResource } from 'aws-cdk-lib/aws-backup';
import { InstanceType, type ISecurityGroup, type ISubnet, type IVpc, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { Secret as TaskSecret } from 'aws-cdk-lib/aws-ecs';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  CfnDBInstance,
  Credentials,
  DatabaseInstance,
  DatabaseInstanceEngine,
  DatabaseInstanceFromSnapshot,
  ParameterGroup,
  PostgresEngineVersion,
  SnapshotCredentials,
  StorageType,
} from 'aws-cdk-lib/aws-rds';
import { Construct } from 'constructs';
import { acknowledge } from '../../compliance.ts';
import type { ServerConfig } from '../../config/server-schema.ts';
import { removalOf } from '../removal.ts';
import type { MetadataStore, StoreMeasure } from './metadata-store.ts';

export interface PostgresStoreProps {
  readonly database: ServerConfig['database'];
  readonly vpc: IVpc;
  readonly subnets: readonly ISubnet[];
  readonly key: IKey;
  readonly backupDays: number;
  /** Deleted with the stack. */
  readonly isRemoved: boolean;
}

const DATABASE = 'lakefs';
const USER = 'lakefs';
/** Not the one that everybody tries first. */
const PORT = 5433;
const GIB = 1024 ** 3;

export class PostgresStore extends Construct implements MetadataStore {
  readonly kind = 'rds';
  readonly identity: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, TaskSecret>>;
  /** A password lets the tasks in, not their role: open-source lakeFS knows no IAM login to RDS. */
  readonly statements = [];
  readonly backup: BackupResource;
  readonly measures: readonly StoreMeasure[];
  readonly #group: ISecurityGroup;

  constructor(scope: Construct, id: string, props: PostgresStoreProps) {
    super(scope, id);
    const { vpc, key, isRemoved } = props;
    const { instanceType, storageGiB, restoreFromSnapshot, restoreToPoint } = props.database;
    const isRestored = restoreFromSnapshot !== undefined || restoreToPoint !== undefined;
    const engine = DatabaseInstanceEngine.postgres({ version: PostgresEngineVersion.VER_17 });
    this.#group = new SecurityGroup(this, 'SecurityGroup', {
      vpc,
      description: 'Metadata of lakeFS',
      allowAllOutbound: false,
    });
    const common = {
      engine,
      vpc,
      vpcSubnets: { subnets: [...props.subnets] },
      securityGroups: [this.#group],
      port: PORT,
      instanceType: new InstanceType(instanceType.replace(/^db\./, '')),
      parameterGroup: new ParameterGroup(this, 'Parameters', {
        engine,
        description: 'lakeFS: TLS only',
        parameters: { 'rds.force_ssl': '1' },
      }),
      multiAz: true,
      publiclyAccessible: false,
      storageType: StorageType.GP3,
      allocatedStorage: storageGiB,
      maxAllocatedStorage: storageGiB * 4,
      backupRetention: Duration.days(props.backupDays),
      deleteAutomatedBackups: isRemoved,
      copyTagsToSnapshot: true,
      autoMinorVersionUpgrade: true,
      deletionProtection: !isRemoved,
      removalPolicy: removalOf(isRemoved),
    };
    const instance = !isRestored
      ? new DatabaseInstance(this, 'Instance', {
          ...common,
          databaseName: DATABASE,
          credentials: Credentials.fromGeneratedSecret(USER, { encryptionKey: key }),
          storageEncrypted: true,
          storageEncryptionKey: key,
        })
      : new DatabaseInstanceFromSnapshot(this, restoreToPoint === undefined ? 'Instance' : pointId(restoreToPoint), {
          ...common,
          snapshotIdentifier: restoreFromSnapshot ?? 'replaced below',
          // The password of the snapshot is replaced, so that only lakeFS's own secrets have to be kept with it.
          credentials: SnapshotCredentials.fromGeneratedSecret(USER, { encryptionKey: key }),
        });
    if (restoreToPoint !== undefined) toPoint(instance, restoreToPoint);
    this.identity = instance.instanceIdentifier;
    const { secret } = instance;
    if (secret === undefined) throw new Error('RDS made no secret');
    acknowledge(
      instance,
      'SMG4',
      undefined,
      'Tasks read the password at start: docs/deploy.md tells how to change it.',
    );
    if (isRestored)
      acknowledge(
        instance,
        'RDS2',
        undefined,
        'A restored instance is encrypted as its snapshot was, and the snapshots of this stack are.',
      );
    this.environment = {
      LAKEFS_DATABASE_TYPE: 'postgres',
      // Everything else comes by the variables that PostgreSQL's own clients know: no password in a URL. Tried on lakeFS 1.84.
      LAKEFS_DATABASE_POSTGRES_CONNECTION_STRING: 'postgres://',
      PGHOST: instance.dbInstanceEndpointAddress,
      PGPORT: instance.dbInstanceEndpointPort,
      PGDATABASE: DATABASE,
      PGSSLMODE: 'require',
    };
    this.secrets = {
      PGUSER: TaskSecret.fromSecretsManager(secret, 'username'),
      PGPASSWORD: TaskSecret.fromSecretsManager(secret, 'password'),
    };
    this.backup = BackupResource.fromRdsDatabaseInstance(instance);
    const period = { period: Duration.minutes(5) };
    this.measures = [
      {
        id: 'FreeStorage',
        metric: instance.metricFreeStorageSpace({ ...period, statistic: 'min' }),
        threshold: 5 * GIB,
        isRaisedBelow: true,
        periods: 2,
        what: 'less than 5 GiB are left for the metadata of lakeFS.',
      },
      {
        id: 'DatabaseCpu',
        metric: instance.metricCPUUtilization(period),
        threshold: 85,
        periods: 3,
        what: 'the database of lakeFS is at its limit.',
      },
    ];
  }

  letIn(tasks: ISecurityGroup): void {
    this.#group.addIngressRule(tasks, Port.tcp(PORT), 'Tasks of lakeFS');
    tasks.addEgressRule(this.#group, Port.tcp(PORT), 'Metadata');
  }
}

type Point = NonNullable<ServerConfig['database']['restoreToPoint']>;

/** A resource of its own for every moment: whether CloudFormation replaces an instance by one of another moment is then no question. */
const pointId = ({ source, time }: Point): string =>
  `Instance${createHash('sha256').update(`${source} ${time}`).digest('hex').slice(0, 8)}`;

/**
 * The CDK has no class for it. CloudFormation makes the instance by `RestoreDBInstanceToPointInTime` and then sets what that call does not take,
 * the password among it. Source: AWS CloudFormation, AWS::RDS::DBInstance, `RestoreTime`, and its provider, which is public.
 */
const toPoint = (instance: DatabaseInstance | DatabaseInstanceFromSnapshot, { source, time }: Point): void => {
  const { defaultChild } = instance.node;
  if (!(defaultChild instanceof CfnDBInstance)) throw new Error('the instance has no CfnDBInstance beneath it');
  defaultChild.dbSnapshotIdentifier = undefined;
  defaultChild.sourceDbiResourceId = source;
  defaultChild.restoreTime = time;
};
