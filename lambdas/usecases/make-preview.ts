/**
 * Shows the tables of a repository at another ref, in a Glue database of its own: for a look at a run before its promotion, at a
 * snapshot, at what was there before. The ledger knows of it first, so that whatever is made can expire. Asked for again it goes
 * on where it was left, and follows a branch that moved.
 */
import type { CatalogPorts, PreviewPorts } from '../catalog-ports.ts';
import { SCHEMA_VERSION } from '../contract.ts';
import { repositoryOf, withTables } from '../domain/catalog/description.ts';
import {
  DEFAULT_TTL_SECONDS,
  MAX_PREVIEWS,
  PREVIEW_STATE,
  type Preview,
  previewName,
  tablesInPreview,
} from '../domain/catalog/preview.ts';
import { publishedTables, symlinkTableBeside, type TableDescriptor } from '../domain/catalog/table.ts';
import { BranchlineError } from '../domain/errors.ts';
import type { EpochMs } from '../domain/run.ts';
import { type PreviewWriter, takePreview } from './preview-entry.ts';
import { sparkPublisher, symlinkPublisher } from './publish-partitions.ts';
import { columnsAt } from './table-columns.ts';
import { wholeTable } from './table-source.ts';
import { describedAt } from './wanted-tables.ts';

export interface PreviewRequest {
  readonly ref: string;
  readonly repository?: string | undefined;
  /** Names in the configuration; all that are published without it. */
  readonly tables?: readonly string[] | undefined;
  readonly name?: string | undefined;
  readonly ttlSeconds?: number | undefined;
  readonly dryRun?: boolean | undefined;
}

export interface PreviewAnswer {
  readonly outcome: 'ready' | 'busy' | 'unfinished' | 'would-preview';
  readonly preview: Preview;
  /** Work on the branch that is not committed, and so not among the rows. */
  readonly hasUncommitted: boolean;
  /** Files in `_lakefs_tables/` of which it shows no table, or by what they say on the target. */
  readonly refused?: readonly { readonly file: string; readonly code: string; readonly message: string }[];
}

/** @param until no table is begun after that. */
export const makePreview = async (
  ports: PreviewPorts,
  request: PreviewRequest,
  until: EpochMs,
): Promise<PreviewAnswer> => {
  const repository = await chosenRepository(ports, request);
  const commit = await ports.lakefs.getCommit(repository, request.ref);
  if (commit === undefined) {
    throw new BranchlineError('BL3004', `${repository} has no branch, tag or commit ${JSON.stringify(request.ref)}`);
  }
  const { published, tables, refused } = await chosenTables(ports, repository, commit.id, request);
  const told = refused.length === 0 ? {} : { refused };
  const hasUncommitted = await isStaged(ports, repository, request.ref);
  const name = request.name ?? previewName(repository, request.ref);
  const found = await ports.previews.get(name);
  if (found !== undefined && found.state !== PREVIEW_STATE.DROPPED && found.repository !== repository) {
    throw new BranchlineError('BL7008', `"${name}" is a preview of ${found.repository}`);
  }
  const now = ports.clock.now();
  const isThere = found !== undefined && found.state !== PREVIEW_STATE.DROPPED;
  // Those that it shows already go along with the ref.
  const all = isThere
    ? published.filter((table) => tables.includes(table) || found.tables.includes(table.name))
    : tables;
  const next = {
    ...{ schemaVersion: SCHEMA_VERSION, name, state: PREVIEW_STATE.MAKING, repository, ref: request.ref },
    ...{ commit: commit.id, database: `${ports.previewDatabases}${name}`, tables: all.map((table) => table.name) },
    paths: [...new Set(all.map((table) => table.path))],
    createdAt: isThere ? found.createdAt : now,
    expiresAt: now + (request.ttlSeconds ?? DEFAULT_TTL_SECONDS) * 1000,
  };
  if (request.dryRun === true) {
    return { outcome: 'would-preview', preview: { ...next, version: 0, updatedAt: now }, hasUncommitted, ...told };
  }
  if (!isThere) await requireRoom(ports);
  if (found?.state === PREVIEW_STATE.DROPPING) return { outcome: 'busy', preview: found, hasUncommitted };
  const writer = await takePreview(ports, found, next);
  if (writer === undefined)
    return { outcome: 'busy', preview: found ?? { ...next, version: 0, updatedAt: now }, hasUncommitted };
  const { outcome, preview } = await show(ports, writer, all, until);
  return { outcome, preview, hasUncommitted, ...told };
};

