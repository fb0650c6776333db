import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { PUBLICATION_LEASE_MS } from '../../lambdas/domain/catalog/publication.ts';
import { catalogRequest } from '../../lambdas/payloads.ts';
import { functionsOf, grantsOf } from './statements.ts';
import { ACCOUNT, ofType, REGION, synth, templateOf, VARIANTS } from './template.ts';

const table = (name: string, database: string): string =>
  `      ${name}: { path: ${name}/, database: ${database}, columns: { id: int }, publish: symlink }\n`;
const withTables = (tables: readonly string[]) =>
  synth(
    VARIANTS.plain.replace(
      'lake: { storageNamespace: "s3://bucket/lake" }',
      `lake:\n    storageNamespace: s3://bucket/lake\n    tables:\n${tables.join('').trimEnd()}`,
    ),
    { comply: true },
  );
const tablesWritten = (template: ReturnType<typeof withTables>): string[] => {
  const role = functionsOf(template).find(({ name }) => name === 'branchline-refresh-catalog')?.role;
  const written = grantsOf(template).filter((grant) => grant.role === role && grant.action === 'glue:UpdateTable');
  return written.map(({ resource }) => resource.replace(`arn:aws:glue:${REGION}:${ACCOUNT}:`, '')).toSorted();
};

const conditionOf = (template: ReturnType<typeof templateOf>, sid = 'OnlyBranchlineWritesIceberg') => {
  const statement = z.looseObject({ Sid: z.string().optional(), Effect: z.string() });
  const policy = z.object({ PolicyDocument: z.object({ Statement: z.array(statement) }) });
  return ofType(template, 'AWS::S3::BucketPolicy')
    .flatMap(([, { Properties }]) => policy.parse(Properties).PolicyDocument.Statement)
    .find(({ Sid }) => Sid === sid);
};

test('nobody but refresh-catalog writes or removes metadata of Iceberg tables, whatever rights he has', () => {
  expect(conditionOf(templateOf('plain'))).toMatchObject({
    ...{
      Effect: 'Deny',
      Principal: { AWS: '*' },
      Action: ['s3:PutObject', 's3:DeleteObject', 's3:DeleteObjectVersion'],
    },
    Condition: {
      ArnNotEquals: { 'aws:PrincipalArn': { 'Fn::GetAtt': [expect.stringContaining('RefreshCatalog'), 'Arn'] } },
    },
  });
});

test('kept footers go after a day, and nobody but settle-run puts any there', () => {
  const template = templateOf('plain');
  expect(conditionOf(template, 'OnlyBranchlineKeepsFooters')).toMatchObject({
    ...{ Effect: 'Deny', Principal: { AWS: '*' }, Action: 's3:PutObject' },
    Condition: {
      ArnNotEquals: { 'aws:PrincipalArn': { 'Fn::GetAtt': [expect.stringContaining('SettleRun'), 'Arn'] } },
    },
  });
  const bucket = ofType(template, 'AWS::S3::Bucket').find(([id]) => id.startsWith('CatalogManifests'));
  expect(bucket?.[1].Properties).toMatchObject({
    LifecycleConfiguration: { Rules: [{ Prefix: 'footers/', Status: 'Enabled', ExpirationInDays: 1 }] },
  });
});

