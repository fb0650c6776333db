/** What S3 keeps besides the newest version of an object, and until when. */
import type { StorageFacts } from '../domain/erasure.ts';
import { BranchlineError, isBranchlineError } from '../domain/errors.ts';
import type { ObjectVersions } from '../erasure-ports.ts';
import { callS3, type S3Options } from './s3-request.ts';
import { elementsOf, textOf } from './s3-xml.ts';

const parse = (address: string): { bucket: string; key: string } => {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.*)$/.exec(address) ?? [];
  if (bucket === undefined || key === undefined) throw new BranchlineError('BL4001', `${address} does not lie in S3`);
  return { bucket, key };
};

/** What S3 answers where a bucket has no such configuration. Source: S3 API, error responses. */
const NONE = ['NoSuchLifecycleConfiguration', 'ReplicationConfigurationNotFoundError'];

const ARN = 'arn:';
const bucketOf = (text: string): string => (text.startsWith(ARN) ? (text.split(':::')[1] ?? text) : text);

/** Rules may be limited by tags or sizes as well: such a rule promises nothing about an object of ours. */
const daysOf = (rule: string, key: string): number | undefined => {
  if (textOf(rule, 'Status') !== 'Enabled') return undefined;
  const isLimited = ['Tag', 'ObjectSizeGreaterThan', 'ObjectSizeLessThan'].some((tag) => rule.includes(`<${tag}>`));
  const days = textOf(rule, 'NoncurrentDays');
  if (isLimited || days === undefined || !key.startsWith(textOf(rule, 'Prefix') ?? '')) return undefined;
  return Number(days);
};

export const createObjectVersions = (options: S3Options): ObjectVersions => {
  /** `undefined` where it may not be asked, the empty text where there is no such configuration. */
  const settings = async (bucket: string, what: string, action: string): Promise<string | undefined> => {
    try {
      return await callS3({ method: 'GET', bucket, key: '', query: { [what]: '' }, action }, options);
    } catch (error) {
      if (isBranchlineError(error) && NONE.includes(String(error.details['awsError']))) return '';
      if (isBranchlineError(error, 'BL4002')) return undefined;
      throw error;
    }
  };

  const versionsOf = async (
    bucket: string,
    key: string,
  ): Promise<{ readonly since: number; readonly isMarker: boolean }[]> => {
    const found: { since: number; isMarker: boolean }[] = [];
    let marks: Record<string, string> | undefined = {};
    while (marks !== undefined) {
      const query = { versions: '', prefix: key, ...marks };
      const page: string = await callS3(
        { method: 'GET', bucket, key: '', query, action: 's3:ListBucketVersions' },
        options,
      );
      const take = (tag: 'Version' | 'DeleteMarker'): void => {
        for (const each of elementsOf(page, tag))
          if (textOf(each, 'Key') === key)
            found.push({ since: Date.parse(textOf(each, 'LastModified') ?? ''), isMarker: tag === 'DeleteMarker' });
      };
      take('Version');
      take('DeleteMarker');
      const next = textOf(page, 'NextKeyMarker') ?? '';
      const version = textOf(page, 'NextVersionIdMarker');
      // Keys come in order: behind the one that is asked for none of its versions follows.
      marks =
        next === key
          ? { 'key-marker': next, ...(version === undefined ? {} : { 'version-id-marker': version }) }
          : undefined;
    }
    return found;
  };

  return {
    of(address) {
      const { bucket, key } = parse(address);
      return versionsOf(bucket, key);
    },

    async facts(address): Promise<StorageFacts> {
      const { bucket, key } = parse(address);
      const versioning = await settings(bucket, 'versioning', 's3:GetBucketVersioning');
      const status = textOf(versioning ?? '', 'Status');
      const rules = elementsOf((await settings(bucket, 'lifecycle', 's3:GetLifecycleConfiguration')) ?? '', 'Rule');
      const days = rules.flatMap((rule) => daysOf(rule, key) ?? []);
      const replication = await settings(bucket, 'replication', 's3:GetReplicationConfiguration');
      const copies = elementsOf(replication ?? '', 'Destination').flatMap((each) => textOf(each, 'Bucket') ?? []);
      const off = versioning === undefined ? 'unknown' : 'off';
      return {
        bucket,
        versioning: status === 'Enabled' ? 'on' : status === 'Suspended' ? 'suspended' : off,
        ...(days.length === 0 ? {} : { earlierVersionsDays: Math.min(...days) }),
        replicatesTo: [...new Set(copies.map(bucketOf))],
      };
    },
  };
};
