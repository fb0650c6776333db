/** What drills need besides, built once per container; apart from wiring.ts, so that others do not carry it. */
import { createBackups } from '../adapters/backups.ts';
import { readEnv } from '../adapters/env.ts';
import { createScratchRepositories } from '../adapters/lakefs/scratch.ts';
import { createDrills } from '../adapters/ledger/drills.ts';
import { createRestores } from '../adapters/ledger/restores.ts';
import { createRollbacks } from '../adapters/ledger/rollbacks.ts';
import { createRotations } from '../adapters/ledger/rotations.ts';
import { createManifests } from '../adapters/manifests.ts';
import { pause } from '../adapters/pause.ts';
import { createLakeFiles } from '../adapters/scratch-files.ts';
import { BACKUP_PREFIX } from '../contract.ts';
import type { DrillPorts, ScratchStorage } from '../drill-ports.ts';
import { lakefsOptionsOfContainer, ledgerOfContainer, rootOf } from './lake-wiring.ts';
import { portsOfContainer } from './wiring.ts';

/** What lakeFS has written below the places of drills. */
const storage: ScratchStorage = {
  list: (root, prefix) => createManifests({ env: process.env, root: rootOf(`${root}/`) }).list(prefix),
  remove: (root, key) => createManifests({ env: process.env, root: rootOf(`${root}/`) }).remove(key),
};

let ports: DrillPorts | undefined;

/** @throws BL1002 where the environment lacks something, on the first call. */
export const drillPortsOfContainer = (): DrillPorts => {
  if (ports === undefined) {
    const { backupRoot } = readEnv(process.env, ['backupRoot', 'ledgerTable']);
    const ledger = ledgerOfContainer();
    ports = {
      ...portsOfContainer(),
      drills: createDrills(ledger),
      rollbacks: createRollbacks(ledger),
      restores: createRestores(ledger),
      rotations: createRotations(ledger),
      scratch: createScratchRepositories(lakefsOptionsOfContainer()),
      storage,
      backups: createBackups({ env: process.env, root: rootOf(backupRoot) }),
      // Of the lake itself: they lie beside those of drills.
      lakeBackups: createManifests({ env: process.env, root: { ...rootOf(backupRoot), prefix: BACKUP_PREFIX } }),
      lakeFiles: createLakeFiles({ env: process.env }),
      pause,
    };
  }
  return ports;
};
