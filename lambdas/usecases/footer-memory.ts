/** Footers read once: a table and the one beside it have the same files, and columns are compared before a table is written. */
import { footerLength } from '../domain/parquet/footer.ts';
import type { FileAt, Footers } from '../footer-ports.ts';
import type { Lakefs } from '../ports.ts';
import { readFooterBytes } from './read-footer.ts';

/** Of the footers that are held, which mostly have a few kilobytes. */
const MOST_BYTES = 32 * 1024 * 1024;

export interface FooterMemory extends Footers {
  /** `undefined` for one that was not read, or has made room for others. */
  recall(file: FileAt): Uint8Array | undefined;
}

type Reader = Pick<Lakefs, 'getObjectRange'>;

const keyOf = ({ repository, ref, path }: FileAt): string => `${repository} ${ref} ${path}`;

export const rememberFooters = (lakefs: Reader, mostBytes = MOST_BYTES): FooterMemory => {
  const held = new Map<string, Uint8Array>();
  // A map that loses its first entries takes long to find the next one.
  let order: string[] = [];
  let oldest = 0;
  let bytes = 0;
  const hold = (key: string, footer: Uint8Array): void => {
    if (held.has(key)) return;
    held.set(key, footer);
    order.push(key);
    for (bytes += footer.length; bytes > mostBytes; oldest += 1) {
      const first = order[oldest] ?? '';
      bytes -= held.get(first)?.length ?? 0;
      held.delete(first);
    }
    if (oldest > order.length / 2) [order, oldest] = [order.slice(oldest), 0];
  };
  return {
    recall: (file) => held.get(keyOf(file)),
    async read(file) {
      const known = held.get(keyOf(file));
      if (known !== undefined) return known;
      const read = await readFooterBytes(lakefs, file);
      if (read === undefined) return undefined;
      // A copy: what was read is the end of the file, most of which is no footer.
      const footer = read.slice(read.length - footerLength(read, file.sizeBytes, file.path));
      hold(keyOf(file), footer);
      return footer;
    },
  };
};

/** Those that are kept, or each read anew. */
export const footersOf = ({
  lakefs,
  footers,
}: {
  readonly lakefs: Reader;
  readonly footers?: Footers | undefined;
}): Footers => footers ?? { read: (file) => readFooterBytes(lakefs, file) };
