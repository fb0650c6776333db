/**
 * The columns of what a run wrote, compared with those of the tables that it wrote to. Read while the run settles, so that no
 * promotion waits for it; decided when it is promoted, one at a time per target.
 */
import type { CompiledConfig } from '../contract.ts';
import { compareFile, type SchemaChange } from '../domain/catalog/columns.ts';
import { arrange, DESCRIPTIONS, descriptionsOf, inOrder, withTables } from '../domain/catalog/description.ts';
import { crossing, distinctChanges, refusedBy, schemaCause } from '../domain/catalog/evolution.ts';
import { parquetTables, type TableDescriptor } from '../domain/catalog/table.ts';
import type { Commit } from '../domain/lakefs.ts';
import { pipelineOf, schemaModeOf } from '../domain/pipelines.ts';
import { promotionBaseOf } from '../domain/promotion.ts';
import { type Cause, formatRunKey, type Run } from '../domain/run.ts';
import { Spread } from '../domain/spread.ts';
import type { Ports } from '../ports.ts';
import { type FooterMemory, rememberFooters } from './footer-memory.ts';
import { noteFooters } from './footer-notes.ts';
import { readDescriptions } from './read-descriptions.ts';
import { broughtBy } from './run-of-commit.ts';
import { changedFiles, type FileOfTable, MAX_FILES_READ, readFiles } from './table-files.ts';

/** Of a table whose refresh reads all of them anyway. */
export const MAX_FILES_NOTED = 10_000;

/**
 * @param commit the run's commit.
 * @param partitions that it changed.
 */
export const schemaChangesOf = async (
  ports: Ports,
  run: Run,
  commit: string,
  partitions: readonly string[],
): Promise<readonly SchemaChange[]> => {
  const configured = await ports.config.load();
  if (schemaModeOf(pipelineOf(configured, run.job)) === 'off') return [];
  const config = await withDescribed(ports, configured, run, commit, partitions);
  // A table and the one beside it have the same files.
  const footers = rememberFooters(ports.lakefs);
  const changes: SchemaChange[] = [];
  for (const table of parquetTables(config, run.repository)) {
    if (!partitions.some((partition) => partition.startsWith(table.path))) continue;
    changes.push(...(await changesOfTable({ ...ports, footers }, run, table, commit)));
  }
  return distinctChanges(changes);
};

/** With the tables that the repository describes; those of the run, where it brings descriptions itself. */
const withDescribed = async (
  ports: Ports,
  config: CompiledConfig,
  { repository, target }: Run,
  commit: string,
  partitions: readonly string[],
): Promise<CompiledConfig> => {
  const settings = descriptionsOf(config, repository, target);
  if (settings === undefined) return config;
  const known = await ports.ledger.getDescriptions(repository, target);
  const isNew = partitions.some((partition) => partition.startsWith(DESCRIPTIONS));
  const where = { repository, commit };
  const found = isNew ? await readDescriptions(ports, where, settings.format === 'parquet', known) : known;
  const ordered = inOrder(found, arrange(config, repository, settings, known).shown);
  return withTables(config, repository, arrange(config, repository, settings, ordered).tables);
};

const changesOfTable = async (
  ports: Ports & { readonly footers: FooterMemory },
  run: Run,
  table: TableDescriptor,
  commit: string,
): Promise<readonly SchemaChange[]> => {
  const isGiven = table.infers !== true;
  const known = isGiven ? table.columns : await ports.ledger.getColumns(run.repository, run.target, table.name);
  const keep = table.iceberg !== undefined && table.target === run.target ? ports.keepFooters : undefined;
  const most = keep === undefined ? MAX_FILES_READ : MAX_FILES_NOTED;
  const files = await changedFiles(ports, table, run.baseCommit, commit, undefined, most);
  const some = new Spread<FileOfTable>(MAX_FILES_READ);
  for (const file of files) some.add(file);
  const read = await readFiles(ports, run.repository, commit, some.kept);
  if (keep !== undefined) await noteFooters(ports, { keep, memory: ports.footers }, table, commit, files);
  ports.log.info('columns of the run', { run: formatRunKey(run), table: table.name, files: read.length });
  const options = { table: table.name, partitionColumns: table.partitionColumns.map(({ name }) => name), isGiven };
  return read.flatMap((file) => compareFile(known ?? [], file, options));
};

/**
 * Why the run's columns keep it from being promoted.
 * @param newestFirst first-parent log from the head that the run goes onto, back to its base commit, which comes last.
 */
export const schemaObjection = async (
  ports: Ports,
  run: Run,
  newestFirst: readonly Commit[],
): Promise<Cause | undefined> => {
  const mine = run.schemaChanges ?? [];
  if (mine.length === 0 || run.schemaAccepted === true) return undefined;
  const mode = schemaModeOf(pipelineOf(await ports.config.load(), run.job));
  const refused = refusedBy(mode, mine);
  if (refused.length > 0) return schemaCause(refused);
  for (const commit of newestFirst.slice(0, -1)) {
    const other = await broughtBy(ports, run.repository, commit);
    if (other === undefined || formatRunKey(other) === formatRunKey(run)) continue;
    const crossed = crossing(mine, other.schemaChanges ?? [], mode);
    if (crossed.length === 0) continue;
    const { code, message } = schemaCause(crossed);
    return { code, message: `${message}, by run ${formatRunKey(other)} since` };
  }
  return undefined;
};

/** Looked at again, where the table may have changed meanwhile. */
export const schemaChangesAgain = async (ports: Ports, run: Run): Promise<readonly SchemaChange[]> => {
  const commit = run.originalCommit ?? run.runCommit ?? promotionBaseOf(run);
  return schemaChangesOf(ports, run, commit, (await ports.ledger.getChanges(run, run.runCommit ?? '')) ?? []);
};
