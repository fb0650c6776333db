/** reconcile: on a schedule, every few minutes. Its report becomes metrics, on which the alarms stand. */
import { METRIC } from '../contract.ts';
import type { Ports } from '../ports.ts';
import { type ReconcileReport, reconcile } from '../usecases/reconcile.ts';
import { deadline } from './deadline.ts';
import { lambda } from './middleware.ts';
import { count, logger, seconds } from './observability.ts';
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
) =>
  lambda(async () => {
    const result = await useCase(ports(), { until: deadline() - LAST_REPAIR_MS });
    report(result);
    return result;
  });

export const handler = createHandler();
