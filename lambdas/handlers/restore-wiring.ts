/** What restore needs besides, built once per container; apart from wiring.ts, so that others do not carry it. */
import { readEnv } from '../adapters/env.ts';
import { createPublications } from '../adapters/ledger/publications.ts';
import { createRestores } from '../adapters/ledger/restores.ts';
import { createManifests } from '../adapters/manifests.ts';
import { pause } from '../adapters/pause.ts';
import type { RestorePorts } from '../restore-ports.ts';
import { ledgerOfContainer, rootOf } from './lake-wiring.ts';
import { portsOfContainer } from './wiring.ts';

let ports: RestorePorts | undefined;

/** @throws BL1002 where the environment lacks something, on the first call. */
export const restorePortsOfContainer = (): RestorePorts => {
  if (ports === undefined) {
    const { backupRoot } = readEnv(process.env, ['backupRoot', 'ledgerTable']);
    ports = {
      ...portsOfContainer(),
      // Only read: its role may do nothing else there.
      backups: createManifests({ env: process.env, root: rootOf(backupRoot) }),
      publications: createPublications(ledgerOfContainer()),
      restores: createRestores(ledgerOfContainer()),
      pause,
    };
  }
  return ports;
};
