/** Domain events of drills: how each one ended. */
import { DOMAIN_EVENT, SCHEMA_VERSION } from '../contract.ts';
import type { DomainEvent } from './domain-events.ts';
import type { Drill } from './drill.ts';

export const drillEventsOf = (before: Drill | undefined, after: Drill): DomainEvent[] => {
  if (before?.state === after.state) return [];
  if (after.state !== 'PASSED' && after.state !== 'FAILED') return [];
  const { id, drillKind, repository, requestedBy, reason, startedAt, endedAt } = after;
  const { seconds, compared, backup, differences, cause } = after;
  return [
    {
      type: after.state === 'PASSED' ? DOMAIN_EVENT.drillCompleted : DOMAIN_EVENT.drillFailed,
      at: after.updatedAt,
      detail: {
        ...{ schemaVersion: SCHEMA_VERSION, drill: id, kind: drillKind, repository, requestedBy, reason },
        ...{ startedAt, endedAt, seconds, compared, backup, differences, cause, ledgerVersion: after.version },
      },
    },
  ];
};
