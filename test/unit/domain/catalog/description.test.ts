import { describe, expect, it } from 'vitest';
import type { CompiledConfig, DescriptorSettings } from '../../../../lambdas/contract.ts';
import {
  arrange,
  type DescribedTable,
  type Description,
  descriptionsOf,
  inOrder,
  isDescription,
} from '../../../../lambdas/domain/catalog/description.ts';
import { parseDescription } from '../../../../lambdas/domain/catalog/description-file.ts';
import { glueTypeOf } from '../../../../lambdas/domain/catalog/spark-types.ts';

const parse = (text: string, isParquet = true) => parseDescription(new TextEncoder().encode(text), isParquet);

/** As lakeFS documents it. */
const ANIMALS = `name: animals
type: hive
path: path/to/animals/
partition_columns: ['year']
schema:
  type: struct
  fields:
    - name: year
      type: integer
      nullable: false
      metadata: {}
    - name: page
      type: string
      nullable: false
      metadata: {}
    - name: Site
      type: string
      nullable: true
      metadata:
        comment: a comment about this column
`;

describe('a file of _lakefs_tables/', () => {
  it('describes a table as lakeFS documents it', () => {
    expect(parse(ANIMALS)).toEqual({
      table: {
        ...{ name: 'animals', path: 'path/to/animals/', partitionColumns: ['year'], partitionTypes: { year: 'int' } },
        columns: [
          { name: 'page', type: 'string' },
          { name: 'site', type: 'string' },
        ],
      },
    });
  });
  it('may leave the columns of Parquet files to the files', () => {
    expect(parse('{ name: a, type: hive, path: /a }')).toEqual({
      table: { name: 'a', path: 'a/', partitionColumns: [], partitionTypes: {}, columns: [] },
    });
    expect(parse('{ name: a, type: hive, path: a }', false)).toEqual({
      why: expect.stringContaining('schema: found no'),
    });
  });
  it.each([
    ['Delta Lake', 'type: delta\nname: a\npath: a\n', { otherKind: 'delta' }],
    ['nothing', '', { why: 'type: expected hive, found nothing' }],
    ['no YAML', 'name: [', { why: expect.stringMatching(/^it is no YAML: /) }],
    ['two documents', 'type: hive\n---\ntype: hive\n', { why: expect.stringMatching(/^it is no YAML: /) }],
    ['no path', 'type: hive\nname: a\n', { why: 'path: expected string, found nothing' }],
    ['the whole repository', 'type: hive\nname: a\npath: /\n', { why: expect.stringMatching(/^path: found "\/"/) }],
    ['a URI', 'type: hive\nname: a\npath: "lakefs://lake/main/a"\n', { why: expect.stringMatching(/^path: found/) }],
    ['itself', 'type: hive\nname: a\npath: _lakefs_tables\n', { why: expect.stringMatching(/^path: found/) }],
    ['a name that is none', 'type: hive\nname: "a/b"\npath: a\n', { why: expect.stringMatching(/^name: found/) }],
    [
      'a type that is none',
      'type: hive\nname: a\npath: a\nschema: {type: struct, fields: [{name: B, type: metre}]}\n',
      { why: 'schema: column B: no type of Spark or Glue is called "metre"' },
    ],
    [
      'two columns of one name',
      'type: hive\nname: a\npath: a\nschema: {type: struct, fields: [{name: b, type: int}, {name: B, type: int}]}\n',
      { why: 'schema: two columns are called b' },
    ],
    [
      'a partition column twice',
      'type: hive\nname: a\npath: a\npartition_columns: [d, D]\n',
      { why: expect.stringMatching(/^partition_columns: found "D"/) },
    ],
  ])('says what it is where it describes %s', (_, text, found) => {
    expect(parse(text)).toEqual(found);
  });
  it('and brings down nobody who reads it', () => {
    expect(parseDescription(Uint8Array.from([0xff, 0xfe]), true)).toEqual({ why: 'it is no text in UTF-8' });
    expect(parse('['.repeat(100_000))).toEqual({ why: expect.stringMatching(/^it is no YAML: /) });
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefgh'.split('').map((key, i) => {
        const before = `*${'abcdefgh'[i] ?? ''}`;
        return `${key}: &${key} [${Array.from({ length: 9 }, () => before).join(',')}]`;
      }),
    ].join('\n');
    expect(parse(bomb)).toEqual({ why: expect.stringMatching(/^it is no YAML: /) });
  });
  it('is a YAML file in the directory itself', () => {
    expect(['_lakefs_tables/a.yaml', '_lakefs_tables/b.yml'].every(isDescription)).toBe(true);
    const others = ['_lakefs_tables/', '_lakefs_tables/a.json', '_lakefs_tables/iceberg/x.yaml', 'a.yaml'];
    expect(others.some(isDescription)).toBe(false);
  });
});

