/** Buckets that exports write to. Objects are copied inside S3: their bytes do not pass through the function. */
import { createHash } from 'node:crypto';
import { atOnce } from '../domain/at-once.ts';
import { BranchlineError } from '../domain/errors.ts';
import type { CopySource, Destination, DestinationObject, Place } from '../export-ports.ts';
import { asCopySource, objectAt, type S3Place } from './s3-address.ts';
import { isNotThere, listPages } from './s3-look.ts';
import { askS3, type S3Answer, type S3Options, type S3Request } from './s3-request.ts';
import { asXml, elementsOf, textOf } from './s3-xml.ts';

/** Source: S3 API, CopyObject: up to 5 GB in one call; UploadPartCopy: parts of 5 MB to 5 GB, at most 10,000. */
const MAX_COPY = 5 * 1024 ** 3;
const PART = 512 * 1024 ** 2;
const PARTS_AT_ONCE = 8;
/** S3 copies some hundred megabytes a second. */
const COPY_TIMEOUT_MS = 180_000;

const CHECKSUM_HEADER = 'x-amz-meta-branchline-checksum';

const parse = (address: string): S3Place => {
  const place = objectAt(address);
  if (place === undefined) throw new BranchlineError('BL9003', `${address} does not lie in S3`);
  return place;
};

/** Our own small files get this alone: they stay readable at once, whatever the class of the data. */
const encryption = ({ kmsKeyArn }: Place): Record<string, string> =>
  kmsKeyArn === undefined
    ? {}
    : {
        'x-amz-server-side-encryption': 'aws:kms',
        'x-amz-server-side-encryption-aws-kms-key-id': kmsKeyArn,
        'x-amz-server-side-encryption-bucket-key-enabled': 'true',
      };

const storing = (place: Place): Record<string, string> => ({
  ...encryption(place),
  ...(place.storageClass === undefined ? {} : { 'x-amz-storage-class': place.storageClass }),
});

export interface DestinationOptions extends S3Options {
  /** Told of every call. */
  readonly onCall?: () => void;
}

export const createDestination = ({ onCall, ...options }: DestinationOptions): Destination => {
  const ask = (request: S3Request): Promise<S3Answer> => {
    onCall?.();
    return askS3(request, options);
  };
  const call = async (request: S3Request): Promise<string> => (await ask(request)).text;

  const copyWhole = async (source: CopySource, place: Place, key: string): Promise<string> =>
    call({
      ...{ method: 'PUT', bucket: place.bucket, key, action: 's3:PutObject', timeoutMs: COPY_TIMEOUT_MS },
      headers: {
        'x-amz-copy-source': asCopySource(parse(source.address)),
        'x-amz-metadata-directive': 'REPLACE',
        [CHECKSUM_HEADER]: source.checksum,
        ...storing(place),
      },
    });

  const copyInParts = async (source: CopySource, place: Place, key: string): Promise<string> => {
    const { bucket } = place;
    const started = await call({
      ...{ method: 'POST', bucket, key, query: { uploads: '' }, action: 's3:PutObject' },
      headers: { [CHECKSUM_HEADER]: source.checksum, ...storing(place) },
    });
    const uploadId = textOf(started, 'UploadId') ?? '';
    const count = Math.ceil(source.sizeBytes / PART);
    const etags = new Array<string>(count);
    const copyPart = async (index: number): Promise<void> => {
      const end = Math.min(source.sizeBytes, (index + 1) * PART) - 1;
      const answer = await call({
        ...{ method: 'PUT', bucket, key, action: 's3:PutObject', timeoutMs: COPY_TIMEOUT_MS },
        query: { partNumber: String(index + 1), uploadId },
        headers: {
          'x-amz-copy-source': asCopySource(parse(source.address)),
          'x-amz-copy-source-range': `bytes=${String(index * PART)}-${String(end)}`,
        },
      });
      etags[index] = textOf(answer, 'ETag') ?? '';
    };
    try {
      await atOnce(PARTS_AT_ONCE, etags.keys(), copyPart);
    } catch (error) {
      // Parts that nobody completes would be paid for until the bucket's lifecycle rule takes them.
      const abort = { method: 'DELETE', bucket, key, query: { uploadId }, action: 's3:AbortMultipartUpload' } as const;
      await call(abort).catch(() => undefined);
      throw error;
    }
    const parts = etags.map(
      (etag, i) => `<Part><PartNumber>${String(i + 1)}</PartNumber><ETag>${asXml(etag)}</ETag></Part>`,
    );
    return call({
      ...{ method: 'POST', bucket, key, query: { uploadId }, action: 's3:PutObject', timeoutMs: COPY_TIMEOUT_MS },
      body: `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`,
    });
  };

  return {
    async copy(source, place, key) {
      try {
        const answer = await (source.sizeBytes > MAX_COPY ? copyInParts : copyWhole)(source, place, key);
        return { etag: (textOf(answer, 'ETag') ?? '').replaceAll('"', '') };
      } catch (error) {
        if (isNotThere(error)) throw new BranchlineError('BL9003', `${source.address} is not there`, { cause: error });
        throw error;
      }
    },

    async put(place, key, content) {
      await call({
        ...{ method: 'PUT', bucket: place.bucket, key, body: content, action: 's3:PutObject' },
        headers: encryption(place),
      });
    },

    async get({ bucket }, key) {
      try {
        return await call({ method: 'GET', bucket, key, action: 's3:GetObject' });
      } catch (error) {
        if (isNotThere(error)) return undefined;
        throw error;
      }
    },

    async *list({ bucket }, prefix, after) {
      for await (const page of listPages(call, { bucket, prefix, after })) {
        for (const object of elementsOf(page, 'Contents')) {
          const found: DestinationObject = {
            key: textOf(object, 'Key') ?? '',
            sizeBytes: Number(textOf(object, 'Size') ?? '0'),
            etag: (textOf(object, 'ETag') ?? '').replaceAll('"', ''),
          };
          yield found;
        }
      }
    },

    async checksumOf({ bucket }, key) {
      try {
        const { headers } = await ask({ method: 'HEAD', bucket, key, action: 's3:GetObject' });
        return headers.get(CHECKSUM_HEADER) ?? undefined;
      } catch (error) {
        if (isNotThere(error)) return undefined;
        throw error;
      }
    },

    async remove({ bucket }, keys) {
      if (keys.length === 0) return;
      const objects = keys.map((key) => `<Object><Key>${asXml(key)}</Key></Object>`).join('');
      const body = `<Delete><Quiet>true</Quiet>${objects}</Delete>`;
      // S3 wants a digest of the body here, whatever the signature says. Source: S3 API, DeleteObjects.
      const digest = createHash('sha256').update(body, 'utf8').digest('base64');
      const md5 = createHash('md5').update(body, 'utf8').digest('base64');
      const answer = await call({
        ...{ method: 'POST', bucket, key: '', query: { delete: '' }, body, action: 's3:DeleteObject' },
        headers: { 'content-md5': md5, 'x-amz-checksum-sha256': digest, 'content-type': 'application/xml' },
      });
      // An answer of 200 names what was not removed.
      const [first, ...others] = elementsOf(answer, 'Error');
      if (first === undefined) return;
      const code = textOf(first, 'Code') ?? 'unknown';
      throw new BranchlineError(
        code === 'AccessDenied' ? 'BL4002' : 'BL4001',
        `s3:DeleteObject s3://${bucket}/${textOf(first, 'Key') ?? ''}: ${code}, and ${String(others.length)} more`,
      );
    },
  };
};
