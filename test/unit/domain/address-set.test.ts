import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { AddressSet } from '../../../lambdas/domain/address-set.ts';

it('has what was added and nothing else, whenever it is asked', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), fc.boolean()), { maxLength: 60 }), (steps) => {
      const set = new AddressSet();
      const known = new Set<string>();
      for (const [address, adds] of steps) {
        if (adds) {
          set.add(address);
          known.add(address);
        }
        for (const [other] of steps) expect(set.has(other)).toBe(known.has(other));
      }
    }),
    { numRuns: 100 },
  );
});

it('grows', () => {
  const set = new AddressSet();
  for (let i = 0; i < 5000; i += 1) set.add(`s3://bucket/${String(i)}`);
  expect(set.size).toBe(5000);
  expect(set.has('s3://bucket/0') && set.has('s3://bucket/4999')).toBe(true);
  expect(set.has('s3://bucket/5000')).toBe(false);
});
