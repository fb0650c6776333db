/** S3 below the storage namespaces of repositories. Only looks. */
import type { LakeObject, LakeStorage } from '../collection-ports.ts';
import { BranchlineError, isBranchlineError } from '../domain/errors.ts';
import { askS3, callS3, type S3Options } from './s3-request.ts';
import { elementsOf, textOf } from './s3-xml.ts';

const parse = (address: string): { bucket: string; key: string } => {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.*)$/.exec(address) ?? [];
  if (bucket === undefined || key === undefined) throw new BranchlineError('BL4001', `${address} does not lie in S3`);
  return { bucket, key };
};

const isGone = (error: unknown): boolean =>
  isBranchlineError(error) && ['NoSuchKey', 'HTTP 404'].includes(String(error.details['awsError']));

export const createLakeStorage = (options: S3Options): LakeStorage => {
  async function* pages(below: string, more: Readonly<Record<string, string>> = {}): AsyncIterable<string> {
    const { bucket, key: prefix } = parse(below);
    let token: string | undefined;
    do {
      const query = {
        ...{ 'list-type': '2', prefix, ...more },
        ...(token === undefined ? {} : { 'continuation-token': token }),
      };
      const page = await callS3({ method: 'GET', bucket, key: '', query, action: 's3:ListBucket' }, options);
      yield page;
      token = textOf(page, 'NextContinuationToken');
    } while (token !== undefined && token !== '');
  }

  return {
    async folders(below) {
      const { bucket } = parse(below);
      const found: string[] = [];
      for await (const page of pages(below, { delimiter: '/' })) {
        for (const each of elementsOf(page, 'CommonPrefixes'))
          found.push(`s3://${bucket}/${textOf(each, 'Prefix') ?? ''}`);
      }
      return found;
    },

    async *list(below) {
      const { bucket } = parse(below);
      for await (const page of pages(below)) {
        for (const each of elementsOf(page, 'Contents')) {
          const object: LakeObject = {
            address: `s3://${bucket}/${textOf(each, 'Key') ?? ''}`,
            sizeBytes: Number(textOf(each, 'Size') ?? '0'),
            writtenAt: Date.parse(textOf(each, 'LastModified') ?? ''),
          };
          yield object;
        }
      }
    },

    async exists(address) {
      try {
        await askS3({ method: 'HEAD', ...parse(address), action: 's3:GetObject' }, options);
        return true;
      } catch (error) {
        if (isGone(error)) return false;
        throw error;
      }
    },

    async read(address) {
      try {
        return await callS3({ method: 'GET', ...parse(address), action: 's3:GetObject' }, options);
      } catch (error) {
        if (isGone(error)) return undefined;
        throw error;
      }
    },
  };
};
