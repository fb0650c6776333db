/** What a configured export adds: rights that reach exactly lake and destination, its schedule, its alarms. */
import { describe, expect, test } from 'vitest';
import { functionsOf, grantsOf } from './statements.ts';
import { asText, LAKEFS, ofType, synth } from './template.ts';

const KEY = 'arn:aws:kms:eu-west-1:111122223333:key';
const template = synth(`${LAKEFS}repositories:
  lake: { storageNamespace: "s3://bucket/lake" }
  other: { storageNamespace: "s3://others" }
exports:
  for-redshift:
    repository: lake
    destination: s3://exports/lake
    delete: true
    kmsKeyArn: ${KEY}/out
    sourceKmsKeyArn: ${KEY}/in
  nightly: { repository: lake, destination: "s3://elsewhere", when: schedule, schedule: cron(0 4 * * ? *) }
`);

describe('the functions of exports', () => {
  test.each(['branchline-export', 'branchline-run-exports'])('%s reaches lake and destinations alone', (name) => {
    const { role } = functionsOf(template).find((each) => each.name === name) ?? {};
    const found = grantsOf(template)
      .filter((grant) => grant.role === role && /^(?:s3|kms):/.test(grant.action))
      .map(({ action, resource }) => `${action} on ${resource}`)
      .filter((grant) => !grant.includes('cdk-hnb659fds-assets'));
    const place = (arn: string): string[] =>
      ['AbortMultipartUpload', 'DeleteObject', 'GetObject', 'PutObject'].map((action) => `s3:${action} on ${arn}`);
    expect(new Set(found)).toEqual(
      new Set([
        's3:GetObject on arn:aws:s3:::bucket/lake/*',
        ...place('arn:aws:s3:::exports/lake/*'),
        ...place('arn:aws:s3:::elsewhere/*'),
        's3:ListBucket on arn:aws:s3:::exports',
        's3:ListBucket on arn:aws:s3:::elsewhere',
        `kms:Decrypt on ${KEY}/in`,
        `kms:GenerateDataKey on ${KEY}/out`,
        `kms:Decrypt on ${KEY}/out`,
      ]),
    );
  });
});

test('an export with a schedule is asked for by it, and by nothing else', () => {
  const schedules = ofType(template, 'AWS::Scheduler::Schedule').filter(([, { Properties }]) =>
    asText(Properties['Name']).includes('-export-'),
  );
  expect(schedules.map(([, { Properties }]) => [Properties['Name'], Properties['ScheduleExpression']])).toEqual([
    ['branchline-export-nightly', 'cron(0 4 * * ? *)'],
  ]);
  expect(asText(schedules[0]?.[1].Properties['Target'])).toContain(
    '{\\"action\\":\\"run\\",\\"export\\":\\"nightly\\"}',
  );
});

test('alarms tell of an export that is behind or failed', () => {
  const metrics = ofType(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties['MetricName']);
  expect(metrics).toContain('ExportLagSeconds');
  expect(metrics).toContain('FailedExports');
});
