/**
 * A production lakeFS on Fargate: network, storage, metadata store, secrets, service, backups, alarms. What the control plane has
 * to know of it is `connection`, which a server of somebody else fulfils too.
 */
import { CfnOutput, Fn, Stack, type StackProps, Tags } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import { acknowledge } from '../compliance.ts';
import type { Config } from '../config/schema.ts';
import { bucketOf } from '../config/server-check.ts';
import type { ServerConfig } from '../config/server-schema.ts';
import { AccessLogs } from '../constructs/lakefs/access-logs.ts';
import { LakefsBackups } from '../constructs/lakefs/backups.ts';
import type { LakefsConnection } from '../constructs/lakefs/connection.ts';
import { DynamodbStore } from '../constructs/lakefs/dynamodb-store.ts';
import { JobConnections } from '../constructs/lakefs/job-connections.ts';
import { LakefsLoadBalancer } from '../constructs/lakefs/load-balancer.ts';
import type { MetadataStore } from '../constructs/lakefs/metadata-store.ts';
import { LakefsNetwork } from '../constructs/lakefs/network.ts';
import { LakefsPolicies } from '../constructs/lakefs/policies.ts';
import { PostgresStore } from '../constructs/lakefs/postgres-store.ts';
import { LakefsSecrets } from '../constructs/lakefs/secrets.ts';
import { ServerAlarms } from '../constructs/lakefs/server-alarms.ts';
import { ServerDashboard } from '../constructs/lakefs/server-dashboard.ts';
import { LakefsService } from '../constructs/lakefs/service.ts';
import { LakefsStorage } from '../constructs/lakefs/storage.ts';
import { LakefsTask } from '../constructs/lakefs/task.ts';
import { mayRemove, warnOfOneKey } from '../constructs/removal.ts';
import { nagName } from '../nag-name.ts';

export interface LakefsStackProps extends StackProps {
  readonly config: Config;
}

export class LakefsStack extends Stack {
  /** What the control plane is given. */
  readonly connection: LakefsConnection;

