/** What rotate-credentials needs besides, built once per container; apart from wiring.ts, so that others do not carry it. */
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PATIENT } from '../adapters/aws-clients.ts';
import { readEnv } from '../adapters/env.ts';
import { createKeyPairSecret } from '../adapters/key-pair-secret.ts';
import { createLakefsUsers } from '../adapters/lakefs/users.ts';
import { createRotations } from '../adapters/ledger/rotations.ts';
import { pause } from '../adapters/pause.ts';
import { ENV } from '../contract.ts';
import type { RotationPorts } from '../rotation-ports.ts';
import { deadline } from './deadline.ts';
import { ledgerOfContainer } from './lake-wiring.ts';
import { snapshotPortsOfContainer } from './snapshot-wiring.ts';
import { portsOfContainer } from './wiring.ts';

let ports: RotationPorts | undefined;

/** @throws BL1002 where the environment lacks something, on the first call. */
export const rotationPortsOfContainer = (): RotationPorts => {
  if (ports === undefined) {
    const env = readEnv(process.env, ['ledgerTable', 'lakefsEndpoint', 'lakefsSecretArn']);
    ports = {
      ...portsOfContainer(),
      users: createLakefsUsers({ endpoint: env.lakefsEndpoint, deadline }),
      secret: createKeyPairSecret({ client: new SecretsManagerClient(PATIENT), secretArn: env.lakefsSecretArn }),
      rotations: createRotations(ledgerOfContainer()),
      // Given together with the rights, where this deployment rotates.
      ...((process.env[ENV.backupRoot] ?? '') === '' ? {} : { forSnapshots: snapshotPortsOfContainer() }),
      pause,
      deadline,
    };
  }
  return ports;
};
