/** What garbage collection needs besides, built once per container; apart from wiring.ts, so that others do not carry it. */
import { GlueClient } from '@aws-sdk/client-glue';
import { PATIENT } from '../adapters/aws-clients.ts';
import { readEnv } from '../adapters/env.ts';
import { createGlueCatalog } from '../adapters/glue-catalog.ts';
import { createIcebergStore } from '../adapters/iceberg-store.ts';
import { createLakeStorage } from '../adapters/lake-storage.ts';
import { createCollections } from '../adapters/ledger/collections.ts';
import { createPreviews } from '../adapters/ledger/previews.ts';
import { createPublications } from '../adapters/ledger/publications.ts';
import { createRestores } from '../adapters/ledger/restores.ts';
import { createRollbacks } from '../adapters/ledger/rollbacks.ts';
import { createRotations } from '../adapters/ledger/rotations.ts';
import { createSnapshots } from '../adapters/ledger/snapshots.ts';
import type { CollectionPorts, Collections } from '../collection-ports.ts';
import { ENV } from '../contract.ts';
import { ledgerOfContainer, rootOf } from './lake-wiring.ts';
import { portsOfContainer } from './wiring.ts';

let collections: Collections | undefined;
export const collectionsOfContainer = (): Collections => {
  collections ??= createCollections(ledgerOfContainer());
  return collections;
};

let ports: CollectionPorts | undefined;

/** @throws BL1002 where the environment lacks something, on the first call. */
export const collectionPortsOfContainer = (): CollectionPorts => {
  if (ports === undefined) {
    const { icebergRoot } = readEnv(process.env, ['icebergRoot']);
    const ledger = ledgerOfContainer();
    const { [ENV.markJob]: mark, [ENV.sweepJob]: sweep } = process.env;
    ports = {
      ...portsOfContainer(),
      collections: collectionsOfContainer(),
      storage: createLakeStorage({ env: process.env }),
      snapshots: createSnapshots(ledger),
      rollbacks: createRollbacks(ledger),
      restores: createRestores(ledger),
      rotations: createRotations(ledger),
      publications: createPublications(ledger),
      previews: createPreviews(ledger),
      catalog: createGlueCatalog({ client: new GlueClient(PATIENT) }),
      iceberg: createIcebergStore({ env: process.env, root: rootOf(icebergRoot) }),
      ...(mark === undefined || sweep === undefined ? {} : { jobs: { mark, sweep } }),
    };
  }
  return ports;
};
