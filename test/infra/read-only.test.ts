/** Query engines write and delete nothing of the lake: by the policy for their roles, and by the bucket policy that the documents give. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isDenied, type Statement, statementsOf } from './statements.ts';
import { ACCOUNT, REGION, synth, templateOf, VARIANTS } from './template.ts';

const LAKE = 'lake: { storageNamespace: "s3://bucket/lake" }';
const template = synth(
  VARIANTS.plain.replace(
    LAKE,
    'lake:\n    storageNamespace: s3://bucket/lake\n    tables:\n      a: { path: a/, database: one, columns: { id: int }, publish: iceberg }',
  ),
  { comply: true },
);
const statements = statementsOf(template, 'ReadOnly');
const table = (name: string): string => `arn:aws:glue:${REGION}:${ACCOUNT}:table/one/${name}`;
const METADATA = '<CatalogManifests>';

describe('the policy for roles of query engines denies', () => {
  // What writers and procedures of engines ask for: INSERT, DELETE, OPTIMIZE, VACUUM, DROP TABLE, expire_snapshots, remove_orphan_files.
  test.each([
    ['s3:DeleteObject', 'arn:aws:s3:::bucket/lake/data/abc'],
    ['s3:DeleteObjectVersion', 'arn:aws:s3:::bucket/lake/data/abc'],
    ['s3:PutObject', 'arn:aws:s3:::bucket/lake/data/new.parquet'],
    ['s3:DeleteObject', `${METADATA}/iceberg/lake/main/a/metadata/snap-1.avro`],
    ['s3:PutObject', `${METADATA}/symlinks/lake/main/a/x`],
    ['glue:UpdateTable', table('a')],
    ['glue:DeleteTable', table('a')],
    ['glue:BatchCreatePartition', table('a')],
    ['glue:DeleteDatabase', `arn:aws:glue:${REGION}:${ACCOUNT}:database/one`],
  ])('%s on %s', (action, resource) => expect(isDenied(statements, action, resource)).toBe(true));
});

describe('and leaves alone', () => {
  test.each([
    ['s3:GetObject', 'arn:aws:s3:::bucket/lake/data/abc'],
    ['s3:GetObject', `${METADATA}/iceberg/lake/main/a/metadata/snap-1.avro`],
    ['s3:PutObject', 'arn:aws:s3:::results/query-1.csv'],
    ['s3:PutObject', 'arn:aws:s3:::bucket/elsewhere/x'],
    ['glue:GetTable', table('a')],
    ['glue:UpdateTable', table('other')],
    ['glue:DeleteDatabase', `arn:aws:glue:${REGION}:${ACCOUNT}:database/other`],
    // Asked for with every call about a table: denied here, no table could be changed.
    ['glue:UpdateTable', `arn:aws:glue:${REGION}:${ACCOUNT}:catalog`],
    ['glue:UpdateTable', `arn:aws:glue:${REGION}:${ACCOUNT}:database/one`],
  ])('%s on %s', (action, resource) => expect(isDenied(statements, action, resource)).toBe(false));
});

test('it denies alone, and fits into a managed policy however many repositories there are', () => {
  expect(statements.every(({ Effect }) => Effect === 'Deny')).toBe(true);
  const many = Array.from(
    { length: 45 },
    (_, i) => `  rep-${String(i)}: { storageNamespace: "s3://bucket/name-${String(i)}" }`,
  );
  const large = synth(VARIANTS.plain.replace(LAKE, [LAKE, ...many].join('\n')));
  const found = statementsOf(large, 'ReadOnly');
  expect(JSON.stringify(found).length).toBeLessThan(6144);
  expect(isDenied(found, 's3:DeleteObject', 'arn:aws:s3:::bucket/name-44/data/a')).toBe(true);
  expect(statementsOf(templateOf('plain'), 'ReadOnly')).toHaveLength(1);
});

/** The recipe of docs/iceberg.md, with names filled in. */
const recipe = (): Statement & { readonly Condition: { readonly ArnNotLike: Record<string, readonly string[]> } } => {
  const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'iceberg.md'), 'utf8');
  const [, json = ''] = /```json\n(.*?)```/s.exec(page) ?? [];
  return JSON.parse(json.replaceAll('YOUR-LAKEFS-BUCKET', 'bucket')) as ReturnType<typeof recipe>;
};

describe('the bucket policy of the documents', () => {
  test('denies what engines would write and delete, to all but those that it names', () => {
    const denial = recipe();
    expect(denial).toMatchObject({ Effect: 'Deny', Principal: '*' });
    for (const action of ['s3:PutObject', 's3:DeleteObject', 's3:DeleteObjectVersion'])
      expect(isDenied([denial], action, 'arn:aws:s3:::bucket/lake/data/abc'), action).toBe(true);
    for (const action of ['s3:GetObject', 's3:ListBucket'])
      expect(isDenied([denial], action, 'arn:aws:s3:::bucket/lake/data/abc'), action).toBe(false);
    expect(Object.keys(denial.Condition)).toEqual(['ArnNotLike']);
    expect(denial.Condition.ArnNotLike['aws:PrincipalArn']).toContain('arn:aws:iam::ACCOUNT:role/ROLE-OF-LAKEFS');
  });
});
