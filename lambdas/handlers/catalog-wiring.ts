/** What the functions of the catalog need besides, built once per container; apart from wiring.ts, so that others do not carry it. */
import { GlueClient } from '@aws-sdk/client-glue';
import { PATIENT } from '../adapters/aws-clients.ts';
import { readEnv } from '../adapters/env.ts';
import { createGlueCatalog } from '../adapters/glue-catalog.ts';
import { createIcebergStore } from '../adapters/iceberg-store.ts';
import { createPreviews } from '../adapters/ledger/previews.ts';
import { createPublications } from '../adapters/ledger/publications.ts';
import { createManifests } from '../adapters/manifests.ts';
import { pause } from '../adapters/pause.ts';
import type { CatalogPorts, PreviewPorts, Publications } from '../catalog-ports.ts';
import { DEFAULT_PREFIX, ENV, METRIC, previewDatabasePrefix } from '../contract.ts';
import { refreshesOfPublisher } from './bus-wiring.ts';
import { footersOfContainer } from './footer-wiring.ts';
import { lakePortsOfContainer, ledgerOfContainer, rootOf } from './lake-wiring.ts';
import { count } from './observability.ts';

let publications: Publications | undefined;

export const publicationsOfContainer = (): Publications => {
  publications ??= createPublications(ledgerOfContainer());
  return publications;
};

/** For reconcile, which looks and wakes, and has no rights in Glue or S3. */
export const wakingPortsOfContainer = (): Omit<CatalogPorts, 'catalog' | 'manifests' | 'iceberg' | 'pause'> => ({
  ...lakePortsOfContainer(),
  publications: publicationsOfContainer(),
  refreshes: refreshesOfPublisher(),
});

let previewing: PreviewPorts | undefined;

/** For the function catalog, which shows other refs in databases of their own. */
export const previewPortsOfContainer = (): PreviewPorts => {
  if (previewing === undefined) {
    const { bucket, prefix } = rootOf(readEnv(process.env, ['previewRoot']).previewRoot);
    previewing = {
      ...catalogPortsOfContainer(),
      previews: createPreviews(ledgerOfContainer()),
      previewDatabases: previewDatabasePrefix(process.env[ENV.prefix] ?? DEFAULT_PREFIX),
      previewManifests: (name) => createManifests({ env: process.env, root: { bucket, prefix: `${prefix}${name}/` } }),
    };
  }
  return previewing;
};

let ports: CatalogPorts | undefined;

/** @throws BL1002 where the environment lacks something, on the first call. */
export const catalogPortsOfContainer = (): CatalogPorts => {
  if (ports === undefined) {
    const { manifestRoot, icebergRoot } = readEnv(process.env, ['manifestRoot', 'icebergRoot']);
    const footerNotes = footersOfContainer();
    const onCall = (): void => count(METRIC.catalogCalls, 1);
    ports = {
      ...lakePortsOfContainer(),
      catalog: createGlueCatalog({ client: new GlueClient(PATIENT), onCall }),
      manifests: createManifests({ env: process.env, root: rootOf(manifestRoot), onCall }),
      iceberg: createIcebergStore({
        ...{ env: process.env, root: rootOf(icebergRoot), onCall },
        onRemove: () => count(METRIC.icebergObjectsRemoved, 1),
      }),
      ...(footerNotes === undefined ? {} : { footerNotes }),
      publications: publicationsOfContainer(),
      pause,
      // Not everybody who writes or reads the catalog may wake others.
      refreshes: { wake: (target, again) => refreshesOfPublisher().wake(target, again) },
    };
  }
  return ports;
};
