/** Where refreshes are measured: a lakeFS on the local S3, the local Glue, and the writer of the catalog with every request counted on its way. */
import { GlueClient } from '@aws-sdk/client-glue';
import { type ByteObjects, createByteObjects } from '../../lambdas/adapters/byte-objects.ts';
import { systemClock } from '../../lambdas/adapters/clock.ts';
import { createGlueCatalog } from '../../lambdas/adapters/glue-catalog.ts';
import { createIcebergStore } from '../../lambdas/adapters/iceberg-store.ts';
import { createIds } from '../../lambdas/adapters/ids.ts';
import { createLakefs } from '../../lambdas/adapters/lakefs/client.ts';
import { createManifests } from '../../lambdas/adapters/manifests.ts';
import type { CatalogPorts } from '../../lambdas/catalog-ports.ts';
import type { TableConfig } from '../../lambdas/contract.ts';
import { deadline } from '../../lambdas/handlers/deadline.ts';
import { awsEnvironment } from '../../local/ministack.ts';
import { type Counts, startDetour } from './detour.ts';
import { sum } from './numbers.ts';
import { type StorageLab, startStorageLab } from './storage-lab.ts';

/** Requests that passed, of S3 and Glue by what they are, and all of lakeFS. */
export interface Calls {
  readonly aws: Counts;
  readonly lakefs: number;
}

/** `wire` and `settings` lead past what is measured. */
export interface CatalogLab extends Pick<StorageLab, 'description' | 'wire' | 'settings' | 'verify' | 'close'> {
  /** Whether it is a lakeFS with hooks of its own, not the emulator. */
  readonly isReal: boolean;
  readonly ports: CatalogPorts;
  /** As settle-run and the refresh have them. */
  readonly footers: ByteObjects;
  /** S3 and Glue as everything that is measured reaches them. */
  readonly measured: string;
  /** Since the last time it was asked. */
  calls(): Promise<Calls>;
  /** Every request that is measured is held so long from now on. */
  delay(ms: number): Promise<void>;
}

const MANIFESTS = 'bench-manifests';

export const startCatalogLab = async (tables: readonly TableConfig[]): Promise<CatalogLab> => {
  const lab = await startStorageLab('bench-catalog', [MANIFESTS], tables);
  const { endpoint, keys, kind } = lab.server;
  const [toAws, toLakefs] = [await startDetour(lab.ministack), await startDetour(endpoint)];
  const env = awsEnvironment(toAws.url);
  const client = new GlueClient({ ...lab.settings, endpoint: toAws.url });
  const credentials = { get: async () => keys, refresh: async () => keys };
  const footers = createByteObjects({ env, root: { bucket: MANIFESTS, prefix: 'footers/' } });
  const ports: CatalogPorts = {
    ...lab.world,
    lakefs: createLakefs({ endpoint: toLakefs.url, credentials, deadline }),
    ...{ clock: systemClock, ids: createIds(systemClock) },
    pause: async () => undefined,
    catalog: createGlueCatalog({ client }),
    manifests: createManifests({ env, root: { bucket: MANIFESTS, prefix: 'symlinks/' } }),
    iceberg: createIcebergStore({ env, root: { bucket: MANIFESTS, prefix: 'iceberg/' } }),
    footerNotes: footers,
  };
  return {
    ...lab,
    isReal: kind !== 'emulator',
    ports,
    footers,
    measured: toAws.url,
    async calls() {
      const [aws, lakefs] = [await toAws.counts(), await toLakefs.counts()];
      return { aws, lakefs: sum(Object.values(lakefs)) };
    },
    async delay(ms) {
      for (const detour of [toAws, toLakefs]) await detour.delay(ms);
    },
    async close() {
      client.destroy();
      for (const detour of [toAws, toLakefs]) await detour.close();
      await lab.close();
    },
  };
};
