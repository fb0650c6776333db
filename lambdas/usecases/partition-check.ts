/** What a run and its target both changed since the run began. */
import type { Commit } from '../domain/lakefs.ts';
import { clashingPartitions, MAX_CLASHES, partitionClashes, partitionOf } from '../domain/partitions.ts';
import { tablesOf } from '../domain/pipelines.ts';
import { promotionBaseOf } from '../domain/promotion.ts';
import type { Clash, Run } from '../domain/run.ts';
import type { Ports } from '../ports.ts';
import { changesOfCommits, historySince, partitionsBetween } from './target-history.ts';

/** The partitions that the run changed: from the ledger, or by a diff where the ledger's list was lost. */
export const partitionsOfRun = async (ports: Ports, run: Run): Promise<readonly string[]> => {
  if (run.runCommit === undefined) return [];
  const recorded = await ports.ledger.getChanges(run, run.runCommit);
  if (recorded !== undefined) return recorded;
  return partitionsBetween(ports, run.repository, promotionBaseOf(run), run.runCommit);
};

/** Clashes of the run with these commits of the target. */
export const clashesSince = async (ports: Ports, run: Run, commits: readonly Commit[]): Promise<readonly Clash[]> => {
  if (commits.length === 0) return [];
  const mine = await partitionsOfRun(ports, run);
  const tables = tablesOf(await ports.config.load(), run.repository);
  const changes = await changesOfCommits(ports, run.repository, commits);
  const all = new Set([...changes.values()].flatMap(({ partitions }) => partitions));
  // The rule in one go; who it was is asked where there is anybody.
  if (clashingPartitions(mine, [...all], tables).length === 0) return [];
  const clashes: Clash[] = [];
  for (const commit of commits) {
    const theirs = changes.get(commit.id);
    if (theirs === undefined) continue;
    const origin = { commit: commit.id, ...(theirs.run === undefined ? {} : { run: theirs.run }) };
    clashes.push(...partitionClashes(clashingPartitions(mine, theirs.partitions, tables), origin));
    if (clashes.length >= MAX_CLASHES) break;
  }
  return clashes.slice(0, MAX_CLASHES);
};

/** Commits that are looked at in search of who changed a path. */
const MAX_LOOKS = 50;

/** The object paths that lakeFS itself refuses to merge, and who changed them. Its 409 names none; the three-dot diff does. */
export const pathClashes = async (ports: Ports, run: Run): Promise<readonly Clash[]> => {
  const paths: string[] = [];
  for await (const change of ports.lakefs.diff(run.repository, run.target, run.runCommit ?? run.branch, {
    type: 'three_dot',
  })) {
    if (change.type === 'conflict') paths.push(change.path);
    if (paths.length >= MAX_CLASHES) break;
  }
  const { newestFirst } = await historySince(ports, run.repository, run.target, promotionBaseOf(run));
  const commits = newestFirst.slice(0, -1);
  const changes = await changesOfCommits(ports, run.repository, commits);
  const tables = tablesOf(await ports.config.load(), run.repository);
  const looks = { left: MAX_LOOKS };
  const clashes: Clash[] = [];
  for (const path of paths) {
    const partition = partitionOf(path, tables);
    const suspects = commits.filter(
      ({ id }) => partition === undefined || changes.get(id)?.partitions.includes(partition) === true,
    );
    const commit = await changerOf(ports, run.repository, path, suspects, looks);
    const who = commit === undefined ? undefined : changes.get(commit)?.run;
    clashes.push({
      kind: 'path',
      what: path,
      ...(commit === undefined ? {} : { commit }),
      ...(who === undefined ? {} : { run: who }),
    });
  }
  return clashes;
};

const changerOf = async (
  ports: Ports,
  repository: string,
  path: string,
  suspects: readonly Commit[],
  looks: { left: number },
): Promise<string | undefined> => {
  for (const { id, parents } of suspects) {
    const parent = parents[0];
    if (parent === undefined || looks.left <= 0) return undefined;
    looks.left -= 1;
    for await (const change of ports.lakefs.diff(repository, parent, id, { type: 'two_dot', prefix: path })) {
      if (change.path === path) return id;
    }
  }
  return undefined;
};
