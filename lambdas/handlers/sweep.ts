/** sweep: on a schedule. Removes what has expired. */
import type { Ports } from '../ports.ts';
import { type SweepReport, sweep } from '../usecases/sweep.ts';
import { deadline } from './deadline.ts';
import { lambda } from './middleware.ts';
import { logger } from './observability.ts';
import { portsOfContainer } from './wiring.ts';

/** Time for the removal that is under way. */
const LAST_REMOVAL_MS = 15_000;

export const createHandler = (
  useCase: (ports: Ports, request: { until: number }) => Promise<SweepReport> = sweep,
  ports: () => Ports = portsOfContainer,
) =>
  lambda(async () => {
    const result = await useCase(ports(), { until: deadline() - LAST_REMOVAL_MS });
    logger.info('swept', { ...result });
    return result;
  });

export const handler = createHandler();
