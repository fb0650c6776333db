import { describe, expect, it } from 'vitest';
import { withOneBehind } from '../../../lambdas/domain/one-behind.ts';

/** Work that ends when it is told to. */
const gated = (log: string[], name: string) => {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const work = async (): Promise<void> => {
    log.push(`${name} begins`);
    await promise;
    log.push(`${name} ends`);
  };
  return { work, resolve, reject };
};

describe('work one behind', () => {
  it('goes on while the next is made ready, one at a time and in order', async () => {
    const log: string[] = [];
    const [a, b] = [gated(log, 'a'), gated(log, 'b')];
    const all = withOneBehind(async (behind) => {
      await behind.next(a.work);
      log.push('b is made ready');
      setImmediate(a.resolve);
      await behind.next(b.work);
      log.push('nothing is left');
      setImmediate(b.resolve);
      await behind.done();
      return 'all';
    });
    expect(await all).toBe('all');
    expect(log).toEqual(['a begins', 'b is made ready', 'a ends', 'b begins', 'nothing is left', 'b ends']);
  });

  it('begins nothing after work that failed, and says why', async () => {
    const log: string[] = [];
    const [a, b] = [gated(log, 'a'), gated(log, 'b')];
    const all = withOneBehind(async (behind) => {
      await behind.next(a.work);
      a.reject(new Error('refused'));
      await behind.next(b.work);
    });
    await expect(all).rejects.toThrow('refused');
    expect(log).toEqual(['a begins']);
  });

  it('throws in the end what the last work threw', async () => {
    const all = withOneBehind(async (behind) => {
      await behind.next(() => Promise.reject(new Error('the last')));
      await behind.done();
    });
    await expect(all).rejects.toThrow('the last');
  });

  it('never ends before what it began', async () => {
    const log: string[] = [];
    const a = gated(log, 'a');
    const all = withOneBehind(async (behind) => {
      await behind.next(a.work);
      setImmediate(a.resolve);
      throw new Error('lost on the way');
    });
    await expect(all).rejects.toThrow('lost on the way');
    expect(log).toEqual(['a begins', 'a ends']);
  });
});
