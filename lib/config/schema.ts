/** The schema of `branchline.yaml`: the one place that says which keys there are, what they mean, and what they default to. */
import * as z from 'zod';
import { DEFAULT_PREFIX, ON_CONFLICT, SCHEMA_MODES } from '../../lambdas/contract.ts';
import { collectionSchema } from './collection-schema.ts';
import { drillSchema } from './drill-schema.ts';
import { exportSchema } from './export-schema.ts';
import { descriptorSchema, publicationKeys } from './publication-schema.ts';
import { replicationSchema } from './replication-schema.ts';
import { serverSchema } from './server-schema.ts';
import { snapshotSchema } from './snapshot-schema.ts';

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;
const DURATION = /^(\d{1,6})(s|m|h|d)$/;

/** `30s`, `15m`, `6h`, `3d`. */
export const durationSeconds = (text: string): number => {
  const [, count, unit] = DURATION.exec(text) ?? [];
  return Number(count) * UNITS[(unit ?? 's') as keyof typeof UNITS];
};

const duration = (description: string) =>
  z.string().regex(DURATION, 'a whole number and s, m, h or d, such as 15m').describe(description);

const positive = (description: string) =>
  z
    .string()
    .regex(/^0*[1-9]\d*(s|m|h|d)$/, 'a whole number from 1 and s, m, h or d, such as 12h')
    .regex(DURATION, 'a whole number of at most 6 digits and s, m, h or d, such as 12h')
    .describe(description);

/** Source: lakeFS API documentation; tried on a real server. */
const repositoryName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{2,62}$/, '3 to 63 lower-case letters, digits and -, first a letter or digit');
const branchName = z.string().regex(/^\w[-\w]*$/, 'letters, digits, _ and -, not first a -');

const TABLE_PATH = /^(?!\.{1,2}\/)(?!\.{1,2}$)[^/\s](?:(?!\/\/|\/\.{1,2}(?:\/|$)).)*$/;

const table = z.strictObject({
  path: z
    .string()
    .regex(TABLE_PATH, 'a prefix in the repository such as sales/: no leading slash, no empty step, no . or ..')
    .describe('Prefix of the table in the repository, such as `sales/`.'),
  partitionColumns: z
    .array(z.string().regex(/^[^=/\s]+$/, 'a column name without =, / and blanks'))
    .refine((names) => new Set(names).size === names.length, 'every column once')
    .default([])
    .describe('Hive partition columns in the order of the path; none for an unpartitioned table.'),
  overwrite: z
    .enum(['partition', 'table'])
    .default('partition')
    .describe('What a run replaces when it writes: the partitions that it touches, or the table as a whole.'),
  appendOnly: z.boolean().default(false).describe('Writers only ever add files: two runs may add to one partition.'),
  ...publicationKeys,
});

const retentionDays = z.int().min(1).max(3650);

const repository = z.strictObject({
  storageNamespace: z
    .string()
    .regex(/^[a-z0-9]+:\/\/\S+$/, 'a storage URI such as s3://bucket/lake')
    .describe('Where lakeFS keeps the objects of this repository. Used when the repository is made.'),
  defaultBranch: branchName.default('main').describe('Default branch of the repository.'),
  targets: z
    .array(branchName)
    .min(1)
    .default(['main'])
    .describe('Branches that readers see and runs are promoted into. Protected by the deployment.'),
  lakeFormation: z
    .boolean()
    .default(false)
    .describe(
      'Tables name the storage namespace beside their manifests, so that Lake Formation vends rights on the files.',
    ),
  garbageCollection: z
    .strictObject({
      defaultRetentionDays: retentionDays
        .default(28)
        .describe('Days that objects stay which no branch shows any more.'),
      branches: z.record(branchName, retentionDays).default({}).describe('Other numbers of days for single branches.'),
    })
    .prefault({})
    .describe('Rules of lakeFS for its garbage collection.'),
  tables: z
    .record(z.string().min(1), table)
    .default({})
    .describe('Tables by name. Outside any table the directory is the unit of the conflict check.'),
  lakefsTables: descriptorSchema,
});

const pipeline = z.strictObject({
  jobs: z
    .array(z.string().min(1).max(255))
    .min(1)
    .describe('Glue job names; `*` matches any run of characters. The first pipeline that matches a job wins.'),
  repository: repositoryName.describe('Repository that the jobs write to.'),
  target: branchName
    .optional()
    .describe('Branch that runs are promoted into. By default the repository’s first target.'),
  onConflict: z
    .enum(ON_CONFLICT)
    .default('keep')
    .describe('What happens when the target changed a partition that the run changed too.'),
  maxReruns: z
    .int()
    .min(0)
    .max(10)
    .default(1)
    .describe('How often a conflicted run is started again under `onConflict: rerun`.'),
  keepFailedFor: duration('How long the branch of a failed run is kept for a look.').default('0s'),
  schema: z
    .enum(SCHEMA_MODES)
    .default('compatible')
    .describe('Which changes of the columns of Parquet tables a run may bring into the target.'),
  maxOpenFor: positive('After this time a run that is still open raises the alarm.').default('12h'),
});

const vpc = z.strictObject({
  vpcId: z
    .string()
    .regex(/^vpc-[0-9a-f]+$/, 'vpc-…')
    .describe('An existing VPC.'),
  subnetIds: z
    .array(z.string().regex(/^subnet-[0-9a-f]+$/, 'subnet-…'))
    .min(1)
    .describe('Private subnets from which lakeFS and the AWS APIs are reached.'),
  securityGroupIds: z
    .array(z.string().regex(/^sg-[0-9a-f]+$/, 'sg-…'))
    .min(1)
    .describe('Security groups of the functions.'),
});

