/** Walking commits. Pure. */
import type { CommitRecord } from './types.ts';

type Commits = ReadonlyMap<string, CommitRecord>;

/** Every ancestor, the commit itself included: by generation, then by age, newest first; first parents before others. */
export const ancestors = (commits: Commits, start: string): CommitRecord[] => {
  const found = new Map<string, CommitRecord>();
  const queue = [start];
  for (const id of queue) {
    const commit = commits.get(id);
    if (commit === undefined || found.has(id)) continue;
    found.set(id, commit);
    queue.push(...commit.parents);
  }
  return [...found.values()].sort((a, b) => b.generation - a.generation || b.creationDate - a.creationDate);
};

/** The common ancestor of the highest generation. */
export const mergeBase = (commits: Commits, left: string, right: string): string | undefined => {
  const ofLeft = new Set(ancestors(commits, left).map(({ id }) => id));
  return ancestors(commits, right).find(({ id }) => ofLeft.has(id))?.id;
};

export const firstParents = (commits: Commits, start: string): CommitRecord[] => {
  const found: CommitRecord[] = [];
  for (let commit = commits.get(start); commit !== undefined; commit = commits.get(commit.parents[0] ?? ''))
    found.push(commit);
  return found;
};
