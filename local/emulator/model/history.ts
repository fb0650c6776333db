/** Walking commits. Pure. */
import type { CommitRecord } from './types.ts';

type Commits = ReadonlyMap<string, CommitRecord>;

/**
 * Every ancestor, the commit itself included: of those that are known by a child already, always the youngest next. Times
 * are told in seconds; within one the later made is the younger.
 */
export const ancestors = (commits: Commits, start: string): CommitRecord[] => {
  const madeAs = new Map([...commits.keys()].map((id, index) => [id, index]));
  const isYounger = (a: CommitRecord, b: CommitRecord): boolean =>
    a.creationDate === b.creationDate
      ? (madeAs.get(a.id) ?? 0) > (madeAs.get(b.id) ?? 0)
      : a.creationDate > b.creationDate;
  const found = new Set<string>();
  const told: CommitRecord[] = [];
  const waiting: CommitRecord[] = [];
  const meet = (id: string): void => {
    const commit = commits.get(id);
    if (commit === undefined || found.has(id)) return;
    found.add(id);
    waiting.push(commit);
  };
  meet(start);
  while (waiting.length > 0) {
    const next = waiting.reduce((youngest, commit) => (isYounger(commit, youngest) ? commit : youngest));
    waiting.splice(waiting.indexOf(next), 1);
    told.push(next);
    for (const parent of next.parents) meet(parent);
  }
  return told;
};

/** The common ancestor of the highest generation. */
export const mergeBase = (commits: Commits, left: string, right: string): string | undefined => {
  const ofLeft = new Set(ancestors(commits, left).map(({ id }) => id));
  const shared = ancestors(commits, right).filter(({ id }) => ofLeft.has(id));
  return shared.toSorted((a, b) => b.generation - a.generation)[0]?.id;
};

export const firstParents = (commits: Commits, start: string): CommitRecord[] => {
  const found: CommitRecord[] = [];
  for (let commit = commits.get(start); commit !== undefined; commit = commits.get(commit.parents[0] ?? ''))
    found.push(commit);
  return found;
};
