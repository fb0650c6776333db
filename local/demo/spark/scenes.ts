/** `npm run demo -- --spark`: the jobs of the original demo and what can go wrong, on real Spark. */
import { join } from 'node:path';
import { CreateBucketCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { SPARK_SUFFIX, type SparkAccess } from '../../../lambdas/contract.ts';
import type { Run } from '../../../lambdas/domain/run.ts';
import { DATABASE, sparkTable } from '../../config.ts';
import { difference } from '../../harness.ts';
import { PROJECT } from '../../paths.ts';
import type { Spark } from '../../spark.ts';
import { runEnd } from '../begin.ts';
import { readersSee } from '../readers.ts';
import { type Scene, type Stage, TARGET } from '../stage.ts';
import { createSparkJob, play, playUnmanaged } from './jobs.ts';

const BASELINE_BUCKET = 'branchline-plain-s3';
const NAME: Readonly<Record<SparkAccess, string>> = {
  presigned: 'lakefs:// with signed addresses',
  simple: 'lakefs:// with rights on the bucket',
  s3a: 'the S3 gateway',
};
const ROWS = 90;
/** Quantities are 1 to 9 in turn. */
const expected = (days: number) => ({ rows: ROWS * days, quantity: ROWS * days * 5, days });

const baseline = (spark: Spark): Scene => ({
  name: 'The baseline: Spark to plain S3',
  about: 'No branch, no run: files are seen as they are written.',
  play: async (stage) => {
    const before = await stage.picture();
    const { s3 } = stage.harness.aws;
    await s3.send(new CreateBucketCommand({ Bucket: BASELINE_BUCKET }));
    await createSparkJob(stage, spark, { name: 'plain-s3', script: 'plain_s3.py' });
    const args = { '--output': `s3a://${BASELINE_BUCKET}/plain/`, '--rows': String(ROWS) };
    stage.same(
      'Glue says the job run succeeded',
      await playUnmanaged(stage, 'plain-s3', 'baseline', args),
      'SUCCEEDED',
    );
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: BASELINE_BUCKET, Prefix: 'plain/' }));
    const keys = Contents.map(({ Key = '' }) => Key);
    stage.check('three days lie in the bucket', new Set(keys.flatMap((key) => /day=[^/]+/.exec(key) ?? [])).size === 3);
    stage.check('and a _SUCCESS beside them, which is all that tells a reader', keys.includes('plain/_SUCCESS'));
    await stage.checkUntouched(before, 'meanwhile');
  },
});

const promoted = async (
  stage: Stage,
  job: string,
  runId: string,
  args: Readonly<Record<string, string>>,
): Promise<{ readonly run: Run; readonly changed: readonly string[] }> => {
  const before = await stage.picture();
  const { run, ended } = await play(stage, job, runId, args);
  stage.same('Glue says the job run succeeded', ended, 'SUCCEEDED');
  const done = await runEnd(stage, run, 'PROMOTED');
  return { run: done, changed: await stage.checkPromoted(done, before) };
};

const onlyParquet = (stage: Stage, changed: readonly string[], table: string, partitions: number): void => {
  const files = changed.filter((path) => path.startsWith(`${table}/`) && path.endsWith('.parquet'));
  stage.same(
    `${String(files.length)} Parquet files in ${String(partitions)} partitions reached the target, and nothing else`,
    [new Set(files.map((path) => path.slice(0, path.lastIndexOf('/')))).size, changed.length - files.length],
    [partitions, 0],
  );
};

const writeAndRead = (spark: Spark, access: SparkAccess): Scene => ({
  name: `Spark writes and reads through ${NAME[access]}`,
  about:
    'A table is written on a run branch, promoted, and read by commit and through the table for Spark in Glue’s catalog.',
  play: async (stage) => {
    const [table, write, read] = [sparkTable(access), `demo-spark-write-${access}`, `demo-spark-read-${access}`];
    await createSparkJob(stage, spark, { name: write, script: 'write_table.py', access });
    await createSparkJob(stage, spark, { name: read, script: 'read_table.py', access });
    const first = await promoted(stage, write, `write-${access}`, { '--table': table, '--rows': String(ROWS) });
    onlyParquet(stage, first.changed, table, 3);
    await readersSee(stage, table, 3 * ROWS);
    const { run, changed } = await promoted(stage, read, `read-${access}`, {
      '--table': table,
      '--spark_table': `${DATABASE}.${table}${SPARK_SUFFIX}`,
      '--enable-glue-datacatalog': 'true',
    });
    stage.same('the reading run changed its report alone', changed, [`reports/${table}-${run.runId}.json`]);
    const bytes = await stage.harness.lakefs.getObject(stage.harness.repository, TARGET, changed[0] ?? '');
    const { by_commit: byCommit, spark_table: byTable } = JSON.parse(Buffer.from(bytes ?? []).toString('utf8')) as {
      readonly by_commit: Readonly<Record<string, unknown>>;
      readonly spark_table: Readonly<Record<string, unknown>>;
    };
    const { content, ...counts } = byCommit;
    stage.same('by commit it saw every row', counts, expected(3));
    const { shows, pinned, ...seen } = byTable;
    stage.same('and the same, to the last value, through the table for Spark', seen, { ...expected(3), content });
    stage.same(`which shows the promotion${pinned === true ? ', at its commit' : ''}`, shows, first.run.mergeCommit);
  },
});

