/** Previews as items and back. */
import { LEDGER_TTL, SCHEMA_VERSION } from '../../contract.ts';
import { PREVIEW_STATE, type Preview } from '../../domain/catalog/preview.ts';
import { entryOf, ITEM_KIND, type Item, requireNumbers, requireStrings, unreadable } from './items.ts';
import { PREVIEWS_LIST, previewItemKey } from './keys.ts';

/** Its database may be asked about for a while. */
const DROPPED_DAYS = 30;

export const previewItem = (preview: Preview, writtenBy: string): Item => ({
  ...preview,
  ...previewItemKey(preview.name),
  kind: ITEM_KIND.preview,
  writtenBy,
  ...(preview.state === PREVIEW_STATE.DROPPED
    ? { [LEDGER_TTL]: Math.floor(preview.updatedAt / 1000) + DROPPED_DAYS * 86_400 }
    : { listKey: PREVIEWS_LIST, sortKey: `${new Date(preview.createdAt).toISOString()}#${preview.name}` }),
});

/** @throws BL5001 where the item is no preview: naming item, field, what was found and what is expected. */
export const toPreview = (item: Item): Preview => {
  requireStrings(item, ['name', 'repository', 'ref', 'commit', 'database']);
  requireNumbers(item, ['version', 'createdAt', 'expiresAt', 'updatedAt']);
  if (typeof item.state !== 'string' || !Object.hasOwn(PREVIEW_STATE, item.state))
    throw unreadable(item, 'state', `one of ${Object.keys(PREVIEW_STATE).join(', ')}`);
  return { schemaVersion: SCHEMA_VERSION, tables: [], ...entryOf(item) } as unknown as Preview;
};
