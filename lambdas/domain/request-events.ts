/** Which domain events a change of a request's entry stands for. Pure. */
import { DOMAIN_EVENT, SCHEMA_VERSION } from '../contract.ts';
import type { DomainEvent } from './domain-events.ts';
import type { RequestRecord } from './request.ts';

/** Who asked for what, dry runs among it, and what came of it. */
export const requestEventsOf = (before: RequestRecord | undefined, after: RequestRecord): DomainEvent[] => {
  const isEnd = after.outcome !== undefined && before?.outcome === undefined;
  if (before !== undefined && !isEnd) return [];
  const { version: ledgerVersion, updatedAt: at, schemaVersion: _, ...detail } = after;
  return [
    {
      type: isEnd ? DOMAIN_EVENT.requestEnded : DOMAIN_EVENT.requestMade,
      at,
      detail: { schemaVersion: SCHEMA_VERSION, ...detail, ledgerVersion },
    },
  ];
};
