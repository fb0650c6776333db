/** Alarms on the server, its metadata store and its backups, each with a page in docs/runbook. */
import { Duration } from 'aws-cdk-lib';
import { type IAlarmAction, type IMetric, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { HttpCodeElb, HttpCodeTarget } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { Construct } from 'constructs';
import { type AlarmSpec, addAlarm, RUNBOOK } from '../alarms.ts';
import type { LakefsBackups } from './backups.ts';
import type { LakefsLoadBalancer } from './load-balancer.ts';
import type { MetadataStore } from './metadata-store.ts';
import type { LakefsService } from './service.ts';

export interface ServerAlarmsProps {
  readonly prefix: string;
  readonly door: LakefsLoadBalancer;
  readonly service: LakefsService;
  readonly store: MetadataStore;
  readonly backups: LakefsBackups;
  /** Tasks that there are at least. */
  readonly minTasks: number;
  readonly actions: readonly IAlarmAction[];
}

type Page = 'lakefs-server' | 'metadata-store' | 'backups';
type Rule = Pick<AlarmSpec, 'threshold' | 'periods' | 'isRaisedBelow' | 'missing'>;

export class ServerAlarms extends Construct {
  constructor(scope: Construct, id: string, props: ServerAlarmsProps) {
    super(scope, id);
    const { prefix, door, service, store, backups, actions } = props;
    const raise = (key: string, metric: IMetric, page: Page, what: string, rule: Rule): void => {
      addAlarm(this, key, { metric, ...rule, description: `${prefix}: ${what} ${RUNBOOK}/${page}.md`, actions });
    };
    const minute = { period: Duration.minutes(1) };
    const five = { period: Duration.minutes(5) };
    const { targets } = service;
    const { metrics } = door.loadBalancer;
    const serverRule = { threshold: 1, periods: 5 };
    raise(
      'TooFewTasks',
      targets.metrics.healthyHostCount({ ...minute, statistic: 'min' }),
      'lakefs-server',
      'fewer tasks of lakeFS are healthy than there should be.',
      { threshold: props.minTasks, isRaisedBelow: true, periods: 10, missing: TreatMissingData.BREACHING },
    );
    raise(
      'UnhealthyTasks',
      targets.metrics.unhealthyHostCount({ ...minute, statistic: 'max' }),
      'lakefs-server',
      'a task of lakeFS does not answer.',
      { ...serverRule, periods: 10 },
    );
    raise(
      'ServerErrors',
      targets.metrics.httpCodeTarget(HttpCodeTarget.TARGET_5XX_COUNT, { ...five, statistic: 'sum' }),
      'lakefs-server',
      'lakeFS answers with errors of its own.',
      { threshold: 20, periods: 2 },
    );
    raise(
      'LoadBalancerErrors',
      metrics.httpCodeElb(HttpCodeElb.ELB_5XX_COUNT, { ...five, statistic: 'sum' }),
      'lakefs-server',
      'the load balancer finds no task that answers in time.',
      { threshold: 20, periods: 2 },
    );
    raise(
      'TaskCpu',
      service.service.metricCpuUtilization(five),
      'lakefs-server',
      'tasks of lakeFS are at their limit.',
      {
        threshold: 85,
        periods: 3,
      },
    );
    raise(
      'TaskMemory',
      service.service.metricMemoryUtilization({ ...five, statistic: 'max' }),
      'lakefs-server',
      'a task of lakeFS runs out of memory.',
      { threshold: 90, periods: 2 },
    );
    for (const { id: key, metric, what, ...rule } of store.measures) raise(key, metric, 'metadata-store', what, rule);
    raise(
      'BackupFailed',
      new Metric({
        namespace: 'AWS/Backup',
        metricName: 'NumberOfBackupJobsFailed',
        dimensionsMap: { BackupVaultName: backups.vault.backupVaultName },
        statistic: 'sum',
        period: Duration.days(1),
      }),
      'backups',
      'a backup of lakeFS’s metadata failed.',
      { threshold: 1 },
    );
  }
}
