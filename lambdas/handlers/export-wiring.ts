/** What the functions of exports need besides, built once per container; apart from wiring.ts, so that others do not carry it. */
import { createDestination } from '../adapters/destination.ts';
import { readEnv } from '../adapters/env.ts';
import { createExportMaps } from '../adapters/export-maps.ts';
import { pause } from '../adapters/pause.ts';
import { METRIC } from '../contract.ts';
import type { Destination, ExportMaps, ExportPorts } from '../export-ports.ts';
import { count } from './observability.ts';
import { wakingExportPortsOfContainer } from './waking-wiring.ts';

const destinationOfContainer = (): Destination =>
  createDestination({ env: process.env, onCall: () => count(METRIC.exportCalls, 1) });

/** Only where the configuration has an export that uses it is there a state machine. */
const exportMapsOfContainer = (): ExportMaps => {
  const maps = (): ExportMaps =>
    createExportMaps({ env: process.env, stateMachineArn: readEnv(process.env, ['exportMap']).exportMap });
  return {
    start: async (name, order) => maps().start(name, order),
    look: async (name) => maps().look(name),
    stop: async (name, reason) => maps().stop(name, reason),
  };
};

let ports: ExportPorts | undefined;
/** @throws BL1002 where the environment lacks something, on the first call. */
export const exportPortsOfContainer = (): ExportPorts => {
  ports ??= {
    ...wakingExportPortsOfContainer(),
    destination: destinationOfContainer(),
    exportMaps: exportMapsOfContainer(),
    pause,
  };
  return ports;
};
