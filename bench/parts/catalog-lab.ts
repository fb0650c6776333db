/** Where refreshes are measured: a lakeFS on the local S3, the local Glue, and the writer of the catalog with every call counted. */
import { GlueClient } from '@aws-sdk/client-glue';
import { createGlueCatalog } from '../../lambdas/adapters/glue-catalog.ts';
import { createManifests } from '../../lambdas/adapters/manifests.ts';
import type { CatalogPorts } from '../../lambdas/catalog-ports.ts';
import { type StorageLab, startStorageLab } from './storage-lab.ts';

export interface Calls {
  readonly lakefs: number;
  readonly glue: number;
  readonly s3: number;
}

export interface CatalogLab extends Pick<StorageLab, 'description' | 'wire' | 'verify' | 'close'> {
  readonly ports: CatalogPorts;
  calls(): Calls;
}

const MANIFESTS = 'bench-manifests';

export const startCatalogLab = async (): Promise<CatalogLab> => {
  const lab = await startStorageLab('bench-refresh', [MANIFESTS]);
  let glue = 0;
  let objects = 0;
  const glueClient = new GlueClient(lab.settings);
  const ports: CatalogPorts = {
    ...lab.world,
    lakefs: lab.lakefs,
    clock: { now: () => Date.now() },
    pause: async () => undefined,
    catalog: createGlueCatalog({
      client: glueClient,
      onCall: () => {
        glue += 1;
      },
    }),
    manifests: createManifests({
      ...{ env: lab.env, root: { bucket: MANIFESTS, prefix: 'symlinks/' } },
      onCall: () => {
        objects += 1;
      },
    }),
  };
  return {
    ...lab,
    ports,
    calls: () => ({ lakefs: lab.requests(), glue, s3: objects }),
    async close() {
      glueClient.destroy();
      await lab.close();
    },
  };
};
