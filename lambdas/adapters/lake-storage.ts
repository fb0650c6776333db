/** S3 below the storage namespaces of repositories. Only looks. */
import type { LakeObject, LakeStorage } from '../collection-ports.ts';
import { BranchlineError } from '../domain/errors.ts';
import { placeOf, type S3Place } from './s3-address.ts';
import { isNotThere, listPages } from './s3-look.ts';
import { askS3, callS3, type S3Options } from './s3-request.ts';
import { elementsOf, textOf } from './s3-xml.ts';

const parse = (address: string): S3Place => {
  const place = placeOf(address);
  if (place === undefined) throw new BranchlineError('BL4001', `${address} does not lie in S3`);
  return place;
};

export const createLakeStorage = (options: S3Options): LakeStorage => {
  const pages = (below: string, delimiter?: '/'): AsyncIterable<string> => {
    const { bucket, key: prefix } = parse(below);
    return listPages((request) => callS3(request, options), {
      ...{ bucket, prefix },
      ...(delimiter === undefined ? {} : { delimiter }),
    });
  };

  return {
    async folders(below) {
      const { bucket } = parse(below);
      const found: string[] = [];
      for await (const page of pages(below, '/')) {
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
        if (isNotThere(error)) return false;
        throw error;
      }
    },

    async read(address) {
      try {
        return await callS3({ method: 'GET', ...parse(address), action: 's3:GetObject' }, options);
      } catch (error) {
        if (isNotThere(error)) return undefined;
        throw error;
      }
    },
  };
};
