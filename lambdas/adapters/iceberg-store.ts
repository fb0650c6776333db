/** Metadata of Iceberg tables in S3, below `s3://bucket/prefix/`. */
import type { IcebergStore } from '../catalog-ports.ts';
import { isBranchlineError } from '../domain/errors.ts';
import { createManifests, type ManifestOptions } from './manifests.ts';
import { callS3Bytes } from './s3-request.ts';

/** Of what was put last. */
const RECALLED_BYTES = 4 * 1024 * 1024;

const createRecall = () => {
  const held = new Map<string, Uint8Array>();
  let bytes = 0;
  return {
    get: (key: string): Uint8Array | undefined => held.get(key),
    put: (key: string, content: Uint8Array): void => {
      held.set(key, content);
      bytes += content.length;
      for (const [oldest, { length }] of held) {
        if (bytes <= RECALLED_BYTES) return;
        held.delete(oldest);
        bytes -= length;
      }
    },
  };
};

export interface IcebergOptions extends ManifestOptions {
  /** Told of every object that was removed. */
  readonly onRemove?: () => void;
}

export const createIcebergStore = ({ onRemove, ...of }: IcebergOptions): IcebergStore => {
  const { root, onCall, ...options } = of;
  const { uri, list, remove } = createManifests(of);
  const beginning = uri('');
  const recall = createRecall();
  const call = (method: 'GET' | 'PUT', key: string, body?: Uint8Array): Promise<Uint8Array> => {
    onCall?.();
    const request = { method, bucket: root.bucket, key: `${root.prefix}${key}` };
    return method === 'GET'
      ? callS3Bytes({ ...request, action: 's3:GetObject' }, options)
      : callS3Bytes({ ...request, action: 's3:PutObject', ...(body === undefined ? {} : { body }) }, options);
  };
  return {
    ...{ uri, list },
    remove: async (key) => {
      await remove(key);
      onRemove?.();
    },
    keyOf: (address) => (address.startsWith(beginning) ? address.slice(beginning.length) : undefined),

    async put(key, content) {
      await call('PUT', key, content);
      recall.put(key, content);
    },

    recall: (key) => recall.get(key),

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
