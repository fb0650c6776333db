/**
 * Drills of rollback and restore: what the one function may remove, and who is told.
 *
 * What you get: a function that may list and delete below the places of scratch repositories, in the buckets of the lake, and nothing
 * else there; where a schedule is wanted, an alarm on the age of the last good drill and one on a drill that failed.
 */
import { Duration, Stack } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { type DrillsConfig, METRIC } from '../../lambdas/contract.ts';
import { acknowledge, asNagWrites } from '../compliance.ts';
import { addAlarm, ownMetric, RUNBOOK } from './alarms.ts';
import type { BranchlineFunction } from './branchline-function.ts';
import { placeOfNamespace } from './namespace.ts';

/** How often the function looks what is due, and what a drill left. */
export const DRILL_EVERY = '1h';
const TEND_SECONDS = 3600;
/** The longest time that an alarm may compare is a week; the metric itself is an age, so that hours are enough. */
const PERIOD = Duration.hours(2);

export interface DrillsProps {
  readonly prefix: string;
  readonly settings: DrillsConfig;
  readonly target: BranchlineFunction;
  /** Storage namespaces of the repositories that are drilled with. */
  readonly namespaces: readonly string[];
  /** Keys of their buckets, where they are known. */
  readonly keys: readonly string[];
  readonly actions: readonly IAlarmAction[];
}

export class Drills extends Construct {
  constructor(scope: Construct, id: string, props: DrillsProps) {
    super(scope, id);
    const { target, settings } = props;
    const roots = [...new Set(settings.places.map(({ root }) => root))].filter((root) => root.startsWith('s3://'));
    for (const [i, root] of roots.entries()) this.#mayClear(target, root, i);
    this.#mayCopy(props, roots);
    if (settings.everySeconds > 0) this.#alarms(props);
  }

  #mayClear({ fn }: BranchlineFunction, root: string, i: number): void {
    const { bucket, prefix } = placeOfNamespace(root);
    const stack = Stack.of(this);
    const arn = (resource: string): string => stack.formatArn({ service: 's3', region: '', account: '', resource });
    const objects = arn(`${bucket}/${prefix}*`);
    const sid = (what: string): string => `${what}Scratch${i === 0 ? '' : String(i)}`;
    fn.addToRolePolicy(
      new PolicyStatement({
        sid: sid('Find'),
        actions: ['s3:ListBucket'],
        resources: [arn(bucket)],
        conditions: { StringLike: { 's3:prefix': `${prefix}*` } },
      }),
    );
    fn.addToRolePolicy(new PolicyStatement({ sid: sid('Remove'), actions: ['s3:DeleteObject'], resources: [objects] }));
    if (fn.role !== undefined)
      acknowledge(
        fn.role,
        'IAM5',
        `Resource::${asNagWrites(stack, objects)}`,
        'Scratch repositories are named by their drill, and lakeFS names the objects below them.',
      );
  }

  /** lakeFS's own files of the lake, to where scratch repositories lie: the newest backup is tried with them. No row is read. */
  #mayCopy({ target: { fn }, namespaces, keys }: DrillsProps, roots: readonly string[]): void {
    const stack = Stack.of(this);
    const arn = (resource: string): string => stack.formatArn({ service: 's3', region: '', account: '', resource });
    const files = namespaces
      .filter((namespace) => namespace.startsWith('s3://'))
      .map((namespace) => placeOfNamespace(`${namespace.replace(/\/+$/, '')}/_lakefs`));
    if (files.length === 0 || roots.length === 0) return;
    const own = files.map(({ bucket, prefix }) => arn(`${bucket}/${prefix}*`));
    const scratch = roots.map(placeOfNamespace).map(({ bucket, prefix }) => arn(`${bucket}/${prefix}*/_lakefs/*`));
    const allow = (sid: string, actions: readonly string[], resources: readonly string[]): void => {
      fn.addToRolePolicy(new PolicyStatement({ sid, actions: [...actions], resources: [...resources] }));
    };
    for (const [i, { bucket, prefix }] of files.entries())
      fn.addToRolePolicy(
        new PolicyStatement({
          ...{ sid: `FindMetadata${i === 0 ? '' : String(i)}`, actions: ['s3:ListBucket'], resources: [arn(bucket)] },
          conditions: { StringLike: { 's3:prefix': `${prefix}*` } },
        }),
      );
    allow('ReadMetadata', ['s3:GetObject'], own);
    allow('CopyMetadata', ['s3:PutObject'], scratch);
    if (keys.length > 0) allow('LakeKeys', ['kms:Decrypt', 'kms:GenerateDataKey'], keys);
    if (fn.role === undefined) return;
    for (const each of new Set([...own, ...scratch]))
      acknowledge(
        fn.role,
        'IAM5',
        `Resource::${asNagWrites(stack, each)}`,
        'lakeFS names its own files by their content, and scratch repositories are named by their drill.',
      );
  }

  #alarms({ prefix, settings, actions }: DrillsProps): void {
    addAlarm(this, 'DrillAge', {
      metric: ownMetric(prefix, METRIC.drillAgeSeconds, { statistic: 'max', period: PERIOD }),
      threshold: 2 * settings.everySeconds + TEND_SECONDS,
      description: `${prefix}: no good drill of rollback or restore for twice as long as there should be. ${RUNBOOK}/drills.md`,
      actions,
    });
    addAlarm(this, 'DrillFaults', {
      metric: ownMetric(prefix, METRIC.drillFaults, { statistic: 'max', period: PERIOD }),
      threshold: 1,
      description: `${prefix}: a drill of rollback or restore failed, or left something behind. ${RUNBOOK}/drills.md`,
      actions,
    });
  }
}
