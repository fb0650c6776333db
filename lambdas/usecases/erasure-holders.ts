/** Whoever may reach objects of a repository: branches with what is staged on them, tags, snapshots, tables, previews. */
import { type CompiledConfig, KEEPER_BRANCH_PREFIX, type RepositoryConfig, TAG_KEEPER_PREFIX } from '../contract.ts';
import type { Publication } from '../domain/catalog/publication.ts';
import { publishedTables } from '../domain/catalog/table.ts';
import type { Holder } from '../domain/erasure.ts';
import { repositoryOf } from '../domain/pipelines.ts';
import { formatRunKey, MOVING_STATES, type Run, WAITING_STATES } from '../domain/run.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { ErasurePorts } from '../erasure-ports.ts';
import { stillNamed } from './collection-refs.ts';
import { filesOfSnapshots } from './iceberg-needs.ts';
import { knownConfig } from './known-tables.ts';

/** A place to look at: a commit or a branch as it is; or files that somebody names. */
export interface Place {
  readonly ref?: string;
  /** Of the ref only what lies below; empty for all of it. */
  readonly prefix: string;
  readonly holder: Holder;
  files?(): AsyncIterable<readonly string[]>;
}

/** Branches of runs, settled ones too while they are kept. */
const runsByBranch = async ({ ledger }: ErasurePorts, repository: string): Promise<ReadonlyMap<string, Run>> => {
  const runs = new Map<string, Run>();
  const take = (run: Run): void => {
    if (run.repository !== repository) return;
    runs.set(run.branch, run);
    if (run.resolutionBranch !== undefined) runs.set(run.resolutionBranch, run);
  };
  for await (const run of ledger.listRuns({ needsCleanUp: true })) take(run);
  for await (const run of ledger.listRuns({ states: [...MOVING_STATES, ...WAITING_STATES], repository })) take(run);
  return runs;
};

const ACTIVE: readonly Run['state'][] = [...MOVING_STATES, ...WAITING_STATES];

/** Those that have not begun to go: the others are on their way out. */
const snapshotsOf = async ({ snapshots }: ErasurePorts, repository: string): Promise<readonly Snapshot[]> => {
  const found: Snapshot[] = [];
  for await (const snapshot of snapshots.list({ repository })) found.push(snapshot);
  return found;
};

const ofBranches = async (
  ports: ErasurePorts,
  { name: repository, targets }: RepositoryConfig,
  keepers: ReadonlyMap<string, Holder>,
): Promise<Place[]> => {
  const runs = await runsByBranch(ports, repository);
  const places: Place[] = [];
  for await (const { id: name, commitId: ref } of ports.lakefs.listBranches(repository, '')) {
    const run = runs.get(name);
    const own = run === undefined ? undefined : { run: formatRunKey(run), hasEnded: !ACTIVE.includes(run.state) };
    const keeper = keepers.get(name);
    const isTagKeeper = name.startsWith(TAG_KEEPER_PREFIX);
    if (targets.includes(name)) places.push({ ref, prefix: '', holder: { kind: 'target', name } });
    else if (keeper !== undefined) places.push({ ref, prefix: '', holder: keeper });
    else if (isTagKeeper) places.push({ ref, prefix: '', holder: { kind: 'tag-keeper', name } });
    else if (own !== undefined) places.push({ ref, prefix: '', holder: { kind: 'run', name, ...own } });
    else places.push({ ref, prefix: '', holder: { kind: 'branch', name } });
    // Protected ones, and those that keep objects, take no staged work.
    if (targets.includes(name) || name.startsWith(KEEPER_BRANCH_PREFIX)) continue;
    places.push({ ref: name, prefix: '', holder: { kind: 'staged', name } });
  }
  return places;
};

/** Tables that nobody asks for any more are in Glue still, until somebody takes them out. */
const leftBy = (ports: ErasurePorts, repository: string, publication: Publication | undefined): Place[] =>
  Object.entries(publication?.tables ?? {}).flatMap(
    ([table, { left, commit, towards, path: prefix = '', snapshot, shownAs = [] }]) => {
      if (left === undefined || publication === undefined) return [];
      const name = shownAs.at(-1) ?? table;
      const places: Place[] = [];
      for (const ref of [commit, towards])
        if (ref !== undefined) places.push({ ref, prefix, holder: { kind: 'table', name } });
      if (snapshot === undefined) return places;
      for (const shown of shownAs) {
        const at = shown.indexOf('.');
        const of = { repository, target: publication.branch, name: table };
        const glue = { ...of, database: shown.slice(0, at), tableName: shown.slice(at + 1) };
        places.push({ prefix: '', holder: { kind: 'iceberg', name: shown }, files: () => stillNamed(ports, glue) });
      }
      return places;
    },
  );

const ofReaders = async (
  ports: ErasurePorts,
  config: CompiledConfig,
  { name: repository, targets, tables }: RepositoryConfig,
): Promise<Place[]> => {
  const places: Place[] = [];
  for (const target of targets) {
    const shown = await ports.publications.get(repository, target);
    for (const table of publishedTables(config, repository, target)) {
      const name = `${table.database}.${table.tableName}`;
      const { commit, towards, snapshot } = shown?.tables[table.name] ?? {};
      for (const ref of [commit, towards])
        if (ref !== undefined) places.push({ ref, prefix: table.path, holder: { kind: 'table', name } });
      // One that the configuration does not want as an Iceberg table any more is one until it is switched.
      if (table.iceberg === undefined && snapshot === undefined) continue;
      places.push({ prefix: '', holder: { kind: 'iceberg', name }, files: () => filesOfSnapshots(ports, table) });
    }
    places.push(...leftBy(ports, repository, shown));
  }
  for await (const { name, commit: ref, repository: of, tables: shown, paths } of ports.previews.list()) {
    if (of !== repository) continue;
    const pathOf = (table: string): string | undefined => tables.find((each) => each.name === table)?.path;
    for (const prefix of paths ?? shown.flatMap((table) => pathOf(table) ?? []))
      places.push({ ref, prefix, holder: { kind: 'preview', name } });
  }
  return places;
};

export const placesOf = async (
  ports: ErasurePorts,
  repository: RepositoryConfig,
): Promise<{ readonly places: readonly Place[]; readonly snapshots: readonly Snapshot[] }> => {
  const snapshots = await snapshotsOf(ports, repository.name);
  const keepers = new Map<string, Holder>();
  const tags = new Map<string, Holder>();
  for (const { id: name, keeperBranch, hold } of snapshots) {
    const holder: Holder = { kind: 'snapshot', name, ...(hold === undefined ? {} : { hold }) };
    keepers.set(keeperBranch, holder);
    tags.set(name, holder);
  }
  const places = await ofBranches(ports, repository, keepers);
  for await (const { id: name, commitId: ref } of ports.lakefs.listTags(repository.name, ''))
    places.push({ ref, prefix: '', holder: tags.get(name) ?? { kind: 'tag', name } });
  const known = await knownConfig(ports, repository.name);
  places.push(...(await ofReaders(ports, known, repositoryOf(known, repository.name) ?? repository)));
  return { places, snapshots };
};
