/** Laying the changes of one tree on another, as a real 1.84 server does, its loss included. Pure. */
import { allPaths, byPath, isSame } from './trees.ts';
import type { Tree } from './types.ts';

export type Strategy = 'source-wins' | 'dest-wins' | undefined;

const sorted = (tree: Tree): string[] => [...tree.keys()].sort(byPath);

/**
 * What a merge of a real server loses: once it has read the other side to its end, it takes a file that this side added
 * for one that the other side deleted, where the next path of the base has the same content. An empty `_SUCCESS` in a new
 * directory goes with the `_SUCCESS` of a later one that a run removed. Ranges of paths that lie apart are taken whole.
 */
const lostFrom = (base: Tree, side: Tree, other: Tree): string[] => {
  const [ofBase, ofSide] = [sorted(base), sorted(side)];
  const [firstBase, lastBase, firstSide, lastSide] = [ofBase[0], ofBase.at(-1), ofSide[0], ofSide.at(-1)];
  if (firstBase === undefined || lastBase === undefined || firstSide === undefined || lastSide === undefined) return [];
  if (byPath(lastSide, firstBase) < 0 || byPath(lastBase, firstSide) < 0) return [];
  const end = sorted(other).at(-1);
  return ofSide.filter((path) => {
    if (end !== undefined && byPath(path, end) <= 0) return false;
    const next = ofBase.find((known) => byPath(known, path) >= 0);
    return next !== undefined && next !== path && isSame(base.get(next), side.get(path));
  });
};

/** The destination with the source's changes laid on; `undefined` where both changed a path differently. */
export const mergeTrees = (base: Tree, source: Tree, destination: Tree, strategy?: Strategy): Tree | undefined => {
  const result = new Map(destination);
  for (const path of allPaths(base.keys(), source.keys())) {
    const [before, theirs, ours] = [base.get(path), source.get(path), destination.get(path)];
    if (isSame(before, theirs)) continue;
    // Where both sides changed it alike the source's object is taken (seen on 1.84).
    if (!isSame(before, ours) && !isSame(theirs, ours)) {
      if (strategy === undefined) return undefined;
      if (strategy === 'dest-wins') continue;
    }
    if (theirs === undefined) result.delete(path);
    else result.set(path, theirs);
  }
  for (const path of [...lostFrom(base, destination, source), ...lostFrom(base, source, destination)]) {
    result.delete(path);
  }
  return result;
};
