/** What a schedule of drills adds, and what the function may remove. */
import { describe, expect, test } from 'vitest';
import { functionsOf, grantsOf } from './statements.ts';
import { LAKEFS, ofType, scheduleOf, synth, templateOf } from './template.ts';

const template = synth(
  `${LAKEFS}repositories:
  lake: { storageNamespace: "s3://bucket/lake" }
  other: { storageNamespace: "s3://bucket/other" }
  far: { storageNamespace: "s3://elsewhere/deep/far" }
drills: { every: 7d }
`,
  { comply: true },
);

const alarm = (name: string) =>
  ofType(template, 'AWS::CloudWatch::Alarm').find(([, { Properties }]) => Properties['MetricName'] === name)?.[1]
    .Properties;

test('the function writes and deletes below the places of drills and nowhere else in the lake', () => {
  const role = functionsOf(template).find(({ name }) => name === 'branchline-drill')?.role;
  const s3 = grantsOf(template)
    .filter(
      (grant) => grant.role === role && grant.action.startsWith('s3:') && !grant.resource.includes('cdk-hnb659fds'),
    )
    .map(({ action, resource }) => `${action} on ${resource}`);
  expect(new Set(s3)).toEqual(
    new Set([
      ...['GetObject', 'PutObject', 'DeleteObject'].map((does) => `s3:${does} on <SnapshotsBackups>/drills/*`),
      's3:ListBucket on <SnapshotsBackups>',
      ...['bucket', 'elsewhere'].map((bucket) => `s3:ListBucket on arn:aws:s3:::${bucket}`),
      's3:DeleteObject on arn:aws:s3:::bucket/branchline-drills/*',
      's3:DeleteObject on arn:aws:s3:::elsewhere/deep/branchline-drills/*',
      's3:GetObject on <SnapshotsBackups>/backups/*',
      ...['bucket/lake', 'bucket/other', 'elsewhere/deep/far'].map(
        (namespace) => `s3:GetObject on arn:aws:s3:::${namespace}/_lakefs/*`,
      ),
      's3:PutObject on arn:aws:s3:::bucket/branchline-drills/*/_lakefs/*',
      's3:PutObject on arn:aws:s3:::elsewhere/deep/branchline-drills/*/_lakefs/*',
    ]),
  );
});

test('listing is of the places of drills, and of lakeFS’s own files, alone', () => {
  const text = JSON.stringify(ofType(template, 'AWS::IAM::Policy'));
  expect(text).toContain('"s3:prefix":"branchline-drills/*"');
  expect(text).toContain('"s3:prefix":"deep/branchline-drills/*"');
  expect(text).toContain('"s3:prefix":"lake/_lakefs/*"');
  expect(text).toContain('"s3:prefix":"deep/far/_lakefs/*"');
});

describe('where a schedule is wanted', () => {
  test('it looks every hour', () => {
    expect(scheduleOf(template, 'branchline-drill')).toEqual({ every: 'rate(1 hour)', input: '{"action":"tend"}' });
  });

  test('alarms tell that the last good drill is too old, and that one failed', () => {
    expect(alarm('DrillAgeSeconds')).toMatchObject({ Threshold: 14 * 86_400 + 3600 });
    expect(alarm('DrillFaults')).toMatchObject({ Threshold: 1 });
  });
});

test('without one there is neither schedule nor alarm', () => {
  const plain = templateOf('plain');
  const metrics = ofType(plain, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties['MetricName']);
  expect(metrics).not.toContain('DrillAgeSeconds');
  const names = ofType(plain, 'AWS::Scheduler::Schedule').map(([, { Properties }]) => Properties['Name']);
  expect(names).not.toContain('branchline-drill');
});
