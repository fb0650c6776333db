/** The second repository of the tests: two targets, exports of both, and garbage that is collected. */
import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { SECOND_REPOSITORY } from '../../../local/config.ts';
import type { Harness } from '../../../local/harness.ts';

export const secondOf = (harness: Harness): string => `${harness.repository}${SECOND_REPOSITORY}`;

export const headOf = async ({ lakefs }: Harness, repository: string, branch = 'main'): Promise<string> => {
  const found = await lakefs.getBranch(repository, branch);
  if (found === undefined) throw new Error(`${repository} has no branch ${branch}`);
  return found.commitId;
};

/** Path → address in S3. */
export const addressesOf = async (
  { lakefs }: Harness,
  repository: string,
  ref: string,
  prefix = '',
): Promise<Record<string, string>> => {
  const objects = await Array.fromAsync(lakefs.listObjects(repository, ref, { prefix }));
  return Object.fromEntries(objects.map(({ path, physicalAddress }) => [path, physicalAddress]));
};

export const placeOf = (address: string): { readonly Bucket: string; readonly Key: string } => {
  const [, Bucket = '', Key = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(address) ?? [];
  return { Bucket, Key };
};

/** Asks S3, past lakeFS and Branchline. */
export const isInS3 = async ({ aws }: Harness, address: string): Promise<boolean> => {
  try {
    await aws.s3.send(new HeadObjectCommand(placeOf(address)));
    return true;
  } catch (error) {
    if ((error as Error).name === 'NotFound') return false;
    throw error;
  }
};

export const textInS3 = async ({ aws }: Harness, address: string): Promise<string | undefined> => {
  try {
    const { Body } = await aws.s3.send(new GetObjectCommand(placeOf(address)));
    return await Body?.transformToString();
  } catch (error) {
    if ((error as Error).name === 'NoSuchKey') return undefined;
    throw error;
  }
};
