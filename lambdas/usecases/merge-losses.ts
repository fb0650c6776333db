/**
 * Files that a merge lost. lakeFS 1.84 answers 200 to a merge that drops a file of one side, where the other side removed
 * everything at the end of the repository (docs/limits.md, test/contract/merges.test.ts). Only somebody who removed the last of
 * all paths that he changed can be the other side: everyone else's promotion costs no call more.
 */
import { MAX_CLASHES } from '../domain/partitions.ts';
import { promotionBaseOf } from '../domain/promotion.ts';
import type { Clash, Run } from '../domain/run.ts';
import type { Ports } from '../ports.ts';
import { changesOfCommits, type History } from './target-history.ts';

/**
 * Whether a merge of the run may lose files.
 * @param since commits of the target that the run does not know. Without any, the merge takes the run's commit as it is.
 */
export const mayLose = async (ports: Ports, run: Run, since: History['newestFirst']): Promise<boolean> => {
  if (since.length === 0) return false;
  // Entries of an earlier version do not say.
  if (run.removesLast !== false) return true;
  const changes = await changesOfCommits(ports, run.repository, since);
  return since.some(({ id }) => changes.get(id)?.removesLast !== false);
};

/** The two sides of a merge, and what became of them. */
export interface MergeOfSides {
  readonly repository: string;
  readonly base: string;
  /** The head that was merged into. */
  readonly into: string;
  readonly source: string;
  readonly merge: string;
}

/**
 * Paths that do not stand in the merge as they should: what the source changed as in the source, everything else as in the head.
 * Costs two diffs, and a look at each path that both sides changed alike.
 * @returns at most 100 of them.
 */
export const lostPaths = async (ports: Pick<Ports, 'lakefs'>, sides: MergeOfSides): Promise<readonly string[]> => {
  const { repository, base, into, source, merge } = sides;
  const brought = new Set<string>();
  for await (const { path } of ports.lakefs.diff(repository, base, source, { type: 'two_dot' })) brought.add(path);
  const lost: string[] = [];
  for await (const { path } of ports.lakefs.diff(repository, into, merge, { type: 'two_dot' })) {
    // The source never touched it, and yet the merge did.
    if (!brought.delete(path) && lost.length < MAX_CLASHES) lost.push(path);
  }
  // What is left did not change the head: it was there already, or is lost.
  for (const path of brought) {
    if (lost.length >= MAX_CLASHES) break;
    for await (const change of ports.lakefs.diff(repository, source, merge, { type: 'two_dot', prefix: path })) {
      if (change.path === path) lost.push(path);
      break;
    }
  }
  return lost;
};

/** What the merge of a run lost; empty where it could lose nothing. */
export const lossesOf = async (
  ports: Ports,
  run: Run,
  merge: { readonly id: string; readonly into: string },
  since: History['newestFirst'],
): Promise<readonly Clash[]> => {
  if (run.runCommit === undefined || !(await mayLose(ports, run, since))) return [];
  const lost = await lostPaths(ports, {
    ...{ repository: run.repository, base: promotionBaseOf(run), source: run.runCommit },
    ...{ into: merge.into, merge: merge.id },
  });
  return lost.map((what) => ({ kind: 'path', what, commit: merge.id }));
};
