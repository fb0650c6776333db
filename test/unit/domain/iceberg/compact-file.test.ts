import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CompactFile } from '../../../../lambdas/domain/iceberg/compact-file.ts';
import { type DataFile, unpackFile } from '../../../../lambdas/domain/iceberg/manifest-file.ts';

const key = fc.integer({ min: 1, max: 2000 });
const counts = fc.array(fc.record({ key, value: fc.nat({ max: 2 ** 51 }) }), { maxLength: 8 });
const bounds = fc.array(
  fc.record({ key, value: fc.uint8Array({ maxLength: 16 }).map((bytes) => Buffer.from(bytes)) }),
  { maxLength: 8 },
);
const file: fc.Arbitrary<DataFile> = fc.record({
  content: fc.constant(0 as const),
  file_format: fc.constant('PARQUET' as const),
  file_path: fc.string(),
  partition: fc.dictionary(
    fc.stringMatching(/^[a-z]{1,4}$/),
    fc.oneof(fc.constant(null), fc.string(), fc.maxSafeNat()),
  ),
  record_count: fc.maxSafeNat(),
  file_size_in_bytes: fc.maxSafeNat(),
  column_sizes: counts,
  value_counts: counts,
  null_value_counts: counts,
  lower_bounds: bounds,
  upper_bounds: bounds,
});

it('says all that the file says, unpacked and one by one', () => {
  fc.assert(
    fc.property(file, (whole) => {
      const packed = new CompactFile(whole);
      expect(unpackFile(packed)).toEqual(whole);
      for (const name of Object.keys(whole) as (keyof DataFile)[]) expect(packed[name]).toEqual(whole[name]);
      expect(unpackFile(whole)).toBe(whole);
    }),
  );
});
