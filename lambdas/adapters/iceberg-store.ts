/** Metadata of Iceberg tables in S3, below `s3://bucket/prefix/`. */
import type { IcebergStore } from '../catalog-ports.ts';
import { isBranchlineError } from '../domain/errors.ts';
import { createManifests, type ManifestOptions } from './manifests.ts';
import { callS3Bytes } from './s3-request.ts';

export const createIcebergStore = (of: ManifestOptions): IcebergStore => {
  const { root, onCall, ...options } = of;
  const { uri, list, remove } = createManifests(of);
  const beginning = uri('');
  const call = (method: 'GET' | 'PUT', key: string, body?: Uint8Array): Promise<Uint8Array> => {
    onCall?.();
    const request = { method, bucket: root.bucket, key: `${root.prefix}${key}` };
    return method === 'GET'
      ? callS3Bytes({ ...request, action: 's3:GetObject' }, options)
      : callS3Bytes({ ...request, action: 's3:PutObject', ...(body === undefined ? {} : { body }) }, options);
  };
  return {
    ...{ uri, list, remove },
    keyOf: (address) => (address.startsWith(beginning) ? address.slice(beginning.length) : undefined),

    async put(key, content) {
      await call('PUT', key, content);
    },

    async get(key) {
      try {
        return await call('GET', key);
      } catch (error) {
        if (isBranchlineError(error) && error.details['awsError'] === 'NoSuchKey') return undefined;
        throw error;
      }
    },
  };
};