describe('refresh-catalog writes', () => {
  test('the tables that are published, in their databases', () => {
    const template = withTables([table('a', 'one'), table('b', 'two'), '      c: { path: c/ }\n']);
    expect(tablesWritten(template)).toEqual(['catalog', 'database/one', 'database/two', 'table/one/a', 'table/two/b']);
  });

  test('both tables of one that is shown twice, as those of Parquet are unless they say otherwise', () => {
    const both = '      a: { path: a/, database: one, columns: { id: int } }\n';
    expect(tablesWritten(withTables([both]))).toEqual([
      'catalog',
      'database/one',
      'table/one/a',
      'table/one/a_symlink',
    ]);
  });

  test('any table of the database of those that the repository describes', () => {
    const described = [table('a', 'one'), '    lakefsTables: { database: two }\n'];
    expect(tablesWritten(withTables(described))).toEqual([
      ...['catalog', 'database/one', 'database/two', 'table/one/a', 'table/two/*'],
    ]);
  });

  test('the view of snapshots that belong together, where a target has several Iceberg tables', () => {
    const iceberg = ['a', 'b'].map(
      (name) => `      ${name}: { path: ${name}/, database: one, columns: { id: int }, publish: iceberg }\n`,
    );
    expect(tablesWritten(withTables(iceberg))).toEqual([
      ...['catalog', 'database/one', 'table/one/a', 'table/one/b', 'table/one/published_lake_main'],
    ]);
    expect(tablesWritten(withTables(iceberg.slice(1)))).not.toContain('table/one/published_lake_main');
  });

  test('the table for Spark beside one, and may remove it, also where none is configured', () => {
    const removed = (template: ReturnType<typeof withTables>): string[] =>
      grantsOf(template)
        .filter(({ action }) => action === 'glue:DeleteTable')
        .map(({ resource }) => resource.replace(`arn:aws:glue:${REGION}:${ACCOUNT}:`, ''))
        .toSorted();
    const spark = '      a: { path: a/, database: one, columns: { id: int }, publish: symlink, sparkTable: true }\n';
    const template = withTables([spark, table('b', 'two')]);
    expect(tablesWritten(template)).toEqual([
      ...['catalog', 'database/one', 'database/two', 'table/one/a', 'table/one/a_spark', 'table/two/b'],
    ]);
    expect(removed(template)).toEqual([
      ...['catalog', 'database/one', 'database/two', 'table/one/a_spark', 'table/two/b_spark'],
    ]);
    const many = Array.from({ length: 21 }, (_, i) => table(`t${String(i)}`, 'one'));
    expect(removed(withTables(many))).toEqual(['catalog', 'database/*', 'table/*/*_spark']);
    expect(removed(withTables([table('a', 'one'), '    lakefsTables: { database: two }\n']))).toEqual([
      ...['catalog', 'database/one', 'database/two', 'table/one/a_spark', 'table/two/*_spark'],
    ]);
  });

  test('by a pattern where they are too many to name', () => {
    const many = Array.from({ length: 21 }, (_, i) => table(`t${String(i)}`, 'one'));
    expect(tablesWritten(withTables(many))).toEqual(['catalog', 'database/one', 'table/one/*']);
    const wide = Array.from({ length: 21 }, (_, i) => table(`t${String(i)}`, `d${String(i)}`));
    expect(tablesWritten(withTables(wide))).toEqual(['catalog', 'database/*', 'table/*']);
  });

  test('and nobody else writes any', () => {
    const template = withTables([table('a', 'one')]);
    const writers = grantsOf(template)
      .filter(({ action, resource }) => action === 'glue:UpdateTable' && resource.includes(':table/one/'))
      .map(({ role }) => role);
    expect(new Set(writers).size).toBe(1);
  });

  test('previews, in databases of theirs, whose names no table of readers can have by chance', () => {
    const template = withTables([table('a', 'one')]);
    const role = functionsOf(template).find(({ name }) => name === 'branchline-catalog')?.role;
    const writes = grantsOf(template).filter((grant) => grant.role === role && grant.action === 'glue:UpdateTable');
    expect(writes.map(({ resource }) => resource.replace(`arn:aws:glue:${REGION}:${ACCOUNT}:`, '')).toSorted()).toEqual(
      [
        ...['catalog', 'database/branchline_preview_*', 'table/branchline_preview_*/*'],
        'userDefinedFunction/branchline_preview_*/*',
      ],
    );
  });
});

test('the clean-up reads all tables of the databases, writes none, and deletes manifests alone', () => {
  const template = withTables([table('a', 'one'), table('b', 'two')]);
  const role = functionsOf(template).find(({ name }) => name === 'branchline-sweep')?.role;
  const grants = grantsOf(template).filter((grant) => grant.role === role);
  const of = (action: string): string[] =>
    grants
      .filter((grant) => grant.action === action)
      .map(({ resource }) => resource.replace(`arn:aws:glue:${REGION}:${ACCOUNT}:`, ''))
      .toSorted();
  expect(of('glue:GetTables')).toEqual(['catalog', 'database/one', 'database/two', 'table/one/*', 'table/two/*']);
  expect(of('s3:DeleteObject')).toEqual(['<CatalogManifests>/symlinks/*']);
  expect(grants.filter(({ action }) => /^glue:(Batch|Update|Create|Delete)/.test(action))).toEqual([]);
});

