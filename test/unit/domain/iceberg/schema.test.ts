import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Column } from '../../../../lambdas/domain/catalog/table.ts';
import { currentSchema, NO_SCHEMAS, type Schemas, withColumns } from '../../../../lambdas/domain/iceberg/schema.ts';
import { wantedType, widens } from '../../../../lambdas/domain/iceberg/types.ts';

const columns = (types: Readonly<Record<string, string>>): Column[] =>
  Object.entries(types).map(([name, type]) => ({ name, type }));
const ids = (schemas: Schemas): Record<string, number> =>
  Object.fromEntries(currentSchema(schemas).fields.map(({ name, id }) => [name, id]));
const history = (...states: Readonly<Record<string, string>>[]): Schemas =>
  states.reduce<Schemas>((schemas, state) => withColumns(schemas, columns(state)), NO_SCHEMAS);

describe('types of Glue', () => {
  it.each([
    ['tinyint', 'int'],
    ['varchar(10)', 'string'],
    ['decimal(10,2)', 'decimal(10, 2)'],
    ['decimal', 'decimal(10, 0)'],
    ['array<map<string,decimal(5,1)>>', { list: { key: 'string', value: 'decimal(5, 1)' } }],
    [
      'struct<a:int,b:struct<c:date>>',
      {
        fields: [
          { name: 'a', type: 'int' },
          { name: 'b', type: { fields: [{ name: 'c', type: 'date' }] } },
        ],
      },
    ],
  ])('%s', (glue, type) => expect(wantedType(glue)).toEqual(type));

  it.each(['interval', 'struct<a>', 'map<string>', 'uniontype<int,string>'])('%s has no like', (glue) => {
    expect(() => wantedType(glue)).toThrow(/BL7002/);
  });

  it('widen as Iceberg allows', () => {
    expect(widens('int', 'long')).toBe(true);
    expect(widens('long', 'int')).toBe(false);
    expect(widens('decimal(5, 2)', 'decimal(9, 2)')).toBe(true);
    expect(widens('decimal(5, 2)', 'decimal(9, 3)')).toBe(false);
  });
});

describe('a field id', () => {
  it('stays through adding, widening, reordering and coming back', () => {
    const first = ids(history({ a: 'int', b: 'string' }));
    expect(ids(history({ a: 'int', b: 'string' }, { b: 'string', c: 'date', a: 'bigint' }))).toMatchObject(first);
    expect(ids(history({ a: 'int', b: 'string' }, { b: 'string' }, { a: 'int', b: 'string' }))).toEqual(first);
  });

  it('is another for a column of another type, and never comes to mean something else', () => {
    const type = fc.constantFrom(
      'int',
      'bigint',
      'string',
      'date',
      'array<int>',
      'array<string>',
      'struct<x:int>',
      'struct<x:string,y:int>',
    );
    const state = fc.dictionary(fc.constantFrom('a', 'b', 'c'), type, { minKeys: 1 });
    fc.assert(
      fc.property(fc.array(state, { minLength: 1, maxLength: 6 }), (states) => {
        const schemas = history(...states);
        const meaning = new Map<number, string>();
        for (const schema of schemas.schemas) {
          for (const { id, name, type: of } of schema.fields) {
            const kind = typeof of === 'string' ? of.replace('long', 'int') : of.type;
            expect(meaning.get(id) ?? `${name} ${kind}`).toBe(`${name} ${kind}`);
            meaning.set(id, `${name} ${kind}`);
          }
        }
        const all = JSON.stringify(currentSchema(schemas)).match(/"(?:id|element-id)":\d+/g) ?? [];
        expect(new Set(all.map((text) => text.replace(/.*:/, ''))).size).toBe(all.length);
        expect(Math.max(...[...meaning.keys()])).toBeLessThanOrEqual(schemas.lastColumnId);
      }),
    );
  });

  it('that became wider is another when its column is narrow again', () => {
    const schemas = history({ a: 'int' }, { a: 'bigint' }, { b: 'int' }, { a: 'int' });
    expect(ids(schemas)).toEqual({ a: 3 });
    expect(ids(withColumns(schemas, columns({ a: 'bigint' })))).toEqual({ a: 3 });
  });

  it('of the same columns makes no new schema', () => {
    expect(history({ a: 'int' }, { b: 'int' }, { a: 'int' }).schemas).toHaveLength(2);
  });
});

describe('points in time', () => {
  it('are in UTC where the files say so when the column comes, and stay so', () => {
    const first = withColumns(NO_SCHEMAS, columns({ t: 'timestamp', u: 'timestamp' }), new Set(['t']));
    const then = withColumns(first, columns({ t: 'timestamp', u: 'timestamp', v: 'int' }), new Set(['u']));
    expect(currentSchema(then).fields.map(({ type }) => type)).toEqual(['timestamptz', 'timestamp', 'int']);
    expect(ids(then)).toMatchObject(ids(first));
  });
});