const pythonClient: Scene = {
  name: 'A job without Spark branches, writes and commits',
  about: 'By the Python package alone: partitions, a checkpoint, a file after it.',
  play: async (stage) => {
    const { harness } = stage;
    const job = 'demo-python-client';
    await harness.createJob(job, { file: join(PROJECT, 'glue', 'jobs', 'python_client.py') });
    const { run, changed } = await promoted(stage, job, 'client', { '--table': 'rates', '--days': '3' });
    stage.same(
      'three partitions and the report reached the target',
      changed.map((path) => path.replace(/-client\.txt$/, '')),
      [1, 2, 3].map((day) => `rates/day=2026-11-0${String(day)}/rates.csv`).concat('reports/rates'),
    );
    const commit = await harness.lakefs.getCommit(harness.repository, run.runCommit ?? '');
    stage.check('the run’s commit stands on its checkpoint', commit?.parents[0] !== run.baseCommit);
  },
};

const halfWay = (spark: Spark, access: SparkAccess): Scene => ({
  name: 'Spark dies between two partitions',
  about: 'It has overwritten two of three days when it dies. Nobody who reads the target ever sees it.',
  play: async (stage) => {
    const job = 'demo-spark-fails';
    await createSparkJob(stage, spark, { name: job, script: 'fails_half_way.py', access });
    const before = await stage.picture();
    const { run, ended } = await play(stage, job, 'half-way', { '--table': sparkTable(access) });
    stage.same('Glue says the job run failed', ended, 'FAILED');
    const discarded = await runEnd(stage, run, 'DISCARDED');
    stage.same('the ledger says it is DISCARDED because the job failed', discarded.cause?.code, 'BL2005');
    await stage.checkBranchGone(discarded);
    await stage.checkUntouched(before, 'afterwards');
  },
});

const twoTables = (spark: Spark, access: SparkAccess): Scene => ({
  name: 'Two tables in, a third out',
  about: 'Both are read at the commit that the run began at.',
  play: async (stage) => {
    const job = 'demo-spark-join';
    await createSparkJob(stage, spark, { name: job, script: 'join_tables.py', access });
    const { changed } = await promoted(stage, job, 'join', { '--sales': sparkTable(access) });
    onlyParquet(stage, changed, 'turnover', 3);
  },
});

const backfill = (spark: Spark, access: SparkAccess): Scene => ({
  name: 'A backfill over 45 partitions',
  about: 'With a checkpoint every 20; readers see all of it at once.',
  play: async (stage) => {
    const job = 'demo-spark-backfill';
    await createSparkJob(stage, spark, { name: job, script: 'backfill.py', access });
    const before = await stage.picture();
    const { run, changed } = await promoted(stage, job, 'backfill', { '--days': '45' });
    onlyParquet(stage, changed, 'history', 45);
    const fromIt = difference(before.listing, await stage.harness.listing(run.runCommit ?? ''));
    stage.same('what its last commit holds is what the target got', fromIt, changed);
  },
});

/** What of it can be played here, and a line for each thing that cannot. */
export const sparkScenes = (
  spark: Spark,
  lakefs: string,
): { readonly scenes: readonly Scene[]; readonly skipped: readonly string[] } => {
  // The emulator serves lakeFS's API; its S3 gateway is a server of its own, and signed addresses need a real one too.
  const gateway = lakefs !== 'emulator';
  const jar = spark.lakefsJar !== undefined;
  const ways: SparkAccess[] = gateway ? ['s3a', ...(jar ? (['simple', 'presigned'] as const) : [])] : [];
  const [best] = ways.toReversed();
  return {
    scenes: [
      baseline(spark),
      ...ways.map((access) => writeAndRead(spark, access)),
      pythonClient,
      ...(best === undefined ? [] : [halfWay(spark, best), twoTables(spark, best), backfill(spark, best)]),
    ],
    skipped: [
      ...(gateway
        ? []
        : ['Spark on lakeFS: the emulator has no S3 gateway. Name a real server in LAKEFS_BIN or LAKEFS_ENDPOINT.']),
      ...(jar ? [] : ['lakefs://: needs lakeFS’s hadoop-lakefs-assembly jar. Name it in HADOOP_LAKEFS_JAR.']),
    ],
  };
};
