/** From the configuration as written to the one that functions read: defaults filled in, durations in seconds. */
import {
  BACKUP_PREFIX,
  type CompiledConfig,
  exportJobPrefix,
  GARBAGE_PHASES,
  type GarbageCollectionConfig,
  garbageJobName,
  type ReplicationConfig,
  SCHEMA_VERSION,
} from '../../lambdas/contract.ts';
import { ageSeconds } from './collection-schema.ts';
import { drillPlacesOf } from './drill-check.ts';
import { withExamples } from './examples.ts';
import { compileExports, usesSpark } from './export-check.ts';
import { descriptorSettingsOf, publicationOf } from './publication-check.ts';
import { type Config, durationSeconds } from './schema.ts';
import { everySeconds } from './snapshot-schema.ts';

/** All targets of all repositories, where none is named. */
const snapshotTargetsOf = ({ repositories, snapshots }: Config): { repository: string; target: string }[] =>
  Object.entries(repositories)
    .flatMap(([repository, { targets }]) => targets.map((target) => ({ repository, target })))
    .filter(
      ({ repository, target }) =>
        snapshots.targets.length === 0 || snapshots.targets.includes(`${repository}/${target}`),
    );

/** Nothing where no jar was given: lakeFS's job cannot run. */
const garbageCollectionOf = ({ garbageCollection: of, repositories }: Config): GarbageCollectionConfig | undefined =>
  of.clientJar === undefined
    ? undefined
    : {
        everySeconds: everySeconds(of.every),
        repositories: of.repositories.length === 0 ? Object.keys(repositories) : of.repositories,
        sweep: of.sweep,
        approveWithinSeconds: durationSeconds(of.approveWithin),
        minAgeSeconds: ageSeconds(of.minAge),
        tags: of.tags,
        staleAfterSeconds: durationSeconds(of.staleAfter),
      };

const replicationOf = ({ replication: { to } }: Config): { replication?: ReplicationConfig } =>
  to === undefined
    ? {}
    : {
        replication: {
          region: to.region,
          everySeconds: durationSeconds(to.every),
          lateAfterSeconds: durationSeconds(to.lateAfter),
          buckets: to.buckets,
          backups: `s3://${to.backups}/${BACKUP_PREFIX}`,
          importedObjects: to.importedObjects,
        },
      };

/** Names of the Glue jobs that the stack may have: those of garbage collection and of exports. */
const ownJobsOf = ({ controlPlane: { prefix }, exports, garbageCollection }: Config): string[] => [
  ...(garbageCollection.clientJar === undefined ? [] : GARBAGE_PHASES.map((phase) => garbageJobName(prefix, phase))),
  ...Object.entries(exports)
    .filter(([, entry]) => usesSpark(entry))
    .map(([name]) => `${exportJobPrefix(prefix)}${name}`),
];

/** With what the examples need, where they are asked for. */
export const compileConfig = (config: Config): CompiledConfig => compile(withExamples(config));

const compile = (config: Config): CompiledConfig => ({
  schemaVersion: SCHEMA_VERSION,
  snapshots: {
    everySeconds: everySeconds(config.snapshots.every),
    targets: snapshotTargetsOf(config),
    retention: config.snapshots.keep,
    database: config.snapshots.database,
  },
  repositories: Object.entries(config.repositories).map(([name, repository]) => ({
    name,
    storageNamespace: repository.storageNamespace,
    defaultBranch: repository.defaultBranch,
    targets: repository.targets,
    garbageCollection: repository.garbageCollection,
    tables: Object.entries(repository.tables).map(([table, keys]) => {
      const { path, partitionColumns, overwrite, appendOnly } = keys;
      const publish = publicationOf(table, keys, repository);
      return {
        name: table,
        path: path.endsWith('/') ? path : `${path}/`,
        partitionColumns,
        overwrite,
        appendOnly,
        ...(publish === undefined ? {} : { publish }),
      };
    }),
    ...descriptorSettingsOf(repository),
  })),
  pipelines: Object.entries(config.pipelines).map(([name, pipeline]) => ({
    name,
    jobs: pipeline.jobs,
    repository: pipeline.repository,
    target: pipeline.target ?? config.repositories[pipeline.repository]?.targets[0] ?? 'main',
    onConflict: pipeline.onConflict,
    maxReruns: pipeline.maxReruns,
    keepFailedForSeconds: durationSeconds(pipeline.keepFailedFor),
    maxOpenSeconds: durationSeconds(pipeline.maxOpenFor),
    schema: pipeline.schema,
  })),
  ...(ownJobsOf(config).length === 0 ? {} : { ownJobs: ownJobsOf(config) }),
  exports: compileExports(config),
  drills: { everySeconds: everySeconds(config.drills.every), places: drillPlacesOf(config) },
  ...replicationOf(config),
  ...(garbageCollectionOf(config) === undefined ? {} : { garbageCollection: garbageCollectionOf(config) }),
});