  constructor(scope: Construct, id: string, { config, ...props }: LakefsStackProps) {
    super(scope, id, { description: 'lakeFS on Fargate, for Branchline', ...props });
    const { server } = config.lakefs;
    const bucketName = bucketOf(config);
    if (server === undefined || bucketName === undefined)
      throw new Error('the configuration has no lakefs.server, or its repositories name no bucket');
    const { prefix, tags, alarmTopicArn, logRetentionDays } = config.controlPlane;
    const { adopt, domain, tasks, backupDays } = server;
    const isRemoved = mayRemove(this, server.removeData);
    warnOfOneKey(this, server.removeData, 'lakefs.server.removeData');

    const network = new LakefsNetwork(this, 'Network', {
      network: server.network,
      hasRds: server.database.kind === 'rds-postgres',
    });
    const logs = new AccessLogs(this, 'AccessLogs');
    const storage = new LakefsStorage(this, 'Storage', {
      bucketName,
      isRemoved,
      logs,
      ...adoptedKeyOf(config),
      ...replicationOf(config, bucketName),
    });
    const secrets = new LakefsSecrets(this, 'Secrets', { isRemoved, ...(adopt === undefined ? {} : { adopt }) });
    const store = this.#store(server, network, secrets, isRemoved);
    const task = new LakefsTask(this, 'Task', {
      image: server.image,
      tasks,
      secrets,
      environment: {
        ...store.environment,
        ...(domain?.s3Name === undefined ? {} : { LAKEFS_GATEWAYS_S3_DOMAIN_NAME: domain.s3Name }),
      },
      storeSecrets: store.secrets,
      statements: [...storageStatements(storage), ...store.statements],
      logRetentionDays,
    });
    acknowledge(
      task,
      'IAM5',
      `Resource::${nagName(storage.bucket)}/*`,
      'lakeFS chooses the names of objects: the bucket is its own as a whole.',
    );
    const door = new LakefsLoadBalancer(this, 'Door', { server, network, logs });
    const service = new LakefsService(this, 'Service', { network, door, task, store, tasks });
    const backups = new LakefsBackups(this, 'Backups', {
      store: store.backup,
      key: secrets.key,
      days: backupDays,
      isRemoved,
    });
    const connections = new JobConnections(this, 'JobConnections', { prefix, network });
    new LakefsPolicies(this, 'Policies', { storage, secrets, connections: connections.names });
    const actions: IAlarmAction[] =
      alarmTopicArn === undefined ? [] : [new SnsAction(Topic.fromTopicArn(this, 'AlarmTopic', alarmTopicArn))];
    new ServerAlarms(this, 'Alarms', { prefix, door, service, store, backups, minTasks: tasks.min, actions });
    new ServerDashboard(this, 'Dashboard', { prefix, door, service, store });

    const parameterName = `/${prefix}/lakefs/metadata-store`;
    new StringParameter(this, 'MetadataStoreName', {
      parameterName,
      description: 'What lakeFS keeps its metadata in',
      stringValue: store.identity,
    });

    this.connection = {
      metadataStore: { kind: store.kind, parameterName },
      endpoint: door.endpoint,
      secretArn: secrets.credentials.secretArn,
      secretKmsKeyArn: secrets.key.keyArn,
      storageKmsKeyArn: storage.key.keyArn,
      jobConnections: connections.names,
      network: {
        vpc: network.vpc,
        vpcSubnets: { subnets: [...network.privateSubnets] },
        securityGroups: [network.functions],
      },
    };
    this.#outputs({
      Endpoint: door.endpoint,
      LoadBalancerName: door.loadBalancer.loadBalancerDnsName,
      CredentialsSecretArn: secrets.credentials.secretArn,
      EncryptionSecretArn: secrets.encryption.secretArn,
      SecretsKeyArn: secrets.key.keyArn,
      BucketName: storage.bucket.bucketName,
      BucketKeyArn: storage.key.keyArn,
      ...(store instanceof DynamodbStore ? { MetadataTableArn: store.tableArn } : {}),
    });

    Tags.of(this).add('branchline:owned', 'true');
    Tags.of(this).add('branchline:stack', id);
    for (const [key, value] of Object.entries(tags)) Tags.of(this).add(key, value);
  }

  /** Zones by position, so that a synthesis asks no account. */
  override get availabilityZones(): string[] {
    return [0, 1, 2].map((i) => Fn.select(i, Fn.getAzs()));
  }

  #store(server: ServerConfig, network: LakefsNetwork, secrets: LakefsSecrets, isRemoved: boolean): MetadataStore {
    const { database, adopt, backupDays } = server;
    if (database.kind === 'dynamodb') {
      return new DynamodbStore(this, 'DynamodbStore', {
        isRemoved,
        ...(adopt?.tableArn === undefined ? {} : { adoptTableArn: adopt.tableArn }),
      });
    }
    const { vpc, privateSubnets: subnets } = network;
    return new PostgresStore(this, 'PostgresStore', {
      database,
      vpc,
      subnets,
      key: secrets.key,
      backupDays,
      isRemoved,
    });
  }

  /** What `adopt` asks for when the stack was removed and comes again. */
  #outputs(values: Readonly<Record<string, string>>): void {
    for (const [id, value] of Object.entries(values)) new CfnOutput(this, id, { value });
  }
}

/** In a second region the bucket is there: it is the replica of the first one's. */
const adoptedKeyOf = ({ lakefs, replication }: Config): { adoptKeyArn?: string } => {
  const adoptKeyArn = lakefs.server?.adopt?.bucketKeyArn ?? replication.from?.kmsKeyArn;
  return adoptKeyArn === undefined ? {} : { adoptKeyArn };
};

const replicationOf = ({ replication: { to }, controlPlane: { prefix } }: Config, bucketName: string) => {
  const replica = to?.buckets[bucketName];
  return to === undefined || replica === undefined ? {} : { replication: { to, replica, prefix } };
};

/** Source: lakeFS documentation, deploying on AWS, storage permissions. lakeFS deletes no object: garbage collection does. */
const storageStatements = ({ bucket, key }: LakefsStorage): PolicyStatement[] => [
  new PolicyStatement({
    sid: 'Objects',
    actions: ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
    resources: [bucket.arnForObjects('*')],
  }),
  new PolicyStatement({
    sid: 'Bucket',
    actions: ['s3:ListBucket', 's3:GetBucketLocation', 's3:ListBucketMultipartUploads'],
    resources: [bucket.bucketArn],
  }),
  new PolicyStatement({ sid: 'Key', actions: ['kms:Decrypt', 'kms:GenerateDataKey'], resources: [key.keyArn] }),
];
