/** The section `replication` of `branchline.yaml`: a second region, and what is copied there. */
import * as z from 'zod';

const region = z.string().regex(/^[a-z]{2,4}(-[a-z]+)+-\d$/, 'the name of a region, such as eu-central-1');
/** Without dots, which have no valid certificate as a host name. */
const bucket = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/, 'a bucket name without dots: 3 to 63 lower-case letters, digits and -');

const to = z.strictObject({
  region: region.describe('The second region.'),
  buckets: z
    .record(bucket, bucket)
    .describe('For each bucket of a storage namespace the name of its replica, which the deployment makes.'),
  backups: bucket.describe('Name of the replica of the backup bucket, which the deployment makes.'),
  every: z
    .string()
    .regex(/^(?:[5-9]|[1-5]\d)m$|^(?:[1-9]|1\d|2[0-4])h$/, 'from 5m to 24h, such as 15m')
    .default('15m')
    .describe('How often it is looked what has arrived.'),
  lateAfter: z
    .string()
    .regex(/^0*[1-9]\d{0,3}(m|h|d)$/, 'a whole number from 1 and m, h or d, such as 1h')
    .default('1h')
    .describe('How far behind the second region may be before the alarm is raised.'),
  importedObjects: z
    .enum(['refuse', 'accept'])
    .default('refuse')
    .describe('Whether a commit counts that shows objects outside the storage namespace, which are not copied.'),
  timeControl: z
    .boolean()
    .default(false)
    .describe(
      'S3 Replication Time Control: AWS answers for 99.9 % of the objects within 15 minutes, and charges for it.',
    ),
  deletes: z
    .boolean()
    .default(false)
    .describe('Deleting in the first region deletes in the second one too. Without it the replicas only ever grow.'),
});

const from = z.strictObject({
  backups: bucket.describe('Name of the replica of the backup bucket.'),
  kmsKeyArn: z
    .string()
    .regex(/^arn:[\w-]+:kms:[\w-]+:\d{12}:key\/\S+$/, 'the full ARN of a KMS key')
    .describe('Key of the replicas: output `ReplicaKeyArn` of the stack that made them.'),
});

export const replicationSchema = z
  .strictObject({
    to: to.optional().describe('Where the buckets of this deployment are copied to.'),
    from: from
      .optional()
      .describe('In the second region: the replicas that a restore is made from. The repositories name theirs.'),
  })
  .prefault({})
  .describe('A second region, for the day when the first one is away.');

export type ReplicationConfig = z.infer<typeof replicationSchema>;
export type ReplicationTarget = NonNullable<ReplicationConfig['to']>;
