/**
 * The jobs of `glue/jobs/`, deployed: one and the same task by each way to lakeFS, beside plain S3, and what can go wrong.
 *
 * What you get: jobs `<prefix>-example-…`, a bucket for the baseline, and the Glue database of the tables through which the reading jobs
 * look at the target; Branchline keeps these as any others (config/examples.ts). Jobs that need lakeFS's jar are there where it is.
 */
import { join } from 'node:path';
import { ArnFormat, CfnElement, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CfnDatabase } from 'aws-cdk-lib/aws-glue';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { SPARK_SUFFIX } from '../../lambdas/contract.ts';
import { acknowledge } from '../compliance.ts';
import {
  type ExampleWay,
  exampleDatabase,
  exampleJobName,
  exampleSparkTable,
  exampleTable,
} from '../config/examples.ts';
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
  readonly #database: string;

  constructor(scope: Construct, id: string, props: ExampleJobsProps) {
    super(scope, id);
    this.#props = props;
    this.#database = exampleDatabase(props.prefix);
    new CfnDatabase(this, 'Tables', {
      catalogId: Stack.of(this).account,
      databaseInput: { name: this.#database, description: 'What the example jobs read through the catalog' },
    });
    const { lakefsJar } = props;
    const best = lakefsJar === undefined ? { access: 's3a' as const } : { lakefsJar };
    // A table for each way, so that the two never meet in a conflict.
    this.#writeAndRead('s3a', { access: 's3a' });
    if (lakefsJar !== undefined) this.#writeAndRead('lakefs', { lakefsJar });
    const table = exampleTable(lakefsJar === undefined ? 's3a' : 'lakefs');
    for (const [name, example] of Object.entries(oneWay(table))) this.#job(name, example, best);
    this.#baseline();
  }

  /** The same scripts through the S3 gateway and by `lakefs://`: `--branchline_access` tells them which. */
  #writeAndRead(way: ExampleWay, access: Pick<BranchedGlueJobProps, 'access' | 'lakefsJar'>): void {
    const table = exampleTable(way);
    this.#job(
      `${way}-write`,
      { script: 'write_table.py', about: 'Writes a table', arguments: { '--table': table } },
      access,
    );
    const about = 'Reads it by path and through the Glue catalog, and compares';
    const args = {
      '--table': table,
      '--spark_table': exampleSparkTable(this.#props.prefix, way),
      // Spark's catalog is Glue's.
      '--enable-glue-datacatalog': 'true',
    };
    const { role } = this.#job(`${way}-read`, { script: 'read_table.py', about, arguments: args }, access);
    role.addToPrincipalPolicy(this.#readTable(`${table}${SPARK_SUFFIX}`));
  }

  /**
   * Spark looks for the database `default`, which is made where it is missing (source: AWS Glue developer guide, "AWS Glue Data
   * Catalog support for Spark SQL jobs"), and for `global_temp` (told by others).
   */
  #readTable(table: string): PolicyStatement {
    const stack = Stack.of(this);
    const arn = (resource: string, resourceName: string): string =>
      stack.formatArn({ service: 'glue', resource, resourceName, arnFormat: ArnFormat.SLASH_RESOURCE_NAME });
    const catalog = { service: 'glue', resource: 'catalog', arnFormat: ArnFormat.NO_RESOURCE_NAME };
    return new PolicyStatement({
      sid: 'ReadTable',
      actions: ['glue:GetDatabase', 'glue:CreateDatabase', 'glue:GetTable', 'glue:GetPartitions'],
      resources: [
        stack.formatArn(catalog),
        ...[this.#database, 'default', 'global_temp'].map((database) => arn('database', database)),
        arn('table', `${this.#database}/${table}`),
      ],
    });
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
