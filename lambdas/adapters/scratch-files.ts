/** lakeFS's own files of the lake, for drills: they are listed, and copied to where scratch repositories lie. */
import { BranchlineError } from '../domain/errors.ts';
import type { LakeFiles } from '../drill-ports.ts';
import { createLakeStorage } from './lake-storage.ts';
import { callS3, type S3Options } from './s3-request.ts';

const parse = (address: string): { bucket: string; key: string } => {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/.exec(address) ?? [];
  if (bucket === undefined || key === undefined) throw new BranchlineError('BL4001', `${address} does not lie in S3`);
  return { bucket, key };
};

const COPY_TIMEOUT_MS = 60_000;

export const createLakeFiles = (options: S3Options): LakeFiles => {
  const storage = createLakeStorage(options);
  return {
    list: (below) => storage.list(below),
    async copy(from, to) {
      const source = parse(from);
      await callS3(
        {
          ...{ method: 'PUT', ...parse(to), action: 's3:PutObject', timeoutMs: COPY_TIMEOUT_MS },
          headers: {
            'x-amz-copy-source': `/${source.bucket}/${source.key.split('/').map(encodeURIComponent).join('/')}`,
          },
        },
        options,
      );
    },
  };
};
