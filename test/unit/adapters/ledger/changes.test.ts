import { describe, expect, it } from 'vitest';
import { changesItems, toChanges } from '../../../../lambdas/adapters/ledger/changes.ts';
import type { Item } from '../../../../lambdas/adapters/ledger/items.ts';

const KEY = { runId: 'r1x', attempt: 0 };
const COMMIT = 'c'.repeat(64);
const byKey = (items: readonly Item[]): Item[] => items.toSorted((a, b) => (String(a.sk) < String(b.sk) ? -1 : 1));
const partitions = (count: number, of = 'sales'): string[] =>
  Array.from({ length: count }, (_, at) => `${of}/yyyy_mm_dd=2026-11-24/hh_mm=${String(at)}/`);

describe('changed partitions in chunks', () => {
  it.each([[0], [1], [25_000]])('reads back %i partitions', (count) => {
    expect(toChanges(byKey(changesItems(KEY, COMMIT, partitions(count))), COMMIT)).toEqual(partitions(count));
  });

  it('stays below the size of an item, counted in bytes', () => {
    const long = Array.from({ length: 2_000 }, (_, at) => `${'ü'.repeat(500)}${String(at)}/`);
    const items = changesItems(KEY, COMMIT, long);
    expect(items.length).toBeGreaterThan(5);
    for (const item of items) expect(Buffer.byteLength(JSON.stringify(item))).toBeLessThan(310 * 1024);
    expect(toChanges(byKey(items), COMMIT)).toEqual(long);
  });

  it('is absent until the header is written, which comes last', () => {
    const items = changesItems(KEY, COMMIT, partitions(100), 1_000);
    expect(items.length).toBeGreaterThan(2);
    for (let written = 0; written < items.length; written += 1) {
      expect(toChanges(byKey(items.slice(0, written)), COMMIT)).toBeUndefined();
    }
  });

  it('is absent while it is written anew, and whole afterwards, also where the new list is shorter', () => {
    const table = new Map(changesItems(KEY, COMMIT, partitions(100), 1_000).map((item) => [item.sk, item]));
    const next = changesItems(KEY, COMMIT, partitions(40, 'returns'), 1_000);
    expect(next.length).toBeLessThan(table.size);
    for (const [at, item] of next.entries()) {
      table.set(item.sk, item);
      const read = toChanges(byKey([...table.values()]), COMMIT);
      expect(read).toEqual(at === next.length - 1 ? partitions(40, 'returns') : undefined);
    }
  });

  it('is absent for another commit than the one it was written for', () => {
    const items = byKey(changesItems(KEY, COMMIT, partitions(3)));
    expect(toChanges(items, 'd'.repeat(64))).toBeUndefined();
    // Lists of the first deployments name none.
    const old = items.map(({ commit: _, ...rest }) => rest as Item);
    expect(toChanges(old, COMMIT)).toEqual(partitions(3));
  });
});
