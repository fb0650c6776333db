/** What looking at a second region needs besides, built once per container; apart from wiring.ts, so that others do not carry it. */
import { createBackups } from '../adapters/backups.ts';
import { readEnv } from '../adapters/env.ts';
import { createLakeStorage } from '../adapters/lake-storage.ts';
import { createReplications } from '../adapters/ledger/replications.ts';
import { createSnapshots } from '../adapters/ledger/snapshots.ts';
import { ENV } from '../contract.ts';
import type { ReplicationPorts } from '../replication-ports.ts';
import { lakePortsOfContainer, ledgerOfContainer, rootOf } from './lake-wiring.ts';

let ports: ReplicationPorts | undefined;

/** @throws BL1002 where the environment lacks something, on the first call. */
export const replicationPortsOfContainer = (): ReplicationPorts => {
  if (ports === undefined) {
    const { backupRoot } = readEnv(process.env, ['backupRoot']);
    // Absent where there is no second region: the use case says so.
    const region = process.env[ENV.replicaRegion] ?? process.env['AWS_REGION'] ?? '';
    ports = {
      ...lakePortsOfContainer(),
      replications: createReplications(ledgerOfContainer()),
      snapshots: createSnapshots(ledgerOfContainer()),
      backups: createBackups({ env: process.env, root: rootOf(backupRoot) }),
      source: createLakeStorage({ env: process.env }),
      replica: createLakeStorage({ env: { ...process.env, AWS_REGION: region } }),
    };
  }
  return ports;
};
