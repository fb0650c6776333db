import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fitsColumn, joinTypes, sameType } from '../../../../lambdas/domain/catalog/column-types.ts';

describe('the type by which both are read', () => {
  it.each([
    ['int', 'bigint', 'bigint'],
    ['integer', 'int', 'int'],
    ['tinyint', 'smallint', 'smallint'],
    ['double', 'float', 'double'],
    ['decimal(10,2)', 'decimal(12, 2)', 'decimal(12,2)'],
    ['decimal(10)', 'decimal(9,0)', 'decimal(10,0)'],
    ['array<int>', 'array<bigint>', 'array<bigint>'],
    ['map<string,int>', 'map<string,bigint>', 'map<string,bigint>'],
    ['map<string,struct<a:int,b:int>>', 'map<string,struct<a:int,b:bigint>>', 'map<string,struct<a:int,b:bigint>>'],
    ['struct<a:int>', 'STRUCT<A:bigint, b:array<string>>', 'struct<a:bigint,b:array<string>>'],
    ['struct<a:decimal(10,2),b:int>', 'struct<b:int>', 'struct<a:decimal(10,2),b:int>'],
    ['int', 'string', undefined],
    ['bigint', 'double', undefined],
    ['decimal(10,2)', 'decimal(10,3)', undefined],
    ['decimal(20,0)', 'bigint', undefined],
    ['date', 'timestamp', undefined],
    ['array<int>', 'array<string>', undefined],
    ['array<int>', 'int', undefined],
    ['map<int,int>', 'map<string,int>', undefined],
    ['struct<a:int>', 'struct<a:string>', undefined],
  ])('%s and %s: %s', (a, b, joined) => {
    expect(joinTypes(a, b)).toBe(joined);
    if (!/struct/i.test(a)) expect(joinTypes(b, a)).toBe(joined);
  });

  const types = fc.letrec<{ type: string }>((tie) => ({
    type: fc.oneof(
      { maxDepth: 3 },
      fc.constantFrom('int', 'bigint', 'float', 'double', 'string', 'date', 'decimal(9,2)', 'decimal(18,2)'),
      tie('type').map((of) => `array<${of}>`),
      tie('type').map((of) => `map<string,${of}>`),
      fc
        .uniqueArray(fc.tuple(fc.constantFrom('a', 'b', 'c'), tie('type')), {
          minLength: 1,
          maxLength: 3,
          selector: ([name]) => name,
        })
        .map((fields) => `struct<${fields.map(([name, of]) => `${name}:${of}`).join(',')}>`),
    ),
  })).type;
  it('is one that both fit, and no joining changes it any more', () => {
    fc.assert(
      fc.property(types, types, (a, b) => {
        expect(sameType(joinTypes(a, a) ?? '', a)).toBe(true);
        const joined = joinTypes(a, b);
        if (joined === undefined) return;
        expect(fitsColumn(joined, a)).toBe(true);
        expect(fitsColumn(joined, b)).toBe(true);
        expect(joinTypes(joined, a)).toBe(joined);
      }),
    );
  });
});

it.each([
  ['bigint', 'int', true],
  ['int', 'bigint', false],
  ['varchar(10)', 'string', true],
  ['char(2)', 'binary', true],
  ['string', 'binary', true],
  ['binary', 'string', true],
  ['string', 'int', false],
  ['decimal(10, 2)', 'decimal(10,2)', true],
  ['decimal(10,2)', 'decimal(12,2)', false],
  ['struct<a:int,b:int>', 'struct<a:int>', true],
  ['struct<a:int>', 'struct<a:int,b:int>', false],
])('readers of %s read %s: %s', (table, file, fits) => {
  expect(fitsColumn(table, file)).toBe(fits);
});
