/** Where the storage namespace of a repository lies. */

/** @returns of `s3://bucket/lake` or `s3://bucket/lake/` the bucket and `lake/`; the prefix is empty for a whole bucket. */
export const placeOfNamespace = (storageNamespace: string): { readonly bucket: string; readonly prefix: string } => {
  const [, bucket = '', path = ''] = /^s3:\/\/([^/]+)\/?(.*?)\/?$/.exec(storageNamespace) ?? [];
  return { bucket, prefix: path === '' ? '' : `${path}/` };
};
