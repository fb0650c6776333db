/** What the functions of exports need besides, built once per container; apart from wiring.ts, so that others do not carry it. */
import { createDestination } from '../adapters/destination.ts';
import { createExports } from '../adapters/ledger/exports.ts';
import { METRIC } from '../contract.ts';
import type { ExportPorts, Exports } from '../export-ports.ts';
import { exportQueueOfContainer } from './bus-wiring.ts';
import { ledgerOfContainer } from './lake-wiring.ts';
import { count } from './observability.ts';
import { portsOfContainer } from './wiring.ts';

let exports_: Exports | undefined;
const exportsOfContainer = (): Exports => {
  exports_ ??= createExports(ledgerOfContainer());
  return exports_;
};

/** For reconcile, which looks and wakes, and has no rights at any destination. */
export const wakingExportPortsOfContainer = (): Omit<ExportPorts, 'destination'> => ({
  ...portsOfContainer(),
  exports: exportsOfContainer(),
  exportQueue: exportQueueOfContainer(),
});

let ports: ExportPorts | undefined;
/** @throws BL1002 where the environment lacks something, on the first call. */
export const exportPortsOfContainer = (): ExportPorts => {
  ports ??= {
    ...wakingExportPortsOfContainer(),
    destination: createDestination({
      env: process.env,
      onCall: () => count(METRIC.exportCalls, 1),
    }),
  };
  return ports;
};
