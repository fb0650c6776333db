import { describe, expect, it } from 'vitest';
import { parseConfig as parseCompiled } from '../../../lambdas/adapters/config.ts';
import { compileConfig } from '../../../lib/config/compile.ts';
import { faultsOf, HEAD, parse } from './sample.ts';

const tables = (...lines: string[]): string => `${HEAD}    tables:\n${lines.map((line) => `      ${line}\n`).join('')}`;
const SALES = 'path: sales/, partitionColumns: [Day, hour], database: lake, columns: { id: bigint }';

describe('a table that names a database', () => {
  it('is published, and the functions read the same', () => {
    const compiled = compileConfig(parse(tables(`My-Sales: { ${SALES}, partitionTypes: { Day: date } }`)));
    expect(compiled.repositories[0]?.tables[0]?.publish).toEqual({
      ...{ database: 'lake', tableName: 'my_sales', target: 'main', format: 'parquet' },
      ...{ columns: [{ name: 'id', type: 'bigint' }], partitionTypes: { Day: 'date' } },
      ...{ publisher: 'both', historySeconds: 7 * 86_400 },
    });
    expect(parseCompiled(JSON.stringify(compiled), 's3://b/k')).toEqual(compiled);
  });

  it('names where its files lie, where Lake Formation is to vend rights on them', () => {
    const text = tables(`t: { ${SALES} }`).replace('    tables:', '    lakeFormation: true\n    tables:');
    const compiled = compileConfig(parse(text));
    expect(compiled.repositories[0]?.tables[0]?.publish?.filesBelow).toMatch(/^s3:\/\/[^ ]+\/$/);
    expect(parseCompiled(JSON.stringify(compiled), 's3://b/k')).toEqual(compiled);
  });

  it('keeps the order of its columns', () => {
    const text = tables(
      't: { path: t/, database: d, columns: { z: int, a: "array<struct<x:int>>", m: "decimal(10,2)" } }',
    );
    const columns = compileConfig(parse(text)).repositories[0]?.tables[0]?.publish?.columns;
    expect(columns?.map(({ name }) => name)).toEqual(['z', 'a', 'm']);
  });
});

describe('a table that does not say how it is shown', () => {
  const shown = (line: string, collection = '') =>
    compileConfig(parse(tables(line).replace('    tables:', `${collection}    tables:`))).repositories[0]?.tables[0]
      ?.publish;

  it('is an Iceberg table with one of symlinks beside it where its files are Parquet, and one of symlinks else', () => {
    expect(shown(`t: { ${SALES} }`)).toMatchObject({ publisher: 'both' });
    for (const format of ['orc', 'json', 'csv']) {
      const text = shown(`t: { ${SALES}, format: ${format} }`);
      expect(text).not.toHaveProperty('publisher');
      expect(text).not.toHaveProperty('historySeconds');
    }
    expect(shown(`t: { ${SALES}, publish: symlink }`)).not.toHaveProperty('publisher');
  });

  it('has a history that garbage collection does not cut, whatever that keeps', () => {
    const keeping = (days: number) => `    garbageCollection: { defaultRetentionDays: ${String(days)} }\n`;
    expect(shown(`t: { ${SALES} }`, keeping(30))).toMatchObject({ historySeconds: 7 * 86_400 });
    expect(shown(`t: { ${SALES} }`, keeping(4))).toMatchObject({ historySeconds: 3 * 86_400 });
    expect(faultsOf(tables(`t: { ${SALES}, history: 5d }`).replace('    tables:', `${keeping(4)}    tables:`))).toEqual(
      [expect.stringContaining('allowed: at most 3d')],
    );
  });

  it('is told where its second name is another’s', () => {
    const named = tables(
      `a: { ${SALES} }`,
      'a_symlink: { path: b/, database: lake, columns: { id: int }, tableName: c }',
    );
    expect(faultsOf(named).join('\n')).toContain('found nothing, which is "both"; its symlink table is "a_symlink"');
  });
});

describe('tables that the repository describes', () => {
  const lake = (text: string): string => `${HEAD}    lakefsTables: { ${text} }\n`;

  it('are shown as one setting says, and the functions read the same', () => {
    const compiled = compileConfig(
      parse(lake('database: lake, target: staging, publish: both, history: 2d, sparkTable: { scheme: s3a }')),
    );
    expect(compiled.repositories[0]?.lakefsTables).toEqual({
      ...{ database: 'lake', target: 'staging', format: 'parquet', publisher: 'both', historySeconds: 172_800 },
      spark: { scheme: 's3a' },
    });
    expect(parseCompiled(JSON.stringify(compiled), 's3://b/k')).toEqual(compiled);
    expect(compileConfig(parse(lake('database: lake'))).repositories[0]?.lakefsTables).toEqual({
      ...{ database: 'lake', target: 'main', format: 'parquet', publisher: 'both', historySeconds: 7 * 86_400 },
    });
    expect(compileConfig(parse(HEAD)).repositories[0]).not.toHaveProperty('lakefsTables');
  });

  it.each([
    ['no database', 'target: main', 'database: found nothing'],
    ['a target that is none', 'database: d, target: dev', 'lakefsTables.target: found "dev"; allowed: a target of'],
    ['Iceberg of text', 'database: d, publish: iceberg, format: csv', 'lakefsTables.publish: found "iceberg"'],
    ['a scheme that is none', 'database: d, sparkTable: { scheme: hdfs }', 'lakefsTables.sparkTable: found {"scheme"'],
    ['history that is collected', 'database: d, publish: iceberg, history: 60d', 'lakefsTables.history: found "60d"'],
    ['a database of previews', 'database: branchline_preview_x', 'lakefsTables.database: found "branchline_preview_x"'],
  ])('refuse %s', (_, text, fault) => {
    expect(faultsOf(lake(text)).join('\n')).toContain(fault);
  });

  it('are kept apart from those of another repository', () => {
    const other = '  sea: { storageNamespace: s3://bucket/sea, lakefsTables: { database: lake } }\n';
    expect(faultsOf(`${lake('database: lake')}${other}`).join('\n')).toContain(
      'repositories.sea.lakefsTables.database: found "lake"; the described tables of repository "lake" are shown there',
    );
  });
});

