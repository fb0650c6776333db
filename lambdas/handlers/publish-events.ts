/** publish-events: the ledger's stream becomes domain events on the bus, metrics, and wake-ups. They follow from what was written. */
import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import type { EventBus } from '../adapters/event-bus.ts';
import type { Refreshes } from '../catalog-ports.ts';
import { METRIC } from '../contract.ts';
import type { Publication } from '../domain/catalog/publication.ts';
import { catalogEventsOf } from '../domain/catalog-events.ts';
import { collectedBy, collectionEventsOf } from '../domain/collection-events.ts';
import {
  type DomainEvent,
  eventsOf,
  exportEventsOf,
  foreignEventsOf,
  publicationEventsOf,
  refreshEventsOf,
  restoreEventsOf,
  rollbackEventsOf,
  rotationEventsOf,
  targetEventsOf,
} from '../domain/domain-events.ts';
import { drillEventsOf } from '../domain/drill-events.ts';
import { erasureEventsOf } from '../domain/erasure-events.ts';
import { replicationEventsOf } from '../domain/replication-events.ts';
import { requestEventsOf } from '../domain/request-events.ts';
import { snapshotEventsOf } from '../domain/snapshot-events.ts';
import type { Target } from '../domain/target.ts';
import type { ExportQueue } from '../export-ports.ts';
import { busOfContainer, exportsOfPublisher, refreshesOfPublisher } from './bus-wiring.ts';
import { lambda } from './middleware.ts';
import { count, errorData, logger, seconds } from './observability.ts';
import { measureRun } from './run-metrics.ts';
import { type LedgerChange, ledgerChangeOf } from './stream.ts';

const domainEventsOf = (change: LedgerChange): readonly DomainEvent[] => {
  switch (change.kind) {
    case 'run':
      return eventsOf(change.before, change.after);
    case 'target':
      return targetEventsOf(change.before, change.after);
    case 'publication':
      return [...publicationEventsOf(change.before, change.after), ...catalogEventsOf(change.before, change.after)];
    case 'restore':
      return restoreEventsOf(change.before, change.after);
    case 'rotation':
      return rotationEventsOf(change.before, change.after);
    case 'rollback':
      return rollbackEventsOf(change.before, change.after);
    case 'snapshot':
      return snapshotEventsOf(change.before, change.after);
    case 'export':
      return exportEventsOf(change.before, change.after);
    case 'collection':
      return collectionEventsOf(change.before, change.after);
    case 'drill':
      return drillEventsOf(change.before, change.after);
    case 'replication':
      return replicationEventsOf(change.before, change.after);
    case 'erasure':
      return erasureEventsOf(change.before, change.after);
    case 'request':
      return requestEventsOf(change.before, change.after);
    case 'other':
      return [];
  }
};

const measure = (change: LedgerChange): void => {
  if (change.kind === 'run') measureRun(change.before, change.after);
  if (change.kind === 'collection') count(METRIC.collectedObjects, collectedBy(change.before, change.after));
  if (change.kind !== 'publication') return;
  const foreign = foreignEventsOf(change.before, change.after).length;
  if (foreign > 0) count(METRIC.foreignSnapshots, foreign);
  measureSnapshots(change.before, change.after);
  for (const { detail } of refreshEventsOf(change.before, change.after)) {
    const { partitionsAdded, partitionsChanged, partitionsRemoved } = detail;
    count(
      METRIC.refreshedPartitions,
      [partitionsAdded, partitionsChanged, partitionsRemoved].reduce<number>((sum, some) => sum + Number(some), 0),
    );
  }
};

const measureSnapshots = (before: Publication | undefined, after: Publication): void => {
  let shown = 0;
  for (const [name, { snapshot, refresh }] of Object.entries(after.tables)) {
    const old = before?.tables[name];
    if (snapshot === undefined || snapshot === old?.snapshot) continue;
    shown += 1;
    if (refresh !== undefined && refresh.endedAt !== old?.refresh?.endedAt)
      seconds(METRIC.icebergRefreshSeconds, refresh.durationMs / 1000);
  }
  if (shown > 0) count(METRIC.icebergSnapshots, shown);
};

/** Record by record, in order: the stream comes back from the first one that failed, and nothing after it is skipped. */
export const createHandler = (
  bus: () => EventBus = busOfContainer,
  refreshes: () => Pick<Refreshes, 'wake'> = refreshesOfPublisher,
  exports: () => Pick<ExportQueue, 'wakeTarget'> | undefined = exportsOfPublisher,
) =>
  lambda(async (event: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> => {
    /** Targets that have moved, each in its newest entry: a batch of promotions wakes one refresh. */
    const moved = new Map<string, Target>();
    let failed: string | undefined;
    for (const record of event.Records) {
      try {
        const change = ledgerChangeOf(record);
        await bus().publish(domainEventsOf(change));
        measure(change);
        if (change.kind === 'target' && change.before?.verifiedCommit !== change.after.verifiedCommit) {
          moved.set(`${change.after.repository}/${change.after.branch}`, change.after);
        }
      } catch (error) {
        logger.error('change of the ledger could not be published; it comes back', errorData(error));
        failed = record.dynamodb?.SequenceNumber ?? '';
        break;
      }
    }
    for (const target of moved.values()) {
      try {
        await refreshes().wake(target);
      } catch (error) {
        // The events are out and must not go out again for this; reconcile wakes the refresh.
        logger.error('refresh could not be woken; reconcile does it', errorData(error));
      }
      try {
        await exports()?.wakeTarget(target);
      } catch (error) {
        logger.error('exports could not be woken; reconcile does it', errorData(error));
      }
    }
    return { batchItemFailures: failed === undefined ? [] : [{ itemIdentifier: failed }] };
  });

export const handler = createHandler();
