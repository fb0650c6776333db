/** publish-events: the ledger's stream becomes domain events on the bus, and metrics. Events follow from what was written. */
import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import type { EventBus } from '../adapters/event-bus.ts';
import { type DomainEvent, eventsOf, targetEventsOf } from '../domain/domain-events.ts';
import { busOfContainer } from './bus-wiring.ts';
import { lambda } from './middleware.ts';
import { errorData, logger } from './observability.ts';
import { measureRun } from './run-metrics.ts';
import { type LedgerChange, ledgerChangeOf } from './stream.ts';

const domainEventsOf = (change: LedgerChange): readonly DomainEvent[] => {
  if (change.kind === 'run') return eventsOf(change.before, change.after);
  return change.kind === 'target' ? targetEventsOf(change.before, change.after) : [];
};

/** Record by record, in order: the stream comes back from the first one that failed, and nothing after it is skipped. */
export const createHandler = (bus: () => EventBus = busOfContainer) =>
  lambda(async (event: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> => {
    for (const record of event.Records) {
      try {
        const change = ledgerChangeOf(record);
        await bus().publish(domainEventsOf(change));
        if (change.kind === 'run') measureRun(change.before, change.after);
      } catch (error) {
        logger.error('change of the ledger could not be published; it comes back', errorData(error));
        return { batchItemFailures: [{ itemIdentifier: record.dynamodb?.SequenceNumber ?? '' }] };
      }
    }
    return { batchItemFailures: [] };
  });

export const handler = createHandler();
