/**
 * Plain copies for consumers that do not know lakeFS.
 *
 * What you get: a queue with one message group per export, whose function reads the namespaces of the exported repositories and writes
 * below the destinations, and nowhere else; a schedule for each export that wants one; alarms on exports that are behind or failed.
 */
import { Duration, Stack } from 'aws-cdk-lib';
import type { IAlarmAction, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke } from 'aws-cdk-lib/aws-scheduler-targets';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { type CompiledConfig, ENV, METRIC } from '../../lambdas/contract.ts';
import { acknowledge, asNagWrites } from '../compliance.ts';
import { usesSpark } from '../config/export-check.ts';
import type { Config } from '../config/schema.ts';
import { addAlarm, ownMetric, RUNBOOK } from './alarms.ts';
import type { BranchlineFunction } from './branchline-function.ts';
import { ExportJobs, type SparkExport } from './export-jobs.ts';
import { ExportMap } from './export-map.ts';
import { Hop } from './hop.ts';
import { placeOfNamespace } from './namespace.ts';

/** An export must end before its lease (20 min, domain/export.ts), and the lease before the message comes back. */
export const EXPORT_TIMEOUT = Duration.minutes(15);
const VISIBILITY = Duration.minutes(21);
/** Copies take their time; an export that has not followed for so long does not run. */
const MAX_LAG = Duration.hours(2);

export interface ExportsProps {
  readonly prefix: string;
  readonly config: Config;
  readonly compiled: CompiledConfig;
  readonly alarmActions: readonly IAlarmAction[];
  /** Works off the queue. */
  readonly runner: BranchlineFunction;
  /** Does what operators and schedules ask for. */
  readonly operator: BranchlineFunction;
  /** Copies one chunk of what is large. */
  readonly worker: BranchlineFunction;
  /** Functions that may ask for an export. */
  readonly wakers: readonly BranchlineFunction[];
  /** Where schedules leave what they could not ask for. */
  readonly scheduleDeadLetters: Queue;
  /** Of the deployed server's bucket. */
  readonly storageKmsKeyArn?: string;
}

export class Exports extends Construct {
  readonly hop: Hop;
  /** Of the runs of Spark jobs. */
  readonly sparkRuns: readonly Metric[];

  constructor(scope: Construct, id: string, props: ExportsProps) {
    super(scope, id);
    const { prefix, runner, operator, wakers, config } = props;
    this.hop = new Hop(this, 'Hop', {
      prefix,
      alarmActions: props.alarmActions,
      hop: 'exports',
      target: runner,
      visibilityTimeout: VISIBILITY,
      batchSize: 1,
      maxReceiveCount: 5,
      maxConcurrency: 10,
      maxAge: MAX_LAG,
      tellsRepeatsByContent: true,
    });
    for (const { fn } of [runner, operator, ...wakers]) {
      fn.addEnvironment(ENV.exportQueueUrl, this.hop.queue.queueUrl);
      this.hop.queue.grantSendMessages(fn);
    }
    for (const each of [runner, operator, props.worker]) this.#mayCopy(each, props);
    this.#addMap(props);
    this.sparkRuns = this.#addJobs(props);
    for (const [name, { when, schedule }] of Object.entries(config.exports)) {
      if (when === 'schedule' && schedule !== undefined) this.#schedule(name, schedule, props);
    }
    if (Object.keys(config.exports).length === 0) return;
    const actions = props.alarmActions;
    addAlarm(this, 'Behind', {
      metric: ownMetric(prefix, METRIC.exportLagSeconds, { statistic: 'max' }),
      threshold: MAX_LAG.toSeconds(),
      description: `${prefix}: an export does not follow its target. ${RUNBOOK}/exports.md`,
      actions,
    });
    addAlarm(this, 'Failed', {
      metric: ownMetric(prefix, METRIC.failedExports, { statistic: 'max' }),
      threshold: 1,
      description: `${prefix}: an export can go no further by itself. ${RUNBOOK}/exports.md`,
      actions,
    });
  }

