/**
 * The jobs of `glue/jobs/`, deployed: one and the same task by each way to lakeFS, beside plain S3, and what can go wrong.
 *
 * What you get: jobs `<prefix>-example-…` and a bucket for the baseline. Those that need lakeFS's jar are there where it is.
 */
import { join } from 'node:path';
import { CfnElement, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledge } from '../compliance.ts';
import { exampleJobName } from '../config/compile.ts';
import { BranchedGlueJob, type BranchedGlueJobProps } from './branched-glue-job.ts';

const SCRIPTS = join(import.meta.dirname, '..', '..', 'glue', 'jobs');

export interface ExampleJobsProps {
  readonly prefix: string;
  readonly branchline: BranchedGlueJobProps['branchline'];
  readonly lakefsJar?: string;
}

interface Example {
  readonly script: string;
  readonly about: string;
  readonly kind?: 'pythonshell';
  readonly arguments?: Readonly<Record<string, string>>;
}

/** Once through the S3 gateway and once by `lakefs://`: the same scripts, told by `--branchline_access`. */
const BOTH_WAYS: Readonly<Record<string, Example>> = {
  write: { script: 'write_table.py', about: 'Writes a table' },
  read: {
    script: 'read_table.py',
    about: 'Reads it by commit, by target and through the Glue catalog, and compares',
    arguments: { '--enable-glue-datacatalog': 'true' },
  },
};

/** @param table what the job by the same way writes. */
const oneWay = (table: string): Readonly<Record<string, Example>> => ({
  'fails-half-way': {
    script: 'fails_half_way.py',
    about: 'Dies between two partitions, on purpose',
    arguments: { '--table': table },
  },
  'two-tables': {
    script: 'join_tables.py',
    about: 'Reads two tables and writes a third',
    arguments: { '--sales': table, '--rates': 'example_rates', '--output': 'example_turnover' },
  },
  backfill: {
    script: 'backfill.py',
    about: 'Writes many partitions, with checkpoints',
    arguments: { '--table': 'example_history' },
  },
  'python-client': {
    script: 'python_client.py',
    about: 'Branches, writes and commits without Spark',
    kind: 'pythonshell',
    arguments: { '--table': 'example_rates' },
  },
  'sample-table': {
    script: 'sample_table.py',
    about: 'Writes a sample table as Parquet without Spark',
    kind: 'pythonshell',
    // pyarrow comes with it. Without dashes: AWS Glue developer guide, "Configuring job properties for Python shell jobs".
    arguments: { 'library-set': 'analytics', '--table': 'example_sales' },
  },
});

export class ExampleJobs extends Construct {
  readonly #props: ExampleJobsProps;

  constructor(scope: Construct, id: string, props: ExampleJobsProps) {
    super(scope, id);
    this.#props = props;
    const { lakefsJar } = props;
    const best = lakefsJar === undefined ? { access: 's3a' as const } : { lakefsJar };
    for (const [name, example] of Object.entries(BOTH_WAYS)) {
      // A table for each way, so that the two never meet in a conflict.
      this.#job(
        `s3a-${name}`,
        { ...example, arguments: { ...example.arguments, '--table': 'example_s3a' } },
        { access: 's3a' },
      );
      if (lakefsJar !== undefined)
        this.#job(
          `lakefs-${name}`,
          { ...example, arguments: { ...example.arguments, '--table': 'example_lakefs' } },
          { lakefsJar },
        );
    }
    const table = lakefsJar === undefined ? 'example_s3a' : 'example_lakefs';
    for (const [name, example] of Object.entries(oneWay(table))) this.#job(name, example, best);
    this.#baseline();
  }

  #job(name: string, example: Example, way: Pick<BranchedGlueJobProps, 'access' | 'lakefsJar'>): BranchedGlueJob {
    return new BranchedGlueJob(this, name, {
      branchline: this.#props.branchline,
      jobName: exampleJobName(this.#props.prefix, name),
      script: join(SCRIPTS, example.script),
      description: example.about,
      timeout: Duration.hours(1),
      arguments: example.arguments ?? {},
      ...(example.kind === undefined ? way : { kind: example.kind }),
    });
  }

  /** Plain S3, as it was before: for comparison. It asks for no run, so nothing is promoted. */
  #baseline(): void {
    const bucket = new Bucket(this, 'PlainS3', {
      encryption: BucketEncryption.S3_MANAGED,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      lifecycleRules: [{ expiration: Duration.days(7) }],
      removalPolicy: RemovalPolicy.RETAIN,
    });
    acknowledge(bucket, 'S1', undefined, 'Sample data that expires after a week; nobody asks who read it.');
    const example = {
      script: 'plain_s3.py',
      about: 'The baseline: sample data to plain S3, without a branch',
      arguments: { '--output': `s3://${bucket.bucketName}/plain/` },
    };
    const { role } = this.#job('plain-s3', example, { access: 's3a' });
    const objects = bucket.arnForObjects('plain/*');
    role.addToPrincipalPolicy(
      new PolicyStatement({
        sid: 'WriteSample',
        actions: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
        resources: [objects],
      }),
    );
    role.addToPrincipalPolicy(
      new PolicyStatement({ sid: 'ListSample', actions: ['s3:ListBucket'], resources: [bucket.bucketArn] }),
    );
    const { defaultChild } = bucket.node;
    const logicalId = defaultChild instanceof CfnElement ? Stack.of(this).getLogicalId(defaultChild) : '';
    acknowledge(role, 'IAM5', `Resource::<${logicalId}.Arn>/plain/*`, 'Spark chooses the names of the files.');
  }
}
