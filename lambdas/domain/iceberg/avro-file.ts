/**
 * Avro's container files, compressed. Pure: from bytes to bytes.
 *
 * Source: Apache Avro 1.11 specification, "Object container files": header, then blocks of count, size, data, marker.
 */
import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { type AvroRecord, type AvroSchema, avroCodec } from './avro-binary.ts';

const MAGIC = Buffer.from('Obj\u0001', 'latin1');
const MARKER = 16;
const HEADER = avroCodec({ type: 'map', values: 'bytes' });
const LONG = avroCodec('long');

export type AvroHeader = Readonly<Record<string, string>>;

/** @param records so many as `count` says; each is asked for when it is written. */
export const writeAvro = (
  schema: AvroSchema,
  header: AvroHeader,
  count: number,
  records: Iterable<AvroRecord>,
): Buffer => {
  const entries = { ...header, 'avro.schema': JSON.stringify(schema), 'avro.codec': 'deflate' };
  const meta = HEADER.encode([
    Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, Buffer.from(value, 'utf8')])),
  ]);
  // Any sixteen bytes do; those of the header make the file a function of what it holds.
  const marker = createHash('sha256').update(meta).digest().subarray(0, MARKER);
  if (count === 0) return Buffer.concat([MAGIC, meta, marker]);
  const data = deflateRawSync(avroCodec(schema).encode(records), { level: 4 });
  return Buffer.concat([MAGIC, meta, marker, LONG.encode([count, data.length]), data, marker]);
};

export interface AvroFile {
  readonly header: AvroHeader;
  readonly records: readonly AvroRecord[];
}

interface Cursor {
  at: number;
}

const varint = (bytes: Buffer, cursor: Cursor): number => {
  const from = cursor.at;
  while ((bytes[cursor.at] ?? 0) >= 0x80) cursor.at += 1;
  cursor.at += 1;
  const [value] = LONG.decode(bytes.subarray(from, cursor.at));
  return Number(value);
};

const take = (bytes: Buffer, cursor: Cursor, length: number): Buffer => {
  if (length < 0 || cursor.at + length > bytes.length) throw new RangeError('the Avro file ends too early');
  cursor.at += length;
  return bytes.subarray(cursor.at - length, cursor.at);
};

const headerOf = (bytes: Buffer, cursor: Cursor): AvroHeader => {
  const entries: [string, string][] = [];
  for (let count = varint(bytes, cursor); count !== 0; count = varint(bytes, cursor)) {
    if (count < 0) varint(bytes, cursor);
    for (let i = 0; i < Math.abs(count); i += 1) {
      const key = take(bytes, cursor, varint(bytes, cursor)).toString('utf8');
      entries.push([key, take(bytes, cursor, varint(bytes, cursor)).toString('utf8')]);
    }
  }
  return Object.fromEntries(entries);
};

/** @throws RangeError, TypeError or SyntaxError for anything but a whole Avro file. */
export const readAvro = (bytes: Buffer): AvroFile => {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) throw new TypeError('no Avro file');
  const cursor: Cursor = { at: MAGIC.length };
  const header = headerOf(bytes, cursor);
  const marker = take(bytes, cursor, MARKER);
  const codec = avroCodec(JSON.parse(header['avro.schema'] ?? 'null') as AvroSchema);
  const isPlain = (header['avro.codec'] ?? 'null') === 'null';
  if (!isPlain && header['avro.codec'] !== 'deflate') {
    throw new TypeError(`the Avro file is compressed by ${header['avro.codec'] ?? ''}`);
  }
  const records: AvroRecord[] = [];
  while (cursor.at < bytes.length) {
    const count = varint(bytes, cursor);
    const data = take(bytes, cursor, varint(bytes, cursor));
    const found = codec.decode(isPlain ? data : inflateRawSync(data)) as AvroRecord[];
    if (found.length !== count) throw new RangeError('a block of the Avro file holds another number of records');
    for (const record of found) records.push(record);
    if (!take(bytes, cursor, MARKER).equals(marker)) throw new RangeError('a block of the Avro file has no end');
  }
  return { header, records };
};
