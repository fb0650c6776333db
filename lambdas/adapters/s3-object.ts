/** Reads one object from S3. */
import { callS3, type S3Options } from './s3-request.ts';

/** @throws BL4001, or BL4002 where S3 says that access is denied. */
export const readS3Object = (bucket: string, key: string, options: S3Options): Promise<string> =>
  callS3({ method: 'GET', bucket, key, action: 's3:GetObject' }, options);
