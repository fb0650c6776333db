/**
 * Manifests that no table named at some time, by their digests. The list may be longer than an item (400 KB), so it lies in chunks,
 * each with the time that the list is of. The target's entry says how long it is: one that does not add up reads as absent.
 */
import { LEDGER_TTL, SCHEMA_VERSION } from '../../contract.ts';
import type { Unnamed } from '../../domain/catalog/unnamed.ts';
import { ITEM_KIND, type Item } from './items.ts';
import { unnamedItemKey } from './keys.ts';

/** A digest takes 32 bytes and a few more: 300 KB. */
const MAX_CHUNK = 8_000;
/** Whoever comes back to a list so late makes another. */
const KEPT_MS = 30 * 86_400_000;

export const unnamedItems = (
  of: { readonly repository: string; readonly target: string; readonly name: string },
  { since, digests }: Unnamed,
  maxChunk = MAX_CHUNK,
): readonly Item[] =>
  Array.from({ length: Math.ceil(digests.length / maxChunk) }, (_, chunk) => ({
    ...unnamedItemKey(of, chunk),
    kind: ITEM_KIND.unnamed,
    schemaVersion: SCHEMA_VERSION,
    since,
    digests: digests.slice(chunk * maxChunk, (chunk + 1) * maxChunk),
    [LEDGER_TTL]: Math.ceil((since + KEPT_MS) / 1000),
  }));

/** @param items those of other times are left over from longer lists. */
export const toUnnamed = (items: readonly Item[], since: number, count: number): Unnamed | undefined => {
  const digests = items
    .filter((item) => item.since === since)
    .flatMap((item) => (Array.isArray(item.digests) ? (item.digests as string[]) : []));
  return digests.length === count ? { since, digests } : undefined;
};
