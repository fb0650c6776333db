/** The local S3 and Glue with a lakeFS on them, one repository in it, and a ledger in memory that knows its target. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import type { TableConfig } from '../../lambdas/contract.ts';
import type { Lakefs } from '../../lambdas/ports.ts';
import { startFront } from '../../local/front.ts';
import { chooseLakefs, type LakefsServer, startLakefs } from '../../local/lakefs.ts';
import { awsEnvironment, CREDENTIALS, REGION, startMinistack } from '../../local/ministack.ts';
import { logDirectory, scratchDirectory } from '../../local/paths.ts';
import { progressOn } from '../../local/progress.ts';
import { ensurePython } from '../../local/python.ts';
import { type CatalogWorld, makeCatalogWorld, PUBLISHED } from '../../test/fakes/catalog.ts';
import { countingClient } from './client.ts';
import { type Wire, wireTo } from './wire.ts';

const LAKE = 'bench-lake';
export const REPOSITORY = 'lake';

export interface StorageLab {
  readonly description: string;
  readonly server: Pick<LakefsServer, 'kind' | 'endpoint' | 'keys'>;
  /** The local AWS without its front. */
  readonly ministack: string;
  readonly wire: Wire;
  readonly lakefs: Lakefs;
  /** To lakeFS, retries among them. */
  requests(): number;
  /** For the adapters: region, keys and endpoint as Lambda gives them. */
  readonly env: Readonly<Record<string, string>>;
  /** For clients of the SDK. */
  readonly settings: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  readonly world: CatalogWorld;
  /** Says that this commit of the target is verified. */
  verify(commit: string): Promise<void>;
  close(): Promise<void>;
}

/** @param buckets made beside that of the lake. */
export const startStorageLab = async (
  label: string,
  buckets: readonly string[],
  tables: readonly TableConfig[] = PUBLISHED.filter(({ name }) => name === 'sales'),
): Promise<StorageLab> => {
  const choice = await chooseLakefs();
  if (choice.kind === 'endpoint')
    throw new Error('this benchmark wants a lakeFS on the local S3: set LAKEFS_BIN instead');
  const pythonBin = await ensurePython(progressOn(process.stderr));
  const scratch = scratchDirectory(label);
  const logs = logDirectory('bench');
  await mkdir(scratch, { recursive: true });
  const front = await startFront();
  const ministack = await startMinistack({
    ...{ pythonBin, clientEndpoint: front.url, scratch, logFile: join(logs, 'ministack.log') },
  });
  front.passTo(ministack.url);
  const credentials = {
    accessKeyId: CREDENTIALS.AWS_ACCESS_KEY_ID,
    secretAccessKey: CREDENTIALS.AWS_SECRET_ACCESS_KEY,
  };
  const settings = { endpoint: front.url, region: REGION, credentials };
  const s3 = new S3Client({ ...settings, forcePathStyle: true });
  for (const Bucket of [LAKE, ...buckets]) await s3.send(new CreateBucketCommand({ Bucket }));
  s3.destroy();
  const server = await startLakefs({
    ...{ choice, s3: front.url, bucket: LAKE, scratch, logFile: join(logs, 'lakefs.log') },
  });
  const wire = wireTo(server.endpoint, server.keys);
  const body = { name: REPOSITORY, storage_namespace: `s3://${LAKE}/bench`, default_branch: 'main' };
  const made = await wire('POST', '/repositories', JSON.stringify(body));
  if (made.status !== 201) throw new Error(`repository was answered ${String(made.status)}: ${made.text}`);

  const world = await makeCatalogWorld(tables);
  const { lakefs, requests } = countingClient(server);
  return {
    ...{ description: server.description, server, ministack: ministack.url },
    ...{ wire, lakefs, requests, settings, world },
    env: awsEnvironment(front.url),
    async verify(commit) {
      const target = await world.ledger.getTarget(REPOSITORY, 'main');
      const now = Date.now();
      await world.ledger.putTarget({
        ...{ schemaVersion: 1, version: (target?.version ?? 0) + 1, repository: REPOSITORY, branch: 'main' },
        ...{ verifiedCommit: commit, verifiedAt: now, updatedAt: now },
      });
    },
    async close() {
      await server.process?.stop();
      await ministack.process.stop();
      await front.close();
      await rm(scratch, { recursive: true, force: true });
    },
  };
};

/** Sends a request that has to succeed. @returns the answer's body. */
export const sendTo =
  (wire: Wire) =>
  async (path: string, body: unknown): Promise<string> => {
    const { status, text } = await wire('POST', `/repositories/${REPOSITORY}${path}`, JSON.stringify(body));
    if (status >= 300) throw new Error(`${path} was answered ${String(status)}: ${text}`);
    return text;
  };
