/** What the jar of lakeFS's client adds: two jobs of which one alone can delete data, rights that reach exactly the collected lakes. */
import { describe, expect, test } from 'vitest';
import { functionsOf, grantsOf } from './statements.ts';
import { ACCOUNT, LAKEFS, ofType, REGION, SECRET_ARN, scheduleOf, synth, templateOf } from './template.ts';

const KEY = 'arn:aws:kms:eu-west-1:111122223333:key/lake';
const template = synth(
  `${LAKEFS}repositories:
  lake: { storageNamespace: "s3://bucket/lake" }
  kept: { storageNamespace: "s3://others" }
garbageCollection:
  clientJar: s3://jars/lakefs-spark-client.jar
  every: 7d
  repositories: [lake]
  storageKmsKeyArn: ${KEY}
`,
  { comply: true },
);

const rolesOf = (id: string): string[] =>
  grantsOf(template)
    .filter(({ role }) => role === id)
    .map(({ action, resource }) => `${action} on ${resource}`)
    .filter((grant) => !grant.includes('cdk-hnb659fds-assets') && !grant.startsWith('logs:'));

const jobs = ofType(template, 'AWS::Glue::Job').map(([, { Properties }]) => Properties);
const LOOKS = [
  `secretsmanager:GetSecretValue on ${SECRET_ARN}`,
  's3:GetObject on arn:aws:s3:::jars/lakefs-spark-client.jar',
  's3:ListBucket on arn:aws:s3:::bucket',
  's3:GetBucketLocation on arn:aws:s3:::bucket',
  's3:GetObject on arn:aws:s3:::bucket/lake/*',
  ...['PutObject', 'DeleteObject', 'AbortMultipartUpload'].map(
    (does) => `s3:${does} on arn:aws:s3:::bucket/lake/_lakefs/retention/*`,
  ),
  `kms:Decrypt on ${KEY}`,
  `kms:GenerateDataKey on ${KEY}`,
];

describe('lakeFS’s two jobs', () => {
  test('the one that marks can delete nothing but its own reports', () => {
    expect(new Set(rolesOf('<GarbageCollectionMarkRole>'))).toEqual(new Set(LOOKS));
  });

  test('the one that sweeps can delete data of the collected repositories, and none of their metadata', () => {
    expect(new Set(rolesOf('<GarbageCollectionSweepRole>'))).toEqual(
      new Set([...LOOKS, 's3:DeleteObject on arn:aws:s3:::bucket/lake/data/*']),
    );
  });

  test('are given the jar and where lakeFS is, and no secret', () => {
    expect(jobs.map(({ Name }) => Name)).toEqual(['branchline-garbage-mark', 'branchline-garbage-sweep']);
    for (const { DefaultArguments: given, GlueVersion } of jobs) {
      expect(GlueVersion).toBe('5.0');
      expect(given).toEqual({
        '--extra-jars': 's3://jars/lakefs-spark-client.jar',
        '--endpoint': 'https://lakefs.example.com',
        '--secret_arn': SECRET_ARN,
        '--region': REGION,
      });
    }
  });
});

describe('the function', () => {
  const { role = '', resource } = functionsOf(template).find(({ name }) => name === 'branchline-collect-garbage') ?? {};

  test('begins these two jobs, looks at the lake, and can write and delete nothing there', () => {
    const job = (name: string): string => `arn:aws:glue:${REGION}:${ACCOUNT}:job/branchline-garbage-${name}`;
    const found = rolesOf(role).filter((grant) => /^(glue|kms|s3):/.test(grant) && !grant.includes('/iceberg/'));
    expect(new Set(found)).toEqual(
      new Set([
        ...['mark', 'sweep'].flatMap((name) =>
          ['StartJobRun', 'GetJobRun', 'GetJobRuns'].map((does) => `glue:${does} on ${job(name)}`),
        ),
        's3:GetObject on arn:aws:s3:::bucket/lake/*',
        's3:ListBucket on arn:aws:s3:::bucket',
        `kms:Decrypt on ${KEY}`,
      ]),
    );
    expect(resource?.Properties['Environment']).toMatchObject({
      Variables: {
        BRANCHLINE_MARK_JOB: 'branchline-garbage-mark',
        BRANCHLINE_SWEEP_JOB: 'branchline-garbage-sweep',
      },
    });
  });

  test('is taken on by a schedule', () => {
    expect(scheduleOf(template, 'branchline-collect-garbage')).toEqual({
      every: 'rate(15 minutes)',
      input: '{"action":"tend"}',
    });
  });
});

test('alarms tell of objects that are missing, of collections that failed and that wait', () => {
  const metrics = ofType(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties['MetricName']);
  expect(metrics).toEqual(expect.arrayContaining(['MissingObjects', 'FailedCollections', 'CollectionWaitSeconds']));
});

test('without the jar there are no jobs, no schedule and no alarms', () => {
  const plain = templateOf('plain');
  expect(ofType(plain, 'AWS::Glue::Job')).toEqual([]);
  const metrics = ofType(plain, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties['MetricName']);
  expect(metrics).not.toContain('FailedCollections');
});

test('with a network the jobs have its connections, and rights on these alone', () => {
  const inside = synth(
    `${LAKEFS}repositories: { lake: { storageNamespace: "s3://bucket/lake" } }
garbageCollection: { clientJar: "s3://jars/client.jar", connections: [zone-1, zone-2] }
`,
    { comply: true },
  );
  for (const [, { Properties }] of ofType(inside, 'AWS::Glue::Job'))
    expect(Properties['Connections']).toEqual({ Connections: ['zone-1', 'zone-2'] });
  const grants = grantsOf(inside).filter(({ action }) => action === 'glue:GetConnection');
  const arn = (what: string): string => `arn:aws:glue:${REGION}:${ACCOUNT}:${what}`;
  expect(new Set(grants.map(({ resource }) => resource))).toEqual(
    new Set([arn('catalog'), arn('connection/zone-1'), arn('connection/zone-2')]),
  );
});
