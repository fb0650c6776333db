import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  avroOf,
  boundOf,
  bytesOfInteger,
  compareValues,
  integerOfBytes,
  partitionValue,
} from '../../../../lambdas/domain/iceberg/values.ts';

/** Source: Iceberg specification, appendix D. */
describe('a bound', () => {
  it.each([
    ['boolean', true, '01'],
    ['int', 34, '22000000'],
    ['long', 34n, '2200000000000000'],
    ['date', 17486, '4e440000'],
    ['timestamp', 1510871468000001n, '01f8a5e3215e0500'],
    ['float', -4.5, '000090c0'],
    ['double', 6.0, '0000000000001840'],
    ['string', 'iceberg', '69636562657267'],
    ['decimal(9, 2)', bytesOfInteger(1420n), '058c'],
    ['decimal(9, 2)', Buffer.from('ffffffff', 'hex'), 'ff'],
  ])('of %s', (type, value, hex) => {
    expect(boundOf(type, value)?.toString('hex')).toBe(type === 'timestamp' ? little(value as bigint) : hex);
  });

  it('of null is none', () => expect(boundOf('int', null)).toBeUndefined());
});

const little = (value: bigint): string => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(value);
  return bytes.toString('hex');
};

describe('an integer as bytes', () => {
  it('comes back, in as few bytes as it takes', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 38n), max: 10n ** 38n }), (value) => {
        const bytes = bytesOfInteger(value);
        expect(integerOfBytes(bytes)).toBe(value);
        if (bytes.length > 1) expect(BigInt.asIntN((bytes.length - 1) * 8, value)).not.toBe(value);
      }),
    );
  });

  it('is ordered as the number is', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(2n ** 90n), max: 2n ** 90n }),
        fc.bigInt({ min: -(2n ** 90n), max: 2n ** 90n }),
        (a, b) => {
          expect(Math.sign(compareValues(bytesOfInteger(a), bytesOfInteger(b), true))).toBe(a < b ? -1 : Number(a > b));
        },
      ),
    );
  });
});

describe('the value of a partition', () => {
  it.each([
    ['string', 'a b', 'a b'],
    ['int', '007', 7],
    ['int', '2147483648', undefined],
    ['long', '-9223372036854775808', -9223372036854775808n],
    ['date', '2026-11-25', 20_782],
    ['date', '25.11.2026', undefined],
    ['boolean', 'TRUE', true],
    ['boolean', '1', undefined],
    ['double', '1.5e3', 1500],
    ['double', 'NaN', undefined],
    ['timestamp', '1970-01-01 00:00:01.5', 1_500_000n],
    ['timestamp', '1969-12-31 23:59:59', -1_000_000n],
    ['timestamp', 'yesterday', undefined],
    ['decimal(4, 2)', '-1.5', Buffer.from('ff6a', 'hex')],
    ['decimal(4, 2)', '123.00', undefined],
    ['decimal(4, 2)', '1.234', undefined],
    ['string', '__HIVE_DEFAULT_PARTITION__', null],
    ['struct', 'x', undefined],
  ])('%s of %s', (type, text, value) => {
    const found = partitionValue(type, text);
    expect(found instanceof Uint8Array ? Buffer.from(found).toString('hex') : found).toBe(
      value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
    );
  });

  it('is written to Avro as the specification says', () => {
    expect(avroOf('date', 'f')).toEqual({ type: 'int', logicalType: 'date' });
    expect(avroOf('decimal(9, 2)', 'f')).toMatchObject({ type: 'fixed', size: 4, precision: 9, scale: 2 });
    expect(avroOf('decimal(38, 0)', 'f')).toMatchObject({ size: 16 });
    expect(avroOf('timestamptz', 'f')).toMatchObject({ 'adjust-to-utc': true });
    expect(avroOf('long', 'f')).toBe('long');
  });
});
