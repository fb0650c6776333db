/** Which pipeline a job belongs to, and what the configuration says about it. */
import type { CompiledConfig, PipelineConfig, RepositoryConfig, SchemaMode, TableConfig } from '../contract.ts';

/** `*` stands for any run of characters; everything else for itself. Linear in the length of both. */
export const matchesPattern = (pattern: string, name: string): boolean => {
  const parts = pattern.split('*');
  const first = parts[0] ?? '';
  if (parts.length === 1) return pattern === name;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  const last = parts.at(-1) ?? '';
  return name.length - last.length >= at && name.endsWith(last);
};

/** The first pipeline, in the order of the file, one of whose patterns matches; none for jobs of Branchline's own. */
export const pipelineOf = (config: CompiledConfig, job: string): PipelineConfig | undefined =>
  config.ownJobs?.includes(job) === true
    ? undefined
    : config.pipelines.find((pipeline) => pipeline.jobs.some((pattern) => matchesPattern(pattern, job)));

export const schemaModeOf = (pipeline: PipelineConfig | undefined): SchemaMode => pipeline?.schema ?? 'compatible';

export const repositoryOf = (config: CompiledConfig, name: string): RepositoryConfig | undefined =>
  config.repositories.find((repository) => repository.name === name);

export const tablesOf = (config: CompiledConfig, repository: string): readonly TableConfig[] =>
  repositoryOf(config, repository)?.tables ?? [];
