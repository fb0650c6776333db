/** What restore needs besides, built once per container; apart from wiring.ts, so that others do not carry it. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PATIENT } from '../adapters/aws-clients.ts';
import { readEnv } from '../adapters/env.ts';
import { createLakeStorage } from '../adapters/lake-storage.ts';
import { createPublications } from '../adapters/ledger/publications.ts';
import { createRestores } from '../adapters/ledger/restores.ts';
import { createManifests } from '../adapters/manifests.ts';
import { createMetadataStores } from '../adapters/metadata-store.ts';
import { pause } from '../adapters/pause.ts';
import { ENV } from '../contract.ts';
import type { RestorePorts } from '../restore-ports.ts';
import { ledgerOfContainer, rootOf } from './lake-wiring.ts';
import { portsOfContainer } from './wiring.ts';

/** Both lie in the region of this function. */
const replicaOf = (root: string): NonNullable<RestorePorts['replica']> => ({
  backups: createManifests({ env: process.env, root: rootOf(root) }),
  storage: createLakeStorage({ env: process.env }),
});

let ports: RestorePorts | undefined;

/** @throws BL1002 where the environment lacks something, on the first call. */
export const restorePortsOfContainer = (): RestorePorts => {
  if (ports === undefined) {
    const { backupRoot } = readEnv(process.env, ['backupRoot', 'ledgerTable']);
    const store = process.env[ENV.metadataStore] ?? '';
    const replicaRoot = process.env[ENV.replicaBackupRoot] ?? '';
    ports = {
      ...portsOfContainer(),
      // Only read: its role may do nothing else there.
      backups: createManifests({ env: process.env, root: rootOf(backupRoot) }),
      publications: createPublications(ledgerOfContainer()),
      restores: createRestores(ledgerOfContainer()),
      ...(store === ''
        ? {}
        : {
            metadataStores: createMetadataStores({
              ...{ env: process.env, store },
              client: () => new DynamoDBClient(PATIENT),
            }),
          }),
      ...(replicaRoot === '' ? {} : { replica: replicaOf(replicaRoot) }),
      pause,
    };
  }
  return ports;
};
