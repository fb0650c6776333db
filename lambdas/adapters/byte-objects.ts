/** Objects of bytes in S3, below `s3://bucket/prefix/`. */
import type { Manifests } from '../catalog-ports.ts';
import { isBranchlineError } from '../domain/errors.ts';
import { createManifests, type ManifestOptions } from './manifests.ts';
import { callS3Bytes } from './s3-request.ts';

export interface ByteObjects extends Pick<Manifests, 'uri' | 'list' | 'remove'> {
  put(key: string, content: Uint8Array): Promise<void>;
  /** `undefined` where there is none. */
  get(key: string): Promise<Uint8Array | undefined>;
}

export const createByteObjects = (of: ManifestOptions): ByteObjects => {
  const { root, onCall, ...options } = of;
  const { uri, list, remove } = createManifests(of);
  const call = (method: 'GET' | 'PUT', key: string, body?: Uint8Array): Promise<Uint8Array> => {
    onCall?.();
    const request = { method, bucket: root.bucket, key: `${root.prefix}${key}` };
    return method === 'GET'
      ? callS3Bytes({ ...request, action: 's3:GetObject' }, options)
      : callS3Bytes({ ...request, action: 's3:PutObject', ...(body === undefined ? {} : { body }) }, options);
  };
  return {
    ...{ uri, list, remove },
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
