/**
 * The arguments of a Glue job in one place. What a construct manages is set here and nowhere else: whoever sets such an
 * argument by hand is told at synth, and by which property it is set instead.
 */
import { Fn, Token } from 'aws-cdk-lib';
import { GLUE_ARGUMENT, type SparkAccess } from '../../lambdas/contract.ts';

export type JobKind = 'spark' | 'pythonshell';

/** What a control plane has for jobs. */
export interface JobSide {
  /** Name of its claim-run. */
  readonly claimFunction: string;
  /** `s3://…/branchline-<version>-py3-none-any.whl` */
  readonly library: string;
}

export interface JobSettings {
  readonly jobName: string;
  readonly kind: JobKind;
  /** How Spark reaches lakeFS. Default: `presigned`. */
  readonly access?: SparkAccess;
  /** `s3://` address of lakeFS's hadoop-lakefs-assembly jar. Spark needs it for `lakefs://`, not for `s3a`. */
  readonly lakefsJar?: string;
  /** Further jars of the job, by `s3://` address. */
  readonly jars?: readonly string[];
  /** Further Python modules: what Glue's `--additional-python-modules` (Spark) or `--extra-py-files` (Python shell) takes. */
  readonly pythonModules?: readonly string[];
  /** Default: Glue's, which is none. */
  readonly bookmarks?: boolean;
}

/** Glue gives these itself. Source: AWS Glue developer guide, "Using job parameters". */
const GLUES_OWN = ['--JOB_NAME', '--JOB_RUN_ID'];

const INSTEAD: Readonly<Record<string, string>> = {
  '--additional-python-modules': 'pythonModules',
  '--extra-py-files': 'pythonModules',
  '--extra-jars': 'jars',
  '--job-bookmark-option': 'bookmarks',
  [GLUE_ARGUMENT.access]: 'access',
  [GLUE_ARGUMENT.job]: 'jobName',
};

export class JobArguments {
  readonly #job: string;
  readonly #managed: Record<string, string> = {};

  constructor(job: string) {
    this.#job = job;
  }

  /** The one way to a managed argument: it is set and declared in one. */
  set(name: string, value: string): void {
    this.#managed[name] = value;
  }

  /** A list that Glue takes separated by commas; none where it is empty. */
  setList(name: string, values: readonly string[]): void {
    if (values.length > 0)
      this.set(name, values.some(Token.isUnresolved) ? Fn.join(',', [...values]) : values.join(','));
  }

  /** @throws where one of them is managed. */
  with(byHand: Readonly<Record<string, string>>): Record<string, string> {
    for (const name of Object.keys(byHand)) this.#refuseManaged(name);
    return { ...byHand, ...this.#managed };
  }

  #refuseManaged(name: string): void {
    if (!(name in this.#managed) && !isReserved(name)) return;
    const property = INSTEAD[name];
    throw new Error(
      `job ${this.#job}: argument ${name} is managed and cannot be set by hand; ${
        property === undefined ? 'Branchline or Glue gives it to each run' : `set the property "${property}"`
      }`,
    );
  }
}

/** Names that belong to Branchline or Glue, whether this job has them or not: as a default they would go to every run. */
export const isReserved = (name: string): boolean => name.startsWith('--branchline_') || GLUES_OWN.includes(name);

/** @throws where Spark could not reach lakeFS. */
export const branchlineArguments = (side: JobSide, settings: JobSettings): JobArguments => {
  const { jobName, kind, access = 'presigned', lakefsJar, jars = [], pythonModules = [], bookmarks } = settings;
  const made = new JobArguments(jobName);
  made.set(GLUE_ARGUMENT.claimFunction, side.claimFunction);
  if (kind === 'pythonshell') {
    // Glue does not tell a Python-shell job its name.
    made.set(GLUE_ARGUMENT.job, jobName);
    made.setList('--extra-py-files', [side.library, ...pythonModules]);
    return made;
  }
  if (access !== 's3a' && lakefsJar === undefined)
    throw new Error(
      `job ${jobName}: access "${access}" needs lakeFS's hadoop-lakefs-assembly jar; set "lakefsJar" to its s3:// address, or access to "s3a"`,
    );
  made.set(GLUE_ARGUMENT.access, access);
  made.setList('--additional-python-modules', [side.library, ...pythonModules]);
  made.setList('--extra-jars', [...(access === 's3a' || lakefsJar === undefined ? [] : [lakefsJar]), ...jars]);
  if (bookmarks !== undefined)
    made.set('--job-bookmark-option', bookmarks ? 'job-bookmark-enable' : 'job-bookmark-disable');
  return made;
};
