/** Metadata of Iceberg tables in S3, below `s3://bucket/prefix/`. */
import type { IcebergStore } from '../catalog-ports.ts';
import { createByteObjects } from './byte-objects.ts';
import type { ManifestOptions } from './manifests.ts';

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
  const objects = createByteObjects(of);
  const beginning = objects.uri('');
  const recall = createRecall();
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
