/** What the deployment sets up so that S3 copies the lake and the backups to a second region, and what its roles may do. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { describe, expect, test } from 'vitest';
import { checkCompliance } from '../../lib/compliance.ts';
import { parseConfig } from '../../lib/config/load.ts';
import { ReplicaStack } from '../../lib/stacks/replica-stack.ts';
import { synthServer } from './server-template.ts';
import { functionsOf, grantsOf } from './statements.ts';
import { ACCOUNT, asText, CONTEXT, ofType, type Template, templateSchema } from './template.ts';

const THERE = 'eu-central-1';
const file = (more = '', before = ''): string => `lakefs:
  server:
    domain: { name: lakefs.example.com, hostedZoneId: Z0123456789ABCDEFGHIJ, hostedZoneName: example.com }
${before}replication:
  to: { region: ${THERE}, buckets: { my-lake: my-lake-there }, backups: my-backups-there${more} }
repositories:
  lake: { storageNamespace: s3://my-lake/lake }
`;
const LOCKED = 'snapshots: { objectLockDays: 30 }\n';

const replicasOf = (text: string): Template => {
  const outdir = mkdtempSync(join(tmpdir(), 'branchline-synth-'));
  try {
    const app = new App({ outdir, context: CONTEXT, analyticsReporting: false });
    const config = parseConfig(text, 'branchline.yaml');
    const { to } = config.replication;
    if (to === undefined) throw new Error('no second region');
    const stack = new ReplicaStack(app, 'Replica', { config, to, env: { account: ACCOUNT, region: to.region } });
    checkCompliance(app);
    return templateSchema.parse(app.synth().getStackByName(stack.stackName).template);
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
};

interface Rule {
  readonly Status: string;
  readonly Filter: unknown;
  readonly DeleteMarkerReplication: { readonly Status: string };
  readonly SourceSelectionCriteria: unknown;
  readonly Destination: Record<string, unknown>;
}
interface Statement {
  readonly Sid: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
  readonly Condition?: unknown;
}

const rulesOf = (template: Template): Rule[] =>
  ofType(template, 'AWS::S3::Bucket').flatMap(([, { Properties }]) => {
    const { Rules } = (Properties['ReplicationConfiguration'] ?? { Rules: [] }) as { Rules: Rule[] };
    return Rules;
  });

const statementsOf = (template: Template): Map<string, Statement> => {
  const policies = ofType(template, 'AWS::IAM::Policy').filter(([id]) =>
    /(?:Snapshots|Storage)ReplicationRole/.test(id),
  );
  expect(policies).toHaveLength(1);
  const document = policies[0]?.[1].Properties['PolicyDocument'] as { Statement: Statement[] };
  return new Map(document.Statement.map((each) => [each.Sid, each]));
};

const both = synthServer(file(), { comply: true });

describe.each([
  ['the lake', both.server, 'my-lake-there'],
  ['the backups', both.controlPlane, 'my-backups-there'],
] as const)('%s', (_, template, replica) => {
  test('are copied whole, under the key of the replicas, without deletes', () => {
    const [rule, ...others] = rulesOf(template);
    expect(others).toEqual([]);
    expect(rule).toMatchObject({
      Status: 'Enabled',
      Filter: { Prefix: '' },
      DeleteMarkerReplication: { Status: 'Disabled' },
      SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: 'Enabled' } },
      Destination: { Metrics: { Status: 'Enabled' } },
    });
    const { Bucket, EncryptionConfiguration, ReplicationTime } = rule?.Destination ?? {};
    expect(asText(Bucket)).toBe(`arn:aws:s3:::${replica}`);
    const { ReplicaKmsKeyID } = EncryptionConfiguration as Record<string, unknown>;
    expect(asText(ReplicaKmsKeyID)).toBe(`arn:aws:kms:${THERE}:${ACCOUNT}:alias/branchline-replica`);
    expect(ReplicationTime).toBeUndefined();
  });

  test('by a role that reads versions here, writes replicas there, and deletes nothing', () => {
    const statements = statementsOf(template);
    expect([...statements.keys()]).toEqual(['Rule', 'ReadVersions', 'WriteReplicas', 'ReadKey', 'ReplicaKey']);
    expect(statements.get('WriteReplicas')).toMatchObject({ Action: ['s3:ReplicateObject', 's3:ReplicateTags'] });
    expect(asText(statements.get('WriteReplicas')?.Resource)).toBe(`arn:aws:s3:::${replica}/*`);
    expect(JSON.stringify([...statements.values()])).not.toMatch(/Delete|s3:Put|s3:\*/);
    expect(statements.get('ReplicaKey')?.Condition).toEqual({
      StringEquals: { 'kms:ViaService': `s3.${THERE}.amazonaws.com` },
      'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/branchline-replica' },
    });
  });
});

test('time control and deletes are switched on where they are asked for', () => {
  for (const template of Object.values(synthServer(file(', timeControl: true, deletes: true'))).slice(0, 2)) {
    const [rule] = rulesOf(template as Template);
    expect(rule?.DeleteMarkerReplication.Status).toBe('Enabled');
    expect(rule?.Destination).toMatchObject({
      ReplicationTime: { Status: 'Enabled', Time: { Minutes: 15 } },
      Metrics: { Status: 'Enabled', EventThreshold: { Minutes: 15 } },
    });
    expect(statementsOf(template as Template).get('WriteReplicas')?.Action).toContain('s3:ReplicateDelete');
  }
});

