/** `lakefs.server`: the keys of a lakeFS server that is deployed with the control plane. */
import * as z from 'zod';
import { LAKEFS_VERSION } from '../../lambdas/contract.ts';

/** By digest (`…@sha256:…`) where a registry's tags are not to be trusted. */
const LAKEFS_IMAGE = `docker.io/treeverse/lakefs:${LAKEFS_VERSION}`;

const CIDR = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\/(?:[12]?\d|3[0-2])$/;
const cidr = z.string().regex(CIDR, 'an address range such as 10.20.0.0/16');
const zone = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/, 'an availability zone such as eu-west-1a');
const subnet = z.string().regex(/^subnet-[0-9a-f]+$/, 'subnet-…');
const hostName = z
  .string()
  .regex(
    /^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$/,
    'a host name such as lakefs.example.com, lower case',
  );
const arn = (service: string, rest: string, words: string) =>
  z.string().regex(new RegExp(`^arn:[\\w-]+:${service}:[\\w-]+:\\d{12}:${rest}$`), words);
const secretArn = arn('secretsmanager', 'secret:\\S+-\\w{6}', 'the full ARN of a secret, with its last 6 characters');
const keyArn = arn('kms', 'key\\/\\S+', 'the full ARN of a KMS key');

const domain = z.strictObject({
  name: hostName.describe('Host name of the server. Its endpoint is `https://` and this name.'),
  certificateArn: arn('acm', 'certificate\\/\\S+', 'the ARN of a certificate in AWS Certificate Manager')
    .optional()
    .describe('Certificate for the name. Without it one is made, and validated through the hosted zone.'),
  hostedZoneId: z
    .string()
    .regex(/^Z[A-Z0-9]{1,31}$/, 'the id of a Route 53 hosted zone: Z…')
    .optional()
    .describe('Route 53 zone that gets the records of the name. Without it you make them.'),
  hostedZoneName: hostName.optional().describe('Name of that zone.'),
  s3Name: hostName
    .optional()
    .describe('Host name of the S3 gateway for virtual-host style: a repository is then a name below it.'),
});

const existing = z.strictObject({
  vpcId: z
    .string()
    .regex(/^vpc-[0-9a-f]+$/, 'vpc-…')
    .describe('An existing VPC.'),
  cidr: cidr.describe('Address range of that VPC.'),
  availabilityZones: z.array(zone).min(2).describe('Zones of the private subnets, in their order.'),
  privateSubnetIds: z
    .array(subnet)
    .min(2)
    .describe('Private subnets in two zones or more: tasks, database, functions, and the internal load balancer.'),
  publicSubnetIds: z.array(subnet).default([]).describe('Public subnets, for a public load balancer.'),
});

const network = z.strictObject({
  cidr: z
    .string()
    .regex(/^(?:10|172|192|100)\.\d{1,3}\.\d{1,3}\.0\/(?:1[6-9]|2[0-2])$/, 'a private range from /16 to /22')
    .default('10.42.0.0/16')
    .describe('Address range of the new VPC.'),
  zones: z.int().min(2).max(3).default(2).describe('Availability zones of the new VPC.'),
  egress: z
    .enum(['nat', 'endpoints'])
    .default('nat')
    .describe('How AWS APIs are reached: through a NAT gateway per zone, or VPC endpoints and no way to the internet.'),
  existing: existing.optional().describe('Use this VPC instead of a new one.'),
});

