/** What a run and its target both changed since the run began. */
import type { Commit } from '../domain/lakefs.ts';
import { clashingPartitions, MAX_CLASHES, partitionClashes } from '../domain/partitions.ts';
import { tablesOf } from '../domain/pipelines.ts';
import { promotionBaseOf } from '../domain/promotion.ts';
import type { Clash, Run } from '../domain/run.ts';
import type { Ports } from '../ports.ts';
import { changesOfCommits, partitionsBetween } from './target-history.ts';

/** The partitions that the run changed: from the ledger, or by a diff where the ledger's list was lost. */
export const partitionsOfRun = async (ports: Ports, run: Run): Promise<readonly string[]> => {
  const recorded = await ports.ledger.getChanges(run);
  if (recorded !== undefined || run.runCommit === undefined) return recorded ?? [];
  return partitionsBetween(ports, run.repository, promotionBaseOf(run), run.runCommit);
};

/** Clashes of the run with these commits of the target. */
export const clashesSince = async (ports: Ports, run: Run, commits: readonly Commit[]): Promise<readonly Clash[]> => {
  if (commits.length === 0) return [];
  const mine = await partitionsOfRun(ports, run);
  const tables = tablesOf(await ports.config.load(), run.repository);
  const changes = await changesOfCommits(ports, run.repository, commits);
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

/** The object paths that lakeFS itself refuses to merge. Its 409 names none; the three-dot diff does. */
export const pathClashes = async (ports: Ports, run: Run): Promise<readonly Clash[]> => {
  const clashes: Clash[] = [];
  for await (const change of ports.lakefs.diff(run.repository, run.target, run.runCommit ?? run.branch, {
    type: 'three_dot',
  })) {
    if (change.type !== 'conflict') continue;
    clashes.push({ kind: 'path', what: change.path });
    if (clashes.length >= MAX_CLASHES) break;
  }
  return clashes;
};