const show = async (
  ports: PreviewPorts,
  writer: PreviewWriter,
  tables: readonly TableDescriptor[],
  until: EpochMs,
): Promise<{ outcome: 'ready' | 'unfinished'; preview: Preview }> => {
  const { entry } = writer;
  const [symlinks, spark] = [symlinkPublisher(), sparkPublisher()];
  const scoped: CatalogPorts = { ...ports, manifests: ports.previewManifests(entry.name) };
  for (const table of tablesInPreview(tables, entry.database)) {
    const { commit } = entry;
    const publish = table.spark === undefined ? symlinks : spark;
    const shown = await columnsAt(ports, table, commit);
    // No file tells any columns: there is nothing to show.
    if (shown.columns.length === 0) continue;
    const partitions = wholeTable(ports, shown, commit);
    const isLate = ports.clock.now() >= until;
    const done = isLate ? undefined : await publish(scoped, { table: shown, commit, partitions, isWhole: true, until });
    if (done?.outcome !== 'published') return { outcome: 'unfinished', preview: await writer.settle({}) };
  }
  return { outcome: 'ready', preview: await writer.settle({ state: PREVIEW_STATE.READY }) };
};

/** It would be there twice: previews are of symlinks. */
const isBeside = (tables: readonly TableDescriptor[], name: string): boolean =>
  tables.some((table) => symlinkTableBeside(tables, table)?.name === name);

/** @throws BL7005 where nothing is published; BL1001 where the repository has to be named. */
const chosenRepository = async (ports: PreviewPorts, { repository }: PreviewRequest): Promise<string> => {
  const config = await ports.config.load();
  const all = config.repositories
    .filter(({ name }) => name === (repository ?? name))
    .filter(({ name, targets, lakefsTables }) => {
      return lakefsTables !== undefined || targets.some((target) => publishedTables(config, name, target).length > 0);
    });
  const [only, ...others] = all;
  if (only === undefined) {
    throw new BranchlineError('BL7005', `nothing is published of ${repository ?? 'any repository'}`);
  }
  if (others.length > 0) {
    const allowed = all.map(({ name }) => name).join(', ');
    throw new BranchlineError('BL1001', `repository: found nothing; allowed: one of ${allowed}`);
  }
  return only.name;
};

interface ChosenTables {
  readonly published: readonly TableDescriptor[];
  readonly tables: readonly TableDescriptor[];
  readonly refused: NonNullable<PreviewAnswer['refused']>;
}

/** With those that the commit itself describes. @throws BL7005 where something is named that is not published there. */
const chosenTables = async (
  ports: PreviewPorts,
  repository: string,
  commit: string,
  { tables: names }: PreviewRequest,
): Promise<ChosenTables> => {
  const config = await ports.config.load();
  const described = await describedAt(ports, config, repository, commit);
  const all = withTables(config, repository, described?.tables ?? []);
  const published = (repositoryOf(all, repository)?.targets ?? []).flatMap((target) =>
    publishedTables(all, repository, target),
  );
  const known = published.map(({ name }) => name);
  const stranger = names?.find((name) => !known.includes(name));
  if (stranger !== undefined) {
    const there = known.join(', ') || 'nothing';
    throw new BranchlineError(
      'BL7005',
      `table "${stranger}" is not published at ${commit.slice(0, 12)}; published: ${there}`,
    );
  }
  return {
    published,
    tables: published.filter(({ name }) => names?.includes(name) ?? !isBeside(published, name)),
    refused: [...(described?.refused ?? [])].map(([file, { code, message }]) => ({ file, code, message })),
  };
};

/** A tag or commit has nothing staged; lakeFS says so by not knowing the branch. */
const isStaged = async (ports: PreviewPorts, repository: string, ref: string): Promise<boolean> => {
  if (!/^\w[-\w]*$/.test(ref) || (await ports.lakefs.getBranch(repository, ref)) === undefined) return false;
  for await (const _ of ports.lakefs.listStaged(repository, ref)) return true;
  return false;
};

const requireRoom = async (ports: PreviewPorts): Promise<void> => {
  let count = 0;
  for await (const { state } of ports.previews.list()) if (state !== PREVIEW_STATE.DROPPED) count += 1;
  if (count < MAX_PREVIEWS) return;
  throw new BranchlineError(
    'BL7006',
    `there are ${String(count)} previews, and at most ${String(MAX_PREVIEWS)} may be`,
  );
};
