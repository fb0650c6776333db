/** Logger and metrics of a container. */
import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { DEFAULT_PREFIX, ENV, METRIC, METRIC_DIMENSION, METRIC_NAMESPACE } from '../contract.ts';
import { ERROR_CATALOG, isBranchlineError } from '../domain/errors.ts';

const serviceName = process.env[ENV.prefix] ?? DEFAULT_PREFIX;

export const logger = new Logger({ serviceName });
const metrics = new Metrics({ namespace: METRIC_NAMESPACE, serviceName });

/** What the log says about an error: code, data and remedy beside the stack. */
export const errorData = (error: unknown): Record<string, unknown> => ({
  ...(isBranchlineError(error)
    ? { code: error.code, details: error.details, remedy: ERROR_CATALOG[error.code].remedy }
    : { code: 'BL5001' }),
  error: error instanceof Error ? error : new Error(String(error)),
});

type MetricName = (typeof METRIC)[keyof typeof METRIC];

export const count = (name: MetricName, value: number): void => {
  metrics.addMetric(name, MetricUnit.Count, value);
};

export const seconds = (name: MetricName, value: number): void => {
  metrics.addMetric(name, MetricUnit.Seconds, value);
};

/** One settled or waiting run, under its outcome. */
export const countOutcome = (outcome: string): void => {
  metrics
    .singleMetric()
    .addDimension(METRIC_DIMENSION.outcome, outcome)
    .addMetric(METRIC.runsSettled, MetricUnit.Count, 1);
};

/** At the end of an invocation. Powertools warns where there is nothing to write, which is the rule here. */
export const publishMetrics = (): void => {
  if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
};
