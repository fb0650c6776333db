/**
 * Who looks what has arrived in the second region.
 *
 * What you get: a function that lists the lake's buckets and their replicas, and can read or write no object of either; alarms on what is
 * late. Without `replication.to`: a function that says so.
 */
import { Duration, Stack } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { BACKUP_PREFIX, type CompiledConfig, ENV, METRIC, REPLICA_NOTE } from '../../lambdas/contract.ts';
import type { Config } from '../config/schema.ts';
import { addAlarm, ownMetric, RUNBOOK } from './alarms.ts';
import type { BranchlineFunction } from './branchline-function.ts';
import type { Snapshots } from './snapshots.ts';

export interface ReplicationWatchProps {
  readonly prefix: string;
  readonly config: Config;
  readonly compiled: CompiledConfig;
  readonly target: BranchlineFunction;
  /** Where the word of what has arrived is left. */
  readonly backups: Pick<Snapshots, 'bucket' | 'key'>;
  readonly actions: readonly IAlarmAction[];
}

/** A metric of the schedule is there at least once in so many of its turns. */
const TURNS = 2;

export class ReplicationWatch extends Construct {
  constructor(scope: Construct, id: string, props: ReplicationWatchProps) {
    super(scope, id);
    const { target, config, compiled } = props;
    const { to } = config.replication;
    if (to === undefined || compiled.replication === undefined) return;
    const { partition } = Stack.of(this);
    const arn = (bucket: string): string => `arn:${partition}:s3:::${bucket}`;
    target.fn.addEnvironment(ENV.replicaRegion, to.region);
    target.fn.addToRolePolicy(
      new PolicyStatement({
        sid: 'ListBothSides',
        actions: ['s3:ListBucket'],
        resources: [...Object.entries(to.buckets).flat(), to.backups].map(arn),
      }),
    );
    const { bucket, key } = props.backups;
    target.fn.addToRolePolicy(
      new PolicyStatement({
        sid: 'LeaveWord',
        actions: ['s3:PutObject'],
        resources: compiled.repositories.map(({ name }) =>
          bucket.arnForObjects(`${BACKUP_PREFIX}${name}/${REPLICA_NOTE}`),
        ),
      }),
    );
    target.fn.addToRolePolicy(
      new PolicyStatement({ sid: 'WordKey', actions: ['kms:GenerateDataKey'], resources: [key.keyArn] }),
    );
    this.#alarms(props, compiled.replication.everySeconds, compiled.replication.lateAfterSeconds);
  }

  #alarms({ prefix, compiled, actions }: ReplicationWatchProps, every: number, lateAfter: number): void {
    const period = Duration.seconds(Math.max(3600, TURNS * every));
    const alarm = (key: string, name: (typeof METRIC)[keyof typeof METRIC], threshold: number, what: string): void => {
      addAlarm(this, key, {
        metric: ownMetric(prefix, name, { statistic: 'max', period }),
        threshold,
        description: `${prefix}: ${what} ${RUNBOOK}/second-region.md`,
        actions,
      });
    };
    alarm('Late', METRIC.replicationLagSeconds, lateAfter, 'what has arrived in the second region is too old.');
    const snapshots = compiled.snapshots?.everySeconds ?? 0;
    if (snapshots > 0)
      alarm(
        'SnapshotLate',
        METRIC.replicatedSnapshotSeconds,
        2 * snapshots + lateAfter,
        'no snapshot that is recent enough could be restored in the second region.',
      );
    alarm('Faults', METRIC.replicationFaults, 1, 'it could not be looked what has arrived in the second region.');
  }
}
