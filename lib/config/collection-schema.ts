/** The section `garbageCollection` of `branchline.yaml`: lakeFS's own job, run by Branchline with a look before and after. */
import * as z from 'zod';

const DAYS = /^0*[1-9]\d{0,3}d$/;
const days = (byDefault: string, description: string) =>
  z.string().regex(DAYS, 'a number of days such as 7d').default(byDefault).describe(description);

/** lakeFS's own minimum. Below it live files were deleted (measured): no configuration goes there. */
const LEAST_HOURS = 24;
const minAge = z
  .string()
  .regex(/^0*[1-9]\d{0,5}(h|d)$/, 'a whole number and h or d, such as 24h')
  .refine((text) => ageSeconds(text) >= LEAST_HOURS * 3600, 'at least 24h: below it lakeFS deletes live files')
  .default(`${String(LEAST_HOURS)}h`)
  .describe('Uncommitted objects that are younger are left alone. Never below the 24h of lakeFS itself.');

export const ageSeconds = (text: string): number => {
  const [, number, unit] = /^(\d+)(h|d)$/.exec(text) ?? [];
  return Number(number) * (unit === 'd' ? 86_400 : 3600);
};

export const collectionSchema = z
  .strictObject({
    clientJar: z
      .string()
      .regex(/^s3:\/\/[^/\s]+\/\S+\.jar$/, 's3://bucket/path/name.jar')
      .optional()
      .describe('lakeFS’s lakefs-spark-client assembly jar for Scala 2.12. Without it nothing is collected.'),
    every: z
      .string()
      .regex(/^(never|0*[1-9]\d{0,3}d)$/, 'a number of days such as 7d, or never')
      .default('never')
      .describe('How often each repository is marked; `never`: only when somebody asks.'),
    repositories: z
      .array(z.string())
      .default([])
      .describe('Names of the repositories that are collected; all of them where none is named.'),
    sweep: z
      .enum(['approval', 'automatic'])
      .default('approval')
      .describe('Whether what was marked and examined is deleted at once, or when somebody has approved it.'),
    approveWithin: days('7d', 'How old a list may be when it is swept; an older one is thrown away.'),
    minAge,
    tags: z
      .enum(['keep', 'lose'])
      .default('keep')
      .describe('Whether tags keep their objects, by a branch beside each: lakeFS’s job looks at branches alone.'),
    staleAfter: days('30d', 'A branch whose newest commit is older is told of: it holds back space.'),
    storageKmsKeyArn: z
      .string()
      .regex(/^arn:[\w-]+:kms:[\w-]+:\d{12}:key\/\S+$/, 'the full ARN of a KMS key')
      .optional()
      .describe('Key that the buckets of the repositories are encrypted with. With `lakefs.server` it is known.'),
    glueVersion: z.enum(['4.0', '5.0']).default('5.0').describe('Of the two Glue jobs.'),
    workerType: z.enum(['G.1X', 'G.2X', 'G.4X', 'G.8X']).default('G.1X').describe('Of the two Glue jobs.'),
    workers: z.int().min(2).max(299).default(2).describe('Workers of each of the two Glue jobs.'),
    connections: z
      .array(z.string().min(1))
      .default([])
      .describe('Glue connections: the network in which the jobs reach lakeFS. With `lakefs.server` they are known.'),
  })
  .prefault({})
  .describe('Garbage collection: lakeFS’s own Spark job in Glue, with a look at every ref before and after.');
