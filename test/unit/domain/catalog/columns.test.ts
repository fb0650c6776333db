import { describe, expect, it } from 'vitest';
import { compareFile, inferColumns, type TableFile, withFiles } from '../../../../lambdas/domain/catalog/columns.ts';

const columns = (text: string) =>
  text.split(' ').map((each) => ({ name: each.split(':')[0] ?? '', type: each.slice(each.indexOf(':') + 1) }));
const file = (path: string, text: string): TableFile => ({ path, found: { columns: columns(text), leftOut: [] } });
const broken: TableFile = { path: 'broken', found: { unreadable: 'no Parquet' } };
const options = { table: 'sales', partitionColumns: ['dt'] };
const told = (known: string, text: string, isGiven = false) =>
  compareFile(columns(known), file('f', text), { ...options, isGiven }).map(({ kind, column, before, after }) =>
    `${kind} ${column ?? ''} ${before ?? ''} ${after ?? ''}`.trimEnd(),
  );

describe('how a file differs from its table', () => {
  it('names column, old and new type', () => {
    expect(told('id:bigint amount:float day:date', 'id:int amount:double day:string new:int dt:string')).toEqual([
      'widened amount float double',
      'changed day date string',
      'added new  int',
    ]);
    expect(told('id:bigint gone:int', 'id:bigint')).toEqual(['dropped gone int']);
  });
  it('where somebody gave the columns: a wider type does not fit, and what was not asked for is nobody’s', () => {
    expect(told('id:int amount:double', 'id:bigint amount:float new:int', true)).toEqual(['changed id int bigint']);
  });
  it('a column that Glue cannot show any more has changed', () => {
    const found = { columns: [], leftOut: [{ name: 'Id', why: 'no type' }] };
    expect(compareFile(columns('id:int'), { path: 'f', found }, { ...options, isGiven: false })).toEqual([
      { table: 'sales', kind: 'changed', file: 'f', column: 'id', before: 'int' },
    ]);
  });
  it('one that cannot be read says why', () => {
    expect(compareFile(columns('id:int'), broken, { ...options, isGiven: false })).toEqual([
      { table: 'sales', kind: 'unreadable', file: 'broken', why: 'no Parquet' },
    ]);
  });
});

describe('the columns with new files', () => {
  it('keep their order; new ones come behind, wider ones in their place', () => {
    const found = withFiles(columns('id:int name:string'), [file('f', 'new:date id:bigint dt:int'), broken], options);
    expect(found.columns).toEqual(columns('id:bigint name:string new:date'));
    expect(found.misfits).toEqual([{ table: 'sales', kind: 'unreadable', file: 'broken', why: 'no Parquet' }]);
  });
  it('a type that does not fit changes nothing and is told', () => {
    const found = withFiles(columns('id:int'), [file('f', 'id:string')], options);
    expect(found.columns).toEqual(columns('id:int'));
    expect(found.misfits).toMatchObject([{ kind: 'changed', file: 'f', column: 'id', before: 'int', after: 'string' }]);
  });
  it('columns that nobody can show are told once', () => {
    const leftOut = [{ name: 't', why: 'no type' }];
    const files = ['a', 'b'].map((path) => ({ path, found: { columns: columns('id:int'), leftOut } }));
    expect(withFiles([], files, options).leftOut).toEqual([{ name: 't', why: 'no type', file: 'a' }]);
  });
});

describe('the columns by the files alone', () => {
  it('are of the types that most files can be read by, widened for all of these', () => {
    const found = inferColumns(
      [
        file('1', 'id:string'),
        file('2', 'id:int x:int'),
        file('3', 'id:bigint'),
        file('4', 'id:int dt:string'),
        broken,
      ],
      options,
    );
    expect(found.columns).toEqual(columns('id:bigint x:int'));
    expect(found.misfits.map(({ file: path }) => path)).toEqual(['1', 'broken']);
  });
  it('of equals the newer one counts', () => {
    expect(inferColumns([file('1', 'id:string'), file('2', 'id:int')], options).columns).toEqual(columns('id:int'));
  });
  it('of no file are none', () => {
    expect(inferColumns([], options)).toEqual({ columns: [], leftOut: [], misfits: [] });
  });
});
