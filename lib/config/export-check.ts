/** What no single key says about exports, and what they become. */
import type * as z from 'zod';
import type { ExportConfig, ExportScope } from '../../lambdas/contract.ts';
import type { Fault } from './allowed.ts';
import { sparkSchema } from './export-schema.ts';
import type { Config } from './schema.ts';

type Export = Config['exports'][string];
type Repository = Config['repositories'][string];

const withSlash = (path: string): string => (path === '' || path.endsWith('/') ? path : `${path}/`);

const placeOf = (destination: string): { bucket: string; prefix: string } => {
  const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]+)\/?(.*)$/.exec(destination) ?? [];
  return { bucket, prefix: withSlash(prefix) };
};

const scopesOf = (entry: Export, repository: Repository | undefined): ExportScope[] => {
  const names = entry.tables ?? (entry.layout === 'hive' ? Object.keys(repository?.tables ?? {}) : undefined);
  if (names === undefined) return [{ path: entry.prefix ?? '', to: entry.prefix ?? '' }];
  return names
    .flatMap((name): ExportScope[] => {
      const table = repository?.tables[name];
      if (table === undefined) return [];
      const path = withSlash(table.path);
      return entry.layout === 'hive'
        ? [{ path, to: `${name}/`, partitionColumns: table.partitionColumns }]
        : [{ path, to: path }];
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
};

const GB = 10 ** 9;

const scaleOf = (scale: Export['scale']): Pick<ExportConfig, 'scale'> => {
  const { engine, aboveObjects, aboveGigabytes, chunkObjects, concurrency, toleratedFailurePercent } = scale;
  if (engine === 'lambda') return {};
  const aboveBytes = aboveGigabytes * GB;
  return {
    scale: {
      ...{ engine, aboveObjects, aboveBytes, chunkObjects, concurrency, toleratedFailurePercent },
      ...(engine === 'auto' ? { sparkAboveObjects: sparkOf(scale).aboveObjects } : {}),
    },
  };
};

export const usesSpark = ({ scale: { engine } }: Export): boolean => engine === 'spark' || engine === 'auto';

/** With defaults filled in. */
export const sparkOf = ({ spark }: Export['scale']): z.output<typeof sparkSchema> => spark ?? sparkSchema.parse({});

export const compileExports = (config: Config): ExportConfig[] =>
  Object.entries(config.exports).map(([name, entry]) => {
    const repository = config.repositories[entry.repository];
    const { tag, kmsKeyArn, storageClass } = entry;
    return {
      name,
      repository: entry.repository,
      ...(tag === undefined ? { target: entry.target ?? repository?.targets[0] ?? 'main' } : { tag }),
      scopes: scopesOf(entry, repository),
      ...placeOf(entry.destination),
      trigger: entry.when,
      delete: entry.delete,
      ...(kmsKeyArn === undefined ? {} : { kmsKeyArn }),
      ...(storageClass === undefined ? {} : { storageClass }),
      ...scaleOf(entry.scale),
    };
  });

export const exportFaults = (config: Config): Fault[] => {
  const seen: { readonly name: string; readonly uri: string }[] = [];
  return Object.entries(config.exports).flatMap(([name, entry]) => {
    const { bucket, prefix } = placeOf(entry.destination);
    const uri = `s3://${bucket}/${prefix}`;
    const faults = [
      ...ownFaults(name, entry, config),
      ...scaleFaults(name, entry),
      ...placeFaults(name, uri, seen, config),
    ];
    seen.push({ name, uri });
    return faults;
  });
};

const ownFaults = (name: string, entry: Export, config: Config): Fault[] => {
  const faults: Fault[] = [];
  const fault = (key: string, message: string): void => {
    faults.push({ path: ['exports', name, key], message });
  };
  const repository = config.repositories[entry.repository];
  if (repository === undefined) {
    fault('repository', `found "${entry.repository}"; allowed: ${Object.keys(config.repositories).join(', ')}`);
    return faults;
  }
  const { target, tag, tables, prefix, layout, when, schedule } = entry;
  if (target !== undefined && !repository.targets.includes(target))
    fault('target', `found "${target}"; allowed: a target of the repository: ${repository.targets.join(', ')}`);
  if (target !== undefined && tag !== undefined) fault('tag', 'found `target` and `tag`; allowed: one of them');
  if (tag !== undefined && when === 'promotion')
    fault('when', 'found "promotion" with `tag`, which no promotion moves; allowed: schedule, manual');
  if (tables !== undefined && prefix !== undefined)
    fault('prefix', 'found `tables` and `prefix`; allowed: one of them');
  if (layout === 'hive' && prefix !== undefined)
    fault('layout', 'found "hive" with `prefix`; it lays out tables alone');
  const known = Object.keys(repository.tables);
  for (const [index, table] of (tables ?? []).entries()) {
    const allowed = known.length === 0 ? 'none, the repository has no tables' : known.join(', ');
    if (!known.includes(table)) fault('tables', `found "${table}"; allowed: ${allowed}`);
    else if (tables?.indexOf(table) !== index) fault('tables', `found "${table}" twice; allowed: every table once`);
  }
  if (layout === 'hive' && tables === undefined && known.length === 0)
    fault('layout', 'found "hive" in a repository without tables');
  if ((schedule !== undefined) !== (when === 'schedule'))
    fault('schedule', '`when: schedule` and `schedule` belong together');
  return faults;
};

const scaleFaults = (name: string, entry: Export): Fault[] => {
  const { engine, spark, aboveObjects } = entry.scale;
  const at = ['exports', name, 'scale', 'spark'];
  if (spark === undefined) return [];
  if (!usesSpark(entry))
    return [
      { path: at, message: `found with engine "${engine}", which has no Spark job; allowed: with spark or auto` },
    ];
  if (engine === 'auto' && spark.aboveObjects <= aboveObjects) {
    const allowed = `more than \`aboveObjects\`, ${String(aboveObjects)}`;
    return [{ path: [...at, 'aboveObjects'], message: `found ${String(spark.aboveObjects)}; allowed: ${allowed}` }];
  }
  return [];
};

/** Two writers at one place would take each other's files for surplus; so would an export into the lake itself. */
const placeFaults = (
  name: string,
  uri: string,
  seen: readonly { readonly name: string; readonly uri: string }[],
  config: Config,
): Fault[] => {
  const overlaps = (other: string): boolean => uri.startsWith(other) || other.startsWith(uri);
  const fault = (what: string): Fault => ({
    path: ['exports', name, 'destination'],
    message: `found "${uri}"; it overlaps with ${what}`,
  });
  return [
    ...seen.filter((other) => overlaps(other.uri)).map((other) => fault(`export "${other.name}" at ${other.uri}`)),
    ...Object.entries(config.repositories)
      .filter(([, { storageNamespace }]) => overlaps(withSlash(storageNamespace)))
      .map(([repository, { storageNamespace }]) =>
        fault(`the storage namespace of repository "${repository}" at ${storageNamespace}`),
      ),
  ];
};
