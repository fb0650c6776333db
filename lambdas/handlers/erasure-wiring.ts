/** What erasures need besides, built once per container; apart from wiring.ts, so that others do not carry it. */
import { createBackups } from '../adapters/backups.ts';
import { createDestination } from '../adapters/destination.ts';
import { readEnv } from '../adapters/env.ts';
import { createErasures } from '../adapters/ledger/erasures.ts';
import { createExports } from '../adapters/ledger/exports.ts';
import { createPreviews } from '../adapters/ledger/previews.ts';
import { createSnapshots } from '../adapters/ledger/snapshots.ts';
import { createObjectVersions } from '../adapters/object-versions.ts';
import type { ErasurePorts } from '../erasure-ports.ts';
import { exportQueueOfContainer } from './bus-wiring.ts';
import { collectionPortsOfContainer } from './collection-wiring.ts';
import { ledgerOfContainer, rootOf } from './lake-wiring.ts';

let ports: ErasurePorts | undefined;

/** @throws BL1002 where the environment lacks something, on the first call. */
export const erasurePortsOfContainer = (): ErasurePorts => {
  if (ports === undefined) {
    const { backupRoot } = readEnv(process.env, ['backupRoot']);
    const ledger = ledgerOfContainer();
    ports = {
      ...collectionPortsOfContainer(),
      versions: createObjectVersions({ env: process.env }),
      erasures: createErasures(ledger),
      backups: createBackups({ env: process.env, root: rootOf(backupRoot) }),
      snapshots: createSnapshots(ledger),
      previews: createPreviews(ledger),
      exports: createExports(ledger),
      exportQueue: exportQueueOfContainer(),
      destination: createDestination({ env: process.env }),
    };
  }
  return ports;
};
