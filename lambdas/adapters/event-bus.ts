/** Domain events onto the bus. PutEvents answers 200 although it refused some entries: those are sent again. */
import { type EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { EVENT_SOURCE } from '../contract.ts';
import type { DomainEvent } from '../domain/domain-events.ts';
import { BranchlineError } from '../domain/errors.ts';
import { callAws } from './aws-errors.ts';
import { backoffMs, pause } from './pause.ts';

/** Source: EventBridge API, PutEvents: 10 entries and 256 KB a call. */
const MAX_ENTRIES = 10;
const MAX_BYTES = 256 * 1024;
const MAX_TRIES = 5;

export interface EventBus {
  /** Resolves when every event is on the bus. BL4001 where some could not be put: all of them may then be given again. */
  publish(events: readonly DomainEvent[]): Promise<void>;
}

type Entry = PutEventsRequestEntry & { readonly Detail: string };

/** Source: EventBridge user guide, "Calculating PutEvents event entry size": 14 bytes for the time, UTF-8 for the rest. */
const sizeOf = (entry: Entry): number =>
  14 +
  [entry.Source, entry.DetailType, entry.Detail].reduce((sum, text) => sum + Buffer.byteLength(text ?? '', 'utf8'), 0);

const toEntry = (busName: string, event: DomainEvent): Entry => {
  const entry = (detail: Readonly<Record<string, unknown>>): Entry => ({
    EventBusName: busName,
    Source: EVENT_SOURCE,
    DetailType: event.type,
    Time: new Date(event.at),
    Detail: JSON.stringify(detail),
  });
  const whole = entry(event.detail);
  if (sizeOf(whole) <= MAX_BYTES) return whole;
  // Only the list of clashes and a job's message can be long; the event points to the ledger, which has them.
  const { clashes: _clashes, cause: _cause, ...short } = event.detail;
  return entry({ ...short, truncated: true });
};

const inBatches = (entries: readonly Entry[]): readonly (readonly Entry[])[] => {
  const batches: Entry[][] = [];
  let bytes = 0;
  for (const entry of entries) {
    const batch = batches.at(-1);
    const size = sizeOf(entry);
    if (batch === undefined || batch.length === MAX_ENTRIES || bytes + size > MAX_BYTES) {
      batches.push([entry]);
      bytes = size;
    } else {
      batch.push(entry);
      bytes += size;
    }
  }
  return batches;
};

export const createEventBus = (options: { readonly client: EventBridgeClient; readonly busName: string }): EventBus => {
  const put = async (batch: readonly Entry[]): Promise<void> => {
    let rest = batch;
    for (let tries = 1; ; tries += 1) {
      const answer = await callAws(`events:PutEvents ${options.busName}`, () =>
        options.client.send(new PutEventsCommand({ Entries: [...rest] })),
      );
      const results = answer.Entries ?? [];
      const failed = rest.filter((_, at) => results[at]?.ErrorCode !== undefined);
      if (failed.length === 0) return;
      if (tries === MAX_TRIES) {
        const { ErrorCode, ErrorMessage } = results.find((result) => result.ErrorCode !== undefined) ?? {};
        throw new BranchlineError(
          'BL4001',
          `events:PutEvents ${options.busName}: ${String(failed.length)} of ${String(batch.length)} events refused ${String(tries)} times, first with ${ErrorCode ?? ''}: ${ErrorMessage ?? ''}`,
        );
      }
      rest = failed;
      await pause(backoffMs(tries));
    }
  };
  return {
    async publish(events) {
      // One after the other: events of one run stay in order.
      for (const batch of inBatches(events.map((event) => toEntry(options.busName, event)))) await put(batch);
    },
  };
};
