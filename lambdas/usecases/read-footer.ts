/** Reads the footer of a Parquet file in the repository: the end of the file, and the rest of the footer where it is longer. */
import { FIRST_READ, footerLength } from '../domain/parquet/footer.ts';
import type { FileAt } from '../footer-ports.ts';
import type { Lakefs } from '../ports.ts';

/**
 * The end of a file that holds its footer. One call for a footer of up to 64 KiB, two for a longer one. `undefined` where the file is
 * not there.
 * @throws BL7004 where it is no Parquet file, or its footer is encrypted or too long.
 */
export const readFooterBytes = async (
  lakefs: Pick<Lakefs, 'getObjectRange'>,
  { repository, ref, path, sizeBytes }: FileAt,
): Promise<Uint8Array | undefined> => {
  const lastBytes = (count: number, before: number): Promise<Uint8Array | undefined> =>
    lakefs.getObjectRange(repository, ref, path, { from: sizeBytes - count, to: sizeBytes - before });
  const first = Math.min(FIRST_READ, sizeBytes);
  const tail = first === 0 ? new Uint8Array() : await lastBytes(first, 0);
  if (tail === undefined) return undefined;
  const length = footerLength(tail, sizeBytes, path);
  if (length <= tail.length) return tail;
  const rest = await lastBytes(length, first);
  return rest === undefined ? undefined : Buffer.concat([rest, tail]);
};
