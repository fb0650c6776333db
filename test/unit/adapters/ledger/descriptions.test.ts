import { expect, it } from 'vitest';
import { descriptionItems, getDescriptions, toDescriptions } from '../../../../lambdas/adapters/ledger/descriptions.ts';
import type { Item } from '../../../../lambdas/adapters/ledger/items.ts';
import type { ItemKey } from '../../../../lambdas/adapters/ledger/keys.ts';
import type { Description } from '../../../../lambdas/domain/catalog/description.ts';

const OF = { repository: 'lake', branch: 'main' };
const SOME: readonly Description[] = [
  {
    ...{ file: '_lakefs_tables/tiere.yaml', checksum: 'c1' },
    table: {
      ...{ name: 'tiere', path: 'tiere/', partitionColumns: ['jahr'], partitionTypes: { jahr: 'int' } },
      columns: [{ name: 'größe', type: 'decimal(10,2)' }],
    },
  },
  { file: '_lakefs_tables/b.yaml', checksum: 'c2', broken: 'it is no YAML' },
];

const tableOf = (items: readonly Item[]) => ({
  get: async ({ pk, sk }: ItemKey) => items.find((item) => item.pk === pk && item.sk === sk),
});

it('comes back from as many items as it takes', async () => {
  for (const size of [1, 7, 100_000]) {
    const items = descriptionItems(OF, 'd', SOME, size);
    expect(await getDescriptions(tableOf(items), OF, 'd')).toEqual(SOME);
    expect(new Set(items.map(({ sk }) => sk)).size).toBe(items.length);
  }
  expect(await getDescriptions(tableOf(descriptionItems(OF, 'd', [])), OF, 'd')).toEqual([]);
});

it('is absent where a part of it is, and where another list was meant', async () => {
  const items = descriptionItems(OF, 'd', SOME, 50);
  expect(await getDescriptions(tableOf(items.slice(0, -1)), OF, 'd')).toBeUndefined();
  expect(await getDescriptions(tableOf(items), OF, 'e')).toBeUndefined();
  expect(await getDescriptions(tableOf(items), { ...OF, branch: 'dev' }, 'd')).toBeUndefined();
  expect(toDescriptions([])).toBeUndefined();
});

it('names an item that nobody can read', () => {
  expect(() => toDescriptions([{ pk: 'a', sk: 'b', chunks: 1, text: '[' }])).toThrow(
    /BL5001.*ledger item a \/ b has text/,
  );
});
