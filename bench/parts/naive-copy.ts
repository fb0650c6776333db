/**
 * What `rclone copy` does between a lakeFS and a bucket, with nothing around it: both sides are listed, and what is not there is read
 * through lakeFS and written to S3, four at a time. Source: rclone documentation, "Global flags": `--transfers` is 4 by default.
 */
import { ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { REPOSITORY, type StorageLab } from './storage-lab.ts';

const TRANSFERS = 4;

export const naiveCopy = async (
  { settings, lakefs }: StorageLab,
  { bucket, objects }: { readonly bucket: string; readonly objects: number },
): Promise<void> => {
  const s3 = new S3Client({ ...settings, forcePathStyle: true });
  try {
    const there = await s3.send(new ListObjectsV2Command({ Bucket: bucket }));
    const known = new Set((there.Contents ?? []).map(({ Key }) => Key));
    const paths: string[] = [];
    for await (const { path } of lakefs.listObjects(REPOSITORY, 'main', {})) {
      if (!known.has(path)) paths.push(path);
      if (paths.length === objects) break;
    }
    const left = paths.values();
    const worker = async (): Promise<void> => {
      for (const path of left) {
        const Body = await lakefs.getObject(REPOSITORY, 'main', path);
        if (Body === undefined) throw new Error(`${path} is not there`);
        await s3.send(new PutObjectCommand({ Bucket: bucket, Key: path, Body }));
      }
    };
    await Promise.all(Array.from({ length: TRANSFERS }, worker));
  } finally {
    s3.destroy();
  }
};
