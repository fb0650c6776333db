/**
 * What brings promotions to readers: the bucket of manifests, and the queue of refreshes, one at a time per target.
 *
 * What you get: an encrypted bucket that takes TLS only and stays when the stack is removed, since tables in Glue go on pointing to
 * it; a hop whose function may write exactly the configured tables.
 */
import { ArnFormat, CfnOutput, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { AnyPrincipal, Effect, ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import {
  type CompiledConfig,
  ENV,
  previewDatabasePrefix,
  publishedViewName,
  SPARK_SUFFIX,
  SYMLINK_SUFFIX,
  type TablePublication,
} from '../../lambdas/contract.ts';
import { acknowledge, asNagWrites, explain } from '../compliance.ts';
import { nagName } from '../nag-name.ts';
import type { BranchlineFunction } from './branchline-function.ts';
import { keepFooters } from './footer-notes.ts';
import { Hop } from './hop.ts';
import { ReadOnlyEngines } from './read-only-engines.ts';

/** refresh-catalog must end before its lease (360 s, domain/catalog/publication.ts), and the lease before the message comes back. */
export const REFRESH_TIMEOUT = Duration.minutes(5);
export const REFRESH_VISIBILITY = Duration.seconds(400);

/** A policy takes 10 KB in all: with more names than this the pattern of them is given. */
const MAX_NAMES = 20;
const WHY_WHOLE =
  'Tables that a repository describes, or more than a policy can name; the resource is as narrow as it can be.';
const PREFIX = 'symlinks/';
const PREVIEWS = 'previews/';
const ICEBERG_PREFIX = 'iceberg/';

export interface CatalogRefreshProps {
  readonly prefix: string;
  readonly config: CompiledConfig;
  readonly alarmActions: readonly IAlarmAction[];
  readonly target: BranchlineFunction;
  /** Reads the footers of what runs write, and keeps them for `target`. */
  readonly settler: BranchlineFunction;
  /** Compares what Glue and the bucket hold, asks for a refresh, and writes previews alone: in databases and a folder of their own. */
  readonly reader: BranchlineFunction;
  /** Removes manifests that nobody names. */
  readonly cleaner: BranchlineFunction;
  /** Look at which files the snapshots of Iceberg tables name. */
  readonly collectors: readonly BranchlineFunction[];
  /** Functions that may ask for a refresh. */
  readonly wakers: readonly BranchlineFunction[];
}

export class CatalogRefresh extends Construct {
  readonly hop: Hop;

  constructor(scope: Construct, id: string, props: CatalogRefreshProps) {
    super(scope, id);
    const { prefix, target, reader, cleaner, collectors } = props;
    // Without a name of ours: a bucket that stayed must not stand in the way of deploying again.
    const bucket = new Bucket(this, 'Manifests', {
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    acknowledge(
      bucket,
      'S1',
      undefined,
      'It holds lists of addresses; who reads the files is in the log of their bucket.',
    );
    this.hop = new Hop(this, 'Hop', {
      prefix,
      alarmActions: props.alarmActions,
      hop: 'refreshes',
      target,
      visibilityTimeout: REFRESH_VISIBILITY,
      batchSize: 10,
      maxReceiveCount: 5,
      maxConcurrency: 10,
      maxAge: Duration.minutes(30),
    });
    for (const { fn } of [target, reader, cleaner, ...props.wakers]) {
      fn.addEnvironment(ENV.refreshQueueUrl, this.hop.queue.queueUrl);
      this.hop.queue.grantSendMessages(fn);
    }
    const manifests = bucket.arnForObjects(`${PREFIX}*`);
    target.fn.addToRolePolicy(
      new PolicyStatement({ sid: 'WriteManifests', actions: ['s3:PutObject'], resources: [manifests] }),
    );
    cleaner.fn.addToRolePolicy(
      new PolicyStatement({ sid: 'RemoveManifests', actions: ['s3:DeleteObject'], resources: [manifests] }),
    );
    const metadata = bucket.arnForObjects(`${ICEBERG_PREFIX}*`);
    target.fn.addToRolePolicy(
      new PolicyStatement({
        sid: 'WriteIcebergMetadata',
        actions: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
        resources: [metadata],
      }),
    );
    for (const { fn } of [reader, ...collectors]) {
      fn.addToRolePolicy(
        new PolicyStatement({ sid: 'ReadIcebergMetadata', actions: ['s3:GetObject'], resources: [metadata] }),
      );
    }
    for (const { fn } of collectors) fn.addEnvironment(ENV.icebergRoot, `s3://${bucket.bucketName}/${ICEBERG_PREFIX}`);
    for (const fn of [target, reader, ...collectors]) {
      explain(
        fn,
        `${nagName(bucket)}/${ICEBERG_PREFIX}*`,
        'Names of metadata files are made afresh for each snapshot.',
      );
    }
    this.#denyOthers(bucket, target);
    keepFooters(bucket, { writer: props.settler, reader: target });
    for (const { fn } of [target, reader, cleaner]) {
      fn.addEnvironment(ENV.icebergRoot, `s3://${bucket.bucketName}/${ICEBERG_PREFIX}`);
      fn.addEnvironment(ENV.manifestRoot, `s3://${bucket.bucketName}/${PREFIX}`);
      fn.addToRolePolicy(
        new PolicyStatement({ sid: 'ListManifests', actions: ['s3:ListBucket'], resources: [bucket.bucketArn] }),
      );
    }
    for (const fn of [target, cleaner]) {
      explain(fn, `${nagName(bucket)}/${PREFIX}*`, 'Manifests are named by their content.');
    }
    this.#previews(reader, prefix, bucket);
    const tables = this.#tables(props.config);
    this.#readers(bucket, tables);
    new ReadOnlyEngines(this, 'ReadOnly', { config: props.config, metadata: bucket, tables });
    if (tables.length === 0) return;
    reader.fn.addToRolePolicy(
      new PolicyStatement({
        sid: 'ReadTables',
        actions: ['glue:GetTable', 'glue:GetPartitions'],
        resources: tables,
      }),
    );
    for (const { fn } of collectors)
      fn.addToRolePolicy(new PolicyStatement({ sid: 'ReadTables', actions: ['glue:GetTable'], resources: tables }));
    const whole = this.#databases(props.config);
    cleaner.fn.addToRolePolicy(
      new PolicyStatement({
        sid: 'ReadDatabases',
        actions: ['glue:GetTable', 'glue:GetTables', 'glue:GetPartitions'],
        resources: whole,
      }),
    );
    for (const resource of whole.filter((each) => each.endsWith('*'))) {
      explain(cleaner, resource, 'Any table of a database may name a manifest: all of them are looked at.');
    }
    target.fn.addToRolePolicy(
      new PolicyStatement({
        sid: 'WriteTables',
        actions: [
          ...['glue:CreateDatabase', 'glue:CreateTable', 'glue:GetTable', 'glue:UpdateTable'],
          ...['glue:GetPartitions', 'glue:BatchGetPartition'],
          ...['glue:BatchCreatePartition', 'glue:BatchUpdatePartition', 'glue:BatchDeletePartition'],
        ],
        resources: tables,
      }),
    );
    this.#removals(target, props.config);
    for (const resource of tables.filter((each) => each.endsWith('*'))) {
      for (const fn of [target, reader, ...collectors]) {
        explain(fn, resource, WHY_WHOLE);
      }
    }
  }

  /** Of tables for Spark, also where none is configured any more: that is when one is removed. */
  #removals(target: BranchlineFunction, config: CompiledConfig): void {
    const names = [
      ...publishedIn(config).map(({ database, tableName }) => `${database}/${tableName}${SPARK_SUFFIX}`),
      ...describedIn(config).map((database) => `${database}/*${SPARK_SUFFIX}`),
    ];
    const isNamed = names.length <= MAX_NAMES;
    const resources = [
      ...(isNamed ? databasesIn(config) : ['*']).map((database) => this.#arn('database', database)),
      ...(isNamed ? names : [`*/*${SPARK_SUFFIX}`]).map((name) => this.#arn('table', name)),
    ];
    target.fn.addToRolePolicy(
      new PolicyStatement({
        sid: 'RemoveSparkTables',
        actions: ['glue:GetTable', 'glue:DeleteTable'],
        resources: [this.#arn('catalog'), ...resources],
      }),
    );
    for (const resource of resources.filter((each) => each.includes('*'))) {
      explain(target, resource, 'More tables than a policy can name; the resource is as narrow as it can be.');
    }
  }

  /** Databases of previews come and go, with what is in them: their names say whose they are. */
  #previews(reader: BranchlineFunction, prefix: string, bucket: Bucket): void {
    const databases = `${previewDatabasePrefix(prefix)}*`;
    const arn = (resource: string, resourceName?: string): string =>
      Stack.of(this).formatArn({
        ...{ service: 'glue', resource },
        ...(resourceName === undefined
          ? { arnFormat: ArnFormat.NO_RESOURCE_NAME }
          : { resourceName, arnFormat: ArnFormat.SLASH_RESOURCE_NAME }),
      });
    const resources = [
      ...[arn('catalog'), arn('database', databases), arn('table', `${databases}/*`)],
      // DeleteDatabase asks for them too. Source: AWS Service Authorization Reference, AWS Glue.
      arn('userDefinedFunction', `${databases}/*`),
    ];
    reader.fn.addEnvironment(ENV.previewRoot, `s3://${bucket.bucketName}/${PREVIEWS}`);
    reader.fn.addToRolePolicy(
      new PolicyStatement({
        sid: 'WritePreviews',
        actions: [
          ...['glue:CreateDatabase', 'glue:DeleteDatabase', 'glue:CreateTable', 'glue:GetTable', 'glue:UpdateTable'],
          ...['glue:GetPartitions', 'glue:BatchGetPartition'],
          ...['glue:BatchCreatePartition', 'glue:BatchUpdatePartition', 'glue:BatchDeletePartition'],
        ],
        resources,
      }),
    );
    reader.fn.addToRolePolicy(
      new PolicyStatement({
        sid: 'WritePreviewManifests',
        actions: ['s3:PutObject', 's3:DeleteObject'],
        resources: [bucket.arnForObjects(`${PREVIEWS}*`)],
      }),
    );
    for (const resource of [...resources.slice(1), `${nagName(bucket)}/${PREVIEWS}*`]) {
      explain(
        reader,
        resource,
        'Previews are named when they are asked for; their databases begin with a prefix of ours.',
      );
    }
  }

  /** For the roles of analysts: what Athena needs of tables and manifests. The data itself is in the bucket of lakeFS. */
  #readers(bucket: Bucket, tables: readonly string[]): void {
    const policy = new ManagedPolicy(this, 'Readers', {
      description: 'Lets analysts read published tables and their manifests, nothing to write or delete',
      statements: [
        new PolicyStatement({
          sid: 'ReadManifests',
          actions: ['s3:GetObject'],
          resources: [bucket.arnForObjects(`${PREFIX}*`), bucket.arnForObjects(`${ICEBERG_PREFIX}*`)],
        }),
        new PolicyStatement({
          sid: 'FindManifests',
          actions: ['s3:ListBucket', 's3:GetBucketLocation'],
          resources: [bucket.bucketArn],
        }),
        ...(tables.length === 0
          ? []
          : [
              new PolicyStatement({
                sid: 'ReadTables',
                actions: [
                  ...['glue:GetDatabase', 'glue:GetTable', 'glue:GetTables'],
                  ...['glue:GetPartition', 'glue:GetPartitions', 'glue:BatchGetPartition'],
                ],
                resources: [...tables],
              }),
            ]),
      ],
    });
    acknowledge(
      policy,
      'IAM5',
      `Resource::${asNagWrites(Stack.of(this), `${nagName(bucket)}/${PREFIX}*`)}`,
      'Manifests are named by their content.',
    );
    acknowledge(
      policy,
      'IAM5',
      `Resource::${asNagWrites(Stack.of(this), `${nagName(bucket)}/${ICEBERG_PREFIX}*`)}`,
      'Names of metadata files are made afresh for each snapshot.',
    );
    for (const resource of tables.filter((each) => each.endsWith('*'))) {
      acknowledge(policy, 'IAM5', `Resource::${asNagWrites(Stack.of(this), resource)}`, WHY_WHOLE);
    }
    new CfnOutput(this, 'ReaderPolicyArn', {
      value: policy.managedPolicyArn,
      description: 'For the roles of analysts: published tables and their manifests, no deletion',
    });
  }

  /**
   * Engines take an Iceberg table for one that they may write. Whatever rights somebody has: without metadata files they cannot.
   * Source: IAM user guide, "aws:PrincipalArn": the ARN of the role, also for its sessions.
   */
  #denyOthers(bucket: Bucket, { fn: { role } }: BranchlineFunction): void {
    if (role === undefined) return;
    bucket.addToResourcePolicy(
      new PolicyStatement({
        sid: 'OnlyBranchlineWritesIceberg',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['s3:PutObject', 's3:DeleteObject', 's3:DeleteObjectVersion'],
        resources: [bucket.arnForObjects(`${ICEBERG_PREFIX}*`)],
        conditions: { ArnNotEquals: { 'aws:PrincipalArn': role.roleArn } },
      }),
    );
  }

  /** Source: AWS Service Authorization Reference, AWS Glue: calls about a table name catalog, database and table. */
  #tables(config: CompiledConfig): string[] {
    const databases = databasesIn(config);
    if (databases.length === 0) return [];
    // What a repository describes nobody knows here: any table of its database.
    const names = [
      ...namesOf(publishedIn(config)),
      ...viewsIn(config),
      ...describedIn(config).map((database) => `${database}/*`),
    ];
    if (databases.length > MAX_NAMES || names.length > MAX_NAMES) return this.#databases(config);
    return [
      this.#arn('catalog'),
      ...databases.map((database) => this.#arn('database', database)),
      ...names.map((name) => this.#arn('table', name)),
    ];
  }

  /** With every table that they hold. */
  #databases(config: CompiledConfig): string[] {
    const databases = databasesIn(config);
    const names = databases.length > MAX_NAMES ? ['*'] : databases;
    return [
      this.#arn('catalog'),
      ...names.map((database) => this.#arn('database', database)),
      ...names.map((database) => this.#arn('table', database === '*' ? '*' : `${database}/*`)),
    ];
  }

  #arn(resource: string, resourceName?: string): string {
    return Stack.of(this).formatArn(
      resourceName === undefined
        ? { service: 'glue', resource, arnFormat: ArnFormat.NO_RESOURCE_NAME }
        : { service: 'glue', resource, resourceName, arnFormat: ArnFormat.SLASH_RESOURCE_NAME },
    );
  }
}

const publishedIn = (config: CompiledConfig) =>
  config.repositories.flatMap(({ tables }) => tables.flatMap(({ publish }) => publish ?? []));
const describedIn = (config: CompiledConfig): string[] =>
  config.repositories.flatMap(({ lakefsTables }) => lakefsTables?.database ?? []);
const databasesIn = (config: CompiledConfig): string[] => [
  ...new Set([...publishedIn(config).map(({ database }) => database), ...describedIn(config)]),
];

/** Of each target with several Iceberg tables, in each of their databases. */
const viewsIn = (config: CompiledConfig): string[] =>
  config.repositories.flatMap(({ name, tables, lakefsTables }) => {
    const published = tables.flatMap(({ publish }) => publish ?? []);
    const iceberg = published.filter(({ publisher = 'symlink' }) => publisher !== 'symlink');
    return [...Map.groupBy(iceberg, ({ target }) => target)].flatMap(([target, of]) => {
      // Any number of others may be described in the repository.
      const least = lakefsTables === undefined ? 2 : 1;
      const databases = of.length < least ? [] : [...new Set(of.map(({ database }) => database))];
      return databases.map((database) => `${database}/${publishedViewName(name, target)}`);
    });
  });

const namesOf = (published: readonly TablePublication[]): string[] =>
  published.flatMap(({ database, tableName, publisher, spark }) => {
    const name = `${database}/${tableName}`;
    return [
      name,
      ...(publisher === 'both' ? [`${name}${SYMLINK_SUFFIX}`] : []),
      ...(spark === undefined ? [] : [`${name}${SPARK_SUFFIX}`]),
    ];
  });
