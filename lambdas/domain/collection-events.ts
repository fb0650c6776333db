/** Which domain events a change of the entry about collections stands for. Pure. */
import { DOMAIN_EVENT, SCHEMA_VERSION } from '../contract.ts';
import type { Collection, CollectionRecord } from './collection.ts';
import type { DomainEvent } from './domain-events.ts';

/** Who asked, who approved, and what went: the record of what was deleted. */
const detailOf = ({ repository, version }: CollectionRecord, collection: Collection): DomainEvent['detail'] => {
  const { id, state, requestedBy, approved, markId, marked, readBack, cause } = collection;
  return {
    schemaVersion: SCHEMA_VERSION,
    ...{ repository, collection: id, state, requestedBy, approvedBy: approved?.by, markId, marked, readBack, cause },
    ledgerVersion: version,
  };
};

/** The collection that ended by this change. */
const endedBy = (before: CollectionRecord | undefined, after: CollectionRecord): Collection | undefined => {
  const [newest] = after.past;
  return newest !== undefined && newest.id !== before?.past[0]?.id ? newest : undefined;
};

export const collectionEventsOf = (before: CollectionRecord | undefined, after: CollectionRecord): DomainEvent[] => {
  const events: DomainEvent[] = [];
  const { current } = after;
  if (current?.state === 'MARKED' && before?.current?.markedAt !== current.markedAt)
    events.push({ type: DOMAIN_EVENT.garbageMarked, at: after.updatedAt, detail: detailOf(after, current) });
  const ended = endedBy(before, after);
  if (ended?.state === 'DONE')
    events.push({ type: DOMAIN_EVENT.garbageCollected, at: after.updatedAt, detail: detailOf(after, ended) });
  if (ended?.state === 'FAILED')
    events.push({ type: DOMAIN_EVENT.garbageCollectionFailed, at: after.updatedAt, detail: detailOf(after, ended) });
  return events;
};

/** How many objects went by what ended with this change. */
export const collectedBy = (before: CollectionRecord | undefined, after: CollectionRecord): number => {
  const ended = endedBy(before, after);
  if (ended?.readBack === undefined) return 0;
  return Math.max(0, (ended.marked?.objects ?? 0) - ended.readBack.left);
};
