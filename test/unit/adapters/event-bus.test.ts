import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { createEventBus } from '../../../lambdas/adapters/event-bus.ts';
import type { DomainEvent } from '../../../lambdas/domain/domain-events.ts';

const client = new EventBridgeClient({ region: 'us-east-1' });
const sdk = mockClient(client);
const bus = createEventBus({ client, busName: 'branchline' });

const event = (detail: Record<string, unknown>): DomainEvent => ({ type: 'Run Opened', at: 1_000, detail });
const events = (count: number, size = 1): DomainEvent[] =>
  Array.from({ length: count }, (_, number) => event({ number, padding: 'x'.repeat(size) }));
const batches = (): PutEventsRequestEntry[][] =>
  sdk.commandCalls(PutEventsCommand).map((call) => call.args[0].input.Entries ?? []);

/** The bus takes everything but the entries whose details are among these. */
const refusing = (...refused: string[]): void => {
  sdk.on(PutEventsCommand).callsFake((input: { Entries: PutEventsRequestEntry[] }) => ({
    FailedEntryCount: 0,
    Entries: input.Entries.map(({ Detail }) =>
      refused.includes(Detail ?? '')
        ? { ErrorCode: 'ThrottlingException', ErrorMessage: 'slow down' }
        : { EventId: 'e' },
    ),
  }));
};

beforeEach(() => {
  sdk.reset();
  refusing();
});

describe('batches', () => {
  it('puts nothing for nothing', async () => {
    await bus.publish([]);
    expect(batches()).toEqual([]);
  });

  it('holds at most ten entries, in order', async () => {
    await bus.publish(events(23));
    expect(batches().map(({ length }) => length)).toEqual([10, 10, 3]);
    expect(
      batches()
        .flat()
        .map(({ Detail }) => JSON.parse(Detail ?? '').number),
    ).toEqual(events(23).map((_, at) => at));
    expect(batches()[0]?.[0]).toMatchObject({
      EventBusName: 'branchline',
      Source: 'branchline',
      DetailType: 'Run Opened',
    });
  });

  it('holds at most 256 KB', async () => {
    await bus.publish(events(7, 100 * 1024));
    expect(batches().map(({ length }) => length)).toEqual([2, 2, 2, 1]);
  });

  it('shortens an event that is too long by itself, and says so', async () => {
    await bus.publish([event({ runId: 'r', clashes: ['ü'.repeat(200_000)] })]);
    expect(JSON.parse(batches()[0]?.[0]?.Detail ?? '')).toEqual({ runId: 'r', truncated: true });
  });
});

describe('entries refused by an answer 200', () => {
  it('are put again, and only they', async () => {
    sdk
      .on(PutEventsCommand)
      .resolvesOnce({
        FailedEntryCount: 1,
        Entries: [{ EventId: '1' }, { ErrorCode: 'InternalFailure' }, { EventId: '3' }],
      })
      .resolvesOnce({ FailedEntryCount: 0, Entries: [{ EventId: '2' }] });
    await bus.publish(events(3));
    expect(batches().map((batch) => batch.map(({ Detail }) => JSON.parse(Detail ?? '').number))).toEqual([
      [0, 1, 2],
      [1],
    ]);
  });

  it('are a fault in the end', async () => {
    refusing(JSON.stringify(events(2)[1]?.detail));
    await expect(bus.publish(events(2))).rejects.toThrow(
      /1 of 2 events refused 5 times, first with ThrottlingException: slow down/,
    );
  });
});