test('refreshes: one at a time per target, and time-out < lease < visibility', () => {
  const template = templateOf('plain');
  const shape = z.looseObject({
    QueueName: z.string(),
    FifoQueue: z.boolean().optional(),
    VisibilityTimeout: z.number().optional(),
  });
  const queue = ofType(template, 'AWS::SQS::Queue')
    .map(([, { Properties }]) => shape.parse(Properties))
    .find(({ QueueName }) => QueueName === 'branchline-refreshes.fifo');
  const [, fn] =
    ofType(template, 'AWS::Lambda::Function').find(
      ([, { Properties }]) => Properties['FunctionName'] === 'branchline-refresh-catalog',
    ) ?? [];
  expect(queue?.FifoQueue).toBe(true);
  expect(Number(fn?.Properties['Timeout']) * 1000).toBeLessThan(PUBLICATION_LEASE_MS);
  expect(PUBLICATION_LEASE_MS).toBeLessThan((queue?.VisibilityTimeout ?? 0) * 1000);
});

test('the manifests stay when the stack goes, and nobody outside sees them', () => {
  const [[, bucket] = ['', undefined]] = ofType(templateOf('plain'), 'AWS::S3::Bucket');
  expect(bucket).toMatchObject({
    DeletionPolicy: 'Retain',
    Properties: { PublicAccessBlockConfiguration: { BlockPublicAcls: true, RestrictPublicBuckets: true } },
  });
});

test('analysts get a policy that reads published tables and their manifests, and can do nothing else', () => {
  const readersOf = (template: ReturnType<typeof withTables>) =>
    ofType(template, 'AWS::IAM::ManagedPolicy')
      .filter(([id]) => id.startsWith('CatalogReaders'))
      .flatMap(([, { Properties }]) => {
        const { PolicyDocument } = Properties as {
          PolicyDocument: { Statement: { Action: unknown; Resource: unknown }[] };
        };
        return PolicyDocument.Statement;
      });
  const actionsOf = (template: ReturnType<typeof withTables>) =>
    readersOf(template).flatMap(({ Action }) => [Action].flat().map(String));
  const published = withTables([table('a', 'one')]);
  expect(actionsOf(published)).toContain('glue:GetPartitions');
  expect(actionsOf(published).filter((action) => !/^(s3|glue):(Get|List|BatchGet)/.test(action))).toEqual([]);
  const resources = JSON.stringify(readersOf(published).map(({ Resource }) => Resource));
  expect(resources).toContain('symlinks/*');
  expect(resources).toContain('table/one/a');
  expect(resources).not.toContain('"*"');
  expect(actionsOf(templateOf('plain')).filter((action) => action.startsWith('glue:'))).toEqual([]);
});

test('heads are watched where that is wanted: a schedule asks the function of the catalog, and may do nothing else', () => {
  const watched = synth(`${VARIANTS.plain}schedules: { watch: 10s }\n`, { comply: true });
  const schedule = ofType(watched, 'AWS::Scheduler::Schedule').find(
    ([, { Properties }]) => Properties['Name'] === 'branchline-watch',
  );
  const target = z.looseObject({ Input: z.string() }).parse(schedule?.[1].Properties['Target']);
  expect(catalogRequest.parse(JSON.parse(target.Input))).toEqual({
    ...{ action: 'watch', everySeconds: 10, forSeconds: 58 },
  });
  const invoked = grantsOf(watched).filter(({ role }) => role.includes('WatchSchedule'));
  expect(invoked.map(({ action, resource }) => `${action} ${resource}`).toSorted()).toEqual([
    'lambda:InvokeFunction <AskCatalogFunction>',
    'sqs:SendMessage <SchedulesDeadLettersQueue>',
  ]);
  expect(JSON.stringify(templateOf('plain'))).not.toContain('branchline-watch');
});
