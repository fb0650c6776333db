import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FUNCTION, type FunctionName } from '../../lambdas/contract.ts';
import { functionsOf, grantsOf } from './statements.ts';
import {
  ACCOUNT,
  asList,
  asText,
  ofType,
  REGION,
  SECRET_ARN,
  synth,
  templateOf,
  VARIANT_NAMES,
  VARIANTS,
} from './template.ts';

/** The reviewed table: what each function may do, in the plain variant. A change here is a change of its rights. */
const READ_LEDGER = ['', '/index/job-run-index', '/index/recent-index', '/index/state-index'].flatMap((part) =>
  ['BatchGetItem', 'GetItem', 'Query'].map((action) => `dynamodb:${action} on <LedgerTable>${part}`),
);
const WRITE_LEDGER = ['dynamodb:PutItem on <LedgerTable>'];
const LAKEFS = [`secretsmanager:GetSecretValue on ${SECRET_ARN}`, 's3:GetObject on the configuration'];
const glue = (...actions: string[]): string[] =>
  ['customers', 'sales-*'].flatMap((job) =>
    actions.map((action) => `glue:${action} on arn:aws:glue:${REGION}:${ACCOUNT}:job/${job}`),
  );
const consume = (queue: string): string[] =>
  ['ChangeMessageVisibility', 'DeleteMessage', 'GetQueueAttributes', 'GetQueueUrl', 'ReceiveMessage'].map(
    (action) => `sqs:${action} on <${queue}>`,
  );
const send = (queue: string): string[] =>
  ['GetQueueAttributes', 'GetQueueUrl', 'SendMessage'].map((action) => `sqs:${action} on <${queue}>`);
const WAKE = send('PromotionsHopQueue');
const MANIFESTS = '<CatalogManifests>';
const REWIND = ['glue:ResetJobBookmark on *'];
/** How much lies in a queue, without a look at what. */
const count = (...queues: string[]): string[] =>
  queues.flatMap((queue) => ['GetQueueAttributes', 'GetQueueUrl'].map((action) => `sqs:${action} on <${queue}>`));
const GAUGES = count(
  ...['OpenHop', 'SettleHop', 'PromotionsHop', 'CatalogHop', 'ExportsHop'].flatMap((hop) => [
    `${hop}Queue`,
    `${hop}DeadLettersQueue`,
  ]),
  ...['PublishEventsDeadLettersQueue', 'SchedulesDeadLettersQueue'],
);
const WORKER = [...READ_LEDGER, ...WRITE_LEDGER, ...LAKEFS];
const DISCARDS = [...glue('GetJob', 'GetJobRun', 'GetJobRuns', 'StartJobRun'), ...REWIND];

