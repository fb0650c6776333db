import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeValue, fitsType, NULL_VALUE, placeOf, unescapeValue } from '../../../../lambdas/domain/catalog/hive.ts';
import { column, tableOf } from './sample.ts';

describe('values in paths', () => {
  it('come back as they were, but for the empty one, which Hive takes for null', () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 }).filter((value) => value.isWellFormed());
    fc.assert(
      fc.property(text, (value) => {
        expect(unescapeValue(escapeValue(value))).toBe(value === '' ? NULL_VALUE : value);
      }),
    );
  });

  it('never hold what would end a step of the path', () => {
    fc.assert(fc.property(fc.string(), (value) => !/[/=]/.test(escapeValue(value))));
  });

  it.each([
    ['as Spark writes an hour', '10%3A00', '10:00'],
    ['as other writers escape UTF-8', 'caf%C3%A9', 'café'],
    ['bytes that are no UTF-8', '%E9t%E9', 'été'],
    ['a plain percent sign', '100%', '100%'],
    ['half an escape', '%4', '%4'],
    ['nothing', '', NULL_VALUE],
    ['null', NULL_VALUE, NULL_VALUE],
  ])('%s: %s', (_, text, value) => {
    expect(unescapeValue(text)).toBe(value);
  });
});

describe('the place of a file', () => {
  const table = tableOf([column('dt'), column('Hour')]);
  it.each([
    ['sales/dt=1/Hour=2/a', { prefix: 'sales/dt=1/Hour=2/', values: ['1', '2'], rest: 'a' }],
    ['sales/dt=1/Hour=2/deep/a', { prefix: 'sales/dt=1/Hour=2/', values: ['1', '2'], rest: 'deep/a' }],
    ['sales/dt=1/Hour=2/', { prefix: 'sales/dt=1/Hour=2/', values: ['1', '2'], rest: '' }],
    ['sales/dt=/Hour=a%2Fb/x', { prefix: 'sales/dt=/Hour=a%2Fb/', values: [NULL_VALUE, 'a/b'], rest: 'x' }],
    ['sales/dt=1/a', undefined],
    ['sales/dt=1/hour=2/a', undefined],
    ['sales/Hour=2/dt=1/a', undefined],
    ['sales/dt=1/Hour=2', undefined],
    ['salesman/dt=1/Hour=2/a', undefined],
  ])('%s', (path, place) => {
    expect(placeOf(table, path)).toEqual(place);
  });

  it('is the whole table where it is unpartitioned', () => {
    expect(placeOf(tableOf([]), 'sales/x/y')).toEqual({ prefix: 'sales/', values: [], rest: 'x/y' });
  });
});

describe('what a type takes', () => {
  it.each([
    ['int', ['0', '-5', '007', '2147483647', NULL_VALUE], ['', '1.0', 'x', '2147483648', '99999999999999999999']],
    ['tinyint', ['127', '-128'], ['128']],
    ['bigint', ['9223372036854775807'], ['9223372036854775808']],
    ['date', ['2026-02-28', '0001-01-01', NULL_VALUE], ['2026-02-30', '2026-2-1', '20260201', '2026-02-01x']],
    ['string', ['', 'anything'], []],
  ])('%s', (type, good, bad) => {
    expect(good.filter((value) => !fitsType(value, type))).toEqual([]);
    expect(bad.filter((value) => fitsType(value, type))).toEqual([]);
  });
});
