/** What the lakeFS server does, at a glance. */
import { Duration } from 'aws-cdk-lib';
import { Dashboard, GraphWidget, type IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import { HttpCodeElb, HttpCodeTarget } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import type { LakefsLoadBalancer } from './load-balancer.ts';
import type { MetadataStore } from './metadata-store.ts';
import type { LakefsService } from './service.ts';

export interface ServerDashboardProps {
  readonly prefix: string;
  readonly door: LakefsLoadBalancer;
  readonly service: LakefsService;
  readonly store: MetadataStore;
}

export class ServerDashboard extends Construct {
  constructor(scope: Construct, id: string, { prefix, door, service, store }: ServerDashboardProps) {
    super(scope, id);
    const period = Duration.minutes(1);
    const { metrics } = door.loadBalancer;
    const targets = service.targets.metrics;
    const half = { width: 12 };
    const rows: IWidget[][] = [
      [
        new GraphWidget({
          ...half,
          title: 'Requests, and those that failed',
          left: [
            metrics.requestCount({ period, statistic: 'sum' }),
            targets.httpCodeTarget(HttpCodeTarget.TARGET_5XX_COUNT, { period, statistic: 'sum' }),
            metrics.httpCodeElb(HttpCodeElb.ELB_5XX_COUNT, { period, statistic: 'sum' }),
          ],
        }),
        new GraphWidget({
          ...half,
          title: 'Seconds to the answer',
          left: ['p50', 'p90', 'p99'].map((statistic) => targets.targetResponseTime({ period, statistic })),
        }),
      ],
      [
        new GraphWidget({
          ...half,
          title: 'Tasks that are healthy',
          left: [targets.healthyHostCount({ period, statistic: 'min' })],
          right: [targets.requestCountPerTarget({ period, statistic: 'sum' })],
        }),
        new GraphWidget({
          ...half,
          title: 'CPU and memory of the tasks',
          left: [service.service.metricCpuUtilization({ period }), service.service.metricMemoryUtilization({ period })],
        }),
      ],
      [new GraphWidget({ width: 24, title: 'Metadata store', left: store.measures.map(({ metric }) => metric) })],
    ];
    new Dashboard(this, 'Dashboard', { dashboardName: `${prefix}-lakefs`, widgets: rows });
  }
}
