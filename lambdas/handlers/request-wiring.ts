/** What keeping requests needs; apart from wiring.ts, so that others do not carry it. */
import { systemClock } from '../adapters/clock.ts';
import { createIds } from '../adapters/ids.ts';
import { createRequests } from '../adapters/ledger/requests.ts';
import { asLog } from '../adapters/log.ts';
import type { RequestPorts } from '../request-ports.ts';
import { ledgerOfContainer } from './lake-wiring.ts';
import { logger } from './observability.ts';

/** @throws BL1002 where the environment lacks something. */
export const requestPortsOfContainer = (): RequestPorts => ({
  requests: createRequests(ledgerOfContainer()),
  clock: systemClock,
  ids: createIds(systemClock),
  log: asLog(logger),
});
