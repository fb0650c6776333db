/**
 * The footer of a Parquet file: its schema, its rows, and what its row groups say about their columns. Pure: from bytes.
 *
 * Source: Apache Parquet, file format: … metadata, its length as four bytes (little-endian), `PAR1`.
 */

import type { FileMetaData } from 'hyparquet';
import { parquetMetadata } from 'hyparquet/src/metadata.js';
import { BranchlineError } from '../errors.ts';

export type ParquetFooter = FileMetaData;

/** So much of a file's end is read at first: the footers of most files fit into it. */
export const FIRST_READ = 64 * 1024;
/** A footer is read into memory as a whole; larger ones come from tens of thousands of row groups or columns. */
export const MAX_FOOTER = 16 * 1024 * 1024;

const TRAILER = 8;
const PLAIN = 'PAR1';
const ENCRYPTED = 'PARE';

const unreadable = (file: string, why: string, cause?: unknown): BranchlineError =>
  new BranchlineError('BL7004', `${file} ${why}`, cause === undefined ? {} : { cause });

/**
 * How many bytes of the file's end the footer takes, trailer included.
 * @param tail the last bytes of the file, at least eight where it has so many.
 * @param file how messages call it.
 * @throws BL7004 for anything but a Parquet file with a footer that can be read.
 */
export const footerLength = (tail: Uint8Array, sizeBytes: number, file: string): number => {
  if (sizeBytes < TRAILER + PLAIN.length || tail.length < TRAILER) {
    throw unreadable(file, `has ${String(sizeBytes)} bytes: too few for a Parquet file`);
  }
  const magic = Buffer.from(tail.subarray(-PLAIN.length)).toString('latin1');
  if (magic === ENCRYPTED) throw unreadable(file, 'has an encrypted footer');
  if (magic !== PLAIN) throw unreadable(file, `ends in ${JSON.stringify(magic)}, expected ${PLAIN}`);
  const length = new DataView(tail.buffer, tail.byteOffset + tail.length - TRAILER, 4).getUint32(0, true) + TRAILER;
  if (length > sizeBytes) throw unreadable(file, `names a footer of ${String(length)} bytes and has fewer`);
  if (length > MAX_FOOTER) {
    throw unreadable(file, `has a footer of ${String(length)} bytes; at most ${String(MAX_FOOTER)} are read`);
  }
  return length;
};

/**
 * @param bytes the end of a file that holds its footer; what comes before does not matter.
 * @throws BL7004 where the footer is damaged.
 */
export const parseFooter = (bytes: Uint8Array, file: string): ParquetFooter => {
  let footer: ParquetFooter;
  try {
    footer = parquetMetadata(bytes, { geoparquet: false });
  } catch (error) {
    throw unreadable(file, `has a damaged footer (${error instanceof Error ? error.message : String(error)})`, error);
  }
  if (footer.schema.length === 0) throw unreadable(file, 'has a footer without a schema');
  return footer;
};
