/** For reconcile, which looks at exports and wakes them; apart from export-wiring.ts, so that it does not carry what writes to destinations. */
import { createExports } from '../adapters/ledger/exports.ts';
import type { Exports, WakingExportPorts } from '../export-ports.ts';
import { exportQueueOfContainer } from './bus-wiring.ts';
import { ledgerOfContainer } from './lake-wiring.ts';
import { portsOfContainer } from './wiring.ts';

let exports_: Exports | undefined;
const exportsOfContainer = (): Exports => {
  exports_ ??= createExports(ledgerOfContainer());
  return exports_;
};

export const wakingExportPortsOfContainer = (): WakingExportPorts => ({
  ...portsOfContainer(),
  exports: exportsOfContainer(),
  exportQueue: exportQueueOfContainer(),
});