describe('types of Spark in the words of Glue', () => {
  const list = (elementType: unknown) => ({ type: 'array', elementType, containsNull: true });
  it.each([
    ['byte', 'tinyint'],
    ['short', 'smallint'],
    ['integer', 'int'],
    ['long', 'bigint'],
    ['bigint', 'bigint'],
    ['timestamp_ntz', 'timestamp'],
    ['decimal', 'decimal(10,0)'],
    ['decimal(12, 2)', 'decimal(12,2)'],
    ['varchar(10)', 'varchar(10)'],
    ['array<struct<A:long>>', 'array<struct<a:bigint>>'],
    [list('long'), 'array<bigint>'],
    [
      { type: 'map', keyType: 'string', valueType: list('double'), valueContainsNull: true },
      'map<string,array<double>>',
    ],
    [
      {
        type: 'struct',
        fields: [
          { name: 'A', type: 'date' },
          { name: 'b', type: { type: 'struct', fields: [{ name: 'c', type: 'byte' }] } },
        ],
      },
      'struct<a:date,b:struct<c:tinyint>>',
    ],
    [{ type: 'udt', class: 'x', sqlType: list('double') }, 'array<double>'],
  ])('%j is %s', (spark, glue) => {
    expect(glueTypeOf(spark)).toEqual({ type: glue });
  });
  it.each([
    ['a number that is too long', 'decimal(39,2)'],
    ['more behind the point than there are', 'decimal(2,3)'],
    ['an interval', 'interval day to second'],
    ['half a type', 'array<int'],
    ['nothing', undefined],
    ['a struct without fields', { type: 'struct', fields: [] }],
    ['a name with a colon', { type: 'struct', fields: [{ name: 'a:b', type: 'int' }] }],
    ['a type without end', Array.from({ length: 40 }).reduce((inner: unknown) => list(inner), 'int')],
    ['a text without end', `${'array<'.repeat(5000)}int${'>'.repeat(5000)}`],
  ])('%s is none', (_, spark) => {
    expect(glueTypeOf(spark)).toEqual({ why: expect.any(String) });
  });
});

describe('of tables that cannot all be shown', () => {
  const settings: DescriptorSettings = { database: 'db', target: 'main', format: 'parquet' };
  const config: CompiledConfig = {
    ...{ schemaVersion: 1, pipelines: [] },
    repositories: [
      {
        ...{ name: 'lake', storageNamespace: 's3://b/lake', defaultBranch: 'main', targets: ['main'] },
        garbageCollection: { defaultRetentionDays: 28, branches: {} },
        tables: [
          {
            ...{ name: 'Sales', path: 'sales/', partitionColumns: [], overwrite: 'partition', appendOnly: false },
            publish: { ...settings, tableName: 'sales', columns: [], partitionTypes: {}, publisher: 'both' },
          },
          { name: 'plain', path: 'plain/', partitionColumns: [], overwrite: 'partition', appendOnly: false },
        ],
        lakefsTables: settings,
      },
    ],
  };
  const described = (name: string, path = `${name}/`): DescribedTable => ({
    ...{ name, path, columns: [], partitionColumns: [], partitionTypes: {} },
  });
  const file = (name: string, table: DescribedTable): Description => ({
    ...{ file: `_lakefs_tables/${name}.yaml`, checksum: 'x', table },
  });
  const refusedIn = (...files: Description[]) =>
    Object.fromEntries(
      [...arrange(config, 'lake', settings, files).refused].map(([name, { message }]) => [name, message]),
    );

  it.each([
    [
      'has the name of a configured one, whatever its case',
      described('SALES', 'x/'),
      'it would be shown as db.sales; so is table "Sales" of branchline.yaml',
    ],
    [
      'has the name of the one beside it',
      described('sales_symlink', 'x/'),
      'it would be shown as db.sales_symlink; so is table "Sales" of branchline.yaml',
    ],
    [
      'lies in its place',
      described('other', 'sales/2026/'),
      'sales/2026/ overlaps sales/ of table "Sales" of branchline.yaml',
    ],
    [
      'has the name of the view',
      described('published_lake_main', 'x/'),
      'db.published_lake_main is the name of the view of published snapshots',
    ],
  ])('one that %s is refused', (_, table, why) => {
    expect(refusedIn(file('a', table))).toEqual({ '_lakefs_tables/a.yaml': `_lakefs_tables/a.yaml: ${why}` });
  });
  it('a configured one that readers do not find stands in nobody’s way', () => {
    expect(refusedIn(file('a', described('plain')))).toEqual({});
  });
  it('the one that is shown already stays, whatever the names of the files', () => {
    const [old, late] = [file('z', described('stock')), file('a', described('Stock'))];
    const shown = arrange(config, 'lake', settings, [old]).shown;
    expect(inOrder([late, old], shown)).toEqual([old, late]);
    expect(inOrder([old, late], new Map())).toEqual([late, old]);
    expect(Object.keys(refusedIn(old, late))).toEqual(['_lakefs_tables/a.yaml']);
    // Under another name it is as new as the other.
    const renamed = file('z', described('other'));
    expect(inOrder([renamed, late], shown)).toEqual([late, renamed]);
  });
  it('commits of other targets describe nothing', () => {
    expect(descriptionsOf(config, 'lake', 'main')).toBe(settings);
    expect(descriptionsOf(config, 'lake', 'dev')).toBeUndefined();
  });
});
