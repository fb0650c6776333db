/** Comparing trees path by path, and telling them by the page. Pure. */
import { createHash } from 'node:crypto';
import type { DiffEntry, Entry, Staging, Tree } from './types.ts';

/** Two entries are the same by what they hold, not by where: a rewritten identical file is no change (seen on 1.84). */
export const isSame = (a: Entry | undefined | null, b: Entry | undefined | null): boolean => {
  if (a == null || b == null) return a == null && b == null;
  return (
    a.checksum === b.checksum &&
    a.sizeBytes === b.sizeBytes &&
    a.contentType === b.contentType &&
    JSON.stringify(a.metadata) === JSON.stringify(b.metadata)
  );
};

/** Byte order, as lakeFS lists. */
export const byPath = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

export const allPaths = (...trees: Iterable<string>[]): string[] => {
  const paths = new Set<string>();
  for (const tree of trees) for (const path of tree) paths.add(path);
  return [...paths].sort(byPath);
};

export const applyStaging = (tree: Tree, staging: Staging): Tree => {
  if (staging.size === 0) return tree;
  const result = new Map(tree);
  for (const [path, entry] of staging) {
    if (entry === null) result.delete(path);
    else result.set(path, entry);
  }
  return result;
};

/** As a commit takes it: what was staged again with the same content stays where it was (seen on 1.84). */
export const applyChanges = (tree: Tree, staging: Staging): Tree => {
  const changed = [...staging].filter(([path, entry]) => !isSame(tree.get(path), entry));
  return applyStaging(tree, new Map(changed));
};

/** Of every tree but that of a repository's first commit, which has none. */
export const metaRangeIdOf = (tree: Tree): string => {
  const hash = createHash('sha256');
  for (const path of [...tree.keys()].sort(byPath)) {
    const entry = tree.get(path);
    hash.update(`${path}\0${entry?.checksum ?? ''}\0${String(entry?.sizeBytes)}\0${entry?.physicalAddress ?? ''}\n`);
  }
  return hash.digest('hex');
};

/** What changes when `left` becomes `right`. */
export const diffTrees = (left: Tree, right: Tree): DiffEntry[] => {
  const entries: DiffEntry[] = [];
  for (const path of allPaths(left.keys(), right.keys())) {
    const [before, after] = [left.get(path), right.get(path)];
    if (isSame(before, after)) continue;
    const type = after === undefined ? 'removed' : before === undefined ? 'added' : 'changed';
    entries.push({ type, path, isPrefix: false, sizeBytes: (after ?? before)?.sizeBytes ?? 0 });
  }
  return entries;
};

/** What `source` changed since `base`; a conflict where `destination` changed it otherwise. */
export const diffThreeDot = (base: Tree, source: Tree, destination: Tree): DiffEntry[] =>
  diffTrees(base, source).flatMap((entry) => {
    const ours = destination.get(entry.path);
    if (isSame(ours, source.get(entry.path))) return isSame(ours, base.get(entry.path)) ? [entry] : [];
    return isSame(ours, base.get(entry.path)) ? [entry] : [{ ...entry, type: 'conflict' as const }];
  });

export interface PageRequest {
  readonly prefix: string;
  readonly delimiter: string;
  readonly after: string;
  readonly amount: number;
}
export interface PageOf<T> {
  readonly results: readonly T[];
  readonly hasMore: boolean;
  readonly nextOffset: string;
}

/** Whether a listing that goes on after `after` has passed an item; a prefix is told again where `after` lies below it. */
const isPassed = (itemPath: string, shownAs: string, after: string): boolean =>
  shownAs === after || byPath(itemPath, after) < 0;

/**
 * A diff by prefixes also leaves out every path that begins with `after`. So where a page ends at an object, what lies
 * below a prefix of the same beginning is lost: `p=1`, then neither `p=1/` nor `p=10/` (seen on 1.84). Pages that end
 * at a prefix are whole.
 */
const isPassedInDiff = (itemPath: string, after: string): boolean =>
  byPath(itemPath, after) <= 0 || itemPath.startsWith(after);

/** Sorted items by page; those below a delimiter stand together as one prefix. */
export const pageOf = <T extends { readonly path: string }>(
  items: readonly T[],
  page: PageRequest,
  asPrefix: (prefix: string, below: T) => T,
  kind: 'listing' | 'diff' = 'listing',
): PageOf<T> => {
  // Where a listing is to go on before all of them, it begins at the first.
  const after = byPath(page.after, page.prefix) < 0 ? '' : page.after;
  const results: T[] = [];
  let last = '';
  for (const item of items) {
    if (!item.path.startsWith(page.prefix)) continue;
    const at = page.delimiter === '' ? -1 : item.path.indexOf(page.delimiter, page.prefix.length);
    const path = at < 0 ? item.path : item.path.slice(0, at + page.delimiter.length);
    const hasPassed =
      kind === 'diff' && page.delimiter !== '' ? isPassedInDiff(item.path, after) : isPassed(item.path, path, after);
    if (after !== '' && hasPassed) continue;
    if (path === last) continue;
    if (results.length === page.amount) return { results, hasMore: true, nextOffset: last };
    results.push(at < 0 ? item : asPrefix(path, item));
    last = path;
  }
  return { results, hasMore: false, nextOffset: '' };
};
