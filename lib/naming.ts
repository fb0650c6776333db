/** Names of what the stack makes: fixed by prefix and role, since operators, pipelines and the CLI call them by name. */
import type { FunctionName } from '../lambdas/contract.ts';

export const functionName = (prefix: string, name: FunctionName): string => `${prefix}-${name}`;

/** Every queue has a dead-letter queue; a FIFO queue's name ends in `.fifo`. */
export const queueName = (prefix: string, hop: string, isFifo: boolean): string =>
  `${prefix}-${hop}${isFifo ? '.fifo' : ''}`;
export const deadLetterQueueName = (prefix: string, hop: string, isFifo: boolean): string =>
  `${prefix}-${hop}-dlq${isFifo ? '.fifo' : ''}`;
