/**
 * What the files of `_lakefs_tables/` say: a list named by its content. It may be longer than an item (400 KB), so it lies in chunks, each of
 * which says how many there are.
 */
import { SCHEMA_VERSION } from '../../contract.ts';
import type { Description } from '../../domain/catalog/description.ts';
import { ITEM_KIND, type Item, unreadable } from './items.ts';
import { describedItemKey } from './keys.ts';
import type { Table } from './table.ts';

/** Characters, of at most three bytes each in UTF-8: 300 KB. */
const MAX_CHUNK = 100_000;

interface Branch {
  readonly repository: string;
  readonly branch: string;
}

export const descriptionItems = (
  of: Branch,
  digest: string,
  descriptions: readonly Description[],
  maxChunk = MAX_CHUNK,
): readonly Item[] => {
  const text = JSON.stringify(descriptions);
  const chunks = Math.ceil(text.length / maxChunk);
  return Array.from({ length: chunks }, (_, chunk) => ({
    ...describedItemKey(of, digest, chunk),
    kind: ITEM_KIND.described,
    schemaVersion: SCHEMA_VERSION,
    chunks,
    text: text.slice(chunk * maxChunk, (chunk + 1) * maxChunk),
  }));
};

/** @param items in the order of their keys. @throws BL5001 where they are no list. */
export const toDescriptions = (items: readonly Item[]): readonly Description[] | undefined => {
  const [first] = items;
  if (first === undefined || items.length !== first.chunks) return undefined;
  try {
    return JSON.parse(items.map(({ text }) => text).join('')) as readonly Description[];
  } catch {
    throw unreadable(first, 'text', 'the beginning of a list in JSON');
  }
};

/** By their keys: not everybody who reads the list may query the table. */
export const getDescriptions = async (
  table: Pick<Table, 'get'>,
  of: Branch,
  digest: string,
): Promise<readonly Description[] | undefined> => {
  const items: Item[] = [];
  for (let chunk = 0; ; chunk += 1) {
    const item = await table.get(describedItemKey(of, digest, chunk));
    if (item === undefined) return undefined;
    items.push(item);
    if (typeof item.chunks !== 'number' || items.length >= item.chunks) return toDescriptions(items);
  }
};
