/** Manifests in S3, below `s3://bucket/prefix/`. */
import { createHash } from 'node:crypto';
import type { Manifests, StoredManifest } from '../catalog-ports.ts';
import { isBranchlineError } from '../domain/errors.ts';
import { listPages } from './s3-look.ts';
import { callS3, type S3Options } from './s3-request.ts';
import { elementsOf, textOf } from './s3-xml.ts';

export interface ManifestOptions extends S3Options {
  /** `s3://bucket/prefix/` */
  readonly root: { readonly bucket: string; readonly prefix: string };
  /** Told of every call. */
  readonly onCall?: () => void;
  /** Send the SHA-256 of what is put: S3 refuses what arrives otherwise. */
  readonly hasChecksum?: boolean;
}

export const createManifests = ({
  root: { bucket, prefix },
  onCall,
  hasChecksum,
  ...options
}: ManifestOptions): Manifests => {
  const call = (request: Omit<Parameters<typeof callS3>[0], 'bucket'>): Promise<string> => {
    onCall?.();
    return callS3({ bucket, ...request }, options);
  };
  return {
    uri: (key) => `s3://${bucket}/${prefix}${key}`,

    async put(key, content) {
      const digest = hasChecksum === true ? createHash('sha256').update(content, 'utf8').digest('base64') : undefined;
      await call({
        ...{ method: 'PUT', key: `${prefix}${key}`, body: content, action: 's3:PutObject' },
        ...(digest === undefined ? {} : { headers: { 'x-amz-checksum-sha256': digest } }),
      });
    },

    async get(key) {
      try {
        return await call({ method: 'GET', key: `${prefix}${key}`, action: 's3:GetObject' });
      } catch (error) {
        if (isBranchlineError(error) && error.details['awsError'] === 'NoSuchKey') return undefined;
        throw error;
      }
    },

    async *list(below) {
      for await (const page of listPages(call, { bucket, prefix: `${prefix}${below}` })) {
        for (const object of elementsOf(page, 'Contents')) {
          const stored: StoredManifest = {
            key: (textOf(object, 'Key') ?? '').slice(prefix.length),
            sizeBytes: Number(textOf(object, 'Size') ?? '0'),
            writtenAt: Date.parse(textOf(object, 'LastModified') ?? ''),
          };
          yield stored;
        }
      }
    },

    async remove(key) {
      await call({ method: 'DELETE', key: `${prefix}${key}`, action: 's3:DeleteObject' });
    },
  };
};
