/** reconcile: on a schedule, every few minutes. Its report becomes metrics, on which the alarms stand. */
import { METRIC } from '../contract.ts';
import type { Ports } from '../ports.ts';
import { type ReconcileReport, reconcile } from '../usecases/reconcile.ts';
import { type CatalogReport, wakeRefreshes } from '../usecases/wake-refreshes.ts';
import { wakingPortsOfContainer } from './catalog-wiring.ts';
import { deadline } from './deadline.ts';
import { lambda } from './middleware.ts';
import { count, errorData, logger, seconds } from './observability.ts';
import { portsOfContainer } from './wiring.ts';

/** One repair may take so long; none is begun with less time left. */
const LAST_REPAIR_MS = 30_000;

const report = (result: ReconcileReport): void => {
  seconds(METRIC.oldestOpenRunSeconds, result.oldestOpenSeconds);
  count(METRIC.stuckRuns, result.stuckRuns);
  count(METRIC.waitingRuns, result.waitingRuns);
  count(METRIC.blockedTargets, result.blockedTargets);
  logger.info('reconciled', { ...result });
};

export const createHandler = (
  useCase: (ports: Ports, request: { until: number }) => Promise<ReconcileReport> = reconcile,
  ports: () => Ports = portsOfContainer,
  catalog: () => Promise<CatalogReport> = () => wakeRefreshes(wakingPortsOfContainer()),
) =>
  lambda(async () => {
    const result = await useCase(ports(), { until: deadline() - LAST_REPAIR_MS });
    report(result);
    try {
      const { lagSeconds, woken } = await catalog();
      seconds(METRIC.catalogLagSeconds, lagSeconds);
      if (woken > 0) logger.info('refreshes woken', { woken, lagSeconds });
    } catch (error) {
      // What runs need is done; readers are looked after at the next turn.
      logger.error('could not look after what readers see', errorData(error));
    }
    return result;
  });

export const handler = createHandler();
