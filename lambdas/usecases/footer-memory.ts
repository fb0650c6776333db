/** Footers read once: a table and the one beside it have the same files, and columns are compared before a table is written. */
import { newestBytes } from '../domain/newest-bytes.ts';
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
  const held = newestBytes(mostBytes);
  return {
    recall: (file) => held.get(keyOf(file)),
    async read(file) {
      const known = held.get(keyOf(file));
      if (known !== undefined) return known;
      const read = await readFooterBytes(lakefs, file);
      if (read === undefined) return undefined;
      // A copy: what was read is the end of the file, most of which is no footer.
      const footer = read.slice(read.length - footerLength(read, file.sizeBytes, file.path));
      held.put(keyOf(file), footer);
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
