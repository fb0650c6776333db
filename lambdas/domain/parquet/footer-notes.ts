/**
 * Footers of many files in one object: lines of JSON, compressed. Footers of one table are much alike, and take a fraction of their
 * bytes. Pure.
 */
import { gunzipSync, gzipSync } from 'node:zlib';

/** Of one data file, which never changes under its address. */
export interface NotedFooter {
  readonly address: string;
  /** Of the whole file. */
  readonly sizeBytes: number;
  /** The end of the file, from the beginning of the footer on. */
  readonly footer: Uint8Array;
}

const VERSION = 1;
/** More is none of ours: the memory of a function is limited. */
const MOST_BYTES = 128 * 1024 * 1024;

export const writeFooterNotes = (notes: readonly NotedFooter[]): Uint8Array => {
  const lines = notes.map(({ address, sizeBytes, footer }) =>
    JSON.stringify([address, sizeBytes, Buffer.from(footer).toString('base64')]),
  );
  return gzipSync([JSON.stringify({ version: VERSION }), ...lines].join('\n'), { level: 2 });
};

/** @returns `undefined` where it is damaged, or of another version. */
export const readFooterNotes = (content: Uint8Array): readonly NotedFooter[] | undefined => {
  try {
    const [head = '', ...lines] = gunzipSync(content, { maxOutputLength: MOST_BYTES }).toString('utf8').split('\n');
    if ((JSON.parse(head) as { readonly version?: unknown }).version !== VERSION) return undefined;
    return lines.map((line) => {
      const [address, sizeBytes, footer] = JSON.parse(line) as [string, number, string];
      return { address, sizeBytes, footer: Buffer.from(footer, 'base64') };
    });
  } catch {
    return undefined;
  }
};