it('without one is not published', () => {
  expect(compileConfig(parse(tables('t: { path: t/ }'))).repositories[0]?.tables[0]).not.toHaveProperty('publish');
});

it.each([
  [
    'no columns of files that do not tell theirs',
    't: { path: t/, database: lake, format: json }',
    'columns: found nothing',
  ],
  [
    'a strange type',
    't: { path: t/, database: lake, columns: { id: number } }',
    'found "number"; allowed: a type of Glue',
  ],
  [
    'a database of previews',
    't: { path: t/, database: branchline_preview_x, columns: { id: int } }',
    'are those of previews',
  ],
  ['a name that Glue does not take', 't: { path: t/, database: My Lake, columns: { id: int } }', 'found "My Lake"'],
  [
    'a target that is none',
    `t: { ${SALES}, target: dev }`,
    'found "dev"; allowed: a target of the repository: main, staging',
  ],
  [
    'a type of no partition column',
    `t: { ${SALES}, partitionTypes: { day: date } }`,
    'found "day"; allowed: a partition column',
  ],
  [
    'a column twice',
    `t: { path: t/, partitionColumns: [Day], database: d, columns: { day: int } }`,
    'is a partition column already',
  ],
  [
    'partition columns that differ in case',
    't: { path: t/, partitionColumns: [Day, day], database: d, columns: { id: int } }',
    'each once whatever its case',
  ],
  [
    'Iceberg of no Parquet',
    't: { path: t/, database: d, format: csv, columns: { id: int }, publish: both }',
    'allowed: symlink',
  ],
  [
    'a table for Spark of none in Glue',
    't: { path: t/, sparkTable: true }',
    'sparkTable: found true; allowed: false for a table that names no database',
  ],
  [
    'a scheme that is none of lakeFS',
    `t: { ${SALES}, sparkTable: { scheme: s3 } }`,
    'found {"scheme":"s3"}; allowed: true, false',
  ],
  [
    'a history that garbage collection would cut',
    `t: { ${SALES}, publish: iceberg, history: 28d }`,
    'allowed: at most 27d',
  ],
  [
    'the name of the view of published snapshots',
    `t: { ${SALES}, publish: iceberg, tableName: published_lake_main }`,
    'it is the name of the view of published snapshots',
  ],
])('%s is told', (_, line, told) => {
  expect(faultsOf(tables(line)).join('\n')).toContain(told);
});

it('shown in both ways has two names in Glue, and no other table may have them', () => {
  const shown = compileConfig(parse(tables(`a: { ${SALES}, publish: both, history: 2d }`)));
  expect(shown.repositories[0]?.tables[0]?.publish).toMatchObject({ publisher: 'both', historySeconds: 172_800 });
  expect(parseCompiled(JSON.stringify(shown), 's3://b/k')).toEqual(shown);
  const other = SALES.replace('sales/', 'b/');
  const twice = tables(`a: { ${SALES}, publish: both }`, `b: { ${other}, tableName: a_symlink }`);
  expect(faultsOf(twice).join('\n')).toContain('shown as lake.a_symlink; so is table "a"');
  const named = tables(`a: { ${SALES}, publish: both }`, `a_symlink: { ${other}, tableName: c }`);
  expect(faultsOf(named).join('\n')).toContain('its symlink table is "a_symlink"');
});

it.each([
  ['true', { scheme: 'lakefs' }],
  ['{}', { scheme: 'lakefs' }],
  ['{ scheme: s3a, pin: true }', { scheme: 's3a', pin: true }],
])('with sparkTable: %s has a table for Spark', (written, spark) => {
  const compiled = compileConfig(parse(tables(`a: { ${SALES}, sparkTable: ${written} }`)));
  expect(compiled.repositories[0]?.tables[0]?.publish?.spark).toEqual(spark);
  expect(parseCompiled(JSON.stringify(compiled), 's3://b/k')).toEqual(compiled);
});

it('without sparkTable is compiled as before', () => {
  const compiled = compileConfig(parse(tables(`a: { ${SALES}, sparkTable: false }`)));
  expect(compiled.repositories[0]?.tables[0]?.publish).not.toHaveProperty('spark');
});

it('the table for Spark has a name in Glue, and no other table may have it', () => {
  const other = SALES.replace('sales/', 'b/');
  const twice = tables(`b: { ${other}, tableName: a_spark }`, `a: { ${SALES}, sparkTable: true }`);
  expect(faultsOf(twice).join('\n')).toContain('shown as lake.a_spark; so is table "b"');
  const named = tables(`a: { ${SALES}, sparkTable: true }`, `a_spark: { ${other}, tableName: c }`);
  expect(faultsOf(named).join('\n')).toContain('found true; its table for Spark is "a_spark", as another is');
  const both = tables(`a: { ${SALES}, publish: both, sparkTable: true }`, `c: { ${other}, tableName: a_symlink }`);
  expect(faultsOf(both).join('\n')).toContain('shown as lake.a_symlink; so is table "a"');
});

it('two tables of one name in Glue are told', () => {
  const text = tables(`a: { ${SALES}, tableName: same }`, `b: { ${SALES.replace('sales/', 'b/')}, tableName: same }`);
  expect(faultsOf(text).join('\n')).toContain('shown as lake.same; so is table "a"');
});
