import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  digestOfKey,
  manifestFolder,
  manifestKey,
  manifestOf,
  manifestPrefix,
} from '../../../../lambdas/domain/catalog/manifest.ts';
import { placeOfFile, unreadableColumn } from '../../../../lambdas/domain/catalog/visible.ts';
import { column, tableOf } from './sample.ts';

const address = fc.stringMatching(/^s3:\/\/[a-z]{3,8}\/[a-z0-9/]{1,12}[a-z0-9]$/);

describe('a manifest', () => {
  it('lists every file once, a line each, sorted, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(address, { minLength: 1 }), (addresses) => {
        expect(manifestOf(addresses).content.split('\n')).toEqual([...new Set(addresses)].sort());
      }),
    );
  });

  it('is named by its content: the same for the same files in any order, another for others', () => {
    fc.assert(
      fc.property(fc.uniqueArray(address, { minLength: 1 }), address, (addresses, other) => {
        fc.pre(!addresses.includes(other));
        const { digest } = manifestOf(addresses);
        expect(manifestOf(addresses.toReversed()).digest).toBe(digest);
        expect(manifestOf([...addresses, other]).digest).not.toBe(digest);
      }),
    );
  });

  it('names files in S3 by one scheme', () => {
    expect(manifestOf(['s3a://b/x', 's3n://b/y']).content).toBe('s3://b/x\ns3://b/y');
  });

  it.each(['gs://b/x', 's3://b', 's3://b/', '/x', 's3://b/x\ns3://b/y', ''])('refuses %j', (bad) => {
    expect(() => manifestOf([bad])).toThrow(/BL7002/);
  });

  it('of nothing is empty', () => {
    expect(manifestOf([]).content).toBe('');
  });
});

describe('where manifests lie', () => {
  const table = tableOf([], { name: 'my table' });
  it('is below a folder of the table, alone in a prefix that ends in a slash', () => {
    const { digest } = manifestOf(['s3://b/x']);
    expect(manifestFolder(table)).toBe('lake/main/my%20table/');
    expect(manifestPrefix(table, digest)).toBe(`lake/main/my%20table/${digest}/`);
    expect(digestOfKey(table, manifestKey(table, digest))).toBe(digest);
  });

  it('tells its own from foreign objects', () => {
    const { digest } = manifestOf([]);
    for (const key of [
      'lake/main/my%20table/notes.txt',
      `lake/main/other/${digest}/symlink.txt`,
      `${manifestKey(table, digest)}/x`,
    ])
      expect(digestOfKey(table, key)).toBeUndefined();
  });
});

describe('files of a table', () => {
  const table = tableOf([column('_day', 'date')]);
  const isFile = (path: string, sizeBytes = 1): boolean =>
    placeOfFile(table, { path, sizeBytes, isPrefix: false }) !== undefined;

  it.each(['sales/_day=2026-01-01/a.parquet', 'sales/_day=2026-01-01/deep/a', 'sales/_day=x/a'])('%s', (path) => {
    expect(isFile(path)).toBe(true);
  });

  it.each([
    'sales/_day=2026-01-01/_SUCCESS',
    'sales/_day=2026-01-01/_temporary/0/a.parquet',
    'sales/_day=2026-01-01/.a.parquet.crc',
    'sales/_day=2026-01-01/.hidden/a',
    'sales/_day=2026-01-01/',
    'sales/_day=2026-01-01/deep/',
    'sales/a.parquet',
    'sales/_SUCCESS',
    'other/_day=2026-01-01/a',
  ])('not %s', (path) => {
    expect(isFile(path)).toBe(false);
  });

  it('is nothing empty, and no prefix', () => {
    expect(isFile('sales/_day=2026-01-01/a', 0)).toBe(false);
    expect(placeOfFile(table, { path: 'sales/_day=1/', sizeBytes: 1, isPrefix: true })).toBeUndefined();
  });

  it('and the column that no reader could take', () => {
    expect(unreadableColumn(table, ['2026-01-01'])).toBeUndefined();
    expect(unreadableColumn(table, ['yesterday'])).toBe('_day');
  });
});
