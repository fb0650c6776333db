/** reconcile: on a schedule, every few minutes. Its report becomes metrics, on which the alarms stand. */
import { ENV, METRIC } from '../contract.ts';
import type { Ports } from '../ports.ts';
import { continueRollbacks, type RollbackReport } from '../usecases/continue-rollbacks.ts';
import { type ReconcileReport, reconcile } from '../usecases/reconcile.ts';
import { type ExportReport, wakeExports } from '../usecases/wake-exports.ts';
import { type CatalogReport, wakeRefreshes } from '../usecases/wake-refreshes.ts';
import { wakingPortsOfContainer } from './catalog-wiring.ts';
import { deadline } from './deadline.ts';
import { lambda } from './middleware.ts';
import { count, errorData, logger, seconds } from './observability.ts';
import { rollbackPortsOfContainer } from './rollback-wiring.ts';
import { wakingExportPortsOfContainer } from './waking-wiring.ts';
import { portsOfContainer } from './wiring.ts';

/** One repair may take so long; none is begun with less time left. */
const LAST_REPAIR_MS = 30_000;
/** Rollbacks that others left have so long; what is left then has the next turn. */
const ROLLBACKS_MS = 120_000;

const report = (result: ReconcileReport): void => {
  seconds(METRIC.oldestOpenRunSeconds, result.oldestOpenSeconds);
  count(METRIC.stuckRuns, result.stuckRuns);
  count(METRIC.waitingRuns, result.waitingRuns);
  count(METRIC.blockedTargets, result.blockedTargets);
  logger.info('reconciled', { ...result });
};

/** Whatever becomes of it, runs are looked after; it has its next turn. */
const aside = async (what: string, work: () => Promise<void>): Promise<void> => {
  try {
    await work();
  } catch (error) {
    logger.error(`could not look after ${what}`, errorData(error));
  }
};

const wakeExportsWhereConfigured = (): Promise<ExportReport> | undefined =>
  process.env[ENV.exportQueueUrl] === undefined ? undefined : wakeExports(wakingExportPortsOfContainer());

export const createHandler = (
  useCase: (ports: Ports, request: { until: number }) => Promise<ReconcileReport> = reconcile,
  ports: () => Ports = portsOfContainer,
  catalog: () => Promise<CatalogReport> = () => wakeRefreshes(wakingPortsOfContainer()),
  rollbacks: (until: number) => Promise<RollbackReport> = (until) =>
    continueRollbacks(rollbackPortsOfContainer(), until),
  exports: () => Promise<ExportReport> | undefined = wakeExportsWhereConfigured,
) =>
  lambda(async () => {
    const until = deadline() - LAST_REPAIR_MS;
    // First: what holds a target keeps everything else from it.
    await aside('rollbacks', async () => {
      const { oldestSeconds, ...counts } = await rollbacks(Math.min(until, Date.now() + ROLLBACKS_MS));
      seconds(METRIC.oldestRollbackSeconds, oldestSeconds);
      if (counts.finished + counts.unfinished > 0) logger.info('rollbacks', { ...counts, oldestSeconds });
    });
    const result = await useCase(ports(), { until });
    report(result);
    await aside('what readers see', async () => {
      const { lagSeconds, woken } = await catalog();
      seconds(METRIC.catalogLagSeconds, lagSeconds);
      if (woken > 0) logger.info('refreshes woken', { woken, lagSeconds });
    });
    await aside('exports', async () => {
      const looked = await exports();
      if (looked === undefined) return;
      seconds(METRIC.exportLagSeconds, looked.lagSeconds);
      count(METRIC.failedExports, looked.failed);
      if (looked.woken > 0) logger.info('exports woken', { ...looked });
    });
    return result;
  });

export const handler = createHandler();
