/** Requests as items and back. */
import { LEDGER_TTL, SCHEMA_VERSION } from '../../contract.ts';
import type { RequestRecord } from '../../domain/request.ts';
import { entryOf, ITEM_KIND, type Item, requireNumbers, requireStrings } from './items.ts';
import { REQUESTS_LIST, requestItemKey } from './keys.ts';

/** Who asked for what is wanted for more than a year. The events tell those who want it for longer. */
const KEPT_DAYS = 400;

export const requestItem = (request: RequestRecord, writtenBy: string): Item => ({
  ...request,
  ...requestItemKey(request.id),
  kind: ITEM_KIND.request,
  listKey: REQUESTS_LIST,
  sortKey: request.id,
  [LEDGER_TTL]: Math.floor(request.startedAt / 1000) + KEPT_DAYS * 86_400,
  writtenBy,
});

/** @throws BL5001 where the item is no request: naming item, field, what was found and what is expected. */
export const toRequest = (item: Item): RequestRecord => {
  requireStrings(item, ['id', 'function', 'action', 'requestedBy']);
  requireNumbers(item, ['version', 'startedAt', 'updatedAt']);
  return { schemaVersion: SCHEMA_VERSION, dryRun: false, asked: {}, ...entryOf(item) } as unknown as RequestRecord;
};
