/** What every look at S3 has in common: the pages of a listing, and telling that an object is not there. */
import { isBranchlineError } from '../domain/errors.ts';
import type { S3Request } from './s3-request.ts';
import { textOf } from './s3-xml.ts';

/** A HEAD has no body that could name the error. */
export const isNotThere = (error: unknown): boolean =>
  isBranchlineError(error) && ['NoSuchKey', 'HTTP 404'].includes(String(error.details['awsError']));

export interface Listing {
  readonly bucket: string;
  readonly prefix: string;
  readonly delimiter?: string;
  /** Keys behind this one alone. */
  readonly after?: string | undefined;
}

/** Answers of ListObjectsV2, one after the other. Source: S3 API. */
export async function* listPages(
  call: (request: S3Request) => Promise<string>,
  { bucket, prefix, delimiter, after }: Listing,
): AsyncIterable<string> {
  let token: string | undefined;
  do {
    const query = {
      ...{ 'list-type': '2', prefix },
      ...(delimiter === undefined ? {} : { delimiter }),
      // The token knows where the listing goes on.
      ...(after === undefined || token !== undefined ? {} : { 'start-after': after }),
      ...(token === undefined ? {} : { 'continuation-token': token }),
    };
    const page = await call({ method: 'GET', bucket, key: '', query, action: 's3:ListBucket' });
    yield page;
    token = textOf(page, 'NextContinuationToken');
  } while (token !== undefined && token !== '');
}
