import { expect, it } from 'vitest';
import { atOnce } from '../../../lambdas/domain/at-once.ts';

it('begins each once, in their order, and never more than so many together', async () => {
  const begun: number[] = [];
  let [now, most] = [0, 0];
  await atOnce(3, [1, 2, 3, 4, 5, 6, 7], async (item) => {
    begun.push(item);
    now += 1;
    most = Math.max(most, now);
    await new Promise((resolve) => setImmediate(resolve));
    now -= 1;
  });
  expect(begun).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(most).toBe(3);
});

it('ends with the first fault', async () => {
  await expect(
    atOnce(2, [1, 2], async (item) => {
      if (item === 2) throw new Error('two');
    }),
  ).rejects.toThrow('two');
});
