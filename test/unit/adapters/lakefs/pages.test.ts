import { describe, expect, it } from 'vitest';
import { pages } from '../../../../lambdas/adapters/lakefs/pages.ts';

const numbers = Array.from({ length: 2_500 }, (_, i) => i);
/** A list of 2,500 behind pages of at most 1,000. */
const list = () => {
  const asked: [string | undefined, number][] = [];
  const fetchPage = async (after: string | undefined, amount: number) => {
    asked.push([after, amount]);
    const from = after === undefined ? 0 : Number(after) + 1;
    const results = numbers.slice(from, from + amount);
    const more = from + amount < numbers.length;
    return { pagination: { has_more: more, next_offset: more ? String(results.at(-1)) : '' }, results };
  };
  return { asked, fetchPage };
};

describe('pages', () => {
  it('come as one sequence, each from where the one before ended', async () => {
    const { asked, fetchPage } = list();
    expect(await Array.fromAsync(pages(fetchPage, String))).toEqual(numbers.map(String));
    expect(asked).toEqual([
      [undefined, 1000],
      ['999', 1000],
      ['1999', 1000],
    ]);
  });

  it('are fetched only when they are read', async () => {
    const { asked, fetchPage } = list();
    for await (const number of pages(fetchPage, (n) => n)) if (number === 999) break;
    expect(asked).toHaveLength(1);
  });

  it.each([
    [0, []],
    [1, [1]],
    [1000, [1000]],
    [1001, [1000, 1]],
    [9999, [1000, 1000, 1000]],
  ])('of %d wanted are asked for as %j', async (limit, amounts) => {
    const { asked, fetchPage } = list();
    const read = await Array.fromAsync(pages(fetchPage, (n) => n, limit));
    expect(read).toEqual(numbers.slice(0, limit));
    expect(asked.map(([, amount]) => amount)).toEqual(amounts);
  });

  it('end at an empty one, whatever it says of more', async () => {
    const empty = async () => ({ pagination: { has_more: true, next_offset: 'x' }, results: [] });
    expect(await Array.fromAsync(pages(empty, String))).toEqual([]);
  });
});
