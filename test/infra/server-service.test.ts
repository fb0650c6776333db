import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { SERVER_VARIANT_NAMES, serverTemplateOf, special } from './server-template.ts';
import { ACCOUNT, ofType, REGION, type Template } from './template.ts';

const only = (template: Template, type: string): Readonly<Record<string, unknown>> => {
  const found = ofType(template, type);
  expect(found, type).toHaveLength(1);
  return found[0]?.[1].Properties ?? {};
};

interface Container {
  readonly Name: string;
  readonly User: string;
  readonly Essential: boolean;
  readonly ReadonlyRootFilesystem: boolean;
  readonly Privileged: boolean;
  readonly Image: unknown;
  readonly LinuxParameters?: unknown;
  readonly DependsOn?: readonly { readonly ContainerName: string; readonly Condition: string }[];
  readonly Secrets?: readonly { readonly Name: string }[];
  readonly StopTimeout?: number;
}
const containersOf = (template: Template): Container[] =>
  only(template, 'AWS::ECS::TaskDefinition')['ContainerDefinitions'] as Container[];

describe.each(SERVER_VARIANT_NAMES)('%s', (variant) => {
  const template = serverTemplateOf(variant);

  test('two tasks or more, none given up during a deployment, rolled back if it fails, spread over zones', () => {
    expect(only(template, 'AWS::ECS::Service')).toMatchObject({
      DesiredCount: 2,
      LaunchType: 'FARGATE',
      AvailabilityZoneRebalancing: 'ENABLED',
      EnableExecuteCommand: false,
      DeploymentConfiguration: {
        MinimumHealthyPercent: 100,
        MaximumPercent: 200,
        DeploymentCircuitBreaker: { Enable: true, Rollback: true },
      },
      NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: 'DISABLED' } },
    });
  });

  test('more tasks by CPU and by requests', () => {
    expect(only(template, 'AWS::ApplicationAutoScaling::ScalableTarget')).toMatchObject({
      MinCapacity: 2,
      MaxCapacity: 6,
    });
    const metrics = ofType(template, 'AWS::ApplicationAutoScaling::ScalingPolicy').map(([, { Properties }]) =>
      JSON.stringify(Properties)
        .match(/"PredefinedMetricType":"(\w+)"/)
        ?.at(1),
    );
    expect(metrics.toSorted()).toEqual(['ALBRequestCountPerTarget', 'ECSServiceAverageCPUUtilization']);
  });

  test('a task that goes is drained first', () => {
    const group = only(template, 'AWS::ElasticLoadBalancingV2::TargetGroup');
    expect(group).toMatchObject({ HealthCheckPath: '/_health', Port: 8000, TargetType: 'ip' });
    expect(group['TargetGroupAttributes']).toContainEqual({
      Key: 'deregistration_delay.timeout_seconds',
      Value: '600',
    });
  });

  test('arm64, root file systems that nobody writes; the server without root and capabilities', () => {
    expect(only(template, 'AWS::ECS::TaskDefinition')).toMatchObject({
      RuntimePlatform: { CpuArchitecture: 'ARM64', OperatingSystemFamily: 'LINUX' },
      EphemeralStorage: { SizeInGiB: 25 },
    });
    const containers = containersOf(template);
    for (const each of containers) {
      expect(each.ReadonlyRootFilesystem, each.Name).toBe(true);
      expect(each.Privileged, each.Name).toBe(false);
    }
    for (const each of containers.filter(({ Name }) => Name !== 'volume')) {
      expect(each.User, each.Name).toBe('65532:65532');
      expect(JSON.stringify(each.LinuxParameters), each.Name).toContain('"Drop":["ALL"]');
    }
  });

  test('disk, then admin, then server; the one that is root sees no secret, the server not the key pair', () => {
    const [volume, firstStart, server] = containersOf(template);
    expect(volume).toMatchObject({ Name: 'volume', Essential: false });
    expect(volume?.Secrets).toBeUndefined();
    expect(firstStart).toMatchObject({
      Name: 'first-start',
      Essential: false,
      DependsOn: [{ ContainerName: 'volume', Condition: 'SUCCESS' }],
    });
    expect(server).toMatchObject({
      Name: 'lakefs',
      Essential: true,
      StopTimeout: 120,
      DependsOn: [{ ContainerName: 'first-start', Condition: 'SUCCESS' }],
    });
    expect(server?.Secrets?.map(({ Name }) => Name).filter((name) => name.startsWith('SETUP_'))).toEqual([]);
  });

  test('one version of lakeFS, not the latest', () => {
    const images = new Set(containersOf(template).map(({ Image }) => JSON.stringify(Image)));
    expect(images.size).toBe(1);
    expect([...images][0]).toMatch(/:1\.84\.0"/);
  });
});

