/** The log that use cases write to: JSON lines by Powertools, each with what is known of the invocation and of the run. */
import type { Logger } from '@aws-lambda-powertools/logger';
import type { Log } from '../ports.ts';

/** @param keys on every line. A child logger would do the same, and cost more than all else that a message costs. */
export const asLog = (logger: Logger, keys: Readonly<Record<string, unknown>> = {}): Log => ({
  info: (message, data = {}) => logger.info(message, { ...keys, ...data }),
  warn: (message, data = {}) => logger.warn(message, { ...keys, ...data }),
  error: (message, data = {}) => logger.error(message, { ...keys, ...data }),
});
