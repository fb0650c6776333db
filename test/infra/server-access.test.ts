import { describe, expect, test } from 'vitest';
import {
  ADOPTED_TABLE,
  SERVER_VARIANT_NAMES,
  serverTemplateOf,
  serverTemplatesOf,
  special,
} from './server-template.ts';
import { type Grant, grantsOf } from './statements.ts';
import { ACCOUNT, asList, asText, ofType, REGION, type Template } from './template.ts';

/** The reviewed table: what each role and policy of the plain server may do. A change here is a change of its rights. */
const BUCKET = [
  's3:GetBucketLocation on <StorageBucket>',
  's3:ListBucket on <StorageBucket>',
  's3:ListBucketMultipartUploads on <StorageBucket>',
];
const OBJECTS = ['AbortMultipartUpload', 'GetObject', 'ListMultipartUploadParts', 'PutObject'].map(
  (action) => `s3:${action} on <StorageBucket>/*`,
);
const KEY = ['kms:Decrypt on <StorageKey>', 'kms:GenerateDataKey on <StorageKey>'];
const SECRET = (id: string): string[] => [
  `secretsmanager:DescribeSecret on <${id}>`,
  `secretsmanager:GetSecretValue on <${id}>`,
];
const RIGHTS: Readonly<Record<string, readonly string[]>> = {
  TaskRole: [...BUCKET, ...OBJECTS, ...KEY],
  TaskDefinitionExecutionRole: [
    'kms:Decrypt on <SecretsKey>',
    ...['CreateLogStream', 'PutLogEvents'].map((action) => `logs:${action} on <TaskLog>`),
    ...['PostgresStoreInstanceSecretAttachment', 'SecretsCredentials', 'SecretsEncryption', 'SecretsSigning'].flatMap(
      SECRET,
    ),
  ],
  NetworkVpcFlowLogIAMRole: [
    ...['CreateLogStream', 'DescribeLogStreams', 'PutLogEvents'].map((action) => `logs:${action} on <NetworkFlowLog>`),
  ],
  PoliciesJobs: [
    ...['catalog', 'connection/branchline-lakefs-1', 'connection/branchline-lakefs-2'].map(
      (resource) => `glue:GetConnection on arn:aws:glue:${REGION}:${ACCOUNT}:${resource}`,
    ),
    'kms:Decrypt on <SecretsKey>',
    'secretsmanager:GetSecretValue on <SecretsCredentials>',
  ],
  PoliciesAnalysts: [
    'kms:Decrypt on <StorageKey>',
    's3:GetBucketLocation on <StorageBucket>',
    's3:GetObject on <StorageBucket>/*',
    's3:ListBucket on <StorageBucket>',
  ],
};

const short = (role: string): string => role.replace(/^<(.*)>$/, '$1').replace(/[0-9A-F]{8}$/, '');
const rightsIn = (template: Template): Map<string, string[]> => {
  const found = new Map<string, string[]>();
  for (const { role, action, resource } of grantsOf(template))
    found.set(short(role), [...(found.get(short(role)) ?? []), `${action} on ${resource}`]);
  return found;
};

describe('each role and policy may do what the reviewed table says, and nothing else', () => {
  const found = rightsIn(special('plain'));

  test.each(Object.keys(RIGHTS))('%s', (role) => {
    expect(new Set(found.get(role))).toEqual(new Set(RIGHTS[role]));
  });

  test('there are no others', () => {
    expect([...found.keys()].toSorted()).toEqual(Object.keys(RIGHTS).toSorted());
  });
});

const ofTasks = (template: Template): Grant[] => grantsOf(template).filter(({ role }) => short(role) === 'TaskRole');

test('with DynamoDB the tasks may use the items of the one table, and neither make nor remove tables', () => {
  const grants = ofTasks(special('dynamodb')).filter(({ action }) => action.startsWith('dynamodb:'));
  expect(new Set(grants.map(({ resource }) => resource))).toEqual(new Set(['<DynamodbStoreTable>']));
  expect(grants.map(({ action }) => action.replace('dynamodb:', '')).toSorted()).toEqual(
    'BatchGetItem BatchWriteItem DeleteItem DescribeTable GetItem PutItem Query Scan UpdateItem'.split(' '),
  );
});

test('what an earlier deployment left is reached by its name, and by nothing wider', () => {
  const resources = new Set(ofTasks(special('adopting')).map(({ resource }) => resource));
  expect([...resources].toSorted()).toEqual([
    ADOPTED_TABLE,
    `arn:aws:kms:${REGION}:${ACCOUNT}:key/12345678-1234-1234-1234-123456789011`,
    'arn:aws:s3:::my-lake',
    'arn:aws:s3:::my-lake/*',
  ]);
});

test('an image in ECR may be pulled, from its one repository', () => {
  const grants = grantsOf(special('endpoints')).filter(({ action }) => action.startsWith('ecr:'));
  const wide = grants.filter(({ resource }) => resource === '*').map(({ action }) => action);
  expect(wide).toEqual(['ecr:GetAuthorizationToken']);
  expect(new Set(grants.map(({ resource }) => resource))).toEqual(
    new Set(['*', `arn:aws:ecr:${REGION}:${ACCOUNT}:repository/lakefs`]),
  );
  expect(grantsOf(special('plain')).filter(({ action }) => action.startsWith('ecr:'))).toEqual([]);
});

