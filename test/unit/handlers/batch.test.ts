import { beforeEach, describe, expect, it, vi } from 'vitest';
import { eachInGroup, eachMessage } from '../../../lambdas/handlers/batch.ts';
import { setDeadline } from '../../../lambdas/handlers/deadline.ts';
import { logger } from '../../../lambdas/handlers/observability.ts';
import { batch, failedOf, message } from './invoke.ts';

beforeEach(() => {
  setDeadline(60_000);
  logger.setLogLevel('SILENT');
  return () => logger.setLogLevel('INFO');
});

describe('a standard queue', () => {
  it('names the messages that failed, and only them', async () => {
    const event = batch(message('a', 'ok'), message('b', 'bad'), message('c', 'ok'));
    const work = vi.fn(({ body }) => (body === 'bad' ? Promise.reject(new Error('no')) : Promise.resolve()));
    expect(failedOf(await eachMessage(event, work))).toEqual(['b']);
    expect(work).toHaveBeenCalledTimes(3);
  });

  it('catches a work that throws at once', async () => {
    const work = () => {
      throw new Error('no');
    };
    expect(failedOf(await eachMessage(batch(message('a', '')), work))).toEqual(['a']);
  });

  it('begins nothing when time is up', async () => {
    setDeadline(6_000);
    const work = vi.fn(() => Promise.resolve());
    expect(failedOf(await eachMessage(batch(message('a', ''), message('b', '')), work))).toEqual(['a', 'b']);
    expect(work).not.toHaveBeenCalled();
  });
});

describe('a FIFO queue', () => {
  const event = batch(
    message('a1', 'ok', 'a'),
    message('b1', 'ok', 'b'),
    message('a2', 'bad', 'a'),
    message('a3', 'ok', 'a'),
    message('b2', 'ok', 'b'),
    message('c1', 'bad', 'c'),
    message('a4', 'bad', 'a'),
  );

  it('fails the rest of a group after a failure, and no other group', async () => {
    const done: string[] = [];
    const answer = await eachInGroup(event, async ({ messageId, body }) => {
      done.push(messageId);
      if (body === 'bad') throw new Error('no');
    });
    expect(failedOf(answer)).toEqual(['a2', 'a3', 'a4', 'c1']);
    expect(done.sort()).toEqual(['a1', 'a2', 'b1', 'b2', 'c1']);
  });

  it('works on one message of a group at a time', async () => {
    const busy = new Set<string>();
    const overlaps: string[] = [];
    await eachInGroup(event, async ({ messageId, attributes }) => {
      const group = attributes.MessageGroupId ?? '';
      if (busy.has(group)) overlaps.push(messageId);
      busy.add(group);
      await new Promise(setImmediate);
      busy.delete(group);
    });
    expect(overlaps).toEqual([]);
  });
});
