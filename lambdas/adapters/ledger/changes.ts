/**
 * The partitions that a run changed. The list may be longer than an item (400 KB), so it lies in chunks. Each names the
 * digest of the whole list, the first one their number as well, and it is written last: a list that was half-written, or is just
 * being written anew, does not add up and reads as absent, as does one that was written for another commit; whoever needs it asks
 * lakeFS for a diff.
 */
import { createHash } from 'node:crypto';
import { SCHEMA_VERSION } from '../../contract.ts';
import type { RunKey } from '../../domain/run.ts';
import { ITEM_KIND, type Item } from './items.ts';
import { changesItemKey } from './keys.ts';

const MAX_CHUNK_BYTES = 300 * 1024;
/** DynamoDB counts one byte per list element and some for the list itself; 16 a text is more than enough. */
const OVERHEAD_BYTES = 16;

const chunksOf = (partitions: readonly string[], maxBytes: number): readonly (readonly string[])[] => {
  const chunks: string[][] = [];
  let chunk: string[] = [];
  let bytes = 0;
  for (const partition of partitions) {
    const size = Buffer.byteLength(partition, 'utf8') + OVERHEAD_BYTES;
    if (chunk.length > 0 && bytes + size > maxBytes) {
      chunks.push(chunk);
      chunk = [];
      bytes = 0;
    }
    chunk.push(partition);
    bytes += size;
  }
  return [...chunks, chunk];
};

const digestOf = (partitions: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(partitions), 'utf8').digest('hex');

/** In the order in which they have to be written: the header last. */
export const changesItems = (
  key: RunKey,
  commit: string,
  partitions: readonly string[],
  maxBytes = MAX_CHUNK_BYTES,
): readonly Item[] => {
  const chunks = chunksOf(partitions, maxBytes);
  const digest = digestOf(partitions);
  return chunks
    .map((chunk, number) => ({
      ...changesItemKey(key, number),
      kind: ITEM_KIND.changes,
      schemaVersion: SCHEMA_VERSION,
      digest,
      partitions: chunk,
      ...(number === 0 ? { chunks: chunks.length, commit } : {}),
    }))
    .reverse();
};

/** @param items chunks in the order of their keys. Those beyond the header's number are left over from a longer list. */
export const toChanges = (items: readonly Item[], commit: string): readonly string[] | undefined => {
  const header = items[0];
  if (header === undefined || typeof header.chunks !== 'number') return undefined;
  // Lists of the first deployments name no commit; they were never written for two.
  if (header.commit !== undefined && header.commit !== commit) return undefined;
  const chunks = items.slice(0, header.chunks);
  const isWhole = chunks.length === header.chunks && chunks.every((chunk) => chunk.digest === header.digest);
  if (!isWhole) return undefined;
  const partitions = chunks.flatMap((chunk) => (Array.isArray(chunk.partitions) ? (chunk.partitions as string[]) : []));
  return digestOf(partitions) === header.digest ? partitions : undefined;
};
