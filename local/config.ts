/** The branchline.yaml of the local environment: the demo's pipelines, and those of the integration tests. */
import { writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { SPARK_ACCESS, type SparkAccess } from '../lambdas/contract.ts';
import type { RawConfig } from '../lib/config/schema.ts';

export const CONTROL_PLANE_STACK = 'BranchlineControlPlane';

export interface ConfigFacts {
  readonly endpoint: string;
  readonly secretArn: string;
  readonly repository: string;
  readonly storageNamespace: string;
}

/** Ends the name of a second repository, which the integration tests delete. */
export const DOOMED_REPOSITORY = '-doomed';

/** Ends the name of a third one, with two targets: what belongs to one repository is to stay with it. */
export const SECOND_REPOSITORY = '-second';
export const SECOND_TARGET = 'staging';
export const SECOND_TABLE = 'it_second';

const SAMPLE_COLUMNS = ['yyyy_mm_dd', 'hh_mm'];

/** Glue database of the demo's tables. */
export const DATABASE = 'lake';
/** Tables of the integration tests, as Glue names them too. */
export const TEST_TABLE = {
  ...{ parted: 'it_parted', whole: 'it_whole', iceberg: 'it_iceberg', trino: 'it_trino' },
  sparkIceberg: 'it_spark_iceberg',
  // With a table for Spark beside each: at the head of the target, and at the commit that it shows.
  ...{ head: 'it_head', pinned: 'it_pinned' },
} as const;
const TEXT = { database: DATABASE, format: 'json', columns: { id: 'int', name: 'string' } } as const;
/** Glue database of the tables that the integration tests describe in the repository, and the name of one. */
export const DESCRIBED_DATABASE = 'lake_described';
export const DESCRIBED_TABLE = 'it_described';
const PUBLISHED = {
  database: DATABASE,
  columns: { sold_at: 'timestamp', product: 'string', quantity: 'int', amount: 'double' },
  partitionTypes: { yyyy_mm_dd: 'date' },
};

/** Name of the export that the integration tests look at. */
export const TEST_EXPORT = 'it-plain';

/** Name of the export that the demo shows. */
export const DEMO_EXPORT = 'demo-plain';

/** Name of the export that many workers copy. */
export const SPREAD_EXPORT = 'it-many';

/** Name of the export that a Spark job copies. */
export const SPARK_EXPORT = 'it-spark';

/** Names of the exports of the second repository, one of each target. */
export const SECOND_EXPORT = { main: 'it-second-main', staging: 'it-second-staging' } as const;

/** Bucket of the local AWS that exports write to. */
export const EXPORT_BUCKET = 'branchline-local-exports';

/** The table that the demo's Spark jobs write by one way to lakeFS: its name in Glue, and its prefix. */
export const sparkTable = (access: SparkAccess): string => `spark_${access}`;

/** The table for Spark beside it: through the gateway, at the head of the target, and at the commit that it shows. */
const SHOWN_TO_SPARK = {
  s3a: { scheme: 's3a' },
  simple: true,
  presigned: { pin: true },
} as const satisfies Record<SparkAccess, unknown>;

const configOf = ({ endpoint, secretArn, repository, storageNamespace }: ConfigFacts): RawConfig => ({
  lakefs: { endpoint, secretArn },
  controlPlane: { removeLedger: true },
  repositories: {
    [repository]: {
      storageNamespace,
      lakefsTables: { database: DESCRIBED_DATABASE, format: 'json' },
      tables: {
        sales: { path: 'sales/', partitionColumns: SAMPLE_COLUMNS, ...PUBLISHED },
        clicks: { path: 'clicks/', partitionColumns: SAMPLE_COLUMNS, ...PUBLISHED },
        events: { path: 'events/', partitionColumns: ['day'] },
        // What the Spark jobs write, one for each way; columns are those of the files.
        ...Object.fromEntries(
          SPARK_ACCESS.map((access) => [
            sparkTable(access),
            {
              ...{ path: `${sparkTable(access)}/`, database: DATABASE, partitionColumns: ['day'], publish: 'symlink' },
              sparkTable: SHOWN_TO_SPARK[access],
            },
          ]),
        ),
        // Of the integration tests, whose jobs write text.
        [TEST_TABLE.parted]: {
          ...{ path: 'it-parted/', partitionColumns: ['dt'], ...TEXT },
        },
        [TEST_TABLE.head]: { path: 'it-head/', partitionColumns: ['dt'], ...TEXT, sparkTable: true },
        [TEST_TABLE.pinned]: { path: 'it-pinned/', partitionColumns: ['dt'], ...TEXT, sparkTable: { pin: true } },
        [TEST_TABLE.whole]: {
          ...{ path: 'it-whole/', overwrite: 'table', database: DATABASE, format: 'csv' },
          columns: { id: 'string', name: 'string' },
        },
        // Shown as Iceberg, and as symlinks beside it; columns are those of the files.
        [TEST_TABLE.iceberg]: {
          ...{ path: 'it-iceberg/', partitionColumns: ['dt'], database: DATABASE, publish: 'both' },
          partitionTypes: { dt: 'date' },
        },
        // The same, for a reader that is there on some machines.
        [TEST_TABLE.trino]: {
          ...{ path: 'it-trino/', partitionColumns: ['dt', 'region'], database: DATABASE, publish: 'both' },
          partitionTypes: { dt: 'date' },
        },
        [TEST_TABLE.sparkIceberg]: {
          ...{ path: 'it-spark-iceberg/', partitionColumns: ['dt', 'region'], database: DATABASE, publish: 'iceberg' },
          partitionTypes: { dt: 'date' },
        },
      },
    },
    [`${repository}${DOOMED_REPOSITORY}`]: { storageNamespace: `${storageNamespace}${DOOMED_REPOSITORY}` },
    [`${repository}${SECOND_REPOSITORY}`]: {
      storageNamespace: `${storageNamespace}${SECOND_REPOSITORY}`,
      targets: ['main', SECOND_TARGET],
      garbageCollection: { defaultRetentionDays: 1, branches: {} },
      tables: { [SECOND_TABLE]: { path: 'it-second/', partitionColumns: ['dt'], ...TEXT } },
    },
  },
  // The jar is in no registry: `local/collect_garbage.py` stands in for it, whatever is said here.
  garbageCollection: {
    clientJar: 's3://branchline-local/none.jar',
    repositories: [repository, `${repository}${SECOND_REPOSITORY}`],
  },
  pipelines: {
    demo: { jobs: ['demo-*'], repository },
    'tests-rerun': { jobs: ['it-rerun-*'], repository, onConflict: 'rerun', maxReruns: 1 },
    'tests-keep': { jobs: ['it-keep-*'], repository, keepFailedFor: '1h' },
    'tests-second': { jobs: ['it-second*'], repository: `${repository}${SECOND_REPOSITORY}` },
    'tests-staging': {
      ...{ jobs: ['it-staging*'], repository: `${repository}${SECOND_REPOSITORY}`, target: SECOND_TARGET },
    },
    'tests-doomed': { jobs: ['it-doomed'], repository: `${repository}${DOOMED_REPOSITORY}` },
    tests: { jobs: ['it-*'], repository },
  },
  exports: {
    [TEST_EXPORT]: {
      ...{ repository, tables: [TEST_TABLE.parted], destination: `s3://${EXPORT_BUCKET}/lake` },
      ...{ layout: 'hive', when: 'promotion', delete: true },
    },
    [SPREAD_EXPORT]: {
      ...{ repository, prefix: 'it-many/', destination: `s3://${EXPORT_BUCKET}/many`, when: 'manual', delete: true },
      scale: { aboveObjects: 0, chunkObjects: 2, concurrency: 4 },
    },
    [SPARK_EXPORT]: {
      ...{ repository, prefix: 'it-spark/', destination: `s3://${EXPORT_BUCKET}/spark`, when: 'manual', delete: true },
      scale: { engine: 'spark', aboveObjects: 0, chunkObjects: 2, toleratedFailurePercent: 100 },
    },
    // One of each target of another repository.
    [SECOND_EXPORT.main]: {
      ...{ repository: `${repository}${SECOND_REPOSITORY}`, tables: [SECOND_TABLE] },
      ...{ destination: `s3://${EXPORT_BUCKET}/second`, layout: 'hive', when: 'promotion', delete: true },
    },
    [SECOND_EXPORT.staging]: {
      ...{ repository: `${repository}${SECOND_REPOSITORY}`, target: SECOND_TARGET, prefix: 'it-second/' },
      ...{ destination: `s3://${EXPORT_BUCKET}/second-staging`, when: 'promotion', delete: false },
    },
    [DEMO_EXPORT]: {
      ...{ repository, tables: ['sales', 'clicks'], destination: `s3://${EXPORT_BUCKET}/demo` },
      ...{ layout: 'hive', when: 'promotion', delete: true },
    },
  },
  schedules: { reconcile: '1m', sweep: '1m' },
});

export const writeConfig = async (file: string, facts: ConfigFacts): Promise<void> => {
  await writeFile(file, stringify(configOf(facts)));
};
