/** Where refreshes are measured: the local S3 and Glue, a lakeFS on them, and the writer of the catalog with every call counted. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { GlueClient } from '@aws-sdk/client-glue';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { createGlueCatalog } from '../../lambdas/adapters/glue-catalog.ts';
import { createManifests } from '../../lambdas/adapters/manifests.ts';
import type { CatalogPorts } from '../../lambdas/catalog-ports.ts';
import { startFront } from '../../local/front.ts';
import { chooseLakefs, startLakefs } from '../../local/lakefs.ts';
import { awsEnvironment, CREDENTIALS, REGION, startMinistack } from '../../local/ministack.ts';
import { logDirectory, scratchDirectory } from '../../local/paths.ts';
import { progressOn } from '../../local/progress.ts';
import { ensurePython } from '../../local/python.ts';
import { makeCatalogWorld, PUBLISHED } from '../../test/fakes/catalog.ts';
import { countingClient } from './client.ts';
import { type Wire, wireTo } from './wire.ts';

export interface Calls {
  readonly lakefs: number;
  readonly glue: number;
  readonly s3: number;
}

export interface CatalogLab {
  readonly description: string;
  readonly wire: Wire;
  readonly ports: CatalogPorts;
  /** Says that this commit of the target is verified. */
  verify(commit: string): Promise<void>;
  calls(): Calls;
  close(): Promise<void>;
}

const LAKE = 'bench-lake';
const MANIFESTS = 'bench-manifests';
export const REPOSITORY = 'lake';

export const startCatalogLab = async (): Promise<CatalogLab> => {
  const choice = await chooseLakefs();
  if (choice.kind === 'endpoint')
    throw new Error('this benchmark wants a lakeFS on the local S3: set LAKEFS_BIN instead');
  const pythonBin = await ensurePython(progressOn(process.stderr));
  const scratch = scratchDirectory('bench-refresh');
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
  for (const Bucket of [LAKE, MANIFESTS]) await s3.send(new CreateBucketCommand({ Bucket }));
  s3.destroy();
  const server = await startLakefs({
    ...{ choice, s3: front.url, bucket: LAKE, scratch, logFile: join(logs, 'lakefs.log') },
  });
  const wire = wireTo(server.endpoint, server.keys);
  const body = { name: REPOSITORY, storage_namespace: `s3://${LAKE}/bench`, default_branch: 'main' };
  const made = await wire('POST', '/repositories', JSON.stringify(body));
  if (made.status !== 201) throw new Error(`repository was answered ${String(made.status)}: ${made.text}`);

  const world = await makeCatalogWorld(PUBLISHED.filter(({ name }) => name === 'sales'));
  const { lakefs, requests } = countingClient(server);
  let glue = 0;
  let objects = 0;
  const glueClient = new GlueClient(settings);
  const ports: CatalogPorts = {
    ...world,
    lakefs,
    clock: { now: () => Date.now() },
    pause: async () => undefined,
    catalog: createGlueCatalog({
      client: glueClient,
      onCall: () => {
        glue += 1;
      },
    }),
    manifests: createManifests({
      ...{ env: awsEnvironment(front.url), root: { bucket: MANIFESTS, prefix: 'symlinks/' } },
      onCall: () => {
        objects += 1;
      },
    }),
  };
  return {
    description: server.description,
    wire,
    ports,
    async verify(commit) {
      const target = await world.ledger.getTarget(REPOSITORY, 'main');
      const now = Date.now();
      await world.ledger.putTarget({
        ...{ schemaVersion: 1, version: (target?.version ?? 0) + 1, repository: REPOSITORY, branch: 'main' },
        ...{ verifiedCommit: commit, verifiedAt: now, updatedAt: now },
      });
    },
    calls: () => ({ lakefs: requests(), glue, s3: objects }),
    async close() {
      glueClient.destroy();
      await server.process?.stop();
      await ministack.process.stop();
      await front.close();
      await rm(scratch, { recursive: true, force: true });
    },
  };
};
