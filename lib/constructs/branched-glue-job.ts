/**
 * A Glue job whose runs work on branches of their own.
 *
 * What you get: the job with Branchline's library and arguments, lakeFS's jar where Spark needs it, a role that may claim runs,
 * read lakeFS's key pair and its own script, write its log and nothing else; retries that Branchline tells apart.
 *
 * ```ts
 * new BranchedGlueJob(this, 'Sales', {
 *   branchline: controlPlane.jobs,
 *   jobName: 'sales-daily',
 *   script: 'jobs/sales.py',
 *   lakefsJar: 's3://my-bucket/jars/hadoop-lakefs-assembly.jar',
 *   arguments: { '--country': 'de' },
 * });
 * ```
 */
import { type Duration, Stack } from 'aws-cdk-lib';
import { CfnJob } from 'aws-cdk-lib/aws-glue';
import { type IManagedPolicy, type IRole, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import type { SparkAccess } from '../../lambdas/contract.ts';
import { acknowledge, asNagWrites } from '../compliance.ts';
import { branchlineArguments, type JobKind, type JobSide } from './job-arguments.ts';

export interface BranchedGlueJobProps {
  /** `ControlPlaneStack.jobs`. */
  readonly branchline: JobSide & { readonly policy: IManagedPolicy };
  /** A pipeline of `branchline.yaml` has to match it. */
  readonly jobName: string;
  /** A local file, which is uploaded, or an `s3://` address. */
  readonly script: string;
  /** Default: `spark`. */
  readonly kind?: JobKind;
  /** How Spark reaches lakeFS. Default: `presigned`. */
  readonly access?: SparkAccess;
  /** `s3://` address of lakeFS's hadoop-lakefs-assembly jar. Spark needs it for `lakefs://`, not for `s3a`. */
  readonly lakefsJar?: string;
  readonly jars?: readonly string[];
  readonly pythonModules?: readonly string[];
  /** The job's own default arguments, with their dashes. */
  readonly arguments?: Readonly<Record<string, string>>;
  readonly description?: string;
  /** Of Spark jobs. Default: 5.0. */
  readonly glueVersion?: '4.0' | '5.0';
  /** Of Spark jobs. Default: G.1X. */
  readonly workerType?: string;
  /** Of Spark jobs. Default: 2. */
  readonly workers?: number;
  /** How often Glue tries again by itself; each attempt gets a fresh branch. Default: 0. */
  readonly retries?: number;
  readonly timeout?: Duration;
  /** Default: 1, which jobs with bookmarks need. */
  readonly maxConcurrentRuns?: number;
  readonly bookmarks?: boolean;
  /** Names of Glue connections: the network of the job. */
  readonly connections?: readonly string[];
  /** Name of a Glue security configuration. */
  readonly securityConfiguration?: string;
  /** Default: a role of its own. One that is given needs `branchline.policy` and whatever else the job needs. */
  readonly role?: IRole;
}

const PYTHON_SHELL_VERSION = '3.9';

export class BranchedGlueJob extends Construct {
  readonly job: CfnJob;
  readonly role: IRole;

  /** @throws where an argument that is managed is set by hand, or settings do not go together. */
  constructor(scope: Construct, id: string, props: BranchedGlueJobProps) {
    super(scope, id);
    const { kind = 'spark', maxConcurrentRuns = 1 } = props;
    if (props.bookmarks === true && maxConcurrentRuns !== 1)
      throw new Error(`job ${props.jobName}: with bookmarks runs follow each other; leave "maxConcurrentRuns" at 1`);
    if (props.bookmarks === true && kind === 'pythonshell')
      throw new Error(`job ${props.jobName}: Python-shell jobs have no bookmarks`);
    const managed = branchlineArguments(props.branchline, { ...props, kind });
    const script = props.script.startsWith('s3://')
      ? { uri: props.script }
      : uploaded(new Asset(this, 'Script', { path: props.script }));
    this.role = props.role ?? this.#makeRole(props, script.asset);
    this.job = new CfnJob(this, 'Job', {
      name: props.jobName,
      role: this.role.roleArn,
      command: {
        name: kind === 'spark' ? 'glueetl' : 'pythonshell',
        pythonVersion: kind === 'spark' ? '3' : PYTHON_SHELL_VERSION,
        scriptLocation: script.uri,
      },
      defaultArguments: managed.with(props.arguments ?? {}),
      executionProperty: { maxConcurrentRuns },
      maxRetries: props.retries ?? 0,
      ...(kind === 'spark'
        ? {
            glueVersion: props.glueVersion ?? '5.0',
            workerType: props.workerType ?? 'G.1X',
            numberOfWorkers: props.workers ?? 2,
          }
        : { maxCapacity: 0.0625 }),
      ...(props.description !== undefined && { description: props.description }),
      ...(props.timeout !== undefined && { timeout: props.timeout.toMinutes() }),
      ...(props.connections !== undefined && { connections: { connections: [...props.connections] } }),
      ...(props.securityConfiguration !== undefined && { securityConfiguration: props.securityConfiguration }),
    });
    if (props.securityConfiguration === undefined) {
      const reason = 'A security configuration belongs to the account; the job takes one by "securityConfiguration".';
      acknowledge(this.job, 'GL1', undefined, reason);
      acknowledge(this.job, 'GL3', undefined, reason);
    }
  }

  #makeRole(props: BranchedGlueJobProps, script: Asset | undefined): Role {
    const stack = Stack.of(this);
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('glue.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': stack.account } },
      }),
      description: `Of the Glue job ${props.jobName}`,
      managedPolicies: [props.branchline.policy],
    });
    // Glue makes the groups and names the streams. Source: AWS Glue developer guide, "Logging for AWS Glue jobs".
    const logs = `arn:${stack.partition}:logs:${stack.region}:${stack.account}:log-group:/aws-glue/*`;
    role.addToPolicy(
      new PolicyStatement({
        sid: 'WriteLog',
        actions: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logs],
      }),
    );
    acknowledge(role, 'IAM5', `Resource::${asNagWrites(stack, logs)}`, 'Glue chooses the names of the log groups.');
    const read = [
      ...(script === undefined ? [] : [script.bucket.arnForObjects(script.s3ObjectKey)]),
      ...[props.script, props.lakefsJar, ...(props.jars ?? [])].flatMap((uri) =>
        uri?.startsWith('s3://') ? [`arn:${stack.partition}:s3:::${uri.slice('s3://'.length)}`] : [],
      ),
    ];
    if (read.length > 0)
      role.addToPolicy(new PolicyStatement({ sid: 'ReadCode', actions: ['s3:GetObject'], resources: read }));
    return role;
  }
}

const uploaded = (asset: Asset): { uri: string; asset?: Asset } => ({ uri: asset.s3ObjectUrl, asset });
