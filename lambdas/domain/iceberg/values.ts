/**
 * Single values: of partitions, from the text of a path; of bounds, as bytes. Pure.
 *
 * Source: Iceberg specification, appendix D, "Single-value serialization" (binary), and appendix A for Avro.
 */
import { NULL_VALUE } from '../catalog/hive.ts';
import type { AvroSchema } from './avro-binary.ts';
import { asDecimal } from './types.ts';

/** As Avro writes them: numbers and bigints, text, truth, bytes (decimals: unscaled, big-endian); null. */
export type Value = null | boolean | number | bigint | string | Uint8Array;

const DAY_MS = 86_400_000;

/** Big-endian two's complement in as few bytes as it takes. */
export const bytesOfInteger = (value: bigint): Buffer => {
  let length = 1;
  while (BigInt.asIntN(length * 8, value) !== value) length += 1;
  return integerBytes(value, length);
};

export const integerBytes = (value: bigint, length: number): Buffer =>
  Buffer.from(
    BigInt.asUintN(length * 8, value)
      .toString(16)
      .padStart(length * 2, '0'),
    'hex',
  );

export const integerOfBytes = (bytes: Uint8Array): bigint =>
  bytes.length === 0 ? 0n : BigInt.asIntN(bytes.length * 8, BigInt(`0x${Buffer.from(bytes).toString('hex')}`));

/** Bytes that hold so many digits. Source: Iceberg specification, appendix A: the minimum for the precision. */
export const bytesOfPrecision = (precision: number): number => bytesOfInteger(10n ** BigInt(precision)).length;

const little = (size: number, write: (bytes: Buffer) => void): Buffer => {
  const bytes = Buffer.alloc(size);
  write(bytes);
  return bytes;
};

/** A bound of a column or of a partition field. `undefined` for null, and for types that have no order. */
export const boundOf = (type: string, value: Value): Buffer | undefined => {
  if (value === null) return undefined;
  if (asDecimal(type) !== undefined) return bytesOfInteger(integerOfBytes(value as Uint8Array));
  switch (type) {
    case 'boolean':
      return Buffer.from([value === true ? 1 : 0]);
    case 'int':
    case 'date':
      return little(4, (bytes) => bytes.writeInt32LE(Number(value)));
    case 'long':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return little(8, (bytes) => bytes.writeBigInt64LE(BigInt(value as number | bigint)));
    case 'float':
      return little(4, (bytes) => bytes.writeFloatLE(Number(value)));
    case 'double':
      return little(8, (bytes) => bytes.writeDoubleLE(Number(value)));
    case 'string':
      return Buffer.from(value as string, 'utf8');
    default:
      return value instanceof Uint8Array ? Buffer.from(value) : undefined;
  }
};

/** Where the first lies before, at or behind the second, in the order of the type. */
export const compareValues = (a: Exclude<Value, null>, b: Exclude<Value, null>, isDecimal = false): number => {
  if (a instanceof Uint8Array && b instanceof Uint8Array) {
    if (!isDecimal) return Buffer.compare(a, b);
    const [first, second] = [integerOfBytes(a), integerOfBytes(b)];
    return first < second ? -1 : Number(first > second);
  }
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  return a < b ? -1 : Number(a > b);
};

const decimalOf = (text: string, precision: number, scale: number): Uint8Array | undefined => {
  const [, sign, whole = '', part = ''] = /^([+-]?)(\d+)(?:\.(\d*))?$/.exec(text) ?? [];
  if (whole === '' || part.replace(/0+$/, '').length > scale) return undefined;
  const digits = BigInt(whole + part.slice(0, scale).padEnd(scale, '0'));
  if (digits >= 10n ** BigInt(precision)) return undefined;
  return integerBytes(sign === '-' ? -digits : digits, bytesOfPrecision(precision));
};

/** `2026-11-01 10:00:00.25`, as Hive and Spark write it; `T` and a missing time are taken too. */
const microsOf = (text: string): bigint | undefined => {
  const [, date, time = '00:00:00', part = ''] =
    /^(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?)?$/.exec(text) ?? [];
  const at = date === undefined ? Number.NaN : Date.parse(`${date}T${time}Z`);
  return Number.isNaN(at) ? undefined : BigInt(at) * 1000n + BigInt(part.slice(0, 6).padEnd(6, '0') || '0');
};

const real = (text: string): number | undefined => {
  const value = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
};

const integer = (text: string, bits: number): number | bigint | undefined => {
  if (!/^-?\d{1,19}$/.test(text)) return undefined;
  const value = BigInt(text);
  if (BigInt.asIntN(bits, value) !== value) return undefined;
  return bits <= 32 ? Number(value) : value;
};

/** The value that a path's text stands for; `undefined` where it stands for none of the type. */
export const partitionValue = (type: string, text: string): Value | undefined => {
  if (text === NULL_VALUE) return null;
  const decimal = asDecimal(type);
  if (decimal !== undefined) return decimalOf(text, decimal.precision, decimal.scale);
  switch (type) {
    case 'string':
      return text;
    case 'boolean':
      return /^(?:true|false)$/i.test(text) ? text.toLowerCase() === 'true' : undefined;
    case 'int':
      return integer(text, 32);
    case 'long':
      return integer(text, 64);
    case 'date': {
      const at = Date.parse(`${text}T00:00:00Z`);
      return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(at) ? at / DAY_MS : undefined;
    }
    case 'timestamp':
    case 'timestamptz':
      return microsOf(text);
    case 'float':
    case 'double':
      return real(text);
    default:
      return undefined;
  }
};

/** How Avro writes a value of that type in a partition tuple. Source: Iceberg specification, appendix A. */
export const avroOf = (type: string, name: string): AvroSchema => {
  const decimal = asDecimal(type);
  if (decimal !== undefined) {
    const { precision, scale } = decimal;
    return { type: 'fixed', name, size: bytesOfPrecision(precision), logicalType: 'decimal', precision, scale };
  }
  switch (type) {
    case 'date':
      return { type: 'int', logicalType: 'date' };
    case 'timestamp':
    case 'timestamptz':
      return { type: 'long', logicalType: 'timestamp-micros', 'adjust-to-utc': type === 'timestamptz' };
    case 'binary':
      return 'bytes';
    default:
      return type;
  }
};
