import type { SchemaElement } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { columnsOf } from '../../../../lambdas/domain/parquet/file-columns.ts';
import { parseFooter } from '../../../../lambdas/domain/parquet/footer.ts';
import { parquetFile } from './files.ts';

type Part = Partial<SchemaElement> & { readonly name: string };
/** A group is a list: its own entry and its fields. */
type Tree = Part | readonly [Part, ...Tree[]];

const flat = (tree: Tree): SchemaElement[] => {
  if (!Array.isArray(tree)) return [{ repetition_type: 'OPTIONAL', ...(tree as Part) }];
  const [own, ...fields] = tree as readonly [Part, ...Tree[]];
  return [{ repetition_type: 'OPTIONAL', ...own, num_children: fields.length }, ...fields.flatMap(flat)];
};
const read = (...fields: Tree[]) => columnsOf({ schema: flat([{ name: 'schema' }, ...fields]) }, 'f.parquet');
const typeOf = (field: Tree): string => {
  const { columns, leftOut } = read(field);
  return columns[0]?.type ?? `none: ${leftOut[0]?.why ?? ''}`;
};
const logical = (logical_type: SchemaElement['logical_type'], type: SchemaElement['type']): Part => ({
  name: 'x',
  ...(type === undefined ? {} : { type }),
  ...(logical_type === undefined ? {} : { logical_type }),
});
const repeated = (name: string, more: Partial<SchemaElement> = {}): Part => ({
  name,
  repetition_type: 'REPEATED',
  ...more,
});

describe('types without an annotation', () => {
  it.each([
    ['BOOLEAN', 'boolean'],
    ['INT32', 'int'],
    ['INT64', 'bigint'],
    ['INT96', 'timestamp'],
    ['FLOAT', 'float'],
    ['DOUBLE', 'double'],
    ['BYTE_ARRAY', 'binary'],
    ['FIXED_LEN_BYTE_ARRAY', 'binary'],
  ] as const)('%s is %s', (type, glue) => {
    expect(typeOf({ name: 'x', type })).toBe(glue);
  });
  it('one that is not known is left out', () => {
    expect(read({ name: 'x' })).toEqual({ columns: [], leftOut: [{ name: 'x', why: `Parquet's type "" is unknown` }] });
  });
});

describe('logical types', () => {
  const utc = { isAdjustedToUTC: true };
  it.each([
    [{ type: 'STRING' }, 'BYTE_ARRAY', 'string'],
    [{ type: 'ENUM' }, 'BYTE_ARRAY', 'string'],
    [{ type: 'JSON' }, 'BYTE_ARRAY', 'string'],
    [{ type: 'BSON' }, 'BYTE_ARRAY', 'binary'],
    [{ type: 'UUID' }, 'FIXED_LEN_BYTE_ARRAY', 'binary'],
    [{ type: 'GEOMETRY' }, 'BYTE_ARRAY', 'binary'],
    [{ type: 'GEOGRAPHY' }, 'BYTE_ARRAY', 'binary'],
    [{ type: 'DATE' }, 'INT32', 'date'],
    [{ type: 'TIMESTAMP', unit: 'MILLIS', ...utc }, 'INT64', 'timestamp'],
    [{ type: 'TIMESTAMP', unit: 'MICROS', ...utc }, 'INT64', 'timestamp'],
    [{ type: 'TIMESTAMP', unit: 'NANOS', isAdjustedToUTC: false }, 'INT64', 'timestamp'],
    [{ type: 'INTEGER', bitWidth: 8, isSigned: true }, 'INT32', 'tinyint'],
    [{ type: 'INTEGER', bitWidth: 16, isSigned: true }, 'INT32', 'smallint'],
    [{ type: 'INTEGER', bitWidth: 32, isSigned: true }, 'INT32', 'int'],
    [{ type: 'INTEGER', bitWidth: 64, isSigned: true }, 'INT64', 'bigint'],
    [{ type: 'INTEGER', bitWidth: 8, isSigned: false }, 'INT32', 'smallint'],
    [{ type: 'INTEGER', bitWidth: 16, isSigned: false }, 'INT32', 'int'],
    [{ type: 'INTEGER', bitWidth: 32, isSigned: false }, 'INT32', 'bigint'],
    [{ type: 'INTEGER', bitWidth: 64, isSigned: false }, 'INT64', 'decimal(20,0)'],
    [{ type: 'DECIMAL', precision: 9, scale: 2 }, 'INT32', 'decimal(9,2)'],
    [{ type: 'DECIMAL', precision: 18, scale: 0 }, 'INT64', 'decimal(18,0)'],
    [{ type: 'DECIMAL', precision: 38, scale: 38 }, 'FIXED_LEN_BYTE_ARRAY', 'decimal(38,38)'],
  ] as const)('%o of %s', (annotation, type, glue) => {
    expect(typeOf(logical(annotation, type))).toBe(glue);
  });
  it.each([
    [{ type: 'DECIMAL', precision: 39, scale: 2 }, 'FIXED_LEN_BYTE_ARRAY', /decimal\(39,2\)/],
    [{ type: 'DECIMAL', precision: 2, scale: 3 }, 'INT32', /decimal\(2,3\)/],
    [{ type: 'TIME', unit: 'MICROS', ...utc }, 'INT64', /no type for TIME/],
    [{ type: 'FLOAT16' }, 'FIXED_LEN_BYTE_ARRAY', /no type for FLOAT16/],
    [{ type: 'NULL' }, 'INT32', /only nulls/],
    [{ type: 'INTEGER', bitWidth: 128, isSigned: true }, 'INT64', /128 bits/],
  ] as const)('%o of %s has no like in Glue', (annotation, type, why) => {
    expect(typeOf(logical(annotation, type))).toMatch(why);
  });
  it('one that came later than we did is read by what it is kept as', () => {
    expect(typeOf({ name: 'x', type: 'INT64', logical_type: {} as never })).toBe('bigint');
  });
});

