/** sweep: on a schedule. Removes what has expired. */
import { METRIC } from '../contract.ts';
import type { Ports } from '../ports.ts';
import { type CleanReport, cleanManifests } from '../usecases/clean-manifests.ts';
import { type SweepReport, sweep } from '../usecases/sweep.ts';
import { catalogPortsOfContainer } from './catalog-wiring.ts';
import { deadline } from './deadline.ts';
import { lambda } from './middleware.ts';
import { count, errorData, logger } from './observability.ts';
import { portsOfContainer } from './wiring.ts';

/** Time for the removal that is under way. */
const LAST_REMOVAL_MS = 15_000;

export const createHandler = (
  useCase: (ports: Ports, request: { until: number }) => Promise<SweepReport> = sweep,
  ports: () => Ports = portsOfContainer,
  clean: (request: { until: number }) => Promise<CleanReport> = (request) =>
    cleanManifests(catalogPortsOfContainer(), request),
) =>
  lambda(async () => {
    const request = { until: deadline() - LAST_REMOVAL_MS };
    const result = await useCase(ports(), request);
    logger.info('swept', { ...result });
    try {
      const report = await clean(request);
      count(METRIC.manifestsRemoved, report.manifestsRemoved);
      count(METRIC.manifestBytesRemoved, report.manifestBytesRemoved);
      if (report.manifestsRemoved + report.failures > 0) logger.info('manifests cleaned up', { ...report });
    } catch (error) {
      // Nothing is lost by manifests that stay until the next turn.
      logger.error('could not clean up manifests', errorData(error));
    }
    return result;
  });

export const handler = createHandler();
