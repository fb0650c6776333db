/**
 * Adds Branchline to Glue jobs that a team has already, whatever construct made them.
 *
 * ```ts
 * Aspects.of(app).add(new BranchlineOnJobs(controlPlane.jobs, { jobs: ['sales-*'], access: 's3a' }), {
 *   priority: AspectPriority.MUTATING,
 * });
 * ```
 *
 * What you get: library, jar and arguments beside those that the job has. The job's role is its owner's: attach
 * `controlPlane.jobs.policy` to it. The script still needs its one line.
 */
import { Fn, type IAspect, Stack, Token } from 'aws-cdk-lib';
import { CfnJob } from 'aws-cdk-lib/aws-glue';
import type { IConstruct } from 'constructs';
import type { SparkAccess } from '../../lambdas/contract.ts';
import { BranchedGlueJob } from './branched-glue-job.ts';
import { branchlineArguments, isReserved, type JobKind, type JobSide } from './job-arguments.ts';

export interface BranchlineOnJobsOptions {
  /** Names of jobs; `*` matches any run of characters. */
  readonly jobs: readonly string[];
  readonly access?: SparkAccess;
  readonly lakefsJar?: string;
}

/** Source: AWS Glue API, JobCommand `Name`. Streaming jobs never end: there is nothing to promote. */
const KIND: Readonly<Record<string, JobKind>> = { glueetl: 'spark', pythonshell: 'pythonshell' };

/** What Glue takes as a list: ours goes after what is there. */
const LISTS = ['--additional-python-modules', '--extra-py-files', '--extra-jars'];

export class BranchlineOnJobs implements IAspect {
  readonly #side: JobSide;
  readonly #options: BranchlineOnJobsOptions;
  readonly #patterns: readonly RegExp[];

  constructor(side: JobSide, options: BranchlineOnJobsOptions) {
    this.#side = side;
    this.#options = options;
    this.#patterns = options.jobs.map(
      (pattern) =>
        new RegExp(
          `^${pattern
            .split('*')
            .map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'))
            .join('.*')}$`,
          's',
        ),
    );
  }

  visit(node: IConstruct): void {
    if (!(node instanceof CfnJob) || node.node.scope instanceof BranchedGlueJob) return;
    const { name } = node;
    if (name === undefined || Token.isUnresolved(name) || !this.#patterns.some((pattern) => pattern.test(name))) return;
    addBranchline(node, this.#side, { ...this.#options, jobName: name });
  }
}

export interface AddBranchlineOptions {
  readonly jobName: string;
  readonly access?: SparkAccess;
  readonly lakefsJar?: string;
}

/** The same for one job. @throws where it has arguments of Branchline already, or is of a kind that has no end. */
export const addBranchline = (job: CfnJob, side: JobSide, options: AddBranchlineOptions): void => {
  const stack = Stack.of(job);
  const command = stack.resolve(job.command) as { name?: string };
  const kind = KIND[command.name ?? ''];
  if (kind === undefined)
    throw new Error(
      `job ${options.jobName}: Branchline serves ${Object.keys(KIND).join(' and ')}, not ${command.name ?? 'nothing'}`,
    );
  const present = (stack.resolve(job.defaultArguments) ?? {}) as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(present))
    if (isReserved(name))
      throw new Error(`job ${options.jobName}: argument ${name} is managed and cannot be set by hand`);
  const { jobName, access, lakefsJar } = options;
  const ours = branchlineArguments(side, {
    jobName,
    kind,
    ...(access !== undefined && { access }),
    ...(lakefsJar !== undefined && { lakefsJar }),
  }).with({});
  job.defaultArguments = {
    ...present,
    ...Object.fromEntries(
      Object.entries(ours).map(([name, value]) => [
        name,
        LISTS.includes(name) && present[name] !== undefined ? Fn.join(',', [present[name] as string, value]) : value,
      ]),
    ),
  };
};
