import { describe, expect, test } from 'vitest';
import { faultsOf, HEAD } from './sample.ts';

const to = (text: string): string[] => faultsOf(`${HEAD}replication:\n  to: { region: eu-central-1, ${text} }\n`);

test('every bucket of the lake with a replica of its own, and one for the backups', () => {
  expect(to('buckets: { bucket: there }, backups: backups-there')).toEqual([]);
});

describe('what does not fit is told', () => {
  test.each<[string, string, string]>([
    [
      'a bucket without a replica',
      'buckets: {}, backups: b-there',
      '9:31 replication.to.buckets: found no replica of "bucket", which a repository uses',
    ],
    [
      'a bucket of nobody',
      'buckets: { bucket: there, other: elsewhere }, backups: b-there',
      '9:57 replication.to.buckets.other: found a bucket that no repository uses; allowed: bucket',
    ],
    [
      'a replica in itself',
      'buckets: { bucket: bucket }, backups: b-there',
      '9:42 replication.to.buckets.bucket: found "bucket", which is another bucket too; allowed: a bucket of its own',
    ],
    [
      'one bucket for lake and backups',
      'buckets: { bucket: there }, backups: there',
      '9:42 replication.to.buckets.bucket: found "there", which is another bucket too; allowed: a bucket of its own',
    ],
    [
      'backups in the lake',
      'buckets: { bucket: there }, backups: bucket',
      '9:59 replication.to.backups: found "bucket", a bucket of the lake; allowed: one of its own',
    ],
  ])('%s', (_, text, expected) => {
    expect(to(text)).toEqual([`branchline.yaml:${expected}`]);
  });

  test('a storage that is not S3', () => {
    const text = HEAD.replace('s3://bucket/lake', 'gs://bucket/lake');
    expect(faultsOf(`${text}replication:\n  to: { region: eu-central-1, buckets: {}, backups: b-there }\n`)).toEqual([
      'branchline.yaml:6:5 repositories.lake.storageNamespace: found "gs://bucket/lake" beside replication.to; allowed: s3://…, S3 alone replicates',
    ]);
  });
});
