import { expect, it } from 'vitest';
import { toUnnamed, unnamedItems } from '../../../../lambdas/adapters/ledger/unnamed.ts';

const OF = { repository: 'lake', target: 'main', name: 'a#b' };
const digests = ['1', '2', '3', '4', '5'];

it('comes back from its chunks, whatever an older and longer list left behind', () => {
  const old = unnamedItems(OF, { since: 1, digests: [...digests, ...digests] }, 2);
  const items = unnamedItems(OF, { since: 2, digests }, 2);
  expect(items.map(({ sk }) => sk)).toEqual(['UNNAMED#a%23b#0000', 'UNNAMED#a%23b#0001', 'UNNAMED#a%23b#0002']);
  const stored = [...items, ...old.slice(3)];
  expect(toUnnamed(stored, 2, 5)).toEqual({ since: 2, digests });
  expect(toUnnamed([], 7, 0)).toEqual({ since: 7, digests: [] });
});

it('reads as absent where it does not add up', () => {
  const items = unnamedItems(OF, { since: 2, digests }, 2);
  expect(toUnnamed(items.slice(1), 2, 5)).toBeUndefined();
  expect(toUnnamed(items, 1, 5)).toBeUndefined();
});

it('is forgotten when nobody will ask for it', () => {
  const [item] = unnamedItems(OF, { since: 1_000, digests });
  expect(item?.['ttl']).toBe(30 * 86_400 + 1);
});