describe('the older annotations', () => {
  it.each([
    ['UTF8', 'BYTE_ARRAY', 'string'],
    ['ENUM', 'BYTE_ARRAY', 'string'],
    ['JSON', 'BYTE_ARRAY', 'string'],
    ['BSON', 'BYTE_ARRAY', 'binary'],
    ['DATE', 'INT32', 'date'],
    ['TIMESTAMP_MILLIS', 'INT64', 'timestamp'],
    ['TIMESTAMP_MICROS', 'INT64', 'timestamp'],
    ['INT_8', 'INT32', 'tinyint'],
    ['INT_16', 'INT32', 'smallint'],
    ['INT_32', 'INT32', 'int'],
    ['INT_64', 'INT64', 'bigint'],
    ['UINT_8', 'INT32', 'smallint'],
    ['UINT_16', 'INT32', 'int'],
    ['UINT_32', 'INT32', 'bigint'],
    ['UINT_64', 'INT64', 'decimal(20,0)'],
    ['TIME_MILLIS', 'INT32', 'none: Glue has no type for TIME_MILLIS'],
    ['INTERVAL', 'FIXED_LEN_BYTE_ARRAY', 'none: Glue has no type for INTERVAL'],
  ] as const)('%s of %s is %s', (converted_type, type, glue) => {
    expect(typeOf({ name: 'x', type, converted_type })).toBe(glue);
  });
  it('decimals take their digits from the element', () => {
    const decimal = { name: 'x', type: 'BYTE_ARRAY', converted_type: 'DECIMAL' } as const;
    expect(typeOf({ ...decimal, precision: 20, scale: 4 })).toBe('decimal(20,4)');
    expect(typeOf({ ...decimal, precision: 20 })).toBe('decimal(20,0)');
    expect(typeOf(decimal)).toMatch(/no like in Glue/);
  });
});

describe('nested types', () => {
  const text: Part = { name: 'element', type: 'BYTE_ARRAY', logical_type: { type: 'STRING' } };
  const list: Part = { name: 'x', logical_type: { type: 'LIST' } };
  const map: Part = { name: 'x', converted_type: 'MAP' };
  const key: Part = { name: 'key', type: 'BYTE_ARRAY', converted_type: 'UTF8' };

  it.each<[string, Tree, string]>([
    ['a list of three levels', [list, [repeated('list'), text]], 'array<string>'],
    ['by the older annotation', [{ name: 'x', converted_type: 'LIST' }, [repeated('bag'), text]], 'array<string>'],
    ['of two levels: the repeated field is the element', [list, repeated('element', { type: 'INT32' })], 'array<int>'],
    [
      'of two levels with fields: they are those of the element',
      [list, [repeated('element'), { name: 'a', type: 'INT32' }, { name: 'b', type: 'INT64' }]],
      'array<struct<a:int,b:bigint>>',
    ],
    ['as avro wrote it', [list, [repeated('array'), { name: 'a', type: 'INT32' }]], 'array<struct<a:int>>'],
    ['as thrift wrote it', [list, [repeated('x_tuple'), { name: 'a', type: 'INT32' }]], 'array<struct<a:int>>'],
    [
      'whose element repeats: the group is the element',
      [list, [repeated('item'), repeated('a', { type: 'INT32' })]],
      'array<struct<a:array<int>>>',
    ],
    [
      'a list of lists',
      [list, [repeated('list'), [{ ...list, name: 'element' }, [repeated('list'), text]]]],
      'array<array<string>>',
    ],
    [
      'a list of lists of two levels',
      [list, [repeated('array', { converted_type: 'LIST' }), repeated('array', { type: 'INT32' })]],
      'array<array<int>>',
    ],
    ['a field that repeats outside a list', repeated('x', { type: 'DOUBLE' }), 'array<double>'],
    ['a group that repeats outside a list', [repeated('x'), { name: 'a', type: 'INT32' }], 'array<struct<a:int>>'],
    ['a map', [map, [repeated('key_value'), key, { name: 'value', type: 'INT64' }]], 'map<string,bigint>'],
    [
      'a map as Hive wrote it',
      [{ name: 'x', converted_type: 'MAP_KEY_VALUE' }, [repeated('map'), key, { name: 'value', type: 'DOUBLE' }]],
      'map<string,double>',
    ],
    [
      'a struct, its names in lower case',
      [{ name: 'x' }, { name: 'Id', type: 'INT64' }, [{ name: 'At' }, { name: 'T', type: 'INT96' }]],
      'struct<id:bigint,at:struct<t:timestamp>>',
    ],
    ['a list without a repeated field', [list, text], 'none: a list without one repeated field'],
    ['a map without values', [map, [repeated('key_value'), key]], 'none: a map without keys or values'],
    ['a map of anything else', [map, key], 'none: a map without one repeated pair'],
    ['a group without fields', [{ name: 'x' }], 'none: a group without fields'],
    ['an empty group in a list', [list, [repeated('list'), [{ name: 'element' }]]], 'none: a group without fields'],
    [
      'a field whose name would break the type',
      [{ name: 'x' }, { name: 'a:b', type: 'INT32' }],
      'none: Glue takes no field of the name "a:b"',
    ],
    [
      'fields that differ only in case',
      [{ name: 'x' }, { name: 'a', type: 'INT32' }, { name: 'A', type: 'INT32' }],
      'none: two fields are called a, which differ only in case',
    ],
    [
      'a field without a type, anywhere inside',
      [list, [repeated('list'), [{ name: 'element' }, logical({ type: 'FLOAT16' }, 'FIXED_LEN_BYTE_ARRAY')]]],
      'none: field x: Glue has no type for FLOAT16',
    ],
    [
      'a variant',
      [
        { name: 'x', logical_type: { type: 'VARIANT' } },
        { name: 'metadata', type: 'BYTE_ARRAY' },
      ],
      'none: Glue has no type for VARIANT',
    ],
  ])('%s', (_, tree, glue) => {
    expect(typeOf(tree)).toBe(glue);
  });
});

