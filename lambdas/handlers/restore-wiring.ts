/** What restore needs besides, built once per container; apart from wiring.ts, so that others do not carry it. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { PATIENT } from '../adapters/aws-clients.ts';
import { readEnv } from '../adapters/env.ts';
import { createPublications } from '../adapters/ledger/publications.ts';
import { createRestores } from '../adapters/ledger/restores.ts';
import { createManifests } from '../adapters/manifests.ts';
import { pause } from '../adapters/pause.ts';
import type { RestorePorts } from '../restore-ports.ts';
import { portsOfContainer } from './wiring.ts';

let ports: RestorePorts | undefined;

/** @throws BL1002 where the environment lacks something, on the first call. */
export const restorePortsOfContainer = (): RestorePorts => {
  if (ports === undefined) {
    const { backupRoot, ledgerTable: tableName } = readEnv(process.env, ['backupRoot', 'ledgerTable']);
    const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]+)\/(.*)$/.exec(backupRoot) ?? [];
    const client = DynamoDBDocumentClient.from(new DynamoDBClient(PATIENT), {
      marshallOptions: { removeUndefinedValues: true },
    });
    ports = {
      ...portsOfContainer(),
      // Only read: its role may do nothing else there.
      backups: createManifests({ env: process.env, root: { bucket, prefix } }),
      publications: createPublications({ client, tableName }),
      restores: createRestores({ client, tableName }),
      pause,
    };
  }
  return ports;
};
