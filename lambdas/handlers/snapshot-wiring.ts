/** What snapshots need besides, built once per container; apart from wiring.ts, so that others do not carry it. */
import { createBackups } from '../adapters/backups.ts';
import { createDatabases } from '../adapters/databases.ts';
import { readEnv } from '../adapters/env.ts';
import { createSnapshots } from '../adapters/ledger/snapshots.ts';
import { pause } from '../adapters/pause.ts';
import { DEFAULT_PREFIX, ENV } from '../contract.ts';
import type { SnapshotPorts } from '../snapshot-ports.ts';
import { ledgerOfContainer, rootOf } from './lake-wiring.ts';
import { portsOfContainer } from './wiring.ts';

let ports: SnapshotPorts | undefined;

/** @throws BL1002 where the environment lacks something, on the first call. */
export const snapshotPortsOfContainer = (): SnapshotPorts => {
  if (ports === undefined) {
    const { backupRoot } = readEnv(process.env, ['backupRoot', 'ledgerTable']);
    const store = process.env[ENV.metadataStore] ?? '';
    ports = {
      ...portsOfContainer(),
      snapshots: createSnapshots(ledgerOfContainer()),
      backups: createBackups({ env: process.env, root: rootOf(backupRoot) }),
      ...(store === ''
        ? {}
        : {
            databases: createDatabases({
              env: process.env,
              store,
              prefix: process.env[ENV.prefix] ?? DEFAULT_PREFIX,
            }),
          }),
      pause,
    };
  }
  return ports;
};
