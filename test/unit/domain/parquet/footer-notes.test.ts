import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readFooterNotes, writeFooterNotes } from '../../../../lambdas/domain/parquet/footer-notes.ts';

const note = fc.record({
  address: fc.string({ unit: 'binary', minLength: 1 }),
  sizeBytes: fc.nat(),
  footer: fc.uint8Array(),
});
const plain = (notes: ReturnType<typeof readFooterNotes>) =>
  notes?.map((each) => ({ ...each, footer: [...each.footer] }));

it('gives back what was noted, whatever addresses and bytes are', () => {
  fc.assert(
    fc.property(fc.array(note), (notes) => {
      expect(plain(readFooterNotes(writeFooterNotes(notes)))).toEqual(plain(notes));
    }),
  );
});

it('knows nothing where the object is cut short, changed, or of another version', () => {
  const whole = writeFooterNotes([{ address: 's3://b/a', sizeBytes: 9, footer: new Uint8Array([1, 2, 3]) }]);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: whole.length - 1 }), (length) => {
      expect(readFooterNotes(whole.slice(0, length))).toBeUndefined();
    }),
  );
  expect(readFooterNotes(new TextEncoder().encode('no note'))).toBeUndefined();
  expect(readFooterNotes(gzipSync('{"version":1}'))).toEqual([]);
  expect(readFooterNotes(gzipSync('{"version":2}'))).toBeUndefined();
});

it('takes a fraction of what footers take, which are much alike', () => {
  const footer = new Uint8Array(4000).map((_, i) => (i * i * 31) % 251);
  const notes = Array.from({ length: 200 }, (_, i) => {
    const own = footer.slice();
    own[100] = i;
    return { address: `s3://bucket/data/${String(i)}`, sizeBytes: 10_000, footer: own };
  });
  expect(writeFooterNotes(notes).length).toBeLessThan((200 * 4000) / 5);
});
