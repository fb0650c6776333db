/** The emulator as a process. Takes the same LAKEFS_* settings as a real server, as far as they concern it. */
import { S3Client } from '@aws-sdk/client-s3';
import { s3Store } from './objects.ts';
import { startEmulator } from './server.ts';

const { env } = process;
const s3 = env['LAKEFS_BLOCKSTORE_S3_ENDPOINT'];
const store =
  s3 === undefined
    ? {}
    : {
        blockstoreType: 's3',
        objects: s3Store(
          new S3Client({
            endpoint: s3,
            region: env['LAKEFS_BLOCKSTORE_S3_REGION'] ?? 'us-east-1',
            forcePathStyle: true,
            credentials: {
              accessKeyId: env['LAKEFS_BLOCKSTORE_S3_CREDENTIALS_ACCESS_KEY_ID'] ?? 'test',
              secretAccessKey: env['LAKEFS_BLOCKSTORE_S3_CREDENTIALS_SECRET_ACCESS_KEY'] ?? 'test',
            },
          }),
          s3,
        ),
      };

const emulator = await startEmulator({
  port: Number((env['LAKEFS_LISTEN_ADDRESS'] ?? ':0').split(':').at(-1)),
  // As slow as a real server: what is deployed has to live with it.
  protectionDelayMs: 1_500,
  ...(env['LAKEFS_INSTALLATION_ACCESS_KEY_ID'] === undefined
    ? {}
    : { accessKeyId: env['LAKEFS_INSTALLATION_ACCESS_KEY_ID'] }),
  ...(env['LAKEFS_INSTALLATION_SECRET_ACCESS_KEY'] === undefined
    ? {}
    : { secretAccessKey: env['LAKEFS_INSTALLATION_SECRET_ACCESS_KEY'] }),
  ...store,
});
console.error(`lakeFS emulator listens on ${emulator.endpoint}`);
const end = (): void => void emulator.close().then(() => process.exit(0));
process.on('SIGTERM', end);
process.on('SIGINT', end);
