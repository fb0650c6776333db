/** What the functions of exports need besides, built once per container; apart from wiring.ts, so that others do not carry it. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { PATIENT } from '../adapters/aws-clients.ts';
import { createDestination } from '../adapters/destination.ts';
import { readEnv } from '../adapters/env.ts';
import { createExports } from '../adapters/ledger/exports.ts';
import { ENV, METRIC } from '../contract.ts';
import { BranchlineError } from '../domain/errors.ts';
import type { ExportPorts, ExportQueue, Exports } from '../export-ports.ts';
import { exportsOfPublisher } from './bus-wiring.ts';
import { count } from './observability.ts';
import { portsOfContainer } from './wiring.ts';

let exports_: Exports | undefined;
const exportsOfContainer = (): Exports => {
  exports_ ??= createExports({
    client: DynamoDBDocumentClient.from(new DynamoDBClient(PATIENT), {
      marshallOptions: { removeUndefinedValues: true },
    }),
    tableName: readEnv(process.env, ['ledgerTable']).ledgerTable,
  });
  return exports_;
};

/** @throws BL1002 where the environment does not name the queue. */
const queueOfContainer = (): ExportQueue => {
  const queue = exportsOfPublisher();
  if (queue !== undefined) return queue;
  readEnv(process.env, ['exportQueueUrl']);
  throw new BranchlineError('BL1002', `${ENV.exportQueueUrl} is empty`);
};

/** For reconcile, which looks and wakes, and has no rights at any destination. */
export const wakingExportPortsOfContainer = (): Omit<ExportPorts, 'destination'> => ({
  ...portsOfContainer(),
  exports: exportsOfContainer(),
  exportQueue: queueOfContainer(),
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
