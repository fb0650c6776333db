import { describe, expect, it } from 'vitest';
import { createIcebergStore } from '../../../lambdas/adapters/iceberg-store.ts';

const ENV = {
  ...{ AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret' },
};

const storeWith = (status: number) => {
  let calls = 0;
  const store = createIcebergStore({
    env: ENV,
    root: { bucket: 'bucket', prefix: 'iceberg/' },
    fetch: async () => new Response('', { status }),
    onCall: () => {
      calls += 1;
    },
  });
  return { store, calls: () => calls };
};
const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

describe('what was put lately', () => {
  it('is there without a call, and nothing else is', async () => {
    const { store, calls } = storeWith(200);
    await store.put('a', bytes(3, 7));
    expect(calls()).toBe(1);
    expect(store.recall('a')).toEqual(bytes(3, 7));
    expect(store.recall('b')).toBeUndefined();
    expect(calls()).toBe(1);
  });

  it('is not kept where S3 refused it', async () => {
    const { store } = storeWith(403);
    await expect(store.put('a', bytes(3, 7))).rejects.toMatchObject({ code: 'BL4002' });
    expect(store.recall('a')).toBeUndefined();
  });

  it('gives way to what is newer after 4 MiB', async () => {
    const { store } = storeWith(200);
    const mib = 1024 * 1024;
    for (const [i, key] of ['a', 'b', 'c'].entries()) await store.put(key, bytes(2 * mib, i));
    expect(['a', 'b', 'c'].map((key) => store.recall(key)?.[0])).toEqual([undefined, 1, 2]);
    await store.put('d', bytes(5 * mib, 3));
    expect(['a', 'b', 'c', 'd'].map((key) => store.recall(key))).toEqual([undefined, undefined, undefined, undefined]);
  });
});
