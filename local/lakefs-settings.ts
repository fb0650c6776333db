/** What a lakeFS server of our own is started with. Names from lakeFS's configuration reference. */
import { randomBytes } from 'node:crypto';
import { CREDENTIALS, REGION } from './ministack.ts';

export interface KeyPair {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** A fresh pair in the shape that lakeFS itself makes. Its S3 gateway takes access keys of 20 characters alone. */
export const newKeyPair = (): KeyPair => ({
  accessKeyId: `AKIAJ${randomBytes(10).toString('hex').toUpperCase().slice(0, 14)}Q`,
  secretAccessKey: randomBytes(30).toString('base64'),
});

export interface ServerSettings {
  readonly keys: KeyPair;
  readonly listen: string;
  /** Folder of the metadata store. */
  readonly databasePath: string;
  /** Endpoint of the S3 that takes the objects. */
  readonly s3: string;
  /** Signs tokens; a server that starts again on the same folder needs the same. */
  readonly encryptionKey: string;
}

/** Local metadata store, so that the server makes its only user by itself; objects in the local S3. */
export const serverEnvironment = (settings: ServerSettings): Record<string, string> => ({
  LAKEFS_LISTEN_ADDRESS: settings.listen,
  LAKEFS_DATABASE_TYPE: 'local',
  LAKEFS_DATABASE_LOCAL_PATH: settings.databasePath,
  LAKEFS_DATABASE_LOCAL_SYNC_WRITES: 'false',
  LAKEFS_AUTH_ENCRYPT_SECRET_KEY: settings.encryptionKey,
  LAKEFS_BLOCKSTORE_TYPE: 's3',
  LAKEFS_BLOCKSTORE_S3_REGION: REGION,
  LAKEFS_BLOCKSTORE_S3_ENDPOINT: settings.s3,
  LAKEFS_BLOCKSTORE_S3_FORCE_PATH_STYLE: 'true',
  LAKEFS_BLOCKSTORE_S3_DISCOVER_BUCKET_REGION: 'false',
  LAKEFS_BLOCKSTORE_S3_CREDENTIALS_ACCESS_KEY_ID: CREDENTIALS.AWS_ACCESS_KEY_ID,
  LAKEFS_BLOCKSTORE_S3_CREDENTIALS_SECRET_ACCESS_KEY: CREDENTIALS.AWS_SECRET_ACCESS_KEY,
  LAKEFS_INSTALLATION_USER_NAME: 'branchline',
  LAKEFS_INSTALLATION_ACCESS_KEY_ID: settings.keys.accessKeyId,
  LAKEFS_INSTALLATION_SECRET_ACCESS_KEY: settings.keys.secretAccessKey,
  LAKEFS_STATS_ENABLED: 'false',
  LAKEFS_SECURITY_CHECK_LATEST_VERSION: 'false',
  LAKEFS_LOGGING_LEVEL: 'WARN',
});
