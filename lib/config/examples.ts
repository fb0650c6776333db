/** What `examples: true` adds to a configuration: a pipeline for the example jobs, and the tables that they read through Glue's catalog. */
import { glueNameOf, SPARK_SUFFIX } from '../../lambdas/contract.ts';
import type { Fault } from './allowed.ts';
import type { Config } from './schema.ts';

/** Names of the example jobs. */
export const exampleJobName = (prefix: string, name: string): string => `${prefix}-example-${name}`;

/** Glue database of the examples' tables. */
export const exampleDatabase = (prefix: string): string => glueNameOf(exampleJobName(prefix, 'tables'));

export type ExampleWay = 's3a' | 'lakefs';

/** What the jobs by one way write: the prefix in the repository, and the name in Glue. */
export const exampleTable = (way: ExampleWay): string => `example_${way}`;

/** The same as the reading job finds it in Glue's catalog. */
export const exampleSparkTable = (prefix: string, way: ExampleWay): string =>
  `${exampleDatabase(prefix)}.${exampleTable(way)}${SPARK_SUFFIX}`;

type Table = Config['repositories'][string]['tables'][string];

/** One of each kind, so that both are seen: at the head of the target, and at the commit that the table shows. */
const SPARK: Readonly<Record<ExampleWay, Table['sparkTable']>> = {
  s3a: { scheme: 's3a', pin: false },
  lakefs: { scheme: 'lakefs', pin: true },
};

const tableOf = (prefix: string, way: ExampleWay): Table => ({
  path: `${exampleTable(way)}/`,
  partitionColumns: ['day'],
  overwrite: 'partition',
  appendOnly: false,
  database: exampleDatabase(prefix),
  publish: 'symlink',
  sparkTable: SPARK[way],
  format: 'parquet',
  columns: {},
  partitionTypes: {},
});

/** Without lakeFS's jar nothing is written by `lakefs://`. */
const waysOf = ({ jobs }: Config): readonly ExampleWay[] =>
  jobs.lakefsJar === undefined ? ['s3a'] : ['s3a', 'lakefs'];

/** That of the examples: the file's first. */
const repositoryOf = (config: Config) => (config.examples ? Object.entries(config.repositories)[0] : undefined);

/** The configuration as if the file had named what the examples need. Their pipeline is the last: it takes no job from another. */
export const withExamples = (config: Config): Config => {
  const [name, repository] = repositoryOf(config) ?? [];
  if (name === undefined || repository === undefined) return config;
  const { prefix } = config.controlPlane;
  const tables = Object.fromEntries(waysOf(config).map((way) => [exampleTable(way), tableOf(prefix, way)]));
  const pipeline: Config['pipelines'][string] = {
    jobs: [exampleJobName(prefix, '*')],
    repository: name,
    onConflict: 'keep',
    maxReruns: 1,
    keepFailedFor: '0s',
    maxOpenFor: '12h',
    schema: 'compatible',
  };
  return {
    ...config,
    repositories: { ...config.repositories, [name]: { ...repository, tables: { ...tables, ...repository.tables } } },
    pipelines: { ...config.pipelines, 'branchline-examples': pipeline },
  };
};

/** A table of the file has the name of one of the examples'. */
export const exampleFaults = (config: Config): Fault[] => {
  const [name = '', repository] = repositoryOf(config) ?? [];
  return waysOf(config)
    .map(exampleTable)
    .filter((table) => Object.hasOwn(repository?.tables ?? {}, table))
    .map((table) => ({
      path: ['repositories', name, 'tables', table],
      message: `found "${table}"; allowed: another name: with \`examples: true\` it is that of an example`,
    }));
};
