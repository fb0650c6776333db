/**
 * lakeFS's garbage collection as two Glue jobs, and who begins them.
 *
 * What you get: a job that marks, whose role can delete nothing but its own reports, and one that sweeps; neither is given a secret as an
 * argument. A function that may begin exactly these two, looks at the buckets of the repositories and deletes nothing there itself;
 * a schedule that takes collections on; alarms. Without the jar of lakeFS's client: a function that says so.
 */
import { join } from 'node:path';
import { ArnFormat, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { CfnJob } from 'aws-cdk-lib/aws-glue';
import { ManagedPolicy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import {
  COLLECTION_ARGUMENT,
  type CompiledConfig,
  ENV,
  type GarbagePhase,
  garbageJobName,
  METRIC,
} from '../../lambdas/contract.ts';
import { acknowledge, asNagWrites } from '../compliance.ts';
import type { Config } from '../config/schema.ts';
import { addAlarm, ownMetric, RUNBOOK } from './alarms.ts';
import type { BranchlineFunction } from './branchline-function.ts';
import type { LakefsConnection } from './lakefs/connection.ts';
import { placeOfNamespace } from './namespace.ts';

const SCRIPT = join(import.meta.dirname, '..', '..', 'glue', 'collector', 'collect_garbage.py');
/** Where lakeFS's client and Branchline leave their reports, below a namespace. */
const REPORTS = '_lakefs/retention/';
/** How often the schedule takes collections on. */
export const COLLECT_EVERY = '15m';
/** A mark of a large lake takes hours. */
const JOB_TIMEOUT = Duration.hours(12);
/** Of waiting for others before a person is told. */
const MAX_WAIT = Duration.days(2);

export interface GarbageCollectionProps {
  readonly prefix: string;
  readonly config: Config;
  readonly compiled: CompiledConfig;
  readonly lakefs: LakefsConnection;
  readonly target: BranchlineFunction;
  /** What reading lakeFS's key pair takes. */
  readonly secretStatements: readonly PolicyStatement[];
  readonly actions: readonly IAlarmAction[];
}

export class GarbageCollection extends Construct {
  constructor(scope: Construct, id: string, props: GarbageCollectionProps) {
    super(scope, id);
    const { target, config, prefix, actions } = props;
    this.#policy(target);
    const { clientJar } = config.garbageCollection;
    if (clientJar === undefined) return;
    const script = new Asset(this, 'Script', { path: SCRIPT });
    const mark = this.#job('mark', props, clientJar, script);
    const sweep = this.#job('sweep', props, clientJar, script);
    target.fn.addEnvironment(ENV.markJob, mark);
    target.fn.addEnvironment(ENV.sweepJob, sweep);
    target.fn.addToRolePolicy(
      new PolicyStatement({
        sid: 'CollectorJobs',
        actions: ['glue:StartJobRun', 'glue:GetJobRun', 'glue:GetJobRuns'],
        resources: [mark, sweep].map((name) => this.#jobArn(name)),
      }),
    );
    this.#mayLook(props);
    const period = Duration.hours(1);
    const alarm = (key: string, name: (typeof METRIC)[keyof typeof METRIC], threshold: number, what: string): void => {
      addAlarm(this, key, {
        metric: ownMetric(prefix, name, { statistic: 'max', period }),
        threshold,
        description: `${prefix}: ${what} ${RUNBOOK}/garbage-collection.md`,
        actions,
      });
    };
    alarm('MissingObjects', METRIC.missingObjects, 1, 'refs show objects that are not in S3.');
    alarm('Failed', METRIC.failedCollections, 1, 'the newest garbage collection of a repository failed.');
    alarm('Waits', METRIC.collectionWaitSeconds, MAX_WAIT.toSeconds(), 'a garbage collection waits for somebody.');
  }

  /** Whoever may have data deleted has this policy, in no role of the stack. */
  #policy({ fn }: BranchlineFunction): void {
    const policy = new ManagedPolicy(this, 'Policy', {
      description: 'Lets a person plan, run and approve garbage collections by Branchline',
      statements: [
        new PolicyStatement({ sid: 'Invoke', actions: ['lambda:InvokeFunction'], resources: [fn.functionArn] }),
      ],
    });
    new CfnOutput(this, 'PolicyArn', {
      value: policy.managedPolicyArn,
      description: 'For the role of those who may approve garbage collections',
    });
  }

  #jobArn(name: string): string {
    return Stack.of(this).formatArn({
      service: 'glue',
      resource: 'job',
      resourceName: name,
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
  }

  /** Of the repositories that are collected. */
  #namespaces({ compiled }: GarbageCollectionProps): { readonly bucket: string; readonly prefix: string }[] {
    const collected = compiled.garbageCollection?.repositories ?? [];
    return compiled.repositories
      .filter(({ name }) => collected.includes(name))
      .map(({ storageNamespace }) => placeOfNamespace(storageNamespace));
  }

  #keys({ config, lakefs }: GarbageCollectionProps): string[] {
    return [...new Set([config.garbageCollection.storageKmsKeyArn ?? [], lakefs.storageKmsKeyArn ?? []].flat())];
  }

  #connections({ config, lakefs }: GarbageCollectionProps): readonly string[] {
    const { connections } = config.garbageCollection;
    return connections.length > 0 ? connections : (lakefs.jobConnections ?? []);
  }

  /** Glue makes network interfaces in the name of the role. Source: AWS Glue developer guide, IAM role for jobs. */
  #mayReachLakefs(role: Role, connections: readonly string[]): void {
    const stack = Stack.of(this);
    const arn = (resource: string, resourceName?: string): string =>
      stack.formatArn({
        ...{ service: 'glue', resource },
        ...(resourceName === undefined
          ? { arnFormat: ArnFormat.NO_RESOURCE_NAME }
          : { resourceName, arnFormat: ArnFormat.SLASH_RESOURCE_NAME }),
      });
    role.addToPolicy(
      new PolicyStatement({
        sid: 'Connections',
        actions: ['glue:GetConnection'],
        resources: [arn('catalog'), ...connections.map((name) => arn('connection', name))],
      }),
    );
    role.addToPolicy(
      new PolicyStatement({
        sid: 'Network',
        actions: [
          ...['CreateNetworkInterface', 'DeleteNetworkInterface', 'DescribeNetworkInterfaces', 'CreateTags'],
          ...['DescribeVpcEndpoints', 'DescribeRouteTables', 'DescribeSecurityGroups', 'DescribeSubnets'],
          'DescribeVpcAttribute',
        ].map((action) => `ec2:${action}`),
        resources: ['*'],
      }),
    );
    acknowledge(role, 'IAM5', 'Resource::*', 'The calls by which Glue makes its network interfaces know no resource.');
  }

  /** @returns its name. */
  #job(phase: GarbagePhase, props: GarbageCollectionProps, clientJar: string, script: Asset): string {
    const { prefix, config, lakefs } = props;
    const { glueVersion, workerType, workers } = config.garbageCollection;
    const name = garbageJobName(prefix, phase);
    const connections = this.#connections(props);
    const role = this.#role(phase, name, props, clientJar, script);
    const job = new CfnJob(this, phase === 'mark' ? 'Mark' : 'Sweep', {
      name,
      description:
        phase === 'mark'
          ? 'lakeFS lists what nothing needs any more; deletes nothing'
          : 'lakeFS deletes what an approved list names',
      role: role.roleArn,
      command: { name: 'glueetl', pythonVersion: '3', scriptLocation: script.s3ObjectUrl },
      defaultArguments: {
        '--extra-jars': clientJar,
        [COLLECTION_ARGUMENT.endpoint]: lakefs.endpoint,
        [COLLECTION_ARGUMENT.secretArn]: lakefs.secretArn,
        [COLLECTION_ARGUMENT.region]: Stack.of(this).region,
      },
      // One repository after the other; a run that Branchline takes for dead may still be there.
      executionProperty: { maxConcurrentRuns: 3 },
      maxRetries: 0,
      timeout: JOB_TIMEOUT.toMinutes(),
      glueVersion,
      workerType,
      numberOfWorkers: workers,
      ...(connections.length === 0 ? {} : { connections: { connections: [...connections] } }),
    });
    const reason = 'A security configuration belongs to the account; what is written lies in the encrypted bucket.';
    acknowledge(job, 'GL1', undefined, reason);
    acknowledge(job, 'GL3', undefined, reason);
    return name;
  }

  #role(phase: GarbagePhase, name: string, props: GarbageCollectionProps, clientJar: string, script: Asset): Role {
    const stack = Stack.of(this);
    const role = new Role(this, `${phase === 'mark' ? 'Mark' : 'Sweep'}Role`, {
      assumedBy: new ServicePrincipal('glue.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': stack.account } },
      }),
      description: `Of the Glue job ${name}`,
    });
    const allow = (sid: string, actions: string[], resources: string[], why?: string): void => {
      if (resources.length === 0) return;
      role.addToPolicy(new PolicyStatement({ sid, actions, resources }));
      if (why === undefined) return;
      for (const arn of resources.filter((each) => each.endsWith('*')))
        acknowledge(role, 'IAM5', `Resource::${asNagWrites(stack, arn)}`, why);
    };
    const objects = (below: string): string[] =>
      this.#namespaces(props).map(({ bucket, prefix }) => `arn:${stack.partition}:s3:::${bucket}/${prefix}${below}*`);
    const buckets = [...new Set(this.#namespaces(props).map(({ bucket }) => `arn:${stack.partition}:s3:::${bucket}`))];
    const logs = `arn:${stack.partition}:logs:${stack.region}:${stack.account}:log-group:/aws-glue/*`;
    allow(
      'WriteLog',
      ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
      [logs],
      'Glue chooses the names of the log groups.',
    );
    const jar = `arn:${stack.partition}:s3:::${clientJar.slice('s3://'.length)}`;
    allow('ReadCode', ['s3:GetObject'], [script.bucket.arnForObjects(script.s3ObjectKey), jar]);
    for (const statement of props.secretStatements) role.addToPolicy(statement);
    const why = 'lakeFS chooses the names of objects below the namespace.';
    allow('FindObjects', ['s3:ListBucket', 's3:GetBucketLocation'], buckets);
    allow('ReadLake', ['s3:GetObject'], objects(''), why);
    allow('WriteReports', ['s3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'], objects(REPORTS), why);
    // Only this job's role can delete data, and none of its metadata: `_lakefs/` lies beside `data/`.
    if (phase === 'sweep') allow('DeleteData', ['s3:DeleteObject'], objects('data/'), why);
    allow('Keys', ['kms:Decrypt', 'kms:GenerateDataKey'], this.#keys(props));
    const connections = this.#connections(props);
    if (connections.length > 0) this.#mayReachLakefs(role, connections);
    return role;
  }

  /** The function lists and reads; it can write and delete nothing in a bucket. */
  #mayLook(props: GarbageCollectionProps): void {
    const stack = Stack.of(this);
    const { fn } = props.target;
    const namespaces = this.#namespaces(props);
    const objects = namespaces.map(({ bucket, prefix }) => `arn:${stack.partition}:s3:::${bucket}/${prefix}*`);
    const buckets = [...new Set(namespaces.map(({ bucket }) => `arn:${stack.partition}:s3:::${bucket}`))];
    fn.addToRolePolicy(new PolicyStatement({ sid: 'ReadLake', actions: ['s3:GetObject'], resources: objects }));
    fn.addToRolePolicy(new PolicyStatement({ sid: 'FindObjects', actions: ['s3:ListBucket'], resources: buckets }));
    const keys = this.#keys(props);
    if (keys.length > 0)
      fn.addToRolePolicy(new PolicyStatement({ sid: 'DecryptLake', actions: ['kms:Decrypt'], resources: keys }));
    if (fn.role === undefined) return;
    for (const arn of new Set(objects)) {
      const reason = 'lakeFS chooses the names of objects below the namespace.';
      acknowledge(fn.role, 'IAM5', `Resource::${asNagWrites(stack, arn)}`, reason);
    }
  }
}
