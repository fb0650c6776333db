/**
 * Which objects are meant: everything that ever lay at the selected paths, in any commit that a ref leads to, and what is staged there.
 * A commit is compared with its first parent, below the selected prefixes alone; only of what it brought the address is asked for.
 */
import { atOnce } from '../domain/at-once.ts';
import { type ErasedObjects, MAX_ERASED, type Selection, scopesOf, selects } from '../domain/erasure.ts';
import { BranchlineError, isBranchlineError } from '../domain/errors.ts';
import type { ObjectStats } from '../domain/lakefs.ts';
import type { EpochMs } from '../domain/run.ts';
import type { ErasurePorts } from '../erasure-ports.ts';
import type { ErasureMemory } from './erasure-memory.ts';
import { unlessGone } from './unless-gone.ts';

type Searching = Pick<ErasurePorts, 'lakefs' | 'clock'>;

interface Found {
  readonly id: string;
  readonly parent?: string | undefined;
}

const AT_ONCE = 16;
/** So few are asked for one by one; for more, what they share is listed. */
const ONE_BY_ONE = 20;

export const timeIsUp = (repository: string, what: string): BranchlineError =>
  new BranchlineError(
    'BL8607',
    `${what} of repository "${repository}" takes longer than a function may run: the same request goes on from there`,
  );

export const refuseTooMany = (objects: ErasedObjects): void => {
  if (objects.size > MAX_ERASED)
    throw new BranchlineError('BL8604', `more than ${String(MAX_ERASED)} objects are selected`);
};

/** Every commit that a branch or a tag leads to, by any parent. */
const commitsOf = async (
  { lakefs, clock }: Searching,
  repository: string,
  until: EpochMs,
): Promise<readonly Found[]> => {
  const tips = new Set<string>();
  for await (const { commitId } of lakefs.listBranches(repository, '')) tips.add(commitId);
  for await (const { commitId } of lakefs.listTags(repository, '')) tips.add(commitId);
  const left = [...tips];
  const seen = new Set<string>();
  const found: Found[] = [];
  for (let tip = left.pop(); tip !== undefined; tip = left.pop()) {
    if (seen.has(tip)) continue;
    try {
      for await (const { id, parents } of lakefs.log(repository, tip, {})) {
        if (seen.has(id)) break;
        seen.add(id);
        found.push({ id, parent: parents[0] });
        left.push(...parents.slice(1));
        if (clock.now() >= until) throw timeIsUp(repository, 'reading the history');
      }
    } catch (error) {
      // Its branch went meanwhile, and with it the last way to the commit.
      if (!isBranchlineError(error, 'BL3004')) throw error;
    }
  }
  return found;
};

async function* changedPaths(
  { lakefs }: Searching,
  repository: string,
  { id, parent }: Found,
  prefix: string,
): AsyncIterable<string> {
  if (parent === undefined) {
    for await (const { path } of lakefs.listObjects(repository, id, { prefix })) yield path;
    return;
  }
  for await (const { path, type } of lakefs.diff(repository, parent, id, { type: 'two_dot', prefix }))
    if (type !== 'removed') yield path;
}

/** What the ref shows at these paths. They come in order. */
async function* objectsAt(
  { lakefs }: Searching,
  repository: string,
  ref: string,
  paths: readonly string[],
): AsyncIterable<ObjectStats> {
  if (paths.length <= ONE_BY_ONE) {
    for (const prefix of paths) {
      for await (const object of lakefs.listObjects(repository, ref, { prefix })) {
        if (object.path === prefix) yield object;
        break;
      }
    }
    return;
  }
  const wanted = new Set(paths);
  const [first = ''] = paths;
  const last = paths.at(-1) ?? '';
  let shared = 0;
  while (shared < first.length && first[shared] === last[shared]) shared += 1;
  for await (const object of lakefs.listObjects(repository, ref, { prefix: first.slice(0, shared) }))
    if (wanted.has(object.path)) yield object;
}

/** @throws BL8604 for too many, BL8607 where the time was up: what was searched is in the memory. */
export const searchObjects = async (
  ports: Searching,
  repository: string,
  selection: Selection,
  { until, memory }: { readonly until: EpochMs; readonly memory: ErasureMemory },
): Promise<ErasedObjects> => {
  const { objects } = memory;
  for (const address of selection.addresses ?? []) objects.add(address);
  const scopes = scopesOf(selection);
  if (scopes.length === 0) return objects;
  const take = (object: ObjectStats): void => {
    if (object.isPrefix || !selects(selection, object.path)) return;
    objects.add(object.physicalAddress, object);
    refuseTooMany(objects);
  };
  const commits = (await commitsOf(ports, repository, until)).filter(({ id }) => !memory.isSearched(id));
  await atOnce(AT_ONCE, commits, (commit) =>
    unlessGone(async () => {
      if (ports.clock.now() >= until) throw timeIsUp(repository, 'searching the history');
      for (const scope of scopes) {
        const paths: string[] = [];
        for await (const path of changedPaths(ports, repository, commit, scope))
          if (selects(selection, path)) paths.push(path);
        for await (const object of objectsAt(ports, repository, commit.id, paths)) take(object);
      }
      memory.searched(commit.id);
      await memory.saveIfDue();
    }),
  );
  // What is staged is in no commit; an identical rewrite is in no list of changes either (measured), so the branch is listed as it is.
  const branches: string[] = [];
  for await (const { id } of ports.lakefs.listBranches(repository, '')) branches.push(id);
  await atOnce(AT_ONCE, branches, (branch) =>
    unlessGone(async () => {
      for (const prefix of scopes)
        for await (const object of ports.lakefs.listObjects(repository, branch, { prefix })) take(object);
    }),
  );
  return objects;
};
