import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  inBatches,
  keyOfValues,
  type PublishedPartition,
  planPartitions,
  type WantedPartition,
} from '../../../../lambdas/domain/catalog/plan.ts';

const state = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.constantFrom('1', '2', '3'));

const wantedOf = (from: Record<string, string>): WantedPartition[] =>
  Object.entries(from).map(([value, location]) => ({ values: [value], location, prefix: `t/${value}/` }));
const publishedOf = (wanted: readonly WantedPartition[]): Map<string, PublishedPartition> =>
  new Map(wanted.map((partition) => [keyOfValues(partition.values), { ...partition, isInForm: true }]));
const goneOf = (before: Record<string, string>, after: Record<string, string>): string[][] =>
  Object.keys({ ...before, z: '' })
    .filter((value) => !(value in after))
    .map((value) => [value]);

describe('a plan', () => {
  it('leads from any state to any other, and touches nothing that is right already', () => {
    fc.assert(
      fc.property(state, state, (before, after) => {
        const published = publishedOf(wantedOf(before));
        const plan = planPartitions(published, wantedOf(after), goneOf(before, after));
        for (const { values } of [...plan.create, ...plan.update])
          expect(before[values[0] ?? '']).not.toBe(after[values[0] ?? '']);
        for (const { values } of plan.create) expect(published.has(keyOfValues(values))).toBe(false);
        for (const { values } of plan.update) expect(published.has(keyOfValues(values))).toBe(true);
        const result = new Map(published);
        for (const [key, partition] of publishedOf([...plan.create, ...plan.update])) result.set(key, partition);
        for (const values of plan.remove) expect(result.delete(keyOfValues(values))).toBe(true);
        expect(result).toEqual(publishedOf(wantedOf(after)));
      }),
    );
  });

  it('is empty where all is as it should be', () => {
    fc.assert(
      fc.property(state, (now) => {
        const plan = planPartitions(publishedOf(wantedOf(now)), wantedOf(now), [['z']]);
        expect(plan).toEqual({ create: [], update: [], remove: [] });
      }),
    );
  });

  it('mends a partition that somebody edited', () => {
    const [wanted] = wantedOf({ a: '1' });
    if (wanted === undefined) throw new Error('nothing wanted');
    const { prefix: _, ...foreign } = { ...wanted, isInForm: true };
    for (const published of [foreign, { ...wanted, isInForm: false }, { ...wanted, isInForm: true, location: 'x' }])
      expect(planPartitions(new Map([[keyOfValues(['a']), published]]), [wanted], []).update).toEqual([wanted]);
  });
});

describe('batches', () => {
  it('hold everything in order, none of them empty or too long', () => {
    fc.assert(
      fc.property(fc.array(fc.nat()), fc.integer({ min: 1, max: 7 }), (items, size) => {
        const batches = inBatches(items, size);
        expect(batches.flat()).toEqual(items);
        expect(batches.every(({ length }) => length > 0 && length <= size)).toBe(true);
        expect(batches.length).toBe(Math.ceil(items.length / size));
      }),
    );
  });
});
