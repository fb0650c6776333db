/** The compiled configuration: an S3 object that the deployment wrote, since 500 pipelines do not fit into an environment variable. */
import * as z from 'zod/mini';
import {
  type CompiledConfig,
  EXPORT_ENGINES,
  EXPORT_TRIGGERS,
  ON_CONFLICT,
  PUBLISHERS,
  SCHEMA_MODES,
  SCHEMA_VERSION,
  SPARK_SCHEMES,
  TABLE_FORMATS,
} from '../contract.ts';
import { BranchlineError } from '../domain/errors.ts';
import { describeIssues } from '../issues.ts';
import type { ConfigSource } from '../ports.ts';

/** How tables are shown, whoever describes them. */
const SHOWN = {
  database: z.string(),
  target: z.string(),
  format: z.enum(TABLE_FORMATS),
  filesBelow: z.optional(z.string()),
  publisher: z.exactOptional(z.enum(PUBLISHERS)),
  historySeconds: z.exactOptional(z.number()),
  spark: z.exactOptional(z.object({ scheme: z.enum(SPARK_SCHEMES), pin: z.exactOptional(z.literal(true)) })),
};

/** The object comes from our own deployment: this tells a truncated or foreign object, the words of the file were checked there. */
const compiledConfig = z.object({
  schemaVersion: z.int().check(z.gte(1), z.lte(SCHEMA_VERSION)),
  repositories: z.array(
    z.object({
      name: z.string(),
      storageNamespace: z.string(),
      defaultBranch: z.string(),
      targets: z.array(z.string()),
      garbageCollection: z.object({ defaultRetentionDays: z.number(), branches: z.record(z.string(), z.number()) }),
      tables: z.array(
        z.object({
          name: z.string(),
          path: z.string(),
          partitionColumns: z.array(z.string()),
          overwrite: z.enum(['partition', 'table']),
          appendOnly: z.boolean(),
          publish: z.optional(
            z.object({
              ...SHOWN,
              tableName: z.string(),
              columns: z.array(z.object({ name: z.string(), type: z.string() })),
              partitionTypes: z.record(z.string(), z.string()),
            }),
          ),
        }),
      ),
      lakefsTables: z.exactOptional(z.object(SHOWN)),
    }),
  ),
  snapshots: z.optional(
    z.object({
      everySeconds: z.number(),
      targets: z.array(z.object({ repository: z.string(), target: z.string() })),
      retention: z.object({
        ...{ last: z.number(), hourly: z.number(), daily: z.number() },
        ...{ weekly: z.number(), monthly: z.number(), yearly: z.number() },
      }),
      database: z.boolean(),
    }),
  ),
  pipelines: z.array(
    z.object({
      name: z.string(),
      jobs: z.array(z.string()),
      repository: z.string(),
      target: z.string(),
      onConflict: z.enum(ON_CONFLICT),
      maxReruns: z.number(),
      keepFailedForSeconds: z.number(),
      maxOpenSeconds: z.number(),
      schema: z.optional(z.enum(SCHEMA_MODES)),
    }),
  ),
  garbageCollection: z.optional(
    z.object({
      ...{ everySeconds: z.number(), repositories: z.array(z.string()), sweep: z.enum(['approval', 'automatic']) },
      ...{ approveWithinSeconds: z.number(), minAgeSeconds: z.number(), staleAfterSeconds: z.number() },
      tags: z.enum(['keep', 'lose']),
    }),
  ),
  drills: z.optional(
    z.object({ everySeconds: z.number(), places: z.array(z.object({ repository: z.string(), root: z.string() })) }),
  ),
  replication: z.optional(
    z.object({
      ...{ region: z.string(), everySeconds: z.number(), lateAfterSeconds: z.number() },
      ...{ buckets: z.record(z.string(), z.string()), backups: z.string() },
      importedObjects: z.enum(['refuse', 'accept']),
    }),
  ),
  ownJobs: z.exactOptional(z.array(z.string())),
  exports: z.optional(
    z.array(
      z.object({
        name: z.string(),
        repository: z.string(),
        target: z.optional(z.string()),
        tag: z.optional(z.string()),
        scopes: z.array(
          z.object({ path: z.string(), to: z.string(), partitionColumns: z.optional(z.array(z.string())) }),
        ),
        bucket: z.string(),
        prefix: z.string(),
        trigger: z.enum(EXPORT_TRIGGERS),
        delete: z.boolean(),
        kmsKeyArn: z.optional(z.string()),
        storageClass: z.optional(z.string()),
        scale: z.optional(
          z.object({
            ...{ engine: z.enum(EXPORT_ENGINES), aboveObjects: z.number(), aboveBytes: z.number() },
            ...{ chunkObjects: z.number(), concurrency: z.number(), toleratedFailurePercent: z.number() },
            sparkAboveObjects: z.exactOptional(z.number()),
          }),
        ),
      }),
    ),
  ),
});

/** @throws BL1002 naming the place in the object, and what to do. */
export const parseConfig = (text: string, uri: string): CompiledConfig => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BranchlineError('BL1002', `${uri} is not JSON (${String(error)}); deploy again`, { cause: error });
  }
  const parsed = compiledConfig.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new BranchlineError('BL1002', `${describeIssues(parsed.error, value, uri)}; deploy again`);
};

const parseUri = (uri: string): readonly [bucket: string, key: string] => {
  const match = /^s3:\/\/([^/]+)\/(.+)$/.exec(uri);
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new BranchlineError('BL1002', `configuration lies at "${uri}", expected s3://bucket/key`);
  }
  return [match[1], match[2]];
};

/**
 * Read once in the life of a container; a deployment that changes the configuration names another object.
 * @param read the content of an S3 object as text.
 */
export const createConfigSource = (options: {
  readonly read: (bucket: string, key: string) => Promise<string>;
  readonly uri: string;
}): ConfigSource => {
  let loaded: Promise<CompiledConfig> | undefined;
  const load = async (): Promise<CompiledConfig> =>
    parseConfig(await options.read(...parseUri(options.uri)), options.uri);
  return {
    load() {
      loaded ??= load().catch((error: unknown) => {
        // What failed once may work the next time.
        loaded = undefined;
        throw error;
      });
      return loaded;
    },
  };
};
