/** What the functions of exports need besides, built once per container; apart from wiring.ts, so that others do not carry it. */
import { createDestination } from '../adapters/destination.ts';
import { readEnv } from '../adapters/env.ts';
import { createExportJobs } from '../adapters/export-jobs.ts';
import { createExportMaps } from '../adapters/export-maps.ts';
import { pause } from '../adapters/pause.ts';
import { ENV, METRIC } from '../contract.ts';
import type { Destination, ExportEngine, ExportJobs, ExportMaps, ExportPorts } from '../export-ports.ts';
import { count } from './observability.ts';
import { wakingExportPortsOfContainer } from './waking-wiring.ts';

const destinationOfContainer = (): Destination =>
  createDestination({ env: process.env, onCall: () => count(METRIC.exportCalls, 1) });

/** Only where the configuration has an export that uses it is there a state machine, or a job: looked for at the first call. */
const atFirstCall = <Order>(engine: () => ExportEngine<Order>): ExportEngine<Order> => ({
  start: async (execution, order) => engine().start(execution, order),
  look: async (execution) => engine().look(execution),
  stop: async (execution, reason) => engine().stop(execution, reason),
});

const exportMapsOfContainer = (): ExportMaps => {
  const maps = atFirstCall(() =>
    createExportMaps({ env: process.env, stateMachineArn: readEnv(process.env, ['exportMap']).exportMap }),
  );
  return {
    ...maps,
    // With the state machine its executions have gone.
    stop: async (execution, reason) => {
      if (process.env[ENV.exportMap] !== undefined) await maps.stop(execution, reason);
    },
  };
};

const exportJobsOfContainer = (): ExportJobs =>
  atFirstCall(() => createExportJobs({ env: process.env, prefix: readEnv(process.env, ['exportJobs']).exportJobs }));

let ports: ExportPorts | undefined;
/** @throws BL1002 where the environment lacks something, on the first call. */
export const exportPortsOfContainer = (): ExportPorts => {
  ports ??= {
    ...wakingExportPortsOfContainer(),
    destination: destinationOfContainer(),
    exportMaps: exportMapsOfContainer(),
    exportJobs: exportJobsOfContainer(),
    pause,
  };
  return ports;
};
