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
  test.each(['branchline-export', 'branchline-run-exports', 'branchline-copy-chunk'])(
    '%s reaches lake and destinations alone',
    (name) => {
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
    },
  );
});

test('an export with a schedule is asked for by it, and by nothing else', () => {
  const schedules = ofType(template, 'AWS::Scheduler::Schedule').filter(([, { Properties }]) =>
    asText(Properties['Name']).includes('-export-'),
  );
  expect(schedules.map(([, { Properties }]) => [Properties['Name'], Properties['ScheduleExpression']])).toEqual([
    ['branchline-export-nightly', 'cron(0 4 * * ? *)'],
  ]);
  expect(asText(schedules[0]?.[1].Properties['Target'])).toContain(
    '{\\"action\\":\\"run\\",\\"export\\":\\"nightly\\",\\"requestedBy\\":\\"schedule\\"}',
  );
});

describe('the state machine that has chunks copied', () => {
  const [[, machine] = []] = ofType(template, 'AWS::StepFunctions::StateMachine');
  const definition = asText(machine?.Properties['DefinitionString']);

  test('hands out what lies below the run, to workers that are begun at most so often at a time', () => {
    expect(definition).toContain('"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"');
    expect(definition).toContain(
      ':states:::s3:listObjectsV2","Parameters":{"Bucket.$":"$.bucket","Prefix.$":"$.todo"}',
    );
    expect(definition).toContain('"MaxConcurrencyPath":"$.concurrency"');
    expect(definition).toContain('"ToleratedFailurePercentagePath":"$.toleratedFailurePercent"');
    // Whatever its end, the export is woken.
    expect(definition.match(/:states:::sqs:sendMessage/g)).toHaveLength(2);
  });

  test('is logged and traced', () => {
    expect(machine?.Properties).toMatchObject({
      LoggingConfiguration: { Level: 'ALL', IncludeExecutionData: false },
      TracingConfiguration: { Enabled: true },
    });
  });

  test('may invoke the worker, list and write below the runs, and wake: nothing else', () => {
    const own = 'arn:aws:states:eu-west-1:111122223333';
    const found = grantsOf(template)
      .filter(({ role, resource }) => role === '<ExportsMapRole>' && resource !== '*')
      .map(({ action, resource }) => `${action} on ${resource}`);
    const folders = ['exports/lake', 'elsewhere'].map((place) => `arn:aws:s3:::${place}/_branchline/exports/*`);
    expect(new Set(found)).toEqual(
      new Set([
        'lambda:InvokeFunction on <CopyChunkFunction>',
        `states:StartExecution on ${own}:stateMachine:branchline-exports`,
        ...['DescribeExecution', 'StopExecution', 'RedriveExecution'].map(
          (action) => `states:${action} on ${own}:execution:branchline-exports:*`,
        ),
        's3:ListBucket on arn:aws:s3:::exports',
        's3:ListBucket on arn:aws:s3:::elsewhere',
        ...folders.flatMap((folder) =>
          ['GetObject', 'PutObject', 'ListMultipartUploadParts', 'AbortMultipartUpload'].map(
            (action) => `s3:${action} on ${folder}`,
          ),
        ),
        `kms:Decrypt on ${KEY}/out`,
        `kms:GenerateDataKey on ${KEY}/out`,
        'sqs:SendMessage on <ExportsHopQueue>',
      ]),
    );
  });

  test('is not there where no export may use it', () => {
    const alone = synth(`${LAKEFS}repositories:
  lake: { storageNamespace: "s3://bucket/lake" }
exports:
  plain: { repository: lake, destination: "s3://exports/lake", scale: { engine: lambda } }
`);
    expect(ofType(alone, 'AWS::StepFunctions::StateMachine')).toEqual([]);
  });
});

test('alarms tell of an export that is behind or failed', () => {
  const metrics = ofType(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties['MetricName']);
  expect(metrics).toContain('ExportLagSeconds');
  expect(metrics).toContain('FailedExports');
  expect(metrics).toContain('ExecutionsFailed');
  expect(metrics).toContain('ExecutionsTimedOut');
});