const RIGHTS: Readonly<Record<FunctionName | 'provider framework', readonly string[]>> = {
  'start-run': [...WORKER, ...glue('GetJob', 'GetJobRuns', 'StartJobRun')],
  'claim-run': [...WORKER, ...glue('GetJob')],
  'open-run': [...WORKER, ...glue('GetJob', 'GetJobRun'), ...consume('OpenHopQueue')],
  'settle-run': [
    ...[...WORKER, ...DISCARDS, ...WAKE, ...consume('SettleHopQueue')],
    `s3:PutObject on ${MANIFESTS}/footers/*`,
  ],
  'promote-run': [...WORKER, ...DISCARDS, ...WAKE, ...consume('PromotionsHopQueue')],
  'resolve-run': [...WORKER, ...DISCARDS, ...WAKE],
  'refresh-catalog': [
    ...WORKER,
    ...send('CatalogHopQueue'),
    ...consume('CatalogHopQueue'),
    `s3:PutObject on ${MANIFESTS}/symlinks/*`,
    ...['Get', 'Put', 'Delete'].map((does) => `s3:${does}Object on ${MANIFESTS}/iceberg/*`),
    ...['Get', 'Delete'].map((does) => `s3:${does}Object on ${MANIFESTS}/footers/*`),
    `s3:ListBucket on ${MANIFESTS}`,
  ],
  catalog: [
    ...WORKER,
    ...send('CatalogHopQueue'),
    `s3:ListBucket on ${MANIFESTS}`,
    ...['s3:PutObject', 's3:DeleteObject'].map((action) => `${action} on ${MANIFESTS}/previews/*`),
    ...[
      ...['CreateDatabase', 'DeleteDatabase', 'CreateTable', 'GetTable', 'UpdateTable', 'GetPartitions'],
      ...['BatchGetPartition', 'BatchCreatePartition', 'BatchUpdatePartition', 'BatchDeletePartition'],
    ].flatMap((action) =>
      [
        ...['catalog', 'database/branchline_preview_*', 'table/branchline_preview_*/*'],
        'userDefinedFunction/branchline_preview_*/*',
      ].map((resource) => `glue:${action} on arn:aws:glue:${REGION}:${ACCOUNT}:${resource}`),
    ),
    `s3:GetObject on ${MANIFESTS}/iceberg/*`,
  ],
  snapshot: [
    ...WORKER,
    ...['GetObject', 'PutObject', 'DeleteObject'].map((action) => `s3:${action} on <SnapshotsBackups>/backups/*`),
    's3:ListBucket on <SnapshotsBackups>',
    ...['Decrypt', 'GenerateDataKey'].map((action) => `kms:${action} on <SnapshotsKey>`),
  ],
  sweep: [
    ...[...WORKER, ...DISCARDS, ...send('CatalogHopQueue')],
    ...[`s3:DeleteObject on ${MANIFESTS}/symlinks/*`, `s3:ListBucket on ${MANIFESTS}`],
  ],
  rollback: [...WORKER, ...DISCARDS, ...WAKE, ...send('CatalogHopQueue')],
  export: [...WORKER, ...send('ExportsHopQueue')],
  'run-exports': [...WORKER, ...send('ExportsHopQueue'), ...consume('ExportsHopQueue')],
  'copy-chunk': [...READ_LEDGER, 's3:GetObject on the configuration'],
  reconcile: [...WORKER, ...DISCARDS, ...WAKE, ...send('CatalogHopQueue'), ...send('ExportsHopQueue')],
  inspect: [...READ_LEDGER, ...LAKEFS, ...glue('GetJob'), ...GAUGES],
  'set-up': WORKER,
  // Without `lakefs.rotation` it can look, and change nothing.
  'rotate-credentials': WORKER,
  // Without the jar of lakeFS's client it can look at what Iceberg tables name, and begin nothing.
  'collect-garbage': [...WORKER, `s3:GetObject on ${MANIFESTS}/iceberg/*`],
  // Backups of its own, and the removal of what its scratch repositories leave: no row of the lake.
  drill: [
    ...WORKER,
    ...['GetObject', 'PutObject', 'DeleteObject'].map((action) => `s3:${action} on <SnapshotsBackups>/drills/*`),
    's3:ListBucket on <SnapshotsBackups>',
    ...['Decrypt', 'GenerateDataKey'].map((action) => `kms:${action} on <SnapshotsKey>`),
    's3:ListBucket on arn:aws:s3:::bucket',
    's3:DeleteObject on arn:aws:s3:::bucket/branchline-drills/*',
    // The newest backup of the lake is tried with lakeFS's own files.
    's3:GetObject on <SnapshotsBackups>/backups/*',
    's3:GetObject on arn:aws:s3:::bucket/lake/_lakefs/*',
    's3:PutObject on arn:aws:s3:::bucket/branchline-drills/*/_lakefs/*',
  ],
  // Where nothing is collected it looks at how the lake's bucket keeps versions, and can begin nothing.
  erase: [
    ...WORKER,
    ...WAKE,
    ...send('ExportsHopQueue'),
    ...['GetObject', 'PutObject'].map((action) => `s3:${action} on <SnapshotsBackups>/erasures/*`),
    's3:ListBucket on <SnapshotsBackups>',
    ...['Decrypt', 'GenerateDataKey'].map((action) => `kms:${action} on <SnapshotsKey>`),
    `s3:GetObject on ${MANIFESTS}/iceberg/*`,
    ...['GetBucketVersioning', 'GetLifecycleConfiguration', 'GetReplicationConfiguration'].map(
      (action) => `s3:${action} on arn:aws:s3:::bucket`,
    ),
  ],
  restore: [
    ...WORKER,
    's3:GetObject on <SnapshotsBackups>/backups/*',
    's3:ListBucket on <SnapshotsBackups>',
    'kms:Decrypt on <SnapshotsKey>',
  ],
  // Without a second region it can list and read backups, as who restores.
  replication: [
    ...WORKER,
    's3:GetObject on <SnapshotsBackups>/backups/*',
    's3:ListBucket on <SnapshotsBackups>',
    'kms:Decrypt on <SnapshotsKey>',
  ],
  'publish-events': [
    'events:PutEvents on <Bus>',
    ...send('CatalogHopQueue'),
    ...send('ExportsHopQueue'),
    ...send('PublishEventsDeadLettersQueue'),
    ...['DescribeStream', 'GetRecords', 'GetShardIterator', 'ListStreams'].map(
      (action) => `dynamodb:${action} on <LedgerTable.StreamArn>`,
    ),
  ],
  'provider framework': [
    'lambda:GetFunction on <SetUpFunction>',
    'lambda:InvokeFunction on <SetUpFunction>',
    'lambda:InvokeFunction on <SetUpFunction>:*',
  ],
};

