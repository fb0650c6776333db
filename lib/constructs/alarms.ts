/** Alarms, each with a page in docs/runbook that says what to do. */
import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  type IAlarmAction,
  type IMetric,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { METRIC, METRIC_DIMENSION, METRIC_NAMESPACE } from '../../lambdas/contract.ts';
import type { BranchlineFunction } from './branchline-function.ts';

export const RUNBOOK = 'See docs/runbook';

export interface AlarmSpec {
  readonly metric: IMetric;
  /** The alarm is raised at this value. */
  readonly threshold: number;
  readonly description: string;
  readonly actions: readonly IAlarmAction[];
  /** Periods in a row; 1 by default. */
  readonly periods?: number;
  /** @default false: the alarm is raised at the threshold and above it */
  readonly isRaisedBelow?: boolean;
  /** What a missing measurement means. @default nothing is wrong */
  readonly missing?: TreatMissingData;
}

export const addAlarm = (scope: Construct, id: string, spec: AlarmSpec): Alarm => {
  const alarm = new Alarm(scope, id, {
    metric: spec.metric,
    threshold: spec.threshold,
    evaluationPeriods: spec.periods ?? 1,
    comparisonOperator:
      spec.isRaisedBelow === true
        ? ComparisonOperator.LESS_THAN_THRESHOLD
        : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
    treatMissingData: spec.missing ?? TreatMissingData.NOT_BREACHING,
    alarmDescription: spec.description,
  });
  for (const action of spec.actions) alarm.addAlarmAction(action);
  return alarm;
};

/** A metric that the functions write themselves. */
export const ownMetric = (
  prefix: string,
  name: (typeof METRIC)[keyof typeof METRIC],
  options: { readonly statistic: string; readonly outcome?: string; readonly period?: Duration },
): Metric =>
  new Metric({
    namespace: METRIC_NAMESPACE,
    metricName: name,
    statistic: options.statistic,
    period: options.period ?? Duration.minutes(5),
    dimensionsMap: {
      [METRIC_DIMENSION.service]: prefix,
      ...(options.outcome === undefined ? {} : { [METRIC_DIMENSION.outcome]: options.outcome }),
    },
  });

export interface RunAlarmsProps {
  readonly prefix: string;
  readonly functions: readonly BranchlineFunction[];
  /** The longest time that a pipeline allows a run to stay open. */
  readonly maxOpen: Duration;
  /** How often reconcile measures. */
  readonly reconcileEvery: Duration;
  readonly actions: readonly IAlarmAction[];
}

export class RunAlarms extends Construct {
  constructor(scope: Construct, id: string, props: RunAlarmsProps) {
    super(scope, id);
    const { prefix, actions } = props;
    // A period that no measurement falls into would end the alarm, though nothing is mended.
    const measured = Duration.seconds(Math.max(300, 2 * props.reconcileEvery.toSeconds()));
    const own = (
      key: string,
      name: (typeof METRIC)[keyof typeof METRIC],
      page: string,
      what: string,
      when: { threshold: number; periods?: number; statistic?: string; period?: Duration },
    ): void => {
      addAlarm(this, key, {
        metric: ownMetric(prefix, name, { statistic: when.statistic ?? 'max', period: when.period ?? measured }),
        threshold: when.threshold,
        periods: when.periods ?? 1,
        description: `${prefix}: ${what} ${RUNBOOK}/${page}.md`,
        actions,
      });
    };
    own(
      'OldestOpenRun',
      METRIC.oldestOpenRunSeconds,
      'oldest-open-run',
      'a run has been open for longer than any pipeline allows.',
      { threshold: props.maxOpen.toSeconds() },
    );
    own(
      'StuckRuns',
      METRIC.stuckRuns,
      'stuck-runs',
      'a run does not move, or is open for longer than its pipeline allows.',
      { threshold: 1, periods: 2 },
    );
    own('WaitingRuns', METRIC.waitingRuns, 'waiting-runs', 'a run is conflicted or rejected and waits for a person.', {
      threshold: 1,
    });
    own(
      'BlockedTargets',
      METRIC.blockedTargets,
      'blocked-target',
      'a merge by hand clashes; readers stay at the last verified commit.',
      { threshold: 1 },
    );
    own('CatalogLag', METRIC.catalogLagSeconds, 'catalog-lag', 'readers do not see a verified commit.', {
      threshold: 900,
    });
    own('ForeignSnapshots', METRIC.foreignSnapshots, 'foreign-snapshots', 'somebody else wrote to an Iceberg table.', {
      threshold: 1,
      statistic: 'sum',
      period: Duration.hours(1),
    });
    own('UnfinishedRollback', METRIC.oldestRollbackSeconds, 'unfinished-rollback', 'a rollback does not end.', {
      threshold: 1800,
    });
    own('LakefsErrors', METRIC.lakefsErrors, 'lakefs-errors', 'lakeFS answers with errors or not at all.', {
      threshold: 20,
      statistic: 'sum',
      periods: 2,
      period: Duration.minutes(5),
    });
    for (const { node, fn } of props.functions) {
      addAlarm(this, `Errors${node.id}`, {
        metric: fn.metricErrors({ period: Duration.minutes(5), statistic: 'sum' }),
        threshold: 3,
        periods: 2,
        description: `${prefix}: ${node.id} fails. ${RUNBOOK}/function-errors.md`,
        actions,
      });
      addAlarm(this, `Throttles${node.id}`, {
        metric: fn.metricThrottles({ period: Duration.minutes(5), statistic: 'sum' }),
        threshold: 10,
        periods: 3,
        description: `${prefix}: ${node.id} is throttled by Lambda. ${RUNBOOK}/function-errors.md`,
        actions,
      });
    }
  }
}
