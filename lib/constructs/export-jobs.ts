/**
 * Spark jobs for exports of whole lakes: they copy the chunks that lie below the destination, as the workers of the state machine do.
 *
 * What you get, for each export that wants one: a Glue job that takes one run at a time, with a role that reads its lake, writes below its
 * destination, and removes nothing but the export's own small files; the export is woken when a run ends; an alarm on runs that fail.
 * lakeFS is not asked, so the job needs no network of yours, and no secret.
 */
import { join } from 'node:path';
import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import { type IAlarmAction, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { EventField, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { CfnJob } from 'aws-cdk-lib/aws-glue';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import {
  ENV,
  EXPORT_ARGUMENT,
  EXPORT_RUNS_FOLDER,
  type ExportConfig,
  exportJobPrefix,
  GLUE_DETAIL_TYPE,
  GLUE_EVENT_SOURCE,
} from '../../lambdas/contract.ts';
import { acknowledge, asNagWrites } from '../compliance.ts';
import { sparkOf } from '../config/export-check.ts';
import type { Config } from '../config/schema.ts';
import { addAlarm, RUNBOOK } from './alarms.ts';
import type { BranchlineFunction } from './branchline-function.ts';
import { placeOfNamespace } from './namespace.ts';

const SOURCES = join(import.meta.dirname, '..', '..', 'glue', 'exporter');
const SCRIPT = join(SOURCES, 'copy_chunks.py');
/** Goes as a zip. Source: AWS Glue developer guide, special parameters: `--extra-py-files` goes before the script on the path. */
const MODULES = join(SOURCES, 'modules');
/** Source: AWS Glue developer guide, "Glue Job State Change": one event for each end. */
const ENDS = { Ended: ['SUCCEEDED', 'STOPPED'], Failed: ['FAILED', 'TIMEOUT', 'ERROR', 'EXPIRED'] } as const;

interface Code {
  readonly script: Asset;
  readonly modules: Asset;
}

export interface SparkExport {
  readonly compiled: ExportConfig;
  readonly entry: Config['exports'][string];
  /** Of the repository that is exported. */
  readonly storageNamespace: string;
  /** Its lake is encrypted with these. */
  readonly sourceKeys: readonly string[];
}

export interface ExportJobsProps {
  readonly prefix: string;
  readonly exports: readonly SparkExport[];
  /** Begin runs, look at them and stop them. */
  readonly starters: readonly BranchlineFunction[];
  /** Is told the end. */
  readonly queue: Queue;
  readonly actions: readonly IAlarmAction[];
}

export class ExportJobs extends Construct {
  /** Ends of runs, by export and kind. */
  readonly ends: Metric[] = [];

  constructor(scope: Construct, id: string, props: ExportJobsProps) {
    super(scope, id);
    const code: Code = {
      script: new Asset(this, 'Script', { path: SCRIPT }),
      modules: new Asset(this, 'Modules', { path: MODULES, exclude: ['__pycache__'] }),
    };
    const jobs = props.exports.map((each) => this.#job(each, props, code));
    for (const { fn } of props.starters) {
      fn.addEnvironment(ENV.exportJobs, exportJobPrefix(props.prefix));
      fn.addToRolePolicy(
        new PolicyStatement({
          sid: 'ExportJobs',
          actions: ['glue:StartJobRun', 'glue:GetJobRuns', 'glue:BatchStopJobRun'],
          resources: jobs.map((name) =>
            Stack.of(this).formatArn({
              ...{ service: 'glue', resource: 'job', resourceName: name },
              arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
            }),
          ),
        }),
      );
    }
  }

  /** @returns its name. */
  #job(of: SparkExport, props: ExportJobsProps, code: Code): string {
    const { name: export_ } = of.compiled;
    const { workerType, workers, glueVersion, timeout } = sparkOf(of.entry.scale);
    const name = `${exportJobPrefix(props.prefix)}${export_}`;
    const role = this.#role(name, of, code);
    const job = new CfnJob(this, `Job-${export_}`, {
      name,
      description: `Copies the chunks of export ${export_} inside S3; reads no data`,
      role: role.roleArn,
      command: { name: 'glueetl', pythonVersion: '3', scriptLocation: code.script.s3ObjectUrl },
      defaultArguments: {
        [EXPORT_ARGUMENT.region]: Stack.of(this).region,
        '--extra-py-files': code.modules.s3ObjectUrl,
      },
      // A second start is refused by Glue itself: StartJobRun knows no client token.
      executionProperty: { maxConcurrentRuns: 1 },
      // Another try is another order.
      maxRetries: 0,
      timeout: Number.parseInt(timeout, 10) * 60,
      ...{ glueVersion, workerType, numberOfWorkers: workers },
    });
    job.node.addDependency(role);
    const reason =
      'A security configuration belongs to the account; what is written lies in the buckets of the exports.';
    acknowledge(job, 'GL1', undefined, reason);
    acknowledge(job, 'GL3', undefined, reason);
    this.#wake(name, export_, props);
    return name;
  }

  /** Only a hint: the export asks Glue, and is woken every few minutes in any case. */
  #wake(job: string, export_: string, { prefix, queue, actions }: ExportJobsProps): void {
    for (const [end, states] of Object.entries(ENDS)) {
      const rule = new Rule(this, `${end}-${export_}`, {
        description: `Runs of the Glue job ${job} that ended: ${states.join(', ')}`,
        eventPattern: {
          source: [...GLUE_EVENT_SOURCE],
          detailType: [GLUE_DETAIL_TYPE.stateChange],
          detail: { jobName: [job], state: [...states] },
        },
        targets: [
          new SqsQueue(queue, {
            messageGroupId: `export/${export_}`,
            // The job run makes it distinct: the queue tells repeats by the content.
            message: RuleTargetInput.fromObject({ export: export_, jobRun: EventField.fromPath('$.detail.jobRunId') }),
          }),
        ],
      });
      const metric = new Metric({
        ...{ namespace: 'AWS/Events', metricName: 'TriggeredRules', statistic: 'sum', period: Duration.minutes(5) },
        dimensionsMap: { RuleName: rule.ruleName },
      });
      this.ends.push(metric.with({ label: `${export_}: ${end.toLowerCase()}` }));
      if (end !== 'Failed') continue;
      addAlarm(this, `Failed-${export_}-Runs`, {
        metric,
        threshold: 1,
        description: `${prefix}: the Spark job of an export failed. ${RUNBOOK}/exports.md`,
        actions,
      });
    }
  }

  #role(name: string, { compiled, storageNamespace, sourceKeys }: SparkExport, code: Code): Role {
    const stack = Stack.of(this);
    const { partition, region, account } = stack;
    const role = new Role(this, `Role-${compiled.name}`, {
      assumedBy: new ServicePrincipal('glue.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': account } },
      }),
      description: `Of the Glue job ${name}`,
    });
    const allow = (sid: string, actions: string[], resources: string[], why?: string): void => {
      if (resources.length === 0) return;
      role.addToPolicy(new PolicyStatement({ sid, actions, resources }));
      if (why === undefined) return;
      for (const arn of resources) acknowledge(role, 'IAM5', `Resource::${asNagWrites(stack, arn)}`, why);
    };
    const { bucket, prefix, kmsKeyArn } = compiled;
    const lake = placeOfNamespace(storageNamespace);
    const destination = `arn:${partition}:s3:::${bucket}`;
    const own = `${destination}/${prefix}${EXPORT_RUNS_FOLDER}*`;
    allow(
      'WriteLog',
      ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
      [`arn:${partition}:logs:${region}:${account}:log-group:/aws-glue/*`],
      'Glue chooses the names of the log groups.',
    );
    allow(
      'ReadCode',
      ['s3:GetObject'],
      [code.script, code.modules].map(({ bucket: assets, s3ObjectKey }) => assets.arnForObjects(s3ObjectKey)),
    );
    allow(
      'ReadLake',
      ['s3:GetObject'],
      [`arn:${partition}:s3:::${lake.bucket}/${lake.prefix}*`],
      'lakeFS chooses the names of objects below the namespace.',
    );
    allow(
      'WriteCopies',
      ['s3:PutObject', 's3:AbortMultipartUpload'],
      [`${destination}/${prefix}*`],
      'Copies are named as the objects in the lake.',
    );
    const why = 'Folders are named for the runs of the exports.';
    allow('WorkOffChunks', ['s3:GetObject', 's3:DeleteObject'], [own], why);
    // Without it S3 says of what is not there that it is forbidden. Source: S3 API, GetObject.
    allow('ListChunks', ['s3:ListBucket'], [destination]);
    allow('DecryptLake', ['kms:Decrypt'], [...new Set(sourceKeys)]);
    // S3 decrypts what it puts together of parts. Source: S3 user guide, multipart upload and permissions.
    allow('EncryptCopies', ['kms:GenerateDataKey', 'kms:Decrypt'], kmsKeyArn === undefined ? [] : [kmsKeyArn]);
    return role;
  }
}