/** Source: CloudWatch Logs API, PutRetentionPolicy `retentionInDays`. */
const RETENTION = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

const ROTATION_DAYS = '90d';

export const configSchema = z
  .strictObject({
    lakefs: z
      .strictObject({
        endpoint: z
          .string()
          .regex(/^https?:\/\/[^/\s]+$/, 'http(s)://host[:port], no / at the end, no /api/v1')
          .optional()
          .describe('Base URL of a lakeFS server that is there. Either this and `secretArn`, or `server`.'),
        secretArn: z
          .string()
          .regex(/^arn:[\w-]+:secretsmanager:[\w-]+:\d{12}:secret:\S+$/, 'the full ARN of a secret')
          .optional()
          .describe('Secret with {"access_key_id": "…", "secret_access_key": "…"}.'),
        secretKmsKeyArn: z
          .string()
          .regex(/^arn:[\w-]+:kms:[\w-]+:\d{12}:key\/\S+$/, 'the full ARN of a KMS key')
          .optional()
          .describe('Customer key that the secret is encrypted with, if any.'),
        rotation: z
          .strictObject({
            every: z
              .string()
              .regex(/^(never|[1-9]\d{0,2}d)$/, 'a number of days from 1d to 999d, or never')
              .default(ROTATION_DAYS)
              .describe('How often the key pair is changed; `never`: only when somebody asks.'),
          })
          .optional()
          .describe(
            'Rotation of the key pair by Branchline; for open-source lakeFS. With `server` it is on, else only where this is given.',
          ),
        server: serverSchema.optional().describe('A lakeFS server on Fargate that is deployed with the control plane.'),
      })
      .describe('The lakeFS server that runs use.'),
    controlPlane: z
      .strictObject({
        prefix: z
          .string()
          .regex(/^[a-z][a-z0-9-]{0,19}$/, 'at most 20 lower-case letters, digits and -')
          .default(DEFAULT_PREFIX)
          .describe('Beginning of the names of functions, queues and bus.'),
        architecture: z.enum(['arm64', 'x86_64']).default('arm64').describe('Processor of the functions.'),
        vpc: vpc.optional().describe('Network of the functions. Without it they run outside any VPC.'),
        alarmTopicArn: z
          .string()
          .regex(/^arn:[\w-]+:sns:\S+$/, 'the ARN of an SNS topic')
          .optional()
          .describe('Topic that the alarms notify.'),
        logRetentionDays: z.literal(RETENTION).default(30).describe('How long the functions’ logs are kept.'),
        removeLedger: z
          .boolean()
          .default(false)
          .describe(
            'Delete the ledger with the stack; effective only with the context key `branchline:allow-data-loss` too.',
          ),
        adoptLedger: z
          .string()
          .regex(
            /^arn:[\w-]+:dynamodb:[\w-]+:\d{12}:table\/[\w.-]+\/stream\/\S+$/,
            'the ARN of the stream of a DynamoDB table: arn:…:table/NAME/stream/TIME',
          )
          .optional()
          .describe('Ledger that an earlier deployment left, or that was restored, by the ARN of its stream.'),
        tags: z
          .record(
            z.string().regex(/^(?!aws:|branchline:).{1,128}$/i, 'at most 128 characters, not aws:… or branchline:…'),
            z.string().max(256),
          )
          .refine((tags) => Object.keys(tags).length <= 40, 'at most 40 tags')
          .default({})
          .describe('Tags of every resource.'),
      })
      .prefault({})
      .describe('The deployment itself.'),
    repositories: z
      .record(repositoryName, repository)
      .refine((all) => Object.keys(all).length > 0, 'at least one repository')
      .describe('lakeFS repositories by name.'),
    pipelines: z
      .record(z.string().min(1).max(64), pipeline)
      .default({})
      .describe('Which jobs are managed, and how; by name.'),
    exports: z
      .record(
        z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'at most 40 lower-case letters, digits and -, first a letter'),
        exportSchema,
      )
      .default({})
      .describe('Plain copies for consumers that do not know lakeFS; by name.'),
    jobs: z
      .strictObject({
        lakefsJar: z
          .string()
          .regex(/^s3:\/\/[^/\s]+\/\S+\.jar$/, 's3://bucket/path/name.jar')
          .optional()
          .describe('lakeFS’s hadoop-lakefs-assembly jar, for Spark jobs that use lakefs://.'),
      })
      .prefault({})
      .describe('What Glue jobs of this deployment have in common.'),
    snapshots: snapshotSchema,
    garbageCollection: collectionSchema,
    replication: replicationSchema,
    drills: drillSchema,
    examples: z.boolean().default(false).describe('Deploy the example jobs, with a pipeline of their own.'),
    schedules: z
      .strictObject({
        reconcile: duration('How often Glue and lakeFS are compared with the ledger.').default('5m'),
        sweep: duration('How often expired branches are removed.').default('1h'),
        watch: z
          .enum(['5s', '10s', '15s', '20s', '30s'])
          .optional()
          .describe(
            'How often the heads of published targets are looked at, so that a merge by hand is shown in seconds. Without it they wait for `reconcile`.',
          ),
      })
      .prefault({})
      .describe('How often the repairs run: whole minutes; the heads of targets may be looked at every few seconds.'),
  })
  .describe('Configuration of a Branchline deployment.');

export type Config = z.infer<typeof configSchema>;

/** How often the key pair is rotated: `undefined` where Branchline is not to touch it. */
export const rotationOf = ({ lakefs }: Config): string | undefined =>
  lakefs.rotation?.every ?? (lakefs.server === undefined ? undefined : ROTATION_DAYS);
export type RawConfig = z.input<typeof configSchema>;
