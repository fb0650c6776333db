/**
 * One task of lakeFS: three containers, one after the other.
 *
 * `volume` gives the disk to the user of the other two, since Fargate mounts it for root alone; `first-start` makes the admin;
 * `lakefs` serves. The last two run without root and without capabilities, all three on a root file system that nobody writes.
 */
import { Aws, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import {
  Capability,
  type ContainerDefinition,
  ContainerDependencyCondition,
  ContainerImage,
  CpuArchitecture,
  FargateTaskDefinition,
  LinuxParameters,
  LogDriver,
  OperatingSystemFamily,
  Secret as TaskSecret,
} from 'aws-cdk-lib/aws-ecs';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { acknowledge } from '../../compliance.ts';
import type { ServerConfig } from '../../config/server-schema.ts';
import { FIRST_START, SETUP_ENV } from './first-start.ts';
import { CREDENTIALS_FIELD, type LakefsSecrets } from './secrets.ts';

export const PORT = 8000;
/** Of nobody in particular; the image's files are readable for everybody. */
const USER = '65532:65532';
const DISK = '/var/lib/lakefs';
const GIB = 1024 ** 3;

export interface LakefsTaskProps {
  readonly image: string;
  readonly tasks: ServerConfig['tasks'];
  readonly secrets: LakefsSecrets;
  /** Settings beside those that every task has, none of them secret. */
  readonly environment: Readonly<Record<string, string>>;
  /** Settings that are secret. */
  readonly storeSecrets: Readonly<Record<string, TaskSecret>>;
  /** What the server may do. */
  readonly statements: readonly PolicyStatement[];
  readonly logRetentionDays: RetentionDays;
}

/** Names and meanings: lakeFS documentation, server configuration. The server itself lists them when it starts. */
const settings = (cacheGiB: number): Record<string, string> => ({
  LAKEFS_LISTEN_ADDRESS: `0.0.0.0:${String(PORT)}`,
  LAKEFS_BLOCKSTORE_TYPE: 's3',
  LAKEFS_BLOCKSTORE_S3_REGION: Aws.REGION,
  LAKEFS_BLOCKSTORE_S3_DISCOVER_BUCKET_REGION: 'false',
  LAKEFS_COMMITTED_LOCAL_CACHE_DIR: `${DISK}/cache`,
  LAKEFS_COMMITTED_LOCAL_CACHE_SIZE_BYTES: String(cacheGiB * GIB),
  LAKEFS_LOGGING_FORMAT: 'json',
  LAKEFS_LOGGING_LEVEL: 'INFO',
  // Nothing is told to anybody.
  LAKEFS_STATS_ENABLED: 'false',
  LAKEFS_USAGE_REPORT_ENABLED: 'false',
  LAKEFS_EMAIL_SUBSCRIPTION_ENABLED: 'false',
  LAKEFS_SECURITY_CHECK_LATEST_VERSION: 'false',
  LAKEFS_SECURITY_AUDIT_CHECK_INTERVAL: '0',
  HOME: DISK,
  TMPDIR: `${DISK}/tmp`,
});

export class LakefsTask extends Construct {
  readonly definition: FargateTaskDefinition;
  readonly server: ContainerDefinition;

  constructor(scope: Construct, id: string, props: LakefsTaskProps) {
    super(scope, id);
    const { cpu, memoryMiB, cacheGiB } = props.tasks;
    const taskRole = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
      description: 'Of lakeFS: its bucket, its key, its metadata',
    });
    for (const statement of props.statements) taskRole.addToPolicy(statement);
    this.definition = new FargateTaskDefinition(this, 'Definition', {
      cpu,
      memoryLimitMiB: memoryMiB,
      // Beside the cache: the image, temporary files of uploads. Fargate has 21 to 200.
      ephemeralStorageGiB: Math.max(21, cacheGiB + 5),
      runtimePlatform: { cpuArchitecture: CpuArchitecture.ARM64, operatingSystemFamily: OperatingSystemFamily.LINUX },
      taskRole,
      volumes: [{ name: 'disk' }],
    });
    const logging = LogDriver.awsLogs({
      logGroup: new LogGroup(this, 'Log', {
        retention: props.logRetentionDays,
        removalPolicy: RemovalPolicy.DESTROY,
      }),
      streamPrefix: 'lakefs',
    });
    const image = imageOf(this, props.image);
    const common = { image, logging, readonlyRootFilesystem: true, privileged: false } as const;
    const environment = { ...settings(cacheGiB), ...props.environment };
    const { credentials, encryption, signing } = props.secrets;
    const serverSecrets = {
      ...props.storeSecrets,
      LAKEFS_AUTH_ENCRYPT_SECRET_KEY: TaskSecret.fromSecretsManager(encryption),
      LAKEFS_BLOCKSTORE_SIGNING_SECRET_KEY: TaskSecret.fromSecretsManager(signing),
    };

    const volume = this.definition.addContainer('volume', {
      ...common,
      essential: false,
      user: '0:0',
      entryPoint: ['/bin/sh', '-c'],
      command: [`mkdir -p ${DISK}/cache ${DISK}/tmp && chown -R ${USER} ${DISK} && chmod 700 ${DISK}`],
    });
    const firstStart = this.definition.addContainer('first-start', {
      ...common,
      essential: false,
      user: USER,
      linuxParameters: this.#withoutCapabilities('FirstStart'),
      environment,
      secrets: {
        ...serverSecrets,
        [SETUP_ENV.accessKeyId]: TaskSecret.fromSecretsManager(credentials, CREDENTIALS_FIELD.accessKeyId),
        [SETUP_ENV.secretAccessKey]: TaskSecret.fromSecretsManager(credentials, CREDENTIALS_FIELD.secretAccessKey),
      },
      entryPoint: ['/bin/sh', '-c'],
      command: [FIRST_START],
    });
    this.server = this.definition.addContainer('lakefs', {
      ...common,
      essential: true,
      user: USER,
      linuxParameters: this.#withoutCapabilities('Server'),
      environment,
      secrets: serverSecrets,
      command: ['run'],
      portMappings: [{ containerPort: PORT, name: 'http' }],
      // Fargate's longest: what is under way ends, as far as the load balancer has not drained it before.
      stopTimeout: Duration.seconds(120),
    });
    for (const each of [volume, firstStart, this.server])
      each.addMountPoints({ sourceVolume: 'disk', containerPath: DISK, readOnly: false });
    firstStart.addContainerDependencies({ container: volume, condition: ContainerDependencyCondition.SUCCESS });
    this.server.addContainerDependencies({ container: firstStart, condition: ContainerDependencyCondition.SUCCESS });
    // The CDK leaves this to the policy of the key, which a key that was adopted does not take from it.
    this.definition.addToExecutionRolePolicy(
      new PolicyStatement({
        sid: 'DecryptSecrets',
        actions: ['kms:Decrypt'],
        resources: [props.secrets.key.keyArn],
        conditions: { StringEquals: { 'kms:ViaService': `secretsmanager.${Aws.REGION}.amazonaws.com` } },
      }),
    );
    if (ECR.test(props.image))
      acknowledge(this.definition, 'IAM5', 'Resource::*', 'ecr:GetAuthorizationToken knows no resource.');
    acknowledge(
      this.definition,
      'ECS2',
      undefined,
      'Plain settings are told as such; what is secret comes from Secrets Manager by reference.',
    );
  }

  #withoutCapabilities(id: string): LinuxParameters {
    const parameters = new LinuxParameters(this, id);
    parameters.dropCapabilities(Capability.ALL);
    return parameters;
  }
}

const ECR = /^(\d{12})\.dkr\.ecr\.([\w-]+)\.[\w.]+\/([^:@]+)[:@](.+)$/;

/** An image in ECR is pulled by the execution role, which has to be told; others are public. */
const imageOf = (scope: Construct, image: string): ContainerImage => {
  const [, account, region, name, version] = ECR.exec(image) ?? [];
  if (account === undefined || region === undefined || name === undefined) return ContainerImage.fromRegistry(image);
  const repository = Repository.fromRepositoryAttributes(scope, 'Image', {
    repositoryName: name,
    repositoryArn: Stack.of(scope).formatArn({
      service: 'ecr',
      resource: 'repository',
      resourceName: name,
      account,
      region,
    }),
  });
  return ContainerImage.fromEcrRepository(repository, version);
};
