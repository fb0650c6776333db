/**
 * What a listing holds, as one number of objects, one of bytes, and one digest. A chain, so that counting can stop after any object and
 * go on from there in another invocation, with the same end.
 */
import { createHash } from 'node:crypto';
import type { ObjectStats } from './lakefs.ts';
import type { SnapshotContent } from './snapshot.ts';

export const NO_CONTENT: SnapshotContent = { objects: 0, bytes: 0, digest: '' };

export const withObject = (
  content: SnapshotContent,
  { path, checksum, sizeBytes }: Pick<ObjectStats, 'path' | 'checksum' | 'sizeBytes'>,
): SnapshotContent => ({
  objects: content.objects + 1,
  bytes: content.bytes + sizeBytes,
  digest: createHash('sha256')
    .update(JSON.stringify([content.digest, path, checksum, sizeBytes]), 'utf8')
    .digest('hex'),
});

export const isSameContent = (a: SnapshotContent, b: SnapshotContent): boolean =>
  a.objects === b.objects && a.bytes === b.bytes && a.digest === b.digest;
