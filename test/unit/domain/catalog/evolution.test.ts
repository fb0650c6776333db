import { describe, expect, it } from 'vitest';
import type { SchemaChange } from '../../../../lambdas/domain/catalog/columns.ts';
import {
  crossing,
  distinctChanges,
  MAX_SCHEMA_CHANGES,
  refusedBy,
  schemaCause,
} from '../../../../lambdas/domain/catalog/evolution.ts';

const change = (kind: SchemaChange['kind'], more: Partial<SchemaChange> = {}): SchemaChange => ({
  ...{ table: 'sales', kind, file: 'sales/dt=1/a', column: 'amount', ...more },
});
const ALL = (['added', 'widened', 'dropped', 'changed', 'unreadable'] as const).map((kind) => change(kind));

it.each([
  ['strict', ['widened', 'dropped', 'changed', 'unreadable']],
  ['compatible', ['changed', 'unreadable']],
  ['off', []],
] as const)('%s refuses %o', (mode, kinds) => {
  expect(refusedBy(mode, ALL).map(({ kind }) => kind)).toEqual(kinds);
});

it('tells file, column, old and new type, and how many more there are', () => {
  const wrong = change('changed', { before: 'double', after: 'string' });
  expect(schemaCause([wrong, ALL[2] ?? wrong])).toEqual({
    code: 'BL2019',
    message: 'sales/dt=1/a: column amount is string, table sales has double (and 1 more)',
  });
  expect(schemaCause([change('dropped', { before: 'int' })]).message).toMatch(/amount is missing .* has int$/);
  expect(schemaCause([change('unreadable', { why: 'a is no Parquet' })]).message).toBe('a is no Parquet');
});

it('keeps one file for each change, what is refused soonest first, and not too many', () => {
  const many = Array.from({ length: 200 }, (_, i) => change('added', { column: `c${String(i)}`, after: 'int' }));
  const kept = distinctChanges([...many, ...many.map((each) => ({ ...each, file: 'b' })), change('changed')]);
  expect(kept).toHaveLength(MAX_SCHEMA_CHANGES);
  expect(kept[0]?.kind).toBe('changed');
  expect(new Set(kept.map(({ column }) => column)).size).toBe(MAX_SCHEMA_CHANGES);
});

describe('two runs that bring one column', () => {
  const int = [change('added', { after: 'int' })];
  const bigint = [change('added', { after: 'bigint' })];
  const text = [change('added', { after: 'string' })];
  it('of two types are told; of types that can be read together only where it is strict', () => {
    expect(crossing(text, int, 'compatible')).toMatchObject([{ kind: 'changed', before: 'int', after: 'string' }]);
    expect(crossing(bigint, int, 'compatible')).toEqual([]);
    expect(crossing(bigint, int, 'strict')).toHaveLength(1);
    expect(crossing(int, int, 'strict')).toEqual([]);
    expect(crossing(text, int, 'off')).toEqual([]);
  });
  it('of other tables, or that only lack a column, have nothing to do with each other', () => {
    expect(crossing(text, [change('added', { after: 'int', table: 'other' })], 'strict')).toEqual([]);
    expect(crossing(text, [change('dropped', { before: 'int' })], 'strict')).toEqual([]);
    expect(crossing([change('dropped', { before: 'int' })], int, 'strict')).toEqual([]);
  });
});
