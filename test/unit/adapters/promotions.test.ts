import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import {
  createPromotions,
  deduplicationIdOf,
  groupIdOf,
  parseWakeUp,
  type WakeUp,
} from '../../../lambdas/adapters/promotions.ts';

const wakeUp = (changes: Partial<WakeUp> = {}): WakeUp => ({
  ...{ runId: 'r1x', attempt: 0, repository: 'lake', target: 'main', version: 3 },
  ...changes,
});

describe('message group', () => {
  it('is the target', () => {
    expect(groupIdOf(wakeUp())).toBe('lake/main');
  });

  it.each([['x'.repeat(200)], ['mäin'], ['a b']])('is a digest for target %s', (target) => {
    expect(groupIdOf(wakeUp({ target }))).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(groupIdOf(wakeUp({ target }))).not.toBe(groupIdOf(wakeUp({ target: `${target}2` })));
  });
});

describe('deduplication id', () => {
  it('differs wherever a wake-up must not be dropped', () => {
    const ids = [
      wakeUp(),
      wakeUp({ attempt: 1 }),
      wakeUp({ version: 4 }),
      wakeUp({ wakeUps: 1 }),
      wakeUp({ runId: 'r2x' }),
      wakeUp({ runId: 'y'.repeat(128) }),
    ].map(deduplicationIdOf);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_./:#-]{1,128}$/);
  });

  it('is the same for the same wake-up', () => {
    expect(deduplicationIdOf(wakeUp())).toBe(deduplicationIdOf(wakeUp()));
  });
});

describe('the message', () => {
  it('reaches promote-run as the key of the run', async () => {
    const client = new SQSClient({ region: 'us-east-1' });
    const sdk = mockClient(client);
    sdk.on(SendMessageCommand).resolves({});
    await createPromotions({ client, queueUrl: 'https://queue' }).wake(wakeUp({ attempt: 2 }));
    const input = sdk.commandCalls(SendMessageCommand)[0]?.args[0].input;
    expect(input).toMatchObject({ QueueUrl: 'https://queue', MessageGroupId: 'lake/main' });
    expect(parseWakeUp(input?.MessageBody ?? '')).toEqual({ runId: 'r1x', attempt: 2 });
  });

  it.each([
    ['no JSON', 'r1x', /a wake-up is JSON, found "r1x"/],
    ['no run id', '{"attempt":0}', /wake-up\.runId: expected string, found nothing/],
    ['half an attempt', '{"runId":"a","attempt":0.5}', /wake-up\.attempt: expected int, found 0\.5/],
  ])('is refused with %s', (_, body, says) => {
    expect(() => parseWakeUp(body)).toThrow(says);
  });
});
