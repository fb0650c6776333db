/** The log that use cases write to: JSON lines by Powertools, each with what is known of the invocation and of the run. */
import type { Logger } from '@aws-lambda-powertools/logger';
import type { Log } from '../ports.ts';

export const asLog = (logger: Logger): Log => ({
  info: (message, data = {}) => logger.info(message, data),
  warn: (message, data = {}) => logger.warn(message, data),
  error: (message, data = {}) => logger.error(message, data),
});
