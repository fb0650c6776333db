/** What erasing takes where the lake is collected: it asks S3 about the lake, deletes copies, and deletes nothing in the lake itself. */
import { describe, expect, test } from 'vitest';
import { functionsOf, grantsOf } from './statements.ts';
import { LAKEFS, ofType, scheduleOf, synth } from './template.ts';

const KEY = 'arn:aws:kms:eu-west-1:111122223333:key';
const template = synth(
  `${LAKEFS}repositories:
  lake: { storageNamespace: "s3://bucket/lake" }
  kept: { storageNamespace: "s3://others" }
garbageCollection:
  clientJar: s3://jars/lakefs-spark-client.jar
  repositories: [lake]
  storageKmsKeyArn: ${KEY}/lake
exports:
  plain: { repository: lake, destination: "s3://exports/lake", kmsKeyArn: "${KEY}/out" }
`,
  { comply: true },
);

describe('the function', () => {
  const { role = '' } = functionsOf(template).find(({ name }) => name === 'branchline-erase') ?? {};
  const found = grantsOf(template)
    .filter((grant) => grant.role === role && /^(?:s3|kms|glue):/.test(grant.action))
    .map(({ action, resource }) => `${action} on ${resource}`)
    .filter((grant) => !grant.includes('cdk-hnb659fds-assets'));

  test('asks S3 about collected lakes, removes copies, keeps its lists and reports, and can delete nothing in a lake', () => {
    expect(new Set(found)).toEqual(
      new Set([
        's3:GetObject on arn:aws:s3:::bucket/lake/*',
        ...['ListBucket', 'ListBucketVersions'].map((action) => `s3:${action} on arn:aws:s3:::bucket`),
        ...['bucket', 'others'].flatMap((bucket) =>
          ['GetBucketVersioning', 'GetLifecycleConfiguration', 'GetReplicationConfiguration'].map(
            (action) => `s3:${action} on arn:aws:s3:::${bucket}`,
          ),
        ),
        ...['GetObject', 'DeleteObject'].map((action) => `s3:${action} on arn:aws:s3:::exports/lake/*`),
        's3:ListBucket on arn:aws:s3:::exports',
        ...['GetObject', 'PutObject'].map((action) => `s3:${action} on <SnapshotsBackups>/erasures/*`),
        's3:ListBucket on <SnapshotsBackups>',
        ...['Decrypt', 'GenerateDataKey'].map((action) => `kms:${action} on <SnapshotsKey>`),
        `kms:Decrypt on ${KEY}/lake`,
        `kms:Decrypt on ${KEY}/out`,
        's3:GetObject on <CatalogManifests>/iceberg/*',
      ]),
    );
  });

  test('is taken on by a schedule', () => {
    expect(scheduleOf(template, 'branchline-erase')).toEqual({ every: 'rate(1 hour)', input: '{"action":"tend"}' });
  });
});

test('whoever may erase has a policy of its own, which lets nobody do anything else', () => {
  const policies = ofType(template, 'AWS::IAM::ManagedPolicy').filter(([id]) => id.startsWith('Erasure'));
  expect(policies).toHaveLength(1);
  expect(JSON.stringify(policies[0]?.[1].Properties['PolicyDocument'])).toMatch(/"lambda:InvokeFunction"/);
  expect(Object.keys(template.Outputs ?? {}).filter((id) => id.startsWith('ErasurePolicyArn'))).toHaveLength(1);
});

test('an alarm tells of erasures that wait', () => {
  const metrics = ofType(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties['MetricName']);
  expect(metrics).toContain('ErasureWaitSeconds');
});
