/** Addresses of S3, as lakeFS writes them. */

export interface S3Place {
  readonly bucket: string;
  /** Empty for the bucket as a whole. */
  readonly key: string;
}

/** @returns of `s3://bucket/key` both; `undefined` for what does not lie in S3. */
export const placeOf = (address: string): S3Place | undefined => {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.*)$/.exec(address) ?? [];
  return bucket === undefined || key === undefined ? undefined : { bucket, key };
};

/** Of an object: its key is not empty. */
export const objectAt = (address: string): S3Place | undefined => {
  const place = placeOf(address);
  return place?.key === '' ? undefined : place;
};

/** For the header `x-amz-copy-source`. Source: S3 API, CopyObject: URL-encoded. */
export const asCopySource = ({ bucket, key }: S3Place): string =>
  `/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;
