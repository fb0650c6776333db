/** Values by the specification and by the library's own types; files by its streams, which we do not use. */
import { deflateRawSync, inflateRaw } from 'node:zlib';
import avsc, { type Schema } from 'avsc';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AvroSchema, avroCodec } from '../../../../lambdas/domain/iceberg/avro-binary.ts';
import { readAvro, writeAvro } from '../../../../lambdas/domain/iceberg/avro-file.ts';
import { entrySchema } from '../../../../lambdas/domain/iceberg/manifest-file.ts';

const SCHEMA: AvroSchema = {
  ...{ type: 'record', name: 'all' },
  fields: [
    { name: 'truth', type: 'boolean' },
    { name: 'small', type: 'int' },
    { name: 'large', type: 'long' },
    { name: 'single', type: 'float' },
    { name: 'real', type: 'double' },
    { name: 'text', type: 'string' },
    { name: 'raw', type: ['null', 'bytes'], default: null },
    { name: 'four', type: { type: 'fixed', name: 'f4', size: 4 } },
    {
      name: 'list',
      type: { type: 'array', items: { type: 'record', name: 'pair', fields: [{ name: 'key', type: 'int' }] } },
    },
    { name: 'map', type: { type: 'map', values: 'long' } },
  ],
};

/** Beyond 52 bits the library itself loses the sign (tried with 5.7.9). */
const long = fc.integer({ min: -(2 ** 51), max: 2 ** 51 });
const record = fc.record({
  truth: fc.boolean(),
  small: fc.integer(),
  large: long,
  single: fc.float({ noNaN: true }),
  real: fc.double({ noNaN: true }),
  text: fc.string({ unit: 'grapheme' }),
  raw: fc.option(fc.uint8Array().map((bytes) => Buffer.from(bytes))),
  four: fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
  list: fc.array(fc.record({ key: fc.integer() })),
  map: fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), long),
});

const library = avsc.Type.forSchema(SCHEMA as Schema);
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

const byLibrary = (bytes: Buffer): Promise<unknown[]> =>
  new Promise((resolve, reject) => {
    const found: unknown[] = [];
    const decoder = new avsc.streams.BlockDecoder({ codecs: { deflate: inflateRaw } });
    decoder
      .on('data', (value) => found.push(value))
      .on('end', () => resolve(found))
      .on('error', reject);
    decoder.end(bytes);
  });

describe('values', () => {
  it('are as the library writes them, byte for byte, and read back', () => {
    fc.assert(
      fc.property(record, (value) => {
        const bytes = avroCodec(SCHEMA).encode([value]);
        expect(bytes.equals(library.toBuffer(value))).toBe(true);
        expect(avroCodec(SCHEMA).decode(bytes)).toEqual([{ ...value, map: { ...value.map } }]);
      }),
    );
  });

  it.each([
    ['long', 0, '00'],
    ['long', -1, '01'],
    ['long', -64, '7f'],
    ['long', 64, '8001'],
    ['long', 2n ** 63n - 1n, 'feffffffffffffffff01'],
    ['long', -(2n ** 63n), 'ffffffffffffffffff01'],
    ['string', 'foo', '06666f6f'],
    [['null', 'string'], 'a', '020261'],
    [{ type: 'array', items: 'long' }, [3, 27], '04063600'],
  ] as const)('of %j: %s is %s, as the specification has it', (schema, value, hex) => {
    expect(avroCodec(schema).encode([value]).toString('hex')).toBe(hex);
  });

  it('hold every long, beyond 53 bits too', () => {
    const codec = avroCodec('long');
    for (const value of [0, -1, 63, -64, 64, 2 ** 30, -(2 ** 30) - 1, 2 ** 53 - 1, -(2 ** 53) + 1]) {
      expect(codec.decode(codec.encode([value]))).toEqual([value]);
    }
    for (const value of [2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n]) {
      expect(codec.decode(codec.encode([value]))).toEqual([value]);
    }
  });

  it('of damaged data are refused, not made up', () => {
    const bytes = avroCodec('string').encode(['abcdef']);
    expect(() => avroCodec('string').decode(bytes.subarray(0, 3))).toThrow(RangeError);
    expect(() => avroCodec('long').decode(Buffer.alloc(12, 0xff))).toThrow(RangeError);
    expect(() => avroCodec('none')).toThrow(/none/);
    expect(() => avroCodec({ type: 'fixed', name: 'f', size: 2 }).encode([Buffer.alloc(3)])).toThrow(/fixed/);
    expect(() => avroCodec('long').encode([2n ** 63n])).toThrow();
    expect(() => avroCodec('long').encode([2 ** 53])).toThrow();
  });
});

describe('files', () => {
  it('are read by the library, and by us with their header', async () => {
    const [values = []] = fc.sample(fc.array(record, { minLength: 5, maxLength: 50 }), 1);
    const bytes = writeAvro(SCHEMA, { 'format-version': '2' }, values.length, values);
    expect(plain(await byLibrary(bytes))).toEqual(plain(values));
    const file = readAvro(bytes);
    expect(file.header['format-version']).toBe('2');
    expect(plain(file.records)).toEqual(plain(values));
    expect(readAvro(writeAvro(SCHEMA, {}, 0, [])).records).toEqual([]);
  });

  it('of the library are read, in whatever blocks and codec', async () => {
    const [values = []] = fc.sample(fc.array(record, { minLength: 40, maxLength: 50 }), 1);
    for (const codec of ['null', 'deflate'] as const) {
      const bytes = await new Promise<Buffer>((resolve, reject) => {
        const parts: Buffer[] = [];
        const codecs = {
          deflate: (data: Buffer, done: (error: Error | null, out: Buffer) => void) => done(null, deflateRawSync(data)),
          null: (data: Buffer, done: (error: Error | null, out: Buffer) => void) => done(null, data),
        };
        const encoder = new avsc.streams.BlockEncoder(library, { codec, codecs, blockSize: 500 });
        encoder
          .on('data', (part: Buffer) => parts.push(part))
          .on('end', () => resolve(Buffer.concat(parts)))
          .on('error', reject);
        for (const value of values) encoder.write(value);
        encoder.end();
      });
      expect(plain(readAvro(bytes).records)).toEqual(plain(values));
    }
  });

  it('that are cut short or no Avro at all are refused', () => {
    const bytes = writeAvro('string', {}, 2, ['one', 'two'] as never);
    expect(() => readAvro(bytes.subarray(0, bytes.length - 3))).toThrow(RangeError);
    expect(() => readAvro(Buffer.from('PAR1'))).toThrow(TypeError);
  });

  it('of manifests have a schema that the library takes', () => {
    expect(() => avsc.Type.forSchema(entrySchema([]) as Schema)).not.toThrow();
  });
});
