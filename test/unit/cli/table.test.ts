import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { type Column, table } from '../../../cli/table.ts';
import { widthOf } from '../../../cli/text.ts';

const texts = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '表は広い',
    '👩‍👩‍👧‍👦 family',
    '\u001b[31mred\u001b[0m',
    'two\nlines',
    '\u202Ertl',
    'e\u0301'.repeat(9),
    '',
  ),
);
const column = fc.record(
  {
    title: fc.string({ unit: 'grapheme-ascii', maxLength: 12 }),
    least: fc.nat({ max: 30 }),
    spare: fc.nat({ max: 4 }),
  },
  { requiredKeys: ['title'] },
);

const grid = fc
  .array(column, { minLength: 1, maxLength: 6 })
  .chain((columns) =>
    fc.tuple(
      fc.constant(columns),
      fc.array(fc.array(texts, { minLength: columns.length, maxLength: columns.length }), { maxLength: 5 }),
    ),
  );

const columnsOf = (shapes: readonly Omit<Column<unknown>, 'value'>[]): Column<readonly string[]>[] =>
  shapes.map((shape, index) => ({ ...shape, value: (row) => row[index] ?? '' }) as Column<readonly string[]>);

describe('laws', () => {
  test('no line is ever wider than the terminal, and each row is one line', () => {
    fc.assert(
      fc.property(grid, fc.integer({ min: 1, max: 160 }), ([shapes, rows], available) => {
        const lines = table(columnsOf(shapes), rows, available).split('\n');
        for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(available);
        const isTitled = lines.length === rows.length + 2;
        expect(isTitled || lines.length === rows.length + 1).toBe(true);
      }),
    );
  });

  test('nothing in a cell reaches the terminal but text', () => {
    fc.assert(
      fc.property(grid, ([shapes, rows]) => {
        expect(table(columnsOf(shapes), rows, undefined).replaceAll('\n', '')).not.toMatch(/\p{Control}/u);
      }),
    );
  });

  test('without a terminal nothing is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z]{1,80}$/), { minLength: 1, maxLength: 5 }), (cells) => {
        const shapes = cells.map(() => ({ title: '', least: 1 }));
        expect(table(columnsOf(shapes), [cells], undefined)).toBe(`${cells.join('  ')}\n`);
      }),
    );
  });
});

describe('where it does not fit', () => {
  const columns = columnsOf([
    { title: 'ID' },
    { title: 'NAME', least: 6 },
    { title: 'AT', spare: 1 },
    { title: 'WHY', least: 4, spare: 2 },
  ]);
  const rows = [['id-000001', 'a-rather-long-name', '2026-11-24', 'because of something']];

  it.each([
    [64, 'id-000001  a-rather-long-name  2026-11-24  because of something'],
    [50, 'id-000001  a-rather-long…  2026-11-24  because of …'],
    [30, 'id-000001  a-rat…  because of …'.slice(0, 30)],
    [16, 'id-000001  a-ra…'],
    [5, 'id-0…'],
  ])('%i columns', (available) => {
    const [, line = ''] = table(columns, rows, available).split('\n');
    expect(widthOf(line)).toBeLessThanOrEqual(available);
  });

  it('keeps ids whole, leaves out what matters least first', () => {
    const [titles = '', line = ''] = table(columns, rows, 30).split('\n');
    expect(titles).not.toContain('AT');
    expect(titles).toContain('WHY');
    expect(line).toMatch(/^id-000001 {2}/);
    expect(table(columns, rows, 18).split('\n')[0]).toMatch(/^ID +NAME$/);
  });
});