describe('the columns of a file', () => {
  it('come in their order, in lower case; what cannot be shown is told and keeps nobody else out', () => {
    const time = logical({ type: 'TIME', isAdjustedToUTC: true, unit: 'MILLIS' }, 'INT32');
    expect(
      read(
        { name: 'Id', type: 'INT64' },
        { ...time, name: 'At' },
        { name: 'b', type: 'INT32' },
        { name: 'B', type: 'INT32' },
      ),
    ).toEqual({
      columns: [
        { name: 'id', type: 'bigint' },
        { name: 'b', type: 'int' },
      ],
      leftOut: [
        { name: 'At', why: 'Glue has no type for TIME' },
        { name: 'B', why: 'another column has this name, but for case' },
      ],
    });
  });
  it.each([
    ['', 'it has no name'],
    ['a\nb', 'its name holds a control character'],
    ['a'.repeat(256), 'its name is longer than 255 characters'],
  ])('a name that Glue does not take: %j', (name, why) => {
    expect(read({ name, type: 'INT32' }).leftOut).toEqual([{ name: name.slice(0, 255), why }]);
  });
  it('a type longer than Glue takes', () => {
    const fields = Array.from({ length: 6000 }, (_, i) => ({
      name: `a_field_with_a_name_${String(i)}`,
      type: 'INT32' as const,
    }));
    expect(typeOf([{ name: 'x' }, ...fields])).toMatch(/longer than 131072/);
  });
  it.each<[string, SchemaElement[], RegExp]>([
    [
      'ends early',
      [
        { name: 'schema', num_children: 2 },
        { name: 'a', type: 'INT32' },
      ],
      /ends before/,
    ],
    [
      'goes on',
      [
        { name: 'schema', num_children: 0 },
        { name: 'a', type: 'INT32' },
      ],
      /goes on/,
    ],
    ['is bottomless', Array.from({ length: 70 }, (_, i) => ({ name: `g${String(i)}`, num_children: 1 })), /64 levels/],
  ])('a schema that %s is damage', (_, schema, message) => {
    expect(() => columnsOf({ schema }, 'sales/x.parquet')).toThrow(message);
    expect(() => columnsOf({ schema }, 'sales/x.parquet')).toThrow(/BL7004.*sales\/x\.parquet/);
  });
  it('of a whole file, by somebody else’s writer', () => {
    const bytes = parquetFile([
      { name: 'id', data: [1n, 2n], type: 'INT64' },
      { name: 'Name', data: ['a', 'b'], type: 'STRING' },
      { name: 'at', data: [new Date(0), new Date(1)], type: 'TIMESTAMP' },
      { name: 'price', data: [1.5, 2.5], type: 'DOUBLE' },
    ]);
    expect(columnsOf(parseFooter(bytes, 'f'), 'f').columns).toEqual([
      { name: 'id', type: 'bigint' },
      { name: 'name', type: 'string' },
      { name: 'at', type: 'timestamp' },
      { name: 'price', type: 'double' },
    ]);
  });
});
