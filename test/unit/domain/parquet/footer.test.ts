import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isBranchlineError } from '../../../../lambdas/domain/errors.ts';
import { footerLength, MAX_FOOTER, parseFooter } from '../../../../lambdas/domain/parquet/footer.ts';
import { readFooterBytes } from '../../../../lambdas/usecases/read-footer.ts';
import { parquetFile } from './files.ts';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const small = parquetFile([{ name: 'id', data: numbers(10), type: 'INT32' }]);
/** Hundreds of row groups of many columns: a footer longer than the first read. */
const wide = parquetFile(
  numbers(40).map((i) => ({ name: `column_${String(i)}`, data: numbers(200), type: 'INT32' as const })),
  { rowGroupSize: 4 },
);

/** A file behind the port; tells what was read of it. */
const lakeWith = (content: Uint8Array | undefined) => {
  const reads: [from: number, to: number][] = [];
  const lakefs = {
    getObjectRange: async (_: string, __: string, ___: string, { from, to }: { from: number; to: number }) => {
      reads.push([from, to]);
      return content?.slice(from, to);
    },
  };
  const at = { repository: 'lake', ref: 'c1', path: 'sales/x.parquet', sizeBytes: content?.length ?? 100 };
  const read = async () => {
    const bytes = await readFooterBytes(lakefs, at);
    return bytes === undefined ? undefined : parseFooter(bytes, at.path);
  };
  return { reads, read };
};

const messageOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (isBranchlineError(error, 'BL7004')) return error.message;
    throw error;
  }
  return 'nothing was thrown';
};

describe('reading a footer', () => {
  it('takes one read of the end of a file', async () => {
    const lake = lakeWith(small);
    const footer = await lake.read();
    expect(footer?.num_rows).toBe(10n);
    expect(footer?.schema.map(({ name }) => name)).toEqual(['root', 'id']);
    expect(lake.reads).toEqual([[0, small.length]]);
  });

  it('takes a second read, of what is missing only, for a long footer', async () => {
    expect(footerLength(wide.subarray(-8), wide.length, 'wide')).toBeGreaterThan(64 * 1024);
    const lake = lakeWith(wide);
    const footer = await lake.read();
    expect(footer?.row_groups).toHaveLength(50);
    const [[from = 0] = [], second = []] = lake.reads;
    expect(from).toBe(wide.length - 64 * 1024);
    expect(second).toEqual([wide.length - footerLength(wide.subarray(-8), wide.length, 'wide'), from]);
    expect(lake.reads).toHaveLength(2);
  });

  it('tells a file that is gone from one that cannot be read', async () => {
    expect(await lakeWith(undefined).read()).toBeUndefined();
    await expect(lakeWith(new Uint8Array()).read()).rejects.toMatchObject({ code: 'BL7004' });
    await expect(lakeWith(new TextEncoder().encode('id,amount\n1,2\n3,4\n')).read()).rejects.toThrow(
      /sales\/x\.parquet/,
    );
  });
});

describe('what is no Parquet file', () => {
  const tail = (length: number, magic: string): Uint8Array => {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32LE(length, 0);
    bytes.write(magic, 4, 'latin1');
    return bytes;
  };
  it.each([
    ['too few bytes', tail(1, 'PAR1'), 8, /8 bytes: too few/],
    ['another end', tail(1, '}\n\r\n'), 100, /ends in "}\\n\\r\\n", expected PAR1/],
    ['an encrypted footer', tail(1, 'PARE'), 100, /encrypted/],
    ['a footer longer than the file', tail(93, 'PAR1'), 100, /names a footer of 101 bytes/],
    ['a footer too long to be read', tail(MAX_FOOTER, 'PAR1'), 2 * MAX_FOOTER, /at most 16777216/],
  ])('%s', (_, bytes, size, message) => {
    expect(messageOf(() => footerLength(bytes, size, 'f'))).toMatch(message);
  });

  it('a footer of the longest length that is read is taken', () => {
    expect(footerLength(tail(MAX_FOOTER - 8, 'PAR1'), 2 * MAX_FOOTER, 'f')).toBe(MAX_FOOTER);
  });

  it('however a footer is damaged, the answer is a footer or BL7004 that names the file', () => {
    const length = footerLength(small, small.length, 'f');
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: length - 9 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 8 }),
        (damage) => {
          const bytes = new Uint8Array(small.subarray(-length));
          for (const [at, byte] of damage) bytes[at] = byte;
          try {
            parseFooter(bytes, 'sales/x.parquet');
          } catch (error) {
            expect(isBranchlineError(error, 'BL7004')).toBe(true);
            expect(String(error)).toContain('sales/x.parquet');
          }
        },
      ),
    );
  });
});