describe('the metadata store', () => {
  test('RDS: two zones, encrypted, TLS or nothing, backups for five weeks, not reachable from outside', () => {
    const template = special('plain');
    expect(only(template, 'AWS::RDS::DBInstance')).toMatchObject({
      MultiAZ: true,
      StorageEncrypted: true,
      PubliclyAccessible: false,
      BackupRetentionPeriod: 35,
      DeletionProtection: true,
      DeleteAutomatedBackups: false,
      CopyTagsToSnapshot: true,
      AllocatedStorage: '50',
      MaxAllocatedStorage: 200,
      DBName: 'lakefs',
    });
    expect(only(template, 'AWS::RDS::DBParameterGroup')['Parameters']).toEqual({ 'rds.force_ssl': '1' });
  });

  test('from a snapshot: the same, with a new password', () => {
    const instance = only(serverTemplateOf('new VPC, restored rds, internal'), 'AWS::RDS::DBInstance');
    expect(instance).toMatchObject({
      DBSnapshotIdentifier: 'lakefs-restored',
      MultiAZ: true,
      DeletionProtection: true,
    });
    expect(instance['DBName']).toBeUndefined();
    expect(JSON.stringify(instance['MasterUserPassword'])).toContain('{{resolve:secretsmanager:');
  });

  test('to a moment: of an instance by its resource id, with a new password, and another resource for another moment', () => {
    const template = serverTemplateOf('new VPC, rds of a moment, internal');
    const instance = only(template, 'AWS::RDS::DBInstance');
    expect(instance).toMatchObject({
      SourceDbiResourceId: 'db-ABC',
      RestoreTime: '2026-11-20T10:00:00Z',
      MultiAZ: true,
    });
    for (const key of ['DBSnapshotIdentifier', 'DBName', 'MasterUsername', 'SourceDBInstanceIdentifier'])
      expect(instance[key], key).toBeUndefined();
    expect(JSON.stringify(instance['MasterUserPassword'])).toContain('{{resolve:secretsmanager:');
    const ids = ['rds', 'restored rds', 'rds of a moment'].map((store) =>
      ofType(serverTemplateOf(`new VPC, ${store}, internal`), 'AWS::RDS::DBInstance')
        .map(([id]) => id)
        .join(),
    );
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  test('DynamoDB: the keys of lakeFS, on demand, restorable to any second', () => {
    expect(only(special('dynamodb'), 'AWS::DynamoDB::GlobalTable')).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'PartitionKey', KeyType: 'HASH' },
        { AttributeName: 'ItemKey', KeyType: 'RANGE' },
      ],
      Replicas: [{ PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } }],
    });
    expect(ofType(special('dynamodb'), 'AWS::RDS::DBInstance')).toEqual([]);
  });

  test.each(['plain', 'dynamodb', 'adopting'] as const)('%s: a daily backup', (variant) => {
    const template = special(variant);
    expect(JSON.stringify(only(template, 'AWS::Backup::BackupPlan'))).toMatch(/"DeleteAfterDays":35/);
    const selection = only(template, 'AWS::Backup::BackupSelection');
    expect(JSON.stringify(selection['BackupSelection'])).toMatch(/PostgresStore|DynamodbStore|table\/lakefs-metadata/);
  });
});

test('the bucket: its key, versions, nothing public, an end to unfinished uploads', () => {
  const [[, bucket] = []] = ofType(special('plain'), 'AWS::S3::Bucket').filter(([id]) => id.startsWith('Storage'));
  expect(bucket?.Properties).toMatchObject({
    BucketName: 'my-lake',
    VersioningConfiguration: { Status: 'Enabled' },
    PublicAccessBlockConfiguration: {
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    },
  });
  const text = JSON.stringify(bucket?.Properties);
  expect(text).toMatch(/"SSEAlgorithm":"aws:kms"/);
  expect(text).toMatch(/"AbortIncompleteMultipartUpload":\{"DaysAfterInitiation":7\}/);
  const policies = JSON.stringify(ofType(special('plain'), 'AWS::S3::BucketPolicy').map(([, each]) => each.Properties));
  expect(policies.match(/"aws:SecureTransport":"false"/g)).toHaveLength(2);
});

const alarm = z.looseObject({ AlarmDescription: z.string(), AlarmActions: z.array(z.unknown()).default([]) });
const alarmsOf = (template: Template) =>
  ofType(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => alarm.parse(Properties));

test.each(SERVER_VARIANT_NAMES)('alarms name their page: %s', (variant) => {
  const alarms = alarmsOf(serverTemplateOf(variant));
  expect(alarms).toHaveLength(9);
  for (const { AlarmDescription } of alarms)
    expect(AlarmDescription).toMatch(/^(branchline|second): .+\. See docs\/runbook\/[a-z-]+\.md$/);
});

test('alarms notify the topic, and resources bear the tags, where they are given', () => {
  const template = special('adopting');
  for (const { AlarmActions } of alarmsOf(template))
    expect(AlarmActions).toEqual([`arn:aws:sns:${REGION}:${ACCOUNT}:alarms`]);
  const tags = JSON.stringify(only(template, 'AWS::ECS::Service')['Tags']);
  expect(tags).toContain('{"Key":"team","Value":"data"}');
  expect(tags).toContain('{"Key":"branchline:owned","Value":"true"}');
});

test('the dashboard can be read', () => {
  const body = only(special('plain'), 'AWS::CloudWatch::Dashboard')['DashboardBody'];
  expect(JSON.stringify(body)).toMatch(/Requests, and those that failed.*Seconds to the answer.*Metadata store/);
});
