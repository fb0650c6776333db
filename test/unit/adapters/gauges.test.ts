import { GetQueueAttributesCommand, GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { createGauges, skewOf } from '../../../lambdas/adapters/gauges.ts';

const NOW = Date.parse('2026-11-24T15:00:00.500Z');

const gauges = (fetch: (url: string) => Promise<Response> = () => Promise.reject(new Error('offline'))) => {
  const client = new SQSClient({ region: 'eu-west-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } });
  const mock = mockClient(client);
  const made = createGauges({
    ...{ client, prefix: 'second', lakefsEndpoint: 'https://lakefs.internal', clock: { now: () => NOW }, fetch },
  });
  return { made, mock };
};

describe('queues', () => {
  it('are found by the names that the stack gives them, and counted', async () => {
    const { made, mock } = gauges();
    mock.on(GetQueueUrlCommand).callsFake(({ QueueName }) => ({ QueueUrl: `https://sqs/${String(QueueName)}` }));
    mock.on(GetQueueAttributesCommand).callsFake(({ QueueUrl }) => ({
      Attributes: {
        ApproximateNumberOfMessages: String(QueueUrl).includes('dlq') ? '2' : '7',
        ApproximateNumberOfMessagesNotVisible: '1',
      },
    }));
    const depths = await made.queueDepths();
    expect(depths.map(({ queue }) => queue)).toEqual([
      ...['second-open', 'second-open-dlq', 'second-settle', 'second-settle-dlq'],
      ...['second-promotions.fifo', 'second-promotions-dlq.fifo', 'second-refreshes.fifo', 'second-refreshes-dlq.fifo'],
      ...['second-exports.fifo', 'second-exports-dlq.fifo'],
      ...['second-publish-events-dlq', 'second-schedules-dlq'],
    ]);
    expect(depths[0]).toEqual({ queue: 'second-open', isDeadLetters: false, waiting: 7, inFlight: 1 });
    expect(depths[1]).toEqual({ queue: 'second-open-dlq', isDeadLetters: true, waiting: 2, inFlight: 1 });
  });

  it('that are missing are named', async () => {
    const { made, mock } = gauges();
    mock.on(GetQueueUrlCommand).rejects(Object.assign(new Error('gone'), { name: 'QueueDoesNotExist' }));
    await expect(made.queueDepths()).rejects.toMatchObject({
      code: 'BL4001',
      message: expect.stringContaining('queue second-open does not exist'),
    });
  });

  it('that may not be counted are told as denied', async () => {
    const { made, mock } = gauges();
    mock.on(GetQueueUrlCommand).rejects(Object.assign(new Error('no'), { name: 'AccessDenied' }));
    await expect(made.queueDepths()).rejects.toMatchObject({ code: 'BL4002' });
  });
});

describe('clocks', () => {
  it('skew is what the Date says against the middle of asking and answer', () => {
    expect(skewOf('Tue, 24 Nov 2026 15:00:00 GMT', NOW - 100, NOW + 100)).toBe(0);
    expect(skewOf('Tue, 24 Nov 2026 15:01:00 GMT', NOW, NOW)).toBe(60_000);
  });

  it('of lakeFS: from its health check', async () => {
    const { made } = gauges(async (url) => {
      expect(url).toBe('https://lakefs.internal/_health');
      return new Response(null, { headers: { date: 'Tue, 24 Nov 2026 14:59:50 GMT' } });
    });
    expect(await made.clockSkew('lakeFS')).toBe(-10_000);
  });

  it('of a lakeFS that is away: BL3001', async () => {
    await expect(gauges().made.clockSkew('lakeFS')).rejects.toMatchObject({ code: 'BL3001' });
  });
});
