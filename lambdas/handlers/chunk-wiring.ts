/** What a worker of an export needs, built once per container: neither lakeFS nor its secret, so that it can have no right to them. */
import { systemClock } from '../adapters/clock.ts';
import { createConfigSource } from '../adapters/config.ts';
import { createDestination } from '../adapters/destination.ts';
import { readEnv } from '../adapters/env.ts';
import { createExports } from '../adapters/ledger/exports.ts';
import { readS3Object } from '../adapters/s3-object.ts';
import { METRIC } from '../contract.ts';
import type { ExportPorts } from '../export-ports.ts';
import { ledgerOfContainer } from './lake-wiring.ts';
import { count } from './observability.ts';

export type ChunkPorts = Pick<ExportPorts, 'config' | 'exports' | 'destination' | 'clock'>;

let ports: ChunkPorts | undefined;

/** @throws BL1002 where the environment lacks something, on the first call. */
export const chunkPortsOfContainer = (): ChunkPorts => {
  ports ??= {
    clock: systemClock,
    config: createConfigSource({
      read: (bucket, key) => readS3Object(bucket, key, { env: process.env }),
      uri: readEnv(process.env, ['configUri']).configUri,
    }),
    exports: createExports(ledgerOfContainer()),
    destination: createDestination({ env: process.env, onCall: () => count(METRIC.exportCalls, 1) }),
  };
  return ports;
};