describe.each(SERVER_VARIANT_NAMES)('%s', (variant) => {
  const template = serverTemplateOf(variant);
  const grants = grantsOf(template);

  test('no action is a wildcard; resources are, for the objects of the bucket and where AWS knows none', () => {
    expect(grants.filter(({ action }) => action.includes('*'))).toEqual([]);
    const wide = grants.filter(
      ({ action, resource }) =>
        resource.includes('*') &&
        !/^(<StorageBucket>|arn:aws:s3:::my-lake)\/\*$/.test(resource) &&
        action !== 'ecr:GetAuthorizationToken',
    );
    expect(wide).toEqual([]);
  });

  test('nobody may delete an object, and nobody is a user with keys', () => {
    expect(grants.filter(({ action }) => /^s3:.*(Delete|Acl|Policy)/i.test(action))).toEqual([]);
    for (const type of ['AWS::IAM::User', 'AWS::IAM::AccessKey', 'AWS::IAM::Group'])
      expect(ofType(template, type)).toEqual([]);
  });

  test('every role is assumed by one service', () => {
    for (const [id, { Properties }] of ofType(template, 'AWS::IAM::Role')) {
      const principals = JSON.stringify(Properties['AssumeRolePolicyDocument']).match(/[a-z-]+\.amazonaws\.com/g);
      expect(principals, id).toHaveLength(1);
    }
  });

  test('managed policies of AWS: the one of AWS Backup', () => {
    const attached = ofType(template, 'AWS::IAM::Role').flatMap(([, { Properties }]) =>
      asList(Properties['ManagedPolicyArns']).map(asText),
    );
    expect(attached).toEqual(['arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup']);
  });

  test('jobs have no right on the bucket or its key', () => {
    const jobs = grants.filter(({ role }) => short(role) === 'PoliciesJobs');
    expect(jobs.length).toBeGreaterThan(3);
    expect(jobs.filter(({ action, resource }) => action.startsWith('s3:') || /Storage|my-lake/.test(resource))).toEqual(
      [],
    );
  });
});

test('the control plane reads the secret of this server with its key, and runs in its network', () => {
  const { controlPlane } = serverTemplatesOf('plain');
  const grants = grantsOf(controlPlane);
  const readers = grants.filter(({ action }) => action === 'secretsmanager:GetSecretValue');
  const isStorage = (resource: string): boolean => /Storage/.test(resource);
  const decrypting = grants.filter(
    ({ action, resource }) => action === 'kms:Decrypt' && resource !== '<SnapshotsKey>' && !isStorage(resource),
  );
  // Drills copy lakeFS's own files in the bucket of this server; nobody else of the control plane reads or writes there.
  const storing = grants.filter(({ action, resource }) => action.startsWith('kms:') && isStorage(resource));
  expect(storing.map(({ role, action }) => `${role} ${action}`)).toEqual([
    '<DrillRole> kms:Decrypt',
    '<DrillRole> kms:GenerateDataKey',
  ]);
  expect(readers.length).toBeGreaterThan(9);
  expect(decrypting.map(({ role }) => role).toSorted()).toEqual(readers.map(({ role }) => role).toSorted());
  for (const { resource } of readers) expect(resource).toMatch(/Lakefs:ExportsOutputRefSecretsCredentials/);
  for (const [id, { Properties }] of ofType(controlPlane, 'AWS::Lambda::Function')) {
    if (typeof Properties['FunctionName'] !== 'string') continue;
    expect(JSON.stringify(Properties['VpcConfig']), id).toMatch(/NetworkFunctions.*privateSubnet1.*privateSubnet2/);
  }
});

test('snapshots back up the database of this server, and no other; with DynamoDB there is nothing to call', () => {
  const of = (variant: 'plain' | 'dynamodb') =>
    grantsOf(serverTemplatesOf(variant).controlPlane)
      .filter(({ action }) => action.startsWith('rds:'))
      .map(({ action, resource }) => `${action} on ${resource.replace(/<Ssm[^>]*>/, '<the instance>')}`);
  const at = 'arn:aws:rds:eu-west-1:111122223333';
  expect(of('plain')).toEqual([
    `rds:CreateDBSnapshot on ${at}:db:<the instance>`,
    ...['CreateDBSnapshot', 'AddTagsToResource', 'DescribeDBSnapshots', 'DeleteDBSnapshot'].map(
      (action) => `rds:${action} on ${at}:snapshot:branchline-*`,
    ),
    // rotate-credentials makes one before it begins, and removes none.
    `rds:CreateDBSnapshot on ${at}:db:<the instance>`,
    ...['CreateDBSnapshot', 'AddTagsToResource', 'DescribeDBSnapshots'].map(
      (action) => `rds:${action} on ${at}:snapshot:branchline-*`,
    ),
    // restore looks, and nothing else.
    ...['DescribeDBInstances', 'DescribeDBSnapshots'].map((action) => `rds:${action} on ${at}:db:<the instance>`),
    `rds:DescribeDBSnapshots on ${at}:snapshot:*`,
    `rds:DescribeDBInstanceAutomatedBackups on ${at}:auto-backup:*`,
  ]);
  expect(of('dynamodb')).toEqual([]);
  const looks = grantsOf(serverTemplatesOf('dynamodb').controlPlane).filter(
    ({ action, resource }) => action.startsWith('dynamodb:') && !resource.startsWith('<Ledger'),
  );
  expect(looks.map(({ action, resource }) => `${action} on ${resource.replace(/<Ssm[^>]*>/, '<the table>')}`)).toEqual([
    'dynamodb:DescribeContinuousBackups on <the table>',
    'dynamodb:DescribeTable on <the table>',
    'dynamodb:ListBackups on *',
  ]);
});
