/**
 * Everything that shows objects of a repository: heads of branches with what is staged on them, tags, the commits that published tables
 * and previews show, and the files that snapshots of Iceberg tables name. Sweeps are held against it before, and it is read back after.
 */
import type { CollectionPorts } from '../collection-ports.ts';
import { type CompiledConfig, KEEPER_BRANCH_PREFIX, type RepositoryConfig } from '../contract.ts';
import { atOnce } from '../domain/at-once.ts';
import type { Publication } from '../domain/catalog/publication.ts';
import { publishedTables } from '../domain/catalog/table.ts';
import { shortCommit } from '../domain/collection.ts';
import { isBranchlineError } from '../domain/errors.ts';
import type { EpochMs } from '../domain/run.ts';
import { ownersOfBranches } from './collection-guards.ts';
import type { CollectionWorker } from './collection-worker.ts';
import { filesOfSnapshots } from './iceberg-needs.ts';
import type { GlueTable } from './iceberg-table.ts';
import { knownConfig } from './known-tables.ts';

export interface ShownObject {
  readonly path: string;
  readonly address: string;
}

export interface Showing {
  /** `branch main`, `tag v1`, `table lake.sales`. */
  readonly where: string;
  /** The same key shows the same objects for ever; absent where they may change. */
  readonly key?: string;
  /** In pages, of what has a key from behind a path on. Nothing where it is gone meanwhile. */
  objects(after?: string): AsyncIterable<readonly ShownObject[]>;
}

const PAGE = 1000;

async function* ofRef(
  ports: CollectionPorts,
  repository: string,
  ref: string,
  { prefix = '', after }: { readonly prefix?: string; readonly after?: string | undefined } = {},
): AsyncIterable<readonly ShownObject[]> {
  let page: ShownObject[] = [];
  const options = { prefix, ...(after === undefined ? {} : { after }) };
  try {
    for await (const { path, physicalAddress } of ports.lakefs.listObjects(repository, ref, options)) {
      page.push({ path, address: physicalAddress });
      if (page.length < PAGE) continue;
      yield page;
      page = [];
    }
  } catch (error) {
    // Its branch was deleted since it was listed: it shows nothing any more.
    if (!isBranchlineError(error, 'BL3004')) throw error;
  }
  if (page.length > 0) yield page;
}

const atCommit = (ports: CollectionPorts, repository: string, where: string, commit: string, prefix = ''): Showing => ({
  where,
  key: `${shortCommit(commit)}${prefix === '' ? '' : `/${prefix}`}`,
  objects: (after) => ofRef(ports, repository, commit, { prefix, after }),
});

/**
 * Branches on which something may be staged that lakeFS's own list leaves out are looked at as they are; protected ones take no staged
 * work, and what is younger than the minimum age is in no danger.
 */
const ofBranches = async (
  ports: CollectionPorts,
  { name: repository, targets }: RepositoryConfig,
  young: EpochMs,
): Promise<Showing[]> => {
  const owners = await ownersOfBranches(ports, repository);
  const found: Showing[] = [];
  for await (const { id, commitId } of ports.lakefs.listBranches(repository, '')) {
    found.push(atCommit(ports, repository, `branch ${id}`, commitId));
    const openedAt = owners.get(id)?.openedAt ?? 0;
    if (targets.includes(id) || id.startsWith(KEEPER_BRANCH_PREFIX) || openedAt > young) continue;
    found.push({ where: `branch ${id}, staged`, objects: () => ofRef(ports, repository, id) });
  }
  return found;
};

async function* namedFiles(files: AsyncIterable<readonly string[]>): AsyncIterable<readonly ShownObject[]> {
  for await (const page of files) yield page.map((address) => ({ path: address, address }));
}

/**
 * Tables that nobody asks for any more are in Glue still, until somebody takes them out. Below which path their files lie an entry of an earlier
 * version does not say: then all of the commit counts.
 */
const leftBy = (ports: CollectionPorts, repository: string, publication: Publication | undefined): Showing[] =>
  Object.entries(publication?.tables ?? {}).flatMap(
    ([name, { left, commit, towards, path, snapshot, shownAs = [] }]) => {
      if (left === undefined) return [];
      const found: Showing[] = [];
      const where = `table ${shownAs.at(-1) ?? name}, which was left`;
      for (const each of [commit, towards]) {
        if (each !== undefined) found.push(atCommit(ports, repository, where, each, path));
      }
      if (snapshot === undefined || publication === undefined) return found;
      const { branch: target } = publication;
      for (const shown of shownAs) {
        const at = shown.indexOf('.');
        const table = { repository, target, name, database: shown.slice(0, at), tableName: shown.slice(at + 1) };
        found.push({ where: `snapshots of ${where}`, objects: () => namedFiles(stillNamed(ports, table)) });
      }
      return found;
    },
  );