  #addMap({ prefix, config, compiled, alarmActions, runner, operator, worker }: ExportsProps): void {
    const exports = (compiled.exports ?? []).filter(({ scale }) => scale?.engine === 'map' || scale?.engine === 'auto');
    if (exports.length === 0) return;
    new ExportMap(this, 'Map', {
      ...{ prefix, exports, worker, starters: [runner, operator], queue: this.hop.queue, actions: alarmActions },
      logRetentionDays: config.controlPlane.logRetentionDays,
      keys: [...new Set(exports.flatMap(({ kmsKeyArn }) => kmsKeyArn ?? []))],
    });
  }

  #addJobs({
    prefix,
    config,
    compiled,
    alarmActions,
    runner,
    operator,
    storageKmsKeyArn,
  }: ExportsProps): readonly Metric[] {
    const exports = (compiled.exports ?? []).flatMap((each): SparkExport[] => {
      const entry = config.exports[each.name];
      const storageNamespace = config.repositories[each.repository]?.storageNamespace;
      if (entry === undefined || storageNamespace === undefined || !usesSpark(entry)) return [];
      const sourceKeys = [entry.sourceKmsKeyArn ?? [], storageKmsKeyArn ?? []].flat();
      return [{ compiled: each, entry, storageNamespace, sourceKeys }];
    });
    if (exports.length === 0) return [];
    const { ends } = new ExportJobs(this, 'Jobs', {
      ...{ prefix, exports, starters: [runner, operator], queue: this.hop.queue, actions: alarmActions },
    });
    return ends;
  }

  #mayCopy({ fn }: BranchlineFunction, { config, compiled, storageKmsKeyArn }: ExportsProps): void {
    const { partition } = Stack.of(this);
    const exports = compiled.exports ?? [];
    if (exports.length === 0) return;
    const repositories = new Set(exports.map(({ repository }) => repository));
    const sources = compiled.repositories
      .filter(({ name }) => repositories.has(name))
      .map(({ storageNamespace }) => {
        const { bucket, prefix } = placeOfNamespace(storageNamespace);
        return `arn:${partition}:s3:::${bucket}/${prefix}*`;
      });
    const places = exports.map(({ bucket, prefix }) => `arn:${partition}:s3:::${bucket}/${prefix}*`);
    const buckets = [...new Set(exports.map(({ bucket }) => `arn:${partition}:s3:::${bucket}`))];
    const allow = (sid: string, actions: string[], resources: string[]): void => {
      if (resources.length > 0) fn.addToRolePolicy(new PolicyStatement({ sid, actions, resources }));
    };
    allow('ReadLake', ['s3:GetObject'], sources);
    allow('WriteCopies', ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'], places);
    allow('ListCopies', ['s3:ListBucket'], buckets);
    const keys = (key: 'kmsKeyArn' | 'sourceKmsKeyArn'): string[] =>
      Object.values(config.exports).flatMap((entry) => entry[key] ?? []);
    const decrypted = [...keys('sourceKmsKeyArn'), ...(storageKmsKeyArn === undefined ? [] : [storageKmsKeyArn])];
    allow('DecryptLake', ['kms:Decrypt'], [...new Set(decrypted)]);
    // S3 decrypts what it puts together of parts. Source: S3 user guide, multipart upload and permissions.
    allow('EncryptCopies', ['kms:GenerateDataKey', 'kms:Decrypt'], [...new Set(keys('kmsKeyArn'))]);
    const { role } = fn;
    if (role === undefined) return;
    for (const [arns, reason] of [
      [sources, 'lakeFS chooses the names of objects below the namespace.'],
      [places, 'Copies are named as the objects in the lake.'],
    ] as const) {
      for (const arn of new Set(arns))
        acknowledge(role, 'IAM5', `Resource::${asNagWrites(Stack.of(this), arn)}`, reason);
    }
  }

  #schedule(name: string, expression: string, { prefix, operator, scheduleDeadLetters }: ExportsProps): void {
    // A role of our own: the one that the CDK makes may invoke any version of the function.
    const role = new Role(this, `ScheduleRole-${name}`, {
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
      description: `Of the schedule of export ${name}`,
    });
    const { fn } = operator;
    role.addToPolicy(
      new PolicyStatement({ sid: 'Invoke', actions: ['lambda:InvokeFunction'], resources: [fn.functionArn] }),
    );
    role.addToPolicy(
      new PolicyStatement({ sid: 'GiveUp', actions: ['sqs:SendMessage'], resources: [scheduleDeadLetters.queueArn] }),
    );
    new Schedule(this, `Schedule-${name}`, {
      scheduleName: `${prefix}-export-${name}`,
      description: `Runs export ${name}`,
      schedule: ScheduleExpression.expression(expression),
      target: new LambdaInvoke(fn, {
        role: role.withoutPolicyUpdates(),
        input: ScheduleTargetInput.fromObject({ action: 'run', export: name, requestedBy: 'schedule' }),
        deadLetterQueue: scheduleDeadLetters,
        retryAttempts: 2,
        maxEventAge: Duration.hours(1),
      }),
    });
  }
}