const database = z.strictObject({
  kind: z
    .enum(['rds-postgres', 'dynamodb'])
    .default('rds-postgres')
    .describe('Where lakeFS keeps its metadata: RDS for PostgreSQL, or DynamoDB without server and password.'),
  instanceType: z
    .string()
    .regex(/^db\.[a-z0-9]+\.[a-z0-9]+$/, 'an instance class such as db.t4g.medium')
    .default('db.t4g.medium')
    .describe('Instance class of RDS.'),
  storageGiB: z.int().min(20).max(16_384).default(50).describe('Storage of RDS; it grows to four times as much.'),
  restoreFromSnapshot: z
    .string()
    .min(1)
    .optional()
    .describe('Snapshot of RDS, by name or ARN, that the database is made from. Keep it in the file from then on.'),
  restoreToPoint: z
    .strictObject({
      source: z
        .string()
        .regex(/^db-[A-Z0-9]+$/, 'the resource id of an instance: db-…')
        .describe('Resource id of the instance, there or deleted, whose backups hold the moment.'),
      time: z
        .string()
        .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, 'a time in UTC such as 2026-11-20T10:00:00Z')
        .refine((time) => !Number.isNaN(Date.parse(time)), 'a time that there is')
        .describe('The moment, in UTC, whole seconds.'),
    })
    .optional()
    .describe('A moment of an instance that the database is made from. Keep it in the file from then on.'),
});

const tasks = z.strictObject({
  min: z.int().min(2).max(50).default(2).describe('Tasks at least, across zones.'),
  max: z.int().min(2).max(50).default(6).describe('Tasks at most.'),
  cpu: z.literal([512, 1024, 2048, 4096]).default(1024).describe('CPU units of a task: 1024 are one vCPU.'),
  memoryMiB: z.int().min(1024).max(30_720).default(4096).describe('Memory of a task, in steps of 1024.'),
  cacheGiB: z.int().min(1).max(150).default(20).describe('lakeFS’s cache of committed metadata on the disk of a task.'),
});

const adopt = z.strictObject({
  bucketKeyArn: keyArn.describe('Key of the bucket.'),
  secretsKeyArn: keyArn.describe('Key of the secrets.'),
  credentialsSecretArn: secretArn.describe('Secret with the key pair.'),
  encryptionSecretArn: secretArn.describe('Secret that the metadata store was encrypted with.'),
  tableArn: arn('dynamodb', 'table\\/[\\w.-]+', 'the ARN of a DynamoDB table')
    .optional()
    .describe('Metadata table, for `dynamodb`.'),
});

export const serverSchema = z.strictObject({
  image: z
    .string()
    .regex(
      /^[\w.-]+(?::\d+)?\/[\w./-]+(?::[\w][\w.-]*|@sha256:[0-9a-f]{64})$/,
      'registry/name:tag or registry/name@sha256:…',
    )
    .refine((image) => !image.endsWith(':latest'), 'a fixed version, not latest')
    .default(LAKEFS_IMAGE)
    .describe('Image of lakeFS, for arm64, with its version.'),
  domain: domain.optional().describe('Name and certificate of the server.'),
  plainHttp: z
    .boolean()
    .default(false)
    .describe('Go without TLS and name. Internal only, and for trials: the key pair travels unencrypted in the VPC.'),
  access: z
    .enum(['internal', 'public'])
    .default('internal')
    .describe('Whether the load balancer has addresses of the VPC, or public ones for those whom `allowFrom` names.'),
  allowFrom: z
    .array(cidr)
    .refine((ranges) => ranges.every((range) => Number(range.split('/')[1]) >= 8), 'no range wider than /8')
    .default([])
    .describe('Address ranges that reach the server, besides functions and jobs.'),
  network: network.prefault({}).describe('Network of the server, the functions and the jobs.'),
  database: database.prefault({}).describe('Metadata store of lakeFS.'),
  tasks: tasks.prefault({}).describe('Tasks of lakeFS on Fargate.'),
  backupDays: z.int().min(7).max(35).default(35).describe('Days that backups of the metadata store are kept.'),
  adopt: adopt.optional().describe('Bucket, keys and secrets that an earlier deployment left.'),
  removeData: z
    .boolean()
    .default(false)
    .describe(
      'Delete bucket, metadata, keys, secrets with the stack; effective only with the context key `branchline:allow-data-loss` too.',
    ),
});

export type ServerConfig = z.infer<typeof serverSchema>;
