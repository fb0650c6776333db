/** What erasures need besides, built once per container; apart from wiring.ts, so that others do not carry it. */
import { createDestination } from '../adapters/destination.ts';
import { createExports } from '../adapters/ledger/exports.ts';
import { createObjectVersions } from '../adapters/object-versions.ts';
import type { ErasurePorts } from '../erasure-ports.ts';
import { collectionPortsOfContainer } from './collection-wiring.ts';
import { ledgerOfContainer } from './lake-wiring.ts';

let ports: ErasurePorts | undefined;

/** @throws BL1002 where the environment lacks something, on the first call. */
export const erasurePortsOfContainer = (): ErasurePorts => {
  ports ??= {
    ...collectionPortsOfContainer(),
    versions: createObjectVersions({ env: process.env }),
    exports: createExports(ledgerOfContainer()),
    destination: createDestination({ env: process.env }),
  };
  return ports;
};
