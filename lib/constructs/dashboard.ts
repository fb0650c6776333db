/** One page that tells whether runs reach their end, how fast, and what stands in the way. */
import { Duration } from 'aws-cdk-lib';
import { Dashboard, GraphWidget, type IMetric, type IWidget, SingleValueWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { METRIC, RUN_OUTCOMES } from '../../lambdas/contract.ts';
import { ownMetric } from './alarms.ts';

export interface RunDashboardProps {
  readonly prefix: string;
  readonly queues: Readonly<Record<string, Queue>>;
  /** Runs of the Spark jobs of exports that ended; none where no export has one. */
  readonly sparkRuns: readonly IMetric[];
}

export class RunDashboard extends Construct {
  constructor(scope: Construct, id: string, props: RunDashboardProps) {
    super(scope, id);
    const { prefix } = props;
    const rows: IWidget[][] = [
      [
        new SingleValueWidget({
          title: 'Now',
          width: 24,
          metrics: [
            METRIC.waitingRuns,
            METRIC.stuckRuns,
            METRIC.blockedTargets,
            METRIC.oldestOpenRunSeconds,
            METRIC.oldestRollbackSeconds,
          ].map((name) => ownMetric(prefix, name, { statistic: 'max' })),
        }),
      ],
      [
        new GraphWidget({
          title: 'Runs by outcome',
          width: 12,
          stacked: true,
          left: RUN_OUTCOMES.map((outcome) =>
            ownMetric(prefix, METRIC.runsSettled, { statistic: 'sum', outcome, period: Duration.minutes(15) }),
          ),
        }),
        new GraphWidget({
          title: 'Seconds from the end of the job to its promotion',
          width: 12,
          left: ['p50', 'p90', 'max'].map((statistic) => ownMetric(prefix, METRIC.promotionSeconds, { statistic })),
        }),
      ],
      [
        new GraphWidget({
          title: 'Seconds from a verified commit to its readers',
          width: 12,
          left: [
            ...['p50', 'max'].map((statistic) => ownMetric(prefix, METRIC.publicationSeconds, { statistic })),
            ownMetric(prefix, METRIC.catalogLagSeconds, { statistic: 'max' }),
          ],
        }),
        new GraphWidget({
          title: 'Partitions refreshed, and the calls for them',
          width: 12,
          left: [METRIC.refreshedPartitions, METRIC.catalogCalls].map((name) =>
            ownMetric(prefix, name, { statistic: 'sum' }),
          ),
        }),
      ],
      [
        new GraphWidget({
          title: 'Snapshots of Iceberg tables; seconds of the refreshes that showed them',
          width: 12,
          left: [ownMetric(prefix, METRIC.icebergSnapshots, { statistic: 'sum' })],
          right: ['p50', 'max'].map((statistic) => ownMetric(prefix, METRIC.icebergRefreshSeconds, { statistic })),
        }),
        new GraphWidget({
          title: 'Iceberg metadata removed; snapshots of others that were undone',
          width: 12,
          left: [ownMetric(prefix, METRIC.icebergObjectsRemoved, { statistic: 'sum', period: Duration.hours(1) })],
          right: [ownMetric(prefix, METRIC.foreignSnapshots, { statistic: 'sum', period: Duration.hours(1) })],
        }),
      ],
      [
        new GraphWidget({
          title: 'Manifests removed, and their bytes',
          width: 12,
          left: [ownMetric(prefix, METRIC.manifestsRemoved, { statistic: 'sum', period: Duration.hours(1) })],
          right: [ownMetric(prefix, METRIC.manifestBytesRemoved, { statistic: 'sum', period: Duration.hours(1) })],
        }),
      ],
      [
        new GraphWidget({
          title: 'Age of the newest good snapshot, in seconds; snapshots that are damaged or failed',
          width: 24,
          left: [ownMetric(prefix, METRIC.snapshotAgeSeconds, { statistic: 'max', period: Duration.hours(1) })],
          right: [ownMetric(prefix, METRIC.snapshotFaults, { statistic: 'max', period: Duration.hours(1) })],
        }),
      ],
      [
        new GraphWidget({
          title: 'Seconds since the last good drill; drills that failed or left something',
          width: 12,
          left: [ownMetric(prefix, METRIC.drillAgeSeconds, { statistic: 'max', period: Duration.hours(1) })],
          right: [ownMetric(prefix, METRIC.drillFaults, { statistic: 'max', period: Duration.hours(1) })],
        }),
        new GraphWidget({
          title: 'Seconds that a rollback and a restore took in drills',
          width: 12,
          left: [METRIC.drilledRollbackSeconds, METRIC.drilledRestoreSeconds].map((name) =>
            ownMetric(prefix, name, { statistic: 'max', period: Duration.days(1) }),
          ),
        }),
      ],
      [
        new GraphWidget({
          title: 'Objects exported, and the calls for them',
          width: 12,
          left: [METRIC.exportedObjects, METRIC.exportCalls].map((name) =>
            ownMetric(prefix, name, { statistic: 'sum' }),
          ),
        }),
        new GraphWidget({
          title: 'Exports that are behind, in seconds, and that failed',
          width: 12,
          left: [ownMetric(prefix, METRIC.exportLagSeconds, { statistic: 'max' })],
          right: [ownMetric(prefix, METRIC.failedExports, { statistic: 'max' })],
        }),
      ],
      ...(props.sparkRuns.length === 0
        ? []
        : [
            [
              new GraphWidget({
                title: 'Exports by Spark: runs of their jobs that ended, and that failed',
                width: 24,
                left: [...props.sparkRuns],
              }),
            ],
          ]),
      [
        new GraphWidget({
          title: 'Objects that garbage collections deleted; objects that are missing after them',
          width: 12,
          left: [ownMetric(prefix, METRIC.collectedObjects, { statistic: 'sum', period: Duration.days(1) })],
          right: [ownMetric(prefix, METRIC.missingObjects, { statistic: 'max', period: Duration.hours(1) })],
        }),
        new GraphWidget({
          title: 'Garbage collections that failed; collections and erasures that wait, in seconds',
          width: 12,
          left: [ownMetric(prefix, METRIC.failedCollections, { statistic: 'max', period: Duration.hours(1) })],
          right: [
            ownMetric(prefix, METRIC.collectionWaitSeconds, { statistic: 'max', period: Duration.hours(1) }),
            ownMetric(prefix, METRIC.erasureWaitSeconds, { statistic: 'max', period: Duration.hours(1) }),
          ],
        }),
      ],
      [
        new GraphWidget({
          title: 'Second region: how far behind, and the age of the newest snapshot there, in seconds',
          width: 12,
          left: [METRIC.replicationLagSeconds, METRIC.replicatedSnapshotSeconds].map((name) =>
            ownMetric(prefix, name, { statistic: 'max', period: Duration.hours(1) }),
          ),
        }),
        new GraphWidget({
          title: 'Second region: objects that have not arrived, and looks that failed',
          width: 12,
          left: [ownMetric(prefix, METRIC.unreplicatedObjects, { statistic: 'max', period: Duration.hours(1) })],
          right: [ownMetric(prefix, METRIC.replicationFaults, { statistic: 'max', period: Duration.hours(1) })],
        }),
      ],
      [
        new GraphWidget({
          title: 'Age of the oldest message',
          width: 12,
          left: Object.entries(props.queues).map(([label, queue]) =>
            queue.metricApproximateAgeOfOldestMessage({ label, statistic: 'max', period: Duration.minutes(1) }),
          ),
        }),
        new GraphWidget({
          title: 'Errors of lakeFS',
          width: 12,
          left: [ownMetric(prefix, METRIC.lakefsErrors, { statistic: 'sum' })],
        }),
      ],
    ];
    new Dashboard(this, 'Dashboard', { dashboardName: `${prefix}-runs`, widgets: rows });
  }
}
