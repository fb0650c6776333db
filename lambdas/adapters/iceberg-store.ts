/** Metadata of Iceberg tables in S3, below `s3://bucket/prefix/`. */
import type { IcebergStore } from '../catalog-ports.ts';
import { newestBytes } from '../domain/newest-bytes.ts';
import { createByteObjects } from './byte-objects.ts';
import type { ManifestOptions } from './manifests.ts';

/** Of what was put last. */
const RECALLED_BYTES = 4 * 1024 * 1024;

export interface IcebergOptions extends ManifestOptions {
  /** Told of every object that was removed. */
  readonly onRemove?: () => void;
}

export const createIcebergStore = ({ onRemove, ...of }: IcebergOptions): IcebergStore => {
  const objects = createByteObjects(of);
  const beginning = objects.uri('');
  const recall = newestBytes(RECALLED_BYTES);
  return {
    ...objects,
    remove: async (key) => {
      await objects.remove(key);
      onRemove?.();
    },
    keyOf: (address) => (address.startsWith(beginning) ? address.slice(beginning.length) : undefined),

    async put(key, content) {
      await objects.put(key, content);
      recall.put(key, content);
    },

    recall: (key) => recall.get(key),
  };
};
