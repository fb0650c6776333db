/** lakeFS's own files of the lake, for drills: they are listed, and copied to where scratch repositories lie. */
import { BranchlineError } from '../domain/errors.ts';
import type { LakeFiles } from '../drill-ports.ts';
import { createLakeStorage } from './lake-storage.ts';
import { asCopySource, objectAt, type S3Place } from './s3-address.ts';
import { callS3, type S3Options } from './s3-request.ts';

const parse = (address: string): S3Place => {
  const place = objectAt(address);
  if (place === undefined) throw new BranchlineError('BL4001', `${address} does not lie in S3`);
  return place;
};

const COPY_TIMEOUT_MS = 60_000;

export const createLakeFiles = (options: S3Options): LakeFiles => {
  const storage = createLakeStorage(options);
  return {
    list: (below) => storage.list(below),
    async copy(from, to) {
      await callS3(
        {
          ...{ method: 'PUT', ...parse(to), action: 's3:PutObject', timeoutMs: COPY_TIMEOUT_MS },
          headers: { 'x-amz-copy-source': asCopySource(parse(from)) },
        },
        options,
      );
    },
  };
};
