/** Plain copies for consumers that do not know lakeFS: keys of `exports` in `branchline.yaml`. */
import * as z from 'zod';
import { EXPORT_ENGINES, EXPORT_TRIGGERS } from '../../lambdas/contract.ts';

/** Source: S3 API, PutObject `x-amz-storage-class`; without those from which objects have to be restored before they are read. */
const STORAGE_CLASSES = ['STANDARD', 'STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR'] as const;

const refName = z.string().regex(/^\w[-\w.]*$/, 'letters, digits, ., _ and -, not first a . or -');

/** Of the Spark job of an export. Its own file has no other keys. */
export const sparkSchema = z.strictObject({
  aboveObjects: z
    .int()
    .min(1)
    .max(10_000_000_000)
    .default(5_000_000)
    .describe('With `engine: auto`: so many objects are copied by the map; what is more goes to the Spark job.'),
  workerType: z.enum(['G.1X', 'G.2X', 'G.4X', 'G.8X']).default('G.1X').describe('Of the Glue job.'),
  workers: z
    .int()
    .min(2)
    .max(299)
    .default(10)
    .describe('Workers of the Glue job; one of them is the driver. Each core of the others copies 32 objects at once.'),
  glueVersion: z.enum(['4.0', '5.0']).default('5.0').describe('Of the Glue job.'),
  timeout: z
    .string()
    .regex(/^0*([1-9]|[1-9]\d|1[0-5]\d|16[0-8])h$/, 'a number of hours from 1h to 168h')
    .default('48h')
    .describe('How long a run of the job may take, at most `168h`; another one goes on with what is left.'),
});

export const exportSchema = z.strictObject({
  repository: z.string().min(1).describe('Repository that is exported.'),
  target: refName
    .optional()
    .describe('Target whose newest verified commit is exported. By default the repository’s first target.'),
  tag: refName.optional().describe('Tag that is exported instead of a target.'),
  tables: z
    .array(z.string().min(1))
    .optional()
    .describe('Tables that are exported, by their names in the repository. Without tables and `prefix`: everything.'),
  prefix: z
    .string()
    .regex(
      /^[^/\s](?:(?!\/\/).)*\/$/,
      'a prefix in the repository such as sales/: no leading slash, a slash at the end',
    )
    .optional()
    .describe('Prefix in the repository that is exported, such as `reports/`.'),
  destination: z
    .string()
    .regex(/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:\/(?:(?!\/\/).)*)?$/, 's3://bucket/prefix')
    .describe('Where the copies go, such as `s3://bucket/lake`. Nothing else may lie there.'),
  layout: z
    .enum(['repository', 'hive'])
    .default('repository')
    .describe(
      'As everything lies in the repository; or tables alone, each below its name, with the files that readers see and no others.',
    ),
  when: z
    .enum(EXPORT_TRIGGERS)
    .default('promotion')
    .describe('After whatever changes the target, by `schedule`, or only when somebody asks.'),
  schedule: z
    .string()
    .regex(/^(?:rate|cron)\(.+\)$/, 'rate(…) or cron(…) as EventBridge Scheduler takes it')
    .optional()
    .describe('For `when: schedule`: such as `rate(6 hours)` or `cron(0 4 * * ? *)`, in UTC.'),
  delete: z
    .boolean()
    .default(false)
    .describe('Whether what has left the lake leaves the destination too; after everything new is there.'),
  kmsKeyArn: z
    .string()
    .regex(/^arn:[\w-]+:kms:[\w-]+:\d{12}:key\/\S+$/, 'the full ARN of a KMS key')
    .optional()
    .describe('Key that the copies are encrypted with. By default that of the bucket.'),
  sourceKmsKeyArn: z
    .string()
    .regex(/^arn:[\w-]+:kms:[\w-]+:\d{12}:key\/\S+$/, 'the full ARN of a KMS key')
    .optional()
    .describe('Key that the lake’s bucket is encrypted with, where it is not that of the deployed server.'),
  scale: z
    .strictObject({
      engine: z
        .enum(EXPORT_ENGINES)
        .default('map')
        .describe(
          'What copies a large change: one function after the other, many of a Step Functions distributed map, a Spark job in Glue; `auto`: map or Spark by the number of objects.',
        ),
      aboveObjects: z
        .int()
        .min(0)
        .max(1_000_000_000)
        .default(20_000)
        .describe('So many objects are copied by one function; what is more goes to the engine.'),
      aboveGigabytes: z
        .int()
        .min(0)
        .max(1_000_000_000)
        .default(1000)
        .describe('So many GB are copied by one function; what is more goes to the engine.'),
      chunkObjects: z
        .int()
        .min(1)
        .max(10_000)
        .default(5000)
        .describe('Objects that a worker is given at a time, and of a part of the manifest.'),
      concurrency: z.int().min(1).max(1000).default(20).describe('Workers at a time; each copies 32 objects at once.'),
      toleratedFailurePercent: z
        .int()
        .min(0)
        .max(100)
        .default(5)
        .describe(
          'Of the chunks: where more fail, no further ones are begun. The marker waits for all of them in any case.',
        ),
      spark: sparkSchema
        .optional()
        .describe('The Spark job of the export, with `engine: spark` or `auto`: how large it is, and from where on.'),
    })
    .prefault({})
    .describe('How what is large is spread over many workers.'),
  storageClass: z.enum(STORAGE_CLASSES).optional().describe('Storage class of the copies.'),
});