/** Nothing where the name is somebody else's by now, or where its database is not ours to look at any more: the commit counts all the same. */
export async function* stillNamed(
  ports: Pick<CollectionPorts, 'catalog' | 'iceberg' | 'log'>,
  table: GlueTable,
): AsyncIterable<readonly string[]> {
  try {
    yield* filesOfSnapshots(ports, table);
  } catch (error) {
    if (!isBranchlineError(error, 'BL4002', 'BL7001')) throw error;
    ports.log.warn('snapshots of a table that was left are not looked at', {
      table: table.name,
      reason: error.message,
    });
  }
}

/** What readers see may lag behind the head, or be older on purpose: of each table what lies below its own path. */
const ofReaders = async (
  ports: CollectionPorts,
  config: CompiledConfig,
  { name: repository, targets, tables }: RepositoryConfig,
): Promise<Showing[]> => {
  const found: Showing[] = [];
  const pathOf = (name: string): string | undefined => tables.find((table) => table.name === name)?.path;
  for (const target of targets) {
    const shown = await ports.publications.get(repository, target);
    for (const table of publishedTables(config, repository, target)) {
      const where = `table ${table.database}.${table.tableName}`;
      const { commit, towards, snapshot } = shown?.tables[table.name] ?? {};
      for (const each of [commit, towards]) {
        if (each !== undefined) found.push(atCommit(ports, repository, where, each, table.path));
      }
      // One that the configuration does not want as an Iceberg table any more is one until it is switched.
      if (table.iceberg === undefined && snapshot === undefined) continue;
      found.push({ where: `snapshots of ${where}`, objects: () => namedFiles(filesOfSnapshots(ports, table)) });
    }
    found.push(...leftBy(ports, repository, shown));
  }
  for await (const { name, commit, repository: of, tables: shown, paths } of ports.previews.list()) {
    if (of !== repository) continue;
    for (const path of paths ?? shown.flatMap((table) => pathOf(table) ?? []))
      found.push(atCommit(ports, repository, `preview ${name}`, commit, path));
  }
  return found;
};

/** What was staged less than the minimum age before the list was made is not on it. Where tags are not kept their objects may go. */
export const everythingShown = async (
  ports: CollectionPorts,
  { repository, settings, current }: Pick<CollectionWorker, 'repository' | 'settings' | 'current'>,
): Promise<readonly Showing[]> => {
  const markedAt = current.mark?.intendedAt ?? current.requestedAt;
  const found = await ofBranches(ports, repository, markedAt - settings.minAgeSeconds * 1000);
  if (settings.tags === 'keep') {
    for await (const { id, commitId } of ports.lakefs.listTags(repository.name, ''))
      found.push(atCommit(ports, repository.name, `tag ${id}`, commitId));
  }
  return [...found, ...(await ofReaders(ports, await knownConfig(ports, repository.name), repository))];
};

const AT_ONCE = 4;
/** How often progress is written down: a ref of a large lake takes seconds. */
export const SAVE_EVERY_MS = 20_000;

/**
 * Looks at each of them once, some at a time, and leaves out whose key is done already.
 * @param look answers whether to go on with this one, and the others
 * @returns `whole`, or what stopped it.
 */
export const lookAtAll = async (
  all: readonly Showing[],
  options: {
    readonly done: Set<string>;
    /** By key how far those are that were not looked at to their end. */
    readonly reached: Map<string, string>;
    isTimeUp(): boolean;
    look(showing: Showing, page: readonly ShownObject[]): Promise<boolean>;
    /** After each that was looked at to its end. */
    ended(showing: Showing): Promise<void>;
  },
): Promise<'whole' | 'stopped' | 'time-up'> => {
  const { done, reached } = options;
  const taken = new Set(done);
  const left = all.filter(({ key }) => {
    if (key === undefined) return true;
    if (taken.has(key)) return false;
    taken.add(key);
    return true;
  });
  let outcome: 'whole' | 'stopped' | 'time-up' = 'whole';
  await atOnce(AT_ONCE, left, async (showing) => {
    if (outcome !== 'whole') return;
    const { key } = showing;
    for await (const page of showing.objects(key === undefined ? undefined : reached.get(key))) {
      if (outcome === 'whole' && options.isTimeUp()) outcome = 'time-up';
      if (outcome === 'whole' && !(await options.look(showing, page))) outcome = 'stopped';
      if (outcome !== 'whole') return;
      const last = page.at(-1)?.path;
      if (key !== undefined && last !== undefined) reached.set(key, last);
    }
    if (outcome !== 'whole') return;
    if (key !== undefined) {
      done.add(key);
      reached.delete(key);
    }
    await options.ended(showing);
  });
  return outcome;
};