test('a lock of the backups goes along', () => {
  const { controlPlane } = synthServer(file('', LOCKED), { comply: true });
  expect(statementsOf(controlPlane).get('ReadVersions')?.Action).toContain('s3:GetObjectRetention');
  const locked = ofType(replicasOf(file('', LOCKED)), 'AWS::S3::Bucket').map(([, { Properties }]) => [
    Properties['BucketName'],
    Properties['ObjectLockEnabled'] ?? false,
  ]);
  expect(locked).toEqual([
    ['my-lake-there', false],
    ['my-backups-there', true],
  ]);
});

test('the second region has versioned buckets with a key of their own, which outlive the stack', () => {
  const template = replicasOf(file());
  const buckets = ofType(template, 'AWS::S3::Bucket');
  expect(buckets.map(([, { Properties }]) => Properties['BucketName'])).toEqual(['my-lake-there', 'my-backups-there']);
  for (const [id, { Properties, DeletionPolicy }] of buckets) {
    expect(DeletionPolicy, id).toBe('Retain');
    expect(Properties, id).toMatchObject({
      VersioningConfiguration: { Status: 'Enabled' },
      PublicAccessBlockConfiguration: { BlockPublicPolicy: true, RestrictPublicBuckets: true },
    });
    expect(JSON.stringify(Properties['BucketEncryption']), id).toContain('aws:kms');
  }
  expect(ofType(template, 'AWS::KMS::Alias').map(([, { Properties }]) => Properties['AliasName'])).toEqual([
    'alias/branchline-replica',
  ]);
});

test('without a second region nothing is copied', () => {
  const plain = file().replace(/replication:\n.*\n/, '');
  const { server, controlPlane } = synthServer(plain);
  expect([...rulesOf(server), ...rulesOf(controlPlane)]).toEqual([]);
});

describe('who looks what has arrived', () => {
  const { controlPlane } = both;
  const { role } = functionsOf(controlPlane).find(({ name }) => name === 'branchline-replication') ?? { role: '' };
  const grants = grantsOf(controlPlane).filter((grant) => grant.role === role);

  test('lists both sides, and can read and write no object of either', () => {
    const onS3 = grants.filter(({ action }) => action.startsWith('s3:'));
    const lists = onS3.filter(({ action }) => action === 's3:ListBucket').map(({ resource }) => resource);
    expect(lists.toSorted()).toEqual([
      '<SnapshotsBackups>',
      ...['my-backups-there', 'my-lake', 'my-lake-there'].map((bucket) => `arn:aws:s3:::${bucket}`),
    ]);
    const others = onS3
      .filter(({ action }) => action !== 's3:ListBucket')
      .map(({ action, resource }) => [action, resource]);
    expect(others).toHaveLength(3);
    expect(others).toContainEqual(['s3:PutObject', '<SnapshotsBackups>/backups/lake/replicated.json']);
    expect(others).toContainEqual(['s3:GetObject', '<SnapshotsBackups>/backups/*']);
  });

  test('by the clock, and raises alarms on what is late', () => {
    const schedules = ofType(controlPlane, 'AWS::Scheduler::Schedule').map(([, { Properties }]) => Properties);
    expect(schedules.find(({ Name }) => Name === 'branchline-replication')).toMatchObject({
      ScheduleExpression: 'rate(15 minutes)',
    });
    const alarms = ofType(controlPlane, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties);
    const thresholds = Object.fromEntries(alarms.map(({ MetricName, Threshold }) => [MetricName, Threshold]));
    expect(thresholds).toMatchObject({
      ReplicationLagSeconds: 3600,
      ReplicatedSnapshotSeconds: 2 * 86_400 + 3600,
      ReplicationFaults: 1,
    });
  });
});

test('in the second region a restore reads the replicated backups and lists the replica, which the server takes as it is', () => {
  const key = `arn:aws:kms:${THERE}:${ACCOUNT}:key/12345678-1234-1234-1234-123456789012`;
  const text = file().replace(
    /replication:\n.*\n/,
    `replication:\n  from: { backups: my-backups-there, kmsKeyArn: "${key}" }\n`,
  );
  const { server, controlPlane } = synthServer(text.replaceAll('my-lake/', 'my-lake-there/'), { comply: true });
  const names = ofType(server, 'AWS::S3::Bucket').map(([, { Properties }]) => Properties['BucketName']);
  expect(names).not.toContain('my-lake-there');
  const { role } = functionsOf(controlPlane).find(({ name }) => name === 'branchline-restore') ?? { role: '' };
  const grants = grantsOf(controlPlane).filter((grant) => grant.role === role);
  const said = grants.map(({ action, resource }) => `${action} on ${resource}`);
  expect(said).toEqual(
    expect.arrayContaining([
      's3:GetObject on arn:aws:s3:::my-backups-there/backups/*',
      's3:ListBucket on arn:aws:s3:::my-backups-there',
      's3:ListBucket on arn:aws:s3:::my-lake-there',
      `kms:Decrypt on ${key}`,
    ]),
  );
  expect(said.filter((each) => /s3:(?:Put|Delete)/.test(each))).toEqual([]);
});
