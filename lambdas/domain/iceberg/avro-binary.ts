/**
 * Values in Avro's binary form, by the schema of whoever wrote them. Pure.
 *
 * A codec of our own: the library would be a fifth of the function's bundle, and its longs lose what is beyond 53 bits, as the ids
 * of snapshots that other engines make are. Source: Apache Avro 1.11 specification, "Binary encoding".
 */

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

class Writer {
  #bytes = Buffer.allocUnsafe(4096);
  #at = 0;

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }
  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + count));
    this.#bytes.copy(grown, 0, 0, this.#at);
    this.#bytes = grown;
  }
  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = value;
  }
  /** Zigzag, seven bits a byte. */
  long(value: number | bigint): void {
    this.#reserve(10);
    if (typeof value === 'number' && value >= -0x40000000 && value < 0x40000000) {
      let rest = value >= 0 ? value * 2 : -value * 2 - 1;
      while (rest > 0x7f) {
        this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
        rest >>>= 7;
      }
      this.#bytes[this.#at++] = rest;
      return;
    }
    const whole = BigInt(value);
    let rest = BigInt.asUintN(64, (whole << 1n) ^ (whole >> 63n));
    while (rest > 0x7fn) {
      this.#bytes[this.#at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#at++] = Number(rest);
  }
  raw(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }
  text(value: string): void {
    const length = Buffer.byteLength(value, 'utf8');
    this.long(length);
    this.#reserve(length);
    this.#at += this.#bytes.write(value, this.#at, 'utf8');
  }
  number(value: number, size: 4 | 8): void {
    this.#reserve(size);
    if (size === 4) this.#bytes.writeFloatLE(value, this.#at);
    else this.#bytes.writeDoubleLE(value, this.#at);
    this.#at += size;
  }
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }
  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }
  byte(): number {
    const value = this.#bytes[this.#at++];
    if (value === undefined) throw new RangeError('the Avro data ends too early');
    return value;
  }
  /** A number where it is safe, a bigint beyond. */
  long(): number | bigint {
    let low = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return low & 1 ? -(low >>> 1) - 1 : low >>> 1;
    }
    let whole = BigInt(low);
    for (let shift = 28n; ; shift += 7n) {
      const byte = this.byte();
      whole |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) break;
      if (shift > 63n) throw new RangeError('an Avro long has more than ten bytes');
    }
    const value = BigInt.asIntN(64, (whole >> 1n) ^ -(whole & 1n));
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  size(): number {
    const value = this.long();
    if (typeof value === 'bigint') throw new RangeError('an Avro size is beyond 53 bits');
    return value;
  }
  raw(length: number): Buffer {
    if (length < 0 || this.#at + length > this.#bytes.length) throw new RangeError('the Avro data ends too early');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}

type Write = (out: Writer, value: unknown) => void;
type Read = (from: Reader) => unknown;

const isComplex = (schema: AvroSchema): schema is AvroComplex => typeof schema === 'object' && !Array.isArray(schema);
const nameOf = (schema: AvroSchema): string => (isComplex(schema) ? nameOf(schema.type) : String(schema));
const unsupported = (schema: AvroSchema): never => {
  throw new TypeError(`Avro schema ${JSON.stringify(schema)} is not supported`);
};

interface Codec {
  readonly write: Write;
  readonly read: Read;
}

const PRIMITIVE: Readonly<Record<string, Codec>> = {
  null: { write: () => undefined, read: () => null },
  boolean: { write: (out, value) => out.byte(value === true ? 1 : 0), read: (from) => from.byte() !== 0 },
  int: { write: (out, value) => out.long(value as number), read: (from) => from.long() },
  long: { write: (out, value) => out.long(value as number | bigint), read: (from) => from.long() },
  float: { write: (out, value) => out.number(value as number, 4), read: (from) => from.raw(4).readFloatLE() },
  double: { write: (out, value) => out.number(value as number, 8), read: (from) => from.raw(8).readDoubleLE() },
  string: {
    write: (out, value) => out.text(value as string),
    read: (from) => from.raw(from.size()).toString('utf8'),
  },
  bytes: {
    write: (out, value) => {
      out.long((value as Uint8Array).length);
      out.raw(value as Uint8Array);
    },
    // A copy: the block that it lies in would be kept alive by it.
    read: (from) => Buffer.from(from.raw(from.size())),
  },
};

/** `null` and one other: all that Iceberg has. */
const optional = (branches: readonly AvroSchema[], named: Map<string, Codec>): Codec => {
  const at = branches.indexOf('null');
  const other = branches.find((branch) => branch !== 'null');
  if (at < 0 || other === undefined || branches.length !== 2) return unsupported(branches);
  const codec = codecOf(other, named);
  return {
    write: (out, value) => {
      if (value === null || value === undefined) out.long(at);
      else {
        out.long(1 - at);
        codec.write(out, value);
      }
    },
    read: (from) => (from.size() === at ? null : codec.read(from)),
  };
};

/** Blocks of items, each with its count; a negative count is followed by the size of the block. */
const arrayOf = (item: Codec): Codec => ({
  write: (out, value) => {
    const items = value as readonly unknown[];
    if (items.length > 0) {
      out.long(items.length);
      for (const each of items) item.write(out, each);
    }
    out.long(0);
  },
  read: (from) => {
    const items: unknown[] = [];
    for (let count = from.size(); count !== 0; count = from.size()) {
      if (count < 0) from.long();
      for (let i = 0; i < Math.abs(count); i += 1) items.push(item.read(from));
    }
    return items;
  },
});

const recordOf = (schema: AvroComplex, named: Map<string, Codec>): Codec => {
  const fields: { readonly name: string; readonly codec: Codec }[] = [];
  const codec: Codec = {
    write: (out, value) => {
      for (const field of fields) field.codec.write(out, (value as AvroRecord)[field.name]);
    },
    read: (from) => {
      const record: Record<string, unknown> = {};
      for (const field of fields) record[field.name] = field.codec.read(from);
      return record;
    },
  };
  named.set(String(schema['name']), codec);
  for (const { name, type } of schema['fields'] as readonly AvroField[]) {
    fields.push({ name, codec: codecOf(type, named) });
  }
  return codec;
};

const codecOf = (schema: AvroSchema, named: Map<string, Codec>): Codec => {
  if (Array.isArray(schema)) return optional(schema, named);
  if (!isComplex(schema)) return PRIMITIVE[String(schema)] ?? named.get(String(schema)) ?? unsupported(schema);
  switch (nameOf(schema)) {
    case 'record':
      return recordOf(schema, named);
    case 'array':
      return arrayOf(codecOf(schema['items'] as AvroSchema, named));
    case 'map': {
      const value = codecOf(schema['values'] as AvroSchema, named);
      const pairs = arrayOf({
        write: (out, [key, each]) => {
          out.text(key as string);
          value.write(out, each);
        },
        read: (from) => [from.raw(from.size()).toString('utf8'), value.read(from)],
      } as { write: (out: Writer, pair: readonly unknown[]) => void; read: Read } as Codec);
      return {
        write: (out, map) => pairs.write(out, Object.entries(map as object)),
        read: (from) => Object.fromEntries(pairs.read(from) as [string, unknown][]),
      };
    }
    case 'fixed': {
      const size = Number(schema['size']);
      const codec: Codec = {
        write: (out, value) => {
          if ((value as Uint8Array).length !== size) throw new RangeError(`found no ${String(size)} bytes`);
          out.raw(value as Uint8Array);
        },
        read: (from) => Buffer.from(from.raw(size)),
      };
      named.set(String(schema['name']), codec);
      return codec;
    }
    default:
      return codecOf(schema.type, named);
  }
};

export interface AvroCodec {
  encode(values: readonly unknown[]): Buffer;
  /** As many values as there are. */
  decode(bytes: Buffer): unknown[];
}

export const avroCodec = (schema: AvroSchema): AvroCodec => {
  const codec = codecOf(schema, new Map());
  return {
    encode: (values) => {
      const out = new Writer();
      for (const value of values) codec.write(out, value);
      return out.bytes;
    },
    decode: (bytes) => {
      const from = new Reader(bytes);
      const values: unknown[] = [];
      while (!from.isAtEnd) values.push(codec.read(from));
      return values;
    },
  };
};
