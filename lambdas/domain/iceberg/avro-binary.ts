/**
 * Values in Avro's binary form, by the schema of whoever wrote them: `avsc`, with longs of all 64 bits. Pure.
 *
 * The library's own longs lose the sign beyond 52 bits (tried with 5.7.9), as the ids of snapshots that other engines make are.
 * Source: Apache Avro 1.11 specification, "Binary encoding".
 */
import type { Schema, Type } from 'avsc';
import avro from 'avsc/lib/types.js';

export type AvroSchema = string | readonly AvroSchema[] | AvroComplex;

interface AvroComplex {
  readonly type: AvroSchema;
  readonly [attribute: string]: unknown;
}

export interface AvroField {
  readonly name: string;
  readonly type: AvroSchema;
  readonly 'field-id': number;
  readonly [attribute: string]: unknown;
}

export type AvroRecord = Readonly<Record<string, unknown>>;

type Long = number | bigint;

/** A number where it is exact. */
const LONG = avro.builtins.LongType.__with({
  fromBuffer: (bytes: Buffer): Long => {
    const value = bytes.readBigInt64LE();
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  },
  toBuffer: (value: Long): Buffer => {
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeBigInt64LE(BigInt(value));
    return bytes;
  },
  fromJSON: (value: Long): Long => value,
  toJSON: (value: Long): number => Number(value),
  isValid: (value: unknown): boolean =>
    typeof value === 'bigint' ? BigInt.asIntN(64, value) === value : Number.isSafeInteger(value),
  compare: (a: Long, b: Long): number => Number(a > b) - Number(a < b),
});

const isLong = (schema: unknown): boolean =>
  schema === 'long' || (typeof schema === 'object' && schema !== null && 'type' in schema && schema.type === 'long');

export interface AvroCodec {
  /** @throws Error where a value is none of the schema. */
  encode(values: Iterable<unknown>): Buffer;
  /**
   * As many values as there are.
   * @throws RangeError where the bytes end in the midst of one.
   */
  decode(bytes: Buffer): unknown[];
}

/** The library writes a program for each schema: most files of a table have the same. */
const MOST_KEPT = 64;
const kept = new Map<string, AvroCodec>();

export interface AvroOptions {
  /** Its longs have 51 bits at most: the library's own do, and take a fifth of the time. */
  readonly isSmall?: boolean;
}

/** @throws Error for what is no schema. */
export const avroCodec = (schema: AvroSchema, { isSmall = false }: AvroOptions = {}): AvroCodec => {
  const text = JSON.stringify(schema);
  const key = `${String(isSmall)} ${text}`;
  const codec = kept.get(key) ?? codecOf(text, isSmall);
  kept.delete(key);
  kept.set(key, codec);
  const [oldest] = kept.keys();
  if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
  return codec;
};

const codecOf = (schema: string, isSmall: boolean): AvroCodec => {
  const options = { typeHook: (part: unknown): Type | undefined => (isLong(part) && !isSmall ? LONG : undefined) };
  const type = avro.Type.forSchema(JSON.parse(schema) as Schema, options as Parameters<typeof avro.Type.forSchema>[1]);
  return {
    encode: (values) => Buffer.concat(Array.from(values, (value) => type.toBuffer(value))),
    decode: (bytes) => {
      const values: unknown[] = [];
      for (let at = 0; at < bytes.length; ) {
        const { value, offset } = type.decode(bytes, at);
        if (offset < 0) throw new RangeError('the Avro data ends too early');
        values.push(value);
        at = offset;
      }
      return values;
    },
  };
};