const OWN_LOG = (name: string): string[] =>
  ['CreateLogStream', 'PutLogEvents'].map(
    (action) =>
      `logs:${action} on arn:aws:logs:${REGION}:${ACCOUNT}:log-group:/aws/lambda/branchline-${name}:log-stream:*`,
  );

const told = (resource: string): string =>
  /^arn:aws:s3:::cdk-hnb659fds-assets-\d+-[\w-]+\/[0-9a-f]{64}\.json$/.test(resource) ? 'the configuration' : resource;

describe('each function may do what the reviewed table says, and nothing else', () => {
  const template = templateOf('plain');
  const grants = grantsOf(template);

  test.each(functionsOf(template).map(({ name, role }) => [name.replace(/^branchline-/, ''), role]))(
    '%s',
    (name, role) => {
      const expected = [
        ...(RIGHTS[name as FunctionName] ?? ['no line in the reviewed table']),
        ...(name === 'provider framework' ? [] : OWN_LOG(name)),
      ];
      const found = grants.filter((grant) => grant.role === role);
      expect(new Set(found.map(({ action, resource }) => `${action} on ${told(resource)}`))).toEqual(new Set(expected));
    },
  );

  test('every function of the contract is there', () => {
    const names = functionsOf(template).map(({ name }) => name);
    expect(names.toSorted()).toEqual(
      [...Object.values(FUNCTION).map((name) => `branchline-${name}`), 'provider framework'].toSorted(),
    );
  });
});

