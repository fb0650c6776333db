/** What the functions of the catalog need besides, built once per container; apart from wiring.ts, so that others do not carry it. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GlueClient } from '@aws-sdk/client-glue';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
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
import type { LakePorts } from '../ports.ts';
import { refreshesOfPublisher } from './bus-wiring.ts';
import { lakefsOptions, lakePorts } from './lake-wiring.ts';
import { count } from './observability.ts';

const lake = (): LakePorts => {
  readEnv(process.env, ['ledgerTable', 'configUri', 'lakefsEndpoint', 'lakefsSecretArn']);
  return lakePorts(process.env, lakefsOptions(process.env));
};

const documentClient = (): DynamoDBDocumentClient =>
  DynamoDBDocumentClient.from(new DynamoDBClient(PATIENT), { marshallOptions: { removeUndefinedValues: true } });

let publications: Publications | undefined;

export const publicationsOfContainer = (): Publications => {
  publications ??= createPublications({
    client: documentClient(),
    tableName: readEnv(process.env, ['ledgerTable']).ledgerTable,
  });
  return publications;
};

/** For reconcile, which looks and wakes, and has no rights in Glue or S3. */
export const wakingPortsOfContainer = (): Omit<CatalogPorts, 'catalog' | 'manifests' | 'iceberg' | 'pause'> => ({
  ...lake(),
  publications: publicationsOfContainer(),
  refreshes: refreshesOfPublisher(),
});

let previewing: PreviewPorts | undefined;

/** For the function catalog, which shows other refs in databases of their own. */
export const previewPortsOfContainer = (): PreviewPorts => {
  if (previewing === undefined) {
    const { previewRoot, ledgerTable } = readEnv(process.env, ['previewRoot', 'ledgerTable']);
    const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]+)\/(.*)$/.exec(previewRoot) ?? [];
    previewing = {
      ...catalogPortsOfContainer(),
      previews: createPreviews({ client: documentClient(), tableName: ledgerTable }),
      previewDatabases: previewDatabasePrefix(process.env[ENV.prefix] ?? DEFAULT_PREFIX),
      previewManifests: (name) => createManifests({ env: process.env, root: { bucket, prefix: `${prefix}${name}/` } }),
    };
  }
  return previewing;
};

const rootOf = (uri: string): { readonly bucket: string; readonly prefix: string } => {
  const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]+)\/(.*)$/.exec(uri) ?? [];
  return { bucket, prefix };
};

let ports: CatalogPorts | undefined;

/** @throws BL1002 where the environment lacks something, on the first call. */
export const catalogPortsOfContainer = (): CatalogPorts => {
  if (ports === undefined) {
    const { manifestRoot, icebergRoot } = readEnv(process.env, ['manifestRoot', 'icebergRoot']);
    const onCall = (): void => count(METRIC.catalogCalls, 1);
    ports = {
      ...lake(),
      catalog: createGlueCatalog({ client: new GlueClient(PATIENT), onCall }),
      manifests: createManifests({ env: process.env, root: rootOf(manifestRoot), onCall }),
      iceberg: createIcebergStore({ env: process.env, root: rootOf(icebergRoot), onCall }),
      publications: publicationsOfContainer(),
      pause,
      // Not everybody who writes or reads the catalog may wake others.
      refreshes: { wake: (target, again) => refreshesOfPublisher().wake(target, again) },
    };
  }
  return ports;
};
