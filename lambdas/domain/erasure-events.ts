/** Which domain events a change of an erasure's entry stands for. No path and no address is in them. Pure. */
import { DOMAIN_EVENT, SCHEMA_VERSION } from '../contract.ts';
import type { DomainEvent } from './domain-events.ts';
import type { Erasure } from './erasure-record.ts';

const detailOf = (erasure: Erasure): DomainEvent['detail'] => {
  const { repository, id, state, requestedBy, reason, objects, did, proof, report, cause, version } = erasure;
  return {
    schemaVersion: SCHEMA_VERSION,
    ...{ repository, erasure: id, state, requestedBy, reason, objects: objects.count, bytes: objects.bytes },
    runs: did.runs,
    ...{ proof: proof === undefined ? undefined : { ...proof, examples: [] }, report, cause },
    ledgerVersion: version,
  };
};

const TYPE = {
  DONE: DOMAIN_EVENT.erasureCompleted,
  CANCELLED: DOMAIN_EVENT.erasureCancelled,
} as const;

export const erasureEventsOf = (before: Erasure | undefined, after: Erasure): DomainEvent[] => {
  const at = after.updatedAt;
  if (before === undefined) return [{ type: DOMAIN_EVENT.erasureBegun, at, detail: detailOf(after) }];
  if (before.state === after.state || (after.state !== 'DONE' && after.state !== 'CANCELLED')) return [];
  return [{ type: TYPE[after.state], at, detail: detailOf(after) }];
};
