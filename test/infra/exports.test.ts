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

describe('the Spark job of an export', () => {
  const spark = synth(
    `${LAKEFS}repositories:
  lake: { storageNamespace: "s3://bucket/lake" }
  other: { storageNamespace: "s3://others" }
pipelines:
  all: { jobs: ["*"], repository: lake }
exports:
  whole:
    repository: lake
    destination: s3://exports/lake
    kmsKeyArn: ${KEY}/out
    sourceKmsKeyArn: ${KEY}/in
    scale: { engine: spark, spark: { workers: 30, workerType: G.2X, timeout: 12h } }
  small: { repository: other, destination: "s3://elsewhere", scale: { engine: auto } }
`,
    { comply: true },
  );
  const jobs = ofType(spark, 'AWS::Glue::Job').map(([, { Properties }]) => Properties);

  test('is as large as configured, takes one run at a time, and is given no secret', () => {
    expect(jobs.map(({ Name }) => Name)).toEqual(['branchline-export-whole', 'branchline-export-small']);
    expect(jobs[0]).toMatchObject({
      ...{ WorkerType: 'G.2X', NumberOfWorkers: 30, GlueVersion: '5.0', Timeout: 720, MaxRetries: 0 },
      ExecutionProperty: { MaxConcurrentRuns: 1 },
    });
    const { DefaultArguments } = jobs[0] as { DefaultArguments: Record<string, unknown> };
    expect(Object.keys(DefaultArguments).toSorted()).toEqual(['--extra-py-files', '--region']);
    expect(DefaultArguments['--region']).toBe('eu-west-1');
    expect(jobs[1]).toMatchObject({ WorkerType: 'G.1X', NumberOfWorkers: 10, Timeout: 2880 });
  });

  test('finds its modules as a zip beside its script, and may read these two of the assets alone', () => {
    const { Command, DefaultArguments } = jobs[0] as {
      Command: { ScriptLocation: unknown };
      DefaultArguments: Record<string, unknown>;
    };
    const code = [Command.ScriptLocation, DefaultArguments['--extra-py-files']].map(asText);
    expect(code).toEqual([expect.stringMatching(/\.py$/), expect.stringMatching(/\.zip$/)]);
    const read = grantsOf(spark)
      .filter(({ role }) => role === '<ExportsJobsRolewhole>')
      .map(({ resource }) => resource)
      .filter((resource) => resource.includes('cdk-hnb659fds-assets'));
    expect(read.toSorted()).toEqual(code.map((uri) => uri.replace('s3://', 'arn:aws:s3:::')).toSorted());
  });

  test('reads its own lake, writes below its own destination, and removes nothing but small files of the export', () => {
    const found = grantsOf(spark)
      .filter(({ role }) => role === '<ExportsJobsRolewhole>')
      .map(({ action, resource }) => `${action} on ${resource}`)
      .filter((grant) => !grant.includes('cdk-hnb659fds-assets') && !grant.startsWith('logs:'));
    const own = 'arn:aws:s3:::exports/lake/_branchline/exports/*';
    expect(new Set(found)).toEqual(
      new Set([
        's3:GetObject on arn:aws:s3:::bucket/lake/*',
        's3:PutObject on arn:aws:s3:::exports/lake/*',
        's3:AbortMultipartUpload on arn:aws:s3:::exports/lake/*',
        `s3:GetObject on ${own}`,
        `s3:DeleteObject on ${own}`,
        's3:ListBucket on arn:aws:s3:::exports',
        `kms:Decrypt on ${KEY}/in`,
        `kms:GenerateDataKey on ${KEY}/out`,
        `kms:Decrypt on ${KEY}/out`,
      ]),
    );
  });

  test.each(['branchline-export', 'branchline-run-exports'])('is begun, looked at and stopped by %s', (name) => {
    const { role, resource } = functionsOf(spark).find((each) => each.name === name) ?? {};
    const found = grantsOf(spark)
      .filter((grant) => grant.role === role && grant.action.startsWith('glue:'))
      .map(({ action, resource: on }) => `${action} on ${on}`);
    expect(new Set(found)).toEqual(
      new Set(
        ['whole', 'small'].flatMap((of) =>
          ['StartJobRun', 'GetJobRuns', 'BatchStopJobRun'].map(
            (does) => `glue:${does} on arn:aws:glue:eu-west-1:111122223333:job/branchline-export-${of}`,
          ),
        ),
      ),
    );
    expect(resource?.Properties['Environment']).toMatchObject({
      Variables: { BRANCHLINE_EXPORT_JOBS: 'branchline-export-' },
    });
  });

  test('wakes its export when a run ends, in the group of the export', () => {
    const rules = ofType(spark, 'AWS::Events::Rule').filter(([, { Properties }]) =>
      asText(Properties['EventPattern']).includes('branchline-export-whole'),
    );
    expect(rules).toHaveLength(2);
    for (const [, { Properties }] of rules)
      expect(Properties['Targets']).toMatchObject([
        {
          SqsParameters: { MessageGroupId: 'export/whole' },
          InputTransformer: { InputTemplate: '{"export":"whole","jobRun":<detail-jobRunId>}' },
        },
      ]);
    const queues = ofType(spark, 'AWS::SQS::Queue').map(([, { Properties }]) => Properties);
    const queue = queues.find(({ QueueName }) => QueueName === 'branchline-exports.fifo');
    expect(queue?.['ContentBasedDeduplication']).toBe(true);
  });

  test('raises an alarm where a run fails', () => {
    const alarms = ofType(spark, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties);
    const found = alarms.filter(({ MetricName }) => MetricName === 'TriggeredRules');
    expect(found.map(({ Dimensions }) => asText(Dimensions))).toEqual([
      expect.stringContaining('Failedwhole'),
      expect.stringContaining('Failedsmall'),
    ]);
  });

  test('is on the dashboard', () => {
    const [[, dashboard] = ['', undefined]] = ofType(spark, 'AWS::CloudWatch::Dashboard');
    const body = asText(dashboard?.Properties['DashboardBody']);
    expect(body).toContain('Exports by Spark');
    for (const label of ['whole: ended', 'whole: failed', 'small: failed']) expect(body).toContain(label);
    const [[, plain] = ['', undefined]] = ofType(template, 'AWS::CloudWatch::Dashboard');
    expect(asText(plain?.Properties['DashboardBody'])).not.toContain('Exports by Spark');
  });

  test('is there beside the state machine with `auto`, and alone with `spark`', () => {
    expect(ofType(spark, 'AWS::StepFunctions::StateMachine')).toHaveLength(1);
    const reached = grantsOf(spark).filter(
      ({ role, resource }) => role === '<ExportsMapRole>' && resource.startsWith('arn:aws:s3:::'),
    );
    // What Spark alone copies is none of the state machine's business.
    expect(new Set(reached.map(({ resource }) => resource))).toEqual(
      new Set(['arn:aws:s3:::elsewhere', 'arn:aws:s3:::elsewhere/_branchline/exports/*']),
    );
    expect(ofType(template, 'AWS::Glue::Job')).toEqual([]);
  });
});

test('alarms tell of an export that is behind or failed', () => {
  const metrics = ofType(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => Properties['MetricName']);
  expect(metrics).toContain('ExportLagSeconds');
  expect(metrics).toContain('FailedExports');
  expect(metrics).toContain('ExecutionsFailed');
  expect(metrics).toContain('ExecutionsTimedOut');
});