/** Source: AWS Service Authorization Reference: these calls know no resource. */
const WITHOUT_RESOURCE = [
  'glue:ResetJobBookmark',
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
  ...['CreateLogDelivery', 'GetLogDelivery', 'UpdateLogDelivery', 'DeleteLogDelivery', 'ListLogDeliveries'].map(
    (action) => `logs:${action}`,
  ),
  ...['logs:PutResourcePolicy', 'logs:DescribeResourcePolicies', 'logs:DescribeLogGroups'],
  ...['PutTraceSegments', 'PutTelemetryRecords', 'GetSamplingRules', 'GetSamplingTargets'].map(
    (action) => `xray:${action}`,
  ),
];
const MAY_END_IN_STAR = [
  /^arn:aws:logs:[^*]+:log-stream:\*$/,
  /^arn:aws:glue:[^*]+:job\/[\w .:/*-]*\*[\w .:/*-]*$/,
  /^<SetUpFunction>:\*$/,
  /^<CatalogManifests>\/(?:symlinks|previews|iceberg|footers)\/\*$/,
  /^arn:aws:glue:[^*]+:(?:database|table|userDefinedFunction)\/\w+_preview_\*(?:\/\*)?$/,
  /^<SnapshotsBackups>\/(?:backups|drills|erasures)\/\*$/,
  /^arn:aws:s3:::bucket\/branchline-drills\/(?:\*\/_lakefs\/)?\*$/,
  /^arn:aws:s3:::bucket\/lake\/_lakefs\/\*$/,
  // lakeFS's two jobs: Glue names their logs; what they write lies beside the data, which one of them deletes.
  /^arn:aws:logs:[^*]+:log-group:\/aws-glue\/\*$/,
  /^arn:aws:s3:::bucket\/lake\/(?:data|_lakefs\/retention)\/\*$/,
  // The replication of the backup bucket.
  /^<SnapshotsBackups>\/\*$/,
  /^arn:aws:s3:::backups-there\/\*$/,
  /^arn:aws:kms:eu-central-1:\d{12}:key\/\*$/,
  // The lake’s namespace and the destination of the one export.
  /^arn:aws:s3:::(?:bucket\/lake|exports\/lake)\/\*$/,
  // Runs of exports, and the executions of their state machine.
  /^arn:aws:s3:::exports\/lake\/_branchline\/exports\/\*$/,
  /^arn:aws:states:[^*]+:execution:(?:branchline|second)-exports:\*$/,
];

describe.each(VARIANT_NAMES)('%s', (variant) => {
  const template = templateOf(variant);
  const grants = grantsOf(template);

  test('no action is a wildcard, and no resource where one can be named', () => {
    expect(grants.length).toBeGreaterThan(100);
    expect(grants.filter(({ action }) => action.includes('*') || !/^\w+:\w+$/.test(action))).toEqual([]);
    const wide = grants.filter(
      ({ action, resource }) =>
        resource.includes('*') &&
        !(resource === '*' && WITHOUT_RESOURCE.includes(action)) &&
        !MAY_END_IN_STAR.some((pattern) => pattern.test(resource)),
    );
    expect(wide).toEqual([]);
  });

  test('every role is assumed by one service, and every function has its own', () => {
    for (const [id, { Properties }] of ofType(template, 'AWS::IAM::Role')) {
      const principals = JSON.stringify(Properties['AssumeRolePolicyDocument']).match(/[a-z0-9]+\.amazonaws\.com/g);
      expect(principals, id).toHaveLength(1);
    }
    const roles = functionsOf(template).map(({ role }) => role);
    expect(new Set(roles).size).toBe(roles.length);
  });

  test('managed policies of AWS: the one that the CDK gives its own function', () => {
    const attached = ofType(template, 'AWS::IAM::Role').flatMap(([, { Properties }]) =>
      asList(Properties['ManagedPolicyArns']).map(asText),
    );
    expect(attached.filter((arn) => !arn.endsWith(':policy/service-role/AWSLambdaBasicExecutionRole'))).toEqual([]);
    expect(attached).toHaveLength(1);
  });

  test('a role’s policies stay below the 10,240 characters that IAM allows', () => {
    for (const [id, { Properties }] of ofType(template, 'AWS::IAM::Policy')) {
      expect(asText(JSON.stringify(Properties['PolicyDocument'])).length, id).toBeLessThan(10_240);
    }
  });
});

describe('the rights follow from what is configured', () => {
  test('a customer key may be used for the secret by those who read the secret', () => {
    const grants = grantsOf(templateOf('full'));
    const readers = grants.filter(({ action }) => action === 'secretsmanager:GetSecretValue').map(({ role }) => role);
    const ours = '<SnapshotsKey>';
    const decrypting = grants.filter(({ action, resource }) => action === 'kms:Decrypt' && resource !== ours);
    expect(decrypting.map(({ role }) => role).toSorted()).toEqual(readers.toSorted());
    expect(new Set(decrypting.map(({ resource }) => resource))).toEqual(
      new Set([`arn:aws:kms:${REGION}:${ACCOUNT}:key/1234`]),
    );
    const plain = grantsOf(templateOf('plain')).filter(({ action }) => action.startsWith('kms:'));
    expect(new Set(plain.map(({ resource }) => resource))).toEqual(new Set([ours]));
  });

  test('the secret is written by its rotation alone, and only where that is wanted', () => {
    const text = VARIANTS.plain.replace('secretArn:', 'rotation: { every: 30d }\n  secretArn:');
    const template = synth(text);
    const writes = grantsOf(template).filter(({ action }) => /^secretsmanager:(?!GetSecretValue)/.test(action));
    expect(new Set(writes.map(({ role }) => role)).size).toBe(1);
    expect(writes.map(({ action, resource }) => `${action} on ${resource}`).toSorted()).toEqual(
      ['DescribeSecret', 'PutSecretValue', 'UpdateSecretVersionStage'].map(
        (action) => `secretsmanager:${action} on ${SECRET_ARN}`,
      ),
    );
    // A snapshot first: backups are written by it, and removed by the function of snapshots alone.
    const backups = grantsOf(template).filter(
      ({ role, resource }) => role === writes[0]?.role && resource.includes('<SnapshotsBackups>'),
    );
    expect(new Set(backups.map(({ action }) => action))).toEqual(
      new Set(['s3:GetObject', 's3:PutObject', 's3:ListBucket']),
    );
    const [[, schedule] = []] = ofType(template, 'AWS::SecretsManager::RotationSchedule');
    expect(schedule?.Properties).toMatchObject({
      SecretId: SECRET_ARN,
      RotateImmediatelyOnUpdate: false,
      RotationRules: { ScheduleExpression: 'rate(30 days)', Duration: '4h' },
    });
    const [[, permission] = []] = ofType(template, 'AWS::Lambda::Permission').filter(([, { Properties }]) =>
      asText(Properties['Principal']).startsWith('secretsmanager'),
    );
    expect(permission?.Properties).toMatchObject({ SourceAccount: ACCOUNT, SourceArn: SECRET_ARN });
  });

  test('without a schedule a person may still ask for a rotation', () => {
    const template = synth(VARIANTS.plain.replace('secretArn:', 'rotation: { every: never }\n  secretArn:'));
    expect(ofType(template, 'AWS::SecretsManager::RotationSchedule')).toEqual([]);
    expect(grantsOf(template).filter(({ action }) => action === 'secretsmanager:PutSecretValue')).toHaveLength(1);
    expect(ofType(templateOf('plain'), 'AWS::SecretsManager::RotationSchedule')).toEqual([]);
  });

  test('who may restore may invoke that one function, by a policy that no role of the stack has', () => {
    const policies = ofType(templateOf('plain'), 'AWS::IAM::ManagedPolicy');
    const [id] = policies.find(([each]) => each.startsWith('RestoreRole')) ?? [];
    const grants = grantsOf(templateOf('plain')).filter(({ role }) => role === id);
    expect(grants.map(({ action, resource }) => `${action} on ${resource}`)).toEqual([
      'lambda:InvokeFunction on <RestoreFunction>',
    ]);
    const roles = JSON.stringify(ofType(templateOf('plain'), 'AWS::IAM::Role'));
    expect(roles).not.toContain(id);
  });

  test('network interfaces are made only where there is a VPC', () => {
    const makes = (variant: 'plain' | 'full') =>
      grantsOf(templateOf(variant)).filter(({ action }) => action === 'ec2:CreateNetworkInterface').length;
    expect(makes('plain')).toBe(0);
    expect(makes('full')).toBe(Object.keys(FUNCTION).length);
  });

  test('jobs may claim their run and read the secret and the job library', () => {
    const [id] =
      ofType(templateOf('plain'), 'AWS::IAM::ManagedPolicy').find(([each]) => each.startsWith('JobPolicy')) ?? [];
    const grants = grantsOf(templateOf('plain')).filter(({ role }) => role === id);
    const said = grants.map(({ action, resource }) => `${action} on ${resource.replace(/[0-9a-f]{64}/, '<digest>')}`);
    expect(said.toSorted()).toEqual([
      ...glue('GetJobRuns'),
      'lambda:InvokeFunction on <ClaimRunFunction>',
      `s3:GetObject on arn:aws:s3:::cdk-hnb659fds-assets-${ACCOUNT}-${REGION}/<digest>/branchline-0.1.0-py3-none-any.whl`,
      `secretsmanager:GetSecretValue on ${SECRET_ARN}`,
    ]);
  });
});

describe('no function may do what its code never asks for', () => {
  const ASKS: Readonly<Record<string, string>> = {
    getJob: 'glue:GetJob',
    getJobRun: 'glue:GetJobRun',
    listJobRuns: 'glue:GetJobRuns',
    startJobRun: 'glue:StartJobRun',
    resetJobBookmark: 'glue:ResetJobBookmark',
  };
  const root = join(import.meta.dirname, '..', '..', 'lambdas');

  /** Calls of `ports.glue`, `ports.promotions` and `ports.gauges` in a use case and in what it imports from other use cases. */
  const callsFrom = (file: string, seen = new Set<string>()): Set<string> => {
    if (seen.has(file)) return new Set();
    seen.add(file);
    const text = readFileSync(file, 'utf8');
    const calls = new Set(
      [...text.matchAll(/(?:ports\.(?:glue|promotions)|\bgauges)\.(\w+)/g)].map(([, call]) => call ?? ''),
    );
    for (const [, path = ''] of text.matchAll(/^import (?!type)[^;]*? from '(\.[^']+)'/gms)) {
      const next = resolve(dirname(file), path);
      if (next.includes('/usecases/')) for (const call of callsFrom(next, seen)) calls.add(call);
    }
    return calls;
  };

  test.each(Object.values(FUNCTION).filter((name) => name !== 'publish-events'))('%s', (name) => {
    const calls = callsFrom(join(root, 'usecases', `${name}.ts`));
    const asked = new Set([...calls].map((call) => ASKS[call]));
    const jobs = RIGHTS[name].filter((right) => !right.includes('_preview_') && !right.endsWith(':catalog'));
    const asks = jobs.map((right) => right.split(' on ')[0] ?? '');
    expect(asks.filter((action) => action.startsWith('glue:') && !asked.has(action))).toEqual([]);
    // What a drill rolls back has no runs: its use case of rollback is given promotions that wake nobody (scratch-ledger.ts).
    const wakes = calls.has('wake') && name !== 'drill';
    expect(RIGHTS[name].includes('sqs:SendMessage on <PromotionsHopQueue>')).toBe(wakes);
    const sees = RIGHTS[name].some((right) => right.startsWith('sqs:GetQueueUrl on <SchedulesDeadLetters'));
    expect(sees).toBe(calls.has('queueDepths'));
  });

  test('of previews: the calls of the adapter of Glue’s catalog', () => {
    const adapter = readFileSync(join(root, 'adapters', 'glue-catalog.ts'), 'utf8');
    const commands = [...adapter.matchAll(/new (\w+)Command\(/g)].map(([, name = '']) => `glue:${name}`);
    const paged = [...adapter.matchAll(/\bpaginate(\w+)\(/g)].map(([, name = '']) => `glue:${name}`);
    const given = RIGHTS.catalog.filter((right) => right.includes('_preview_')).map((right) => right.split(' on ')[0]);
    // Only clean-up looks at the tables of somebody else's making; tables of a preview go with its database.
    const others = ['glue:GetTables', 'glue:DeleteTable'];
    const needed = [...commands, ...paged].filter((action) => !others.includes(action));
    expect(new Set(given)).toEqual(new Set(needed));
  });

  test('of the ledger: the commands of its adapter', () => {
    const table = readFileSync(join(root, 'adapters', 'ledger', 'table.ts'), 'utf8');
    const commands = [...table.matchAll(/new (BatchGet|Get|Put|Query|Update|Delete|BatchWrite|TransactWrite)Command/g)];
    const needed = new Set(commands.map(([, name = '']) => `dynamodb:${name}${name === 'Query' ? '' : 'Item'}`));
    const given = new Set([...READ_LEDGER, ...WRITE_LEDGER].map((right) => right.split(' on ')[0]));
    expect(given).toEqual(needed);
  });
});
