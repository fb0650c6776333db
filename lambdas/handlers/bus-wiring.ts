/** The bus and the queue of refreshes, built once per container; apart from wiring.ts, so that publish-events carries nothing else. */
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import { PATIENT } from '../adapters/aws-clients.ts';
import { readEnv } from '../adapters/env.ts';
import { createEventBus, type EventBus } from '../adapters/event-bus.ts';
import { createExportQueue } from '../adapters/export-queue.ts';
import { createRefreshes } from '../adapters/refreshes.ts';
import type { Refreshes } from '../catalog-ports.ts';
import { ENV } from '../contract.ts';
import type { ExportQueue } from '../export-ports.ts';

let bus: EventBus | undefined;

/** @throws BL1002 where the environment does not name the bus. */
export const busOfContainer = (): EventBus => {
  bus ??= createEventBus({
    client: new EventBridgeClient(PATIENT),
    busName: readEnv(process.env, ['busName']).busName,
  });
  return bus;
};

let refreshes: Refreshes | undefined;

/** @throws BL1002 where the environment does not name the queue. */
export const refreshesOfPublisher = (): Refreshes => {
  refreshes ??= createRefreshes({
    client: new SQSClient(PATIENT),
    queueUrl: readEnv(process.env, ['refreshQueueUrl']).refreshQueueUrl,
  });
  return refreshes;
};

let exportQueue: ExportQueue | undefined;

/** @throws BL1002 where the environment does not name the queue. */
export const exportQueueOfContainer = (): ExportQueue => {
  exportQueue ??= createExportQueue({
    client: new SQSClient(PATIENT),
    queueUrl: readEnv(process.env, ['exportQueueUrl']).exportQueueUrl,
  });
  return exportQueue;
};

/** `undefined` where the deployment has no such queue. */
export const exportsOfPublisher = (): ExportQueue | undefined =>
  process.env[ENV.exportQueueUrl] === undefined ? undefined : exportQueueOfContainer();
