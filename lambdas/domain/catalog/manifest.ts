/**
 * A manifest lists the files of one partition for readers of symlink tables: one absolute URI a line. Pure.
 *
 * Its place is named by its content: an unchanged partition keeps its place, a changed one gets another, and whoever still
 * reads the old state finds the old manifest where it was.
 */
import { createHash } from 'node:crypto';
import { BranchlineError } from '../errors.ts';
import type { TableDescriptor } from './table.ts';

export interface Manifest {
  readonly content: string;
  readonly digest: string;
}

/** Athena reads S3 alone; other schemes for it are other clients' names of the same place. */
const asS3 = (address: string): string => {
  const uri = address.replace(/^s3[an]:\/\//, 's3://');
  if (/^s3:\/\/[^/\s]+\/[^\n\r]+$/.test(uri)) return uri;
  throw new BranchlineError('BL7002', `a file lies at ${JSON.stringify(address)}, expected s3://bucket/key`);
};

/**
 * Sorted, every file once: a line that comes twice would count its rows twice. No line is empty, nor is there an end of line
 * after the last one: readers take an empty line for a file without a name, and fail (tried with Trino).
 */
export const manifestOf = (addresses: readonly string[]): Manifest => {
  const content = [...new Set(addresses.map(asS3))].sort().join('\n');
  return { content, digest: createHash('sha256').update(content, 'utf8').digest('hex').slice(0, 32) };
};

/** Where the manifests of a table lie: `lake/main/sales/`. */
export const manifestFolder = ({ repository, target, name }: TableDescriptor): string =>
  `${repository}/${target}/${encodeURIComponent(name)}/`;

/** What Glue's `Location` names, below the root of all manifests. Nothing but the manifest lies in it: readers read all of it. */
export const manifestPrefix = (table: TableDescriptor, digest: string): string => `${manifestFolder(table)}${digest}/`;

/** A name that begins with `_` or `.` would be skipped. */
const FILE_NAME = 'symlink.txt';
export const manifestKey = (table: TableDescriptor, digest: string): string =>
  `${manifestPrefix(table, digest)}${FILE_NAME}`;

/** The digest that a key of a manifest carries; `undefined` for a foreign object. */
export const digestOfKey = (table: TableDescriptor, key: string): string | undefined => {
  const [digest, name, ...more] = key.slice(manifestFolder(table).length).split('/');
  const isOurs = key.startsWith(manifestFolder(table)) && name === FILE_NAME && more.length === 0;
  return isOurs && digest !== undefined && /^[0-9a-f]{32}$/.test(digest) ? digest : undefined;
};
