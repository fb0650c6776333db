/** Where the bytes of objects lie: in memory, or in the S3 of the local AWS, so that others can read the files too. */
import { createHash, randomBytes } from 'node:crypto';
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';

export interface ObjectStore {
  write(address: string, content: Buffer): Promise<void>;
  read(address: string): Promise<Buffer>;
  /** A URL by which the bytes can be read and written without lakeFS's credentials. */
  urlOf(address: string): Promise<string>;
}

/** Twenty characters like those of lakeFS: never reused, never renamed. */
const serial = (): string => randomBytes(10).toString('hex');
const partition = serial();
export const newAddress = (storageNamespace: string): string =>
  `${storageNamespace.replace(/\/+$/, '')}/data/${partition}/${serial()}`;

export const checksumOf = (content: Buffer): string => createHash('md5').update(content).digest('hex');

/** @param urlBase of the emulator itself, which serves what it keeps. */
export const memoryStore = (urlBase: () => string): ObjectStore => {
  const objects = new Map<string, Buffer>();
  return {
    async write(address, content) {
      objects.set(address, content);
    },
    async read(address) {
      const found = objects.get(address);
      if (found === undefined) throw new Error(`${address} is not in memory`);
      return found;
    },
    async urlOf(address) {
      return `${urlBase()}/_emulator/objects?address=${encodeURIComponent(address)}`;
    },
  };
};

const locate = (address: string): { Bucket: string; Key: string } => {
  const { hostname, pathname } = new URL(address);
  return { Bucket: hostname, Key: decodeURIComponent(pathname.slice(1)) };
};

/** @param publicEndpoint the local S3 answers without signature, so its plain URL serves as a presigned one. */
export const s3Store = (client: S3Client, publicEndpoint: string): ObjectStore => ({
  async write(address, content) {
    await client.send(new PutObjectCommand({ ...locate(address), Body: content }));
  },
  async read(address) {
    const { Body } = await client.send(new GetObjectCommand(locate(address)));
    return Buffer.from((await Body?.transformToByteArray()) ?? []);
  },
  async urlOf(address) {
    const { Bucket, Key } = locate(address);
    return `${publicEndpoint.replace(/\/+$/, '')}/${Bucket}/${Key}`;
  },
});
