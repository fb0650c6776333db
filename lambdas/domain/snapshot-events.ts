/** Which domain events a change of a snapshot's entry stands for. */
import { DOMAIN_EVENT, type DomainEventType, SCHEMA_VERSION } from '../contract.ts';
import type { DomainEvent } from './domain-events.ts';
import type { Snapshot } from './snapshot.ts';

const holdTypeOf = (before: Snapshot | undefined, after: Snapshot): DomainEventType | undefined => {
  if (after.hold?.since === before?.hold?.since) return undefined;
  return after.hold === undefined ? DOMAIN_EVENT.snapshotReleased : DOMAIN_EVENT.snapshotHeld;
};

const typeOf = (before: Snapshot | undefined, after: Snapshot): DomainEventType | undefined => {
  if (before?.state !== after.state) {
    if (after.state === 'COMPLETE') return DOMAIN_EVENT.snapshotCreated;
    if (after.state === 'PRUNED') return DOMAIN_EVENT.snapshotPruned;
  }
  const isDamaged = after.verified?.outcome === 'damaged' && before?.verified?.outcome !== 'damaged';
  return isDamaged ? DOMAIN_EVENT.snapshotDamaged : holdTypeOf(before, after);
};

export const snapshotEventsOf = (before: Snapshot | undefined, after: Snapshot): DomainEvent[] => {
  const type = typeOf(before, after);
  if (type === undefined) return [];
  const { id, repository, target, kind, requestedBy, reason, commit, content, database, backup, cause } = after;
  return [
    {
      type,
      at: after.updatedAt,
      detail: {
        ...{ schemaVersion: SCHEMA_VERSION, id, repository, target, kind, requestedBy, reason, commit },
        startedAt: after.startedAt,
        objects: content?.objects,
        bytes: content?.bytes,
        backup: backup?.uri,
        database: database?.arn,
        ...(type === DOMAIN_EVENT.snapshotDamaged ? { missing: after.verified?.missing } : {}),
        ...(type === DOMAIN_EVENT.snapshotPruned ? { cause } : {}),
        ...(type === DOMAIN_EVENT.snapshotHeld ? { hold: after.hold, lastHold: after.lastHold } : {}),
        ...(type === DOMAIN_EVENT.snapshotReleased ? { lastHold: after.lastHold } : {}),
        ledgerVersion: after.version,
      },
    },
  ];
};
