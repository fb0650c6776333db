import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TableConfig } from '../../../lambdas/contract.ts';
import { clashingPartitions, partitionOf, partitionsOf } from '../../../lambdas/domain/partitions.ts';

const table = (path: string, more: Partial<TableConfig> = {}): TableConfig => ({
  name: path,
  path,
  partitionColumns: ['dt', 'hh'],
  overwrite: 'partition',
  appendOnly: false,
  ...more,
});
const TABLES = [
  table('sales/'),
  table('whole/', { overwrite: 'table' }),
  table('flat/', { partitionColumns: [] }),
  table('log/', { appendOnly: true }),
];

describe('partitionOf', () => {
  it.each([
    ['a file in a partition', 'sales/dt=1/hh=2/a.parquet', 'sales/dt=1/hh=2/'],
    ['a directory below a partition', 'sales/dt=1/hh=2/deep/a.parquet', 'sales/dt=1/hh=2/'],
    ['a file above the partitions', 'sales/dt=1/a.parquet', 'sales/'],
    ['columns in the wrong order', 'sales/hh=2/dt=1/a.parquet', 'sales/'],
    ['a table overwritten as a whole', 'whole/dt=1/hh=2/a', 'whole/'],
    ['an unpartitioned table', 'flat/x/a', 'flat/'],
    ['outside any table', 'notes/2026/a.txt', 'notes/2026/'],
    ['the root', 'README', ''],
    ['a prefix that only looks like a table', 'sales2/dt=1/hh=2/a', 'sales2/dt=1/hh=2/'],
    ['a directory marker', 'sales/dt=1/hh=2/', undefined],
    ['a success marker', 'sales/_SUCCESS', undefined],
    ['a committer left it', 'sales/_temporary/0/a', undefined],
    ['a dynamic overwrite left it', 'sales/.spark-staging-1f/yyyy_mm_dd=x/a', undefined],
    ['only its name begins so', 'sales/.spark-staging-/a', 'sales/'],
  ])('%s', (_, path, expected) => {
    expect(partitionOf(path, TABLES)).toBe(expected);
  });
});

describe('clashingPartitions', () => {
  it.each([
    ['the same partition', ['sales/dt=1/hh=1/'], ['sales/dt=1/hh=1/'], ['sales/dt=1/hh=1/']],
    ['neighbours', ['sales/dt=1/hh=1/'], ['sales/dt=1/hh=2/'], []],
    ['their whole table', ['sales/dt=1/hh=1/'], ['sales/'], ['sales/dt=1/hh=1/']],
    ['my whole table', ['sales/'], ['sales/dt=1/hh=1/'], ['sales/']],
    ['append-only', ['log/dt=1/hh=1/'], ['log/dt=1/hh=1/'], []],
    ['a directory and its sub-directory', ['notes/'], ['notes/2026/'], []],
    ['the root and a table', [''], ['sales/dt=1/hh=1/'], []],
  ])('%s', (_, mine, theirs, expected) => {
    expect(clashingPartitions(mine, theirs, TABLES)).toEqual(expected);
  });

  it('is symmetric in whether there is a clash', () => {
    const path = fc.constantFrom(
      'sales/dt=1/hh=1/a',
      'sales/dt=1/hh=2/a',
      'sales/x',
      'whole/a',
      'flat/b',
      'log/dt=1/hh=1/c',
      'n/a',
      'n/m/a',
      'r',
    );
    const partitions = fc.array(path).map((paths) => partitionsOf(paths, TABLES));
    fc.assert(
      fc.property(partitions, partitions, (a, b) => {
        expect(clashingPartitions(a, b, TABLES).length > 0).toBe(clashingPartitions(b, a, TABLES).length > 0);
      }),
    );
  });
});
