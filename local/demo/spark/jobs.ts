/** The Spark jobs of the demo: the examples of `glue/jobs/`, each a Python-shell job that spark-submits its script. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { GLUE_ARGUMENT, type SparkAccess } from '../../../lambdas/contract.ts';
import type { Run } from '../../../lambdas/domain/run.ts';
import { PROJECT } from '../../paths.ts';
import type { Spark } from '../../spark.ts';
import type { Stage } from '../stage.ts';
import { gist, shortId } from '../timeline.ts';

const LAUNCHER = join(PROJECT, 'local', 'spark_launcher.py');
const METASTORE = join(PROJECT, 'local', 'hive_metastore.py');
const EXAMPLES = join(PROJECT, 'glue', 'jobs');
/** Starting Spark takes a while on a small machine. */
const PATIENCE_MS = 300_000;

export interface SparkJob {
  readonly name: string;
  /** In `glue/jobs/`. */
  readonly script: string;
  readonly access?: SparkAccess;
}

export const createSparkJob = async (stage: Stage, spark: Spark, job: SparkJob): Promise<void> => {
  const { harness } = stage;
  const Bucket = harness.state.scriptBucket;
  const Key = `spark/${basename(job.script)}`;
  await harness.aws.s3.send(new PutObjectCommand({ Bucket, Key, Body: await readFile(join(EXAMPLES, job.script)) }));
  const jars = [...spark.jars, ...(job.access !== 's3a' && spark.lakefsJar !== undefined ? [spark.lakefsJar] : [])];
  await harness.createJob(job.name, {
    file: LAUNCHER,
    defaultArguments: {
      '--spark_script': `s3://${Bucket}/${Key}`,
      '--spark_bin': spark.bin,
      '--spark_jars': jars.join(','),
      '--spark_metastore': METASTORE,
      ...(job.access !== undefined && { [GLUE_ARGUMENT.access]: job.access }),
    },
  });
};

/** Through start-run, until Glue says how it ended. @returns the run and Glue's word. */
export const play = async (
  stage: Stage,
  job: string,
  runId: string,
  args: Readonly<Record<string, string>>,
): Promise<{ readonly run: Run; readonly ended: string }> => {
  const { run } = await stage.harness.startRun({ job, runId, arguments: args });
  stage.tell(
    'you',
    `start ${job}: run ${run.runId} on branch ${run.branch}, from ${shortId(run.baseCommit)}`,
    run.openedAt,
  );
  stage.showRuns(run);
  const jobRun = await stage.harness.waitForJob(job, run.jobRunId ?? '', PATIENCE_MS);
  stage.tell('Glue', `${run.runId}  ${jobRun.JobRunState ?? ''}  ${gist(jobRun.ErrorMessage ?? '')}`.trimEnd());
  return { run, ended: jobRun.JobRunState ?? '' };
};

/** The same past the control plane, as any other job is started: nobody manages it. */
export const playUnmanaged = async (
  stage: Stage,
  job: string,
  token: string,
  args: Readonly<Record<string, string>>,
): Promise<string> => {
  // The launcher finds its job run by these; the script knows nothing of them.
  const marks = { [GLUE_ARGUMENT.job]: job, [GLUE_ARGUMENT.runId]: token };
  const jobRunId = await stage.harness.startJob(job, { ...marks, ...args });
  stage.tell('you', `start ${job}`);
  const jobRun = await stage.harness.waitForJob(job, jobRunId, PATIENCE_MS);
  stage.tell('Glue', `${jobRun.JobRunState ?? ''}  ${gist(jobRun.ErrorMessage ?? '')}`.trimEnd());
  return jobRun.JobRunState ?? '';
};
