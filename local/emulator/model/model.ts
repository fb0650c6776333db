/**
 * lakeFS as Branchline uses it, in memory and without I/O: clock and identifiers come from outside, every method is
 * synchronous and atomic. What it answers was compared with a real 1.84 server by the contract suite.
 */
import { createHash } from 'node:crypto';
import { ancestors, firstParents, mergeBase } from './history.ts';
import { applyStaging, diffThreeDot, diffTrees, mergeTrees, metaRangeIdOf, type Strategy } from './trees.ts';
import {
  type BranchRecord,
  type CommitRecord,
  type DiffEntry,
  type Entry,
  ModelError,
  notFound,
  type RepositoryRecord,
  type Tree,
} from './types.ts';

export interface ModelOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How long a change of the branch protection takes to apply; 3.2 s were seen on a real server. */
  readonly protectionDelayMs: number;
  readonly committer: string;
}

export interface CommitInput {
  readonly message: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly allowEmpty?: boolean;
  readonly date?: number;
  readonly sourceMetaRange?: string;
}

export interface Dump {
  readonly commits_meta_range_id: string;
  readonly tags_meta_range_id: string;
  readonly branches_meta_range_id: string;
}

const EMPTY: Tree = new Map();
const BRANCH_NAME = /^\w[-\w]*$/;
const REPOSITORY_NAME = /^[a-z0-9][a-z0-9-]{2,62}$/;
const NO_CHANGES = 'update branch: no changes';

export class LakefsModel {
  readonly repositories = new Map<string, RepositoryRecord>();
  /** Dumps outlive their repository, as the files in a storage namespace do. */
  readonly #dumps = new Map<string, RepositoryRecord>();
  readonly #options: ModelOptions;

  constructor(options: ModelOptions) {
    this.#options = options;
  }

  // ---- repositories ------------------------------------------------------------------------------------------------
  createRepository(id: string, storageNamespace: string, defaultBranch: string, bare = false): RepositoryRecord {
    if (!REPOSITORY_NAME.test(id)) throw new ModelError(400, `repository id: invalid value: validation error`);
    if (this.repositories.has(id)) throw new ModelError(409, 'error creating repository: not unique');
    const inUse = [...this.repositories.values()].some((other) => other.storageNamespace === storageNamespace);
    if (inUse && !bare)
      throw new ModelError(
        400,
        'failed to create repository: found lakeFS objects in the storage: storage namespace already in use',
      );
    const repository: RepositoryRecord = {
      id,
      storageNamespace,
      defaultBranch,
      creationDate: this.#seconds(),
      bare,
      branches: new Map(),
      tags: new Map(),
      commits: new Map(),
      metaRanges: new Map([['', EMPTY]]),
      protection: { patterns: [], since: 0, before: [] },
      gcRules: undefined,
    };
    this.repositories.set(id, repository);
    if (!bare) {
      const first = this.#commit(repository, [], EMPTY, { message: 'Repository created' }, '');
      repository.branches.set(defaultBranch, { head: first.id, staging: new Map() });
    }
    return repository;
  }

  repository(id: string): RepositoryRecord {
    const found = this.repositories.get(id);
    if (found === undefined) throw notFound('repository');
    return found;
  }

  deleteRepository(id: string): void {
    this.repository(id);
    this.repositories.delete(id);
  }

  // ---- refs --------------------------------------------------------------------------------------------------------
  branch(repository: RepositoryRecord, name: string): BranchRecord {
    const found = repository.branches.get(name);
    if (found === undefined) throw notFound('branch');
    return found;
  }

  /** A branch, a tag, a commit id or a unique prefix of one. */
  resolve(repository: RepositoryRecord, ref: string): string {
    const branch = repository.branches.get(ref) ?? repository.branches.get(ref.replace(/@$/, ''));
    if (branch !== undefined) return branch.head;
    const tag = repository.tags.get(ref);
    if (tag !== undefined) return tag;
    if (repository.commits.has(ref)) return ref;
    const found = /^[0-9a-f]{6,}$/.test(ref) ? [...repository.commits.keys()].filter((id) => id.startsWith(ref)) : [];
    if (found.length === 1 && found[0] !== undefined) return found[0];
    throw notFound('ref');
  }

  createBranch(repository: RepositoryRecord, name: string, source: string): string {
    if (!BRANCH_NAME.test(name)) throw new ModelError(400, `argument branch: invalid value: validation error`);
    if (repository.branches.has(name)) throw new ModelError(409, 'branch already exists: not unique');
    if (repository.tags.has(name) || repository.commits.has(name)) throw new ModelError(409, 'conflict: not unique');
    const head = this.resolve(repository, source);
    repository.branches.set(name, { head, staging: new Map() });
    return head;
  }

  deleteBranch(repository: RepositoryRecord, name: string): void {
    this.branch(repository, name);
    if (name === repository.defaultBranch) throw new ModelError(403, 'cannot delete repository default branch');
    repository.branches.delete(name);
  }

  createTag(repository: RepositoryRecord, id: string, ref: string): string {
    if (repository.tags.has(id)) throw new ModelError(409, 'tag already exists: not unique');
    if (repository.branches.has(id)) throw new ModelError(409, 'conflict: not unique');
    const commit = this.resolve(repository, ref);
    repository.tags.set(id, commit);
    return commit;
  }

  // ---- staging -----------------------------------------------------------------------------------------------------
  stage(repository: RepositoryRecord, name: string, path: string, entry: Entry | null): void {
    this.#refuseProtected(repository, name);
    const branch = this.branch(repository, name);
    if (path === '') throw new ModelError(400, 'argument path: required value');
    branch.staging.set(path, entry);
  }

  reset(repository: RepositoryRecord, name: string, type: string, path = ''): void {
    this.#refuseProtected(repository, name);
    const branch = this.branch(repository, name);
    const isHit = (staged: string): boolean =>
      type === 'reset' || (type === 'object' ? staged === path : staged.startsWith(path));
    if (!['reset', 'object', 'common_prefix'].includes(type)) throw new ModelError(400, 'unknown reset type');
    if (type === 'object' && !branch.staging.has(path)) throw notFound('staged object');
    for (const staged of [...branch.staging.keys()]) if (isHit(staged)) branch.staging.delete(staged);
  }

  hardReset(repository: RepositoryRecord, name: string, ref: string): void {
    this.#refuseProtected(repository, name);
    const branch = this.branch(repository, name);
    if (this.uncommitted(repository, name).length > 0) throw new ModelError(400, 'uncommitted changes (dirty branch)');
    branch.head = this.resolve(repository, ref);
  }

  uncommitted(repository: RepositoryRecord, name: string): DiffEntry[] {
    const { head, staging } = this.branch(repository, name);
    if (staging.size === 0) return [];
    const tree = this.treeOf(repository, head);
    const touched = new Map(
      [...staging.keys()].flatMap((path) => {
        const entry = tree.get(path);
        return entry === undefined ? [] : [[path, entry] as const];
      }),
    );
    return diffTrees(touched, applyStaging(touched, staging));
  }

  // ---- commits -----------------------------------------------------------------------------------------------------
  commit(repository: RepositoryRecord, name: string, input: CommitInput): CommitRecord {
    this.#refuseProtected(repository, name);
    const branch = this.branch(repository, name);
    if (input.sourceMetaRange !== undefined) {
      if (branch.staging.size > 0)
        throw new ModelError(400, 'cannot use source MetaRange with uncommitted changes (dirty branch)');
      // A meta-range that does not exist is taken (seen on 1.84); reading the commit fails later.
      const tree = repository.metaRanges.get(input.sourceMetaRange) ?? EMPTY;
      return this.#advance(repository, branch, [branch.head], tree, input, input.sourceMetaRange);
    }
    if (this.uncommitted(repository, name).length === 0 && input.allowEmpty !== true) {
      throw new ModelError(400, 'commit: no changes');
    }
    const tree = applyStaging(this.treeOf(repository, branch.head), branch.staging);
    const commit = this.#advance(repository, branch, [branch.head], tree, input);
    branch.staging = new Map();
    return commit;
  }

  merge(
    repository: RepositoryRecord,
    source: string,
    destination: string,
    input: CommitInput & { readonly strategy?: Strategy; readonly squash?: boolean },
  ): CommitRecord {
    const branch = this.branch(repository, destination);
    const sourceId = this.resolve(repository, source);
    if (this.uncommitted(repository, destination).length > 0)
      throw new ModelError(400, 'uncommitted changes (dirty branch)');
    const base = mergeBase(repository.commits, sourceId, branch.head);
    if (base === undefined) throw new ModelError(400, 'merge: no common base');
    const [baseTree, sourceTree] = [this.treeOf(repository, base), this.treeOf(repository, sourceId)];
    const isNothing = base === sourceId || diffTrees(baseTree, sourceTree).length === 0;
    if (isNothing && input.squash !== true && input.allowEmpty !== true) throw new ModelError(400, NO_CHANGES);
    const tree = mergeTrees(baseTree, sourceTree, this.treeOf(repository, branch.head), input.strategy);
    if (tree === undefined) throw new ModelError(409, 'merge conflict');
    const parents = input.squash === true ? [branch.head] : [branch.head, sourceId];
    const metadata = { '.lakefs.merge.strategy': input.strategy ?? 'default', ...input.metadata };
    const message = input.message === '' ? `Merge '${source}' into '${destination}'` : input.message;
    return this.#advance(repository, branch, parents, tree, { ...input, message, metadata });
  }

  revert(
    repository: RepositoryRecord,
    name: string,
    ref: string,
    parentNumber: number,
    input: Partial<CommitInput>,
  ): CommitRecord {
    const branch = this.branch(repository, name);
    const commit = this.#commitOf(repository, this.resolve(repository, ref));
    if (commit.parents.length > 1 && parentNumber === 0)
      throw new ModelError(409, 'must specify 1-based parent number for reverting merge commit');
    if (parentNumber > commit.parents.length) throw new ModelError(400, 'parent number: invalid value');
    const parent = commit.parents[Math.max(0, parentNumber - 1)];
    if (this.uncommitted(repository, name).length > 0) throw new ModelError(400, 'uncommitted changes (dirty branch)');
    const parentTree = parent === undefined ? EMPTY : this.treeOf(repository, parent);
    return this.#replay(
      repository,
      branch,
      this.treeOf(repository, commit.id),
      parentTree,
      {
        message: input.message ?? `Revert ${commit.id}`,
        metadata: input.metadata ?? {},
      },
      NO_CHANGES,
    );
  }

  cherryPick(
    repository: RepositoryRecord,
    name: string,
    ref: string,
    parentNumber: number,
    input: Partial<CommitInput>,
  ): CommitRecord {
    this.#refuseProtected(repository, name);
    const branch = this.branch(repository, name);
    const commit = this.#commitOf(repository, this.resolve(repository, ref));
    if (commit.parents.length > 1 && parentNumber === 0)
      throw new ModelError(400, 'must specify 1-based parent number for cherry-picking merge commit');
    const parent = commit.parents[Math.max(0, parentNumber - 1)];
    const parentTree = parent === undefined ? EMPTY : this.treeOf(repository, parent);
    return this.#replay(
      repository,
      branch,
      parentTree,
      this.treeOf(repository, commit.id),
      {
        message: input.message ?? commit.message,
        metadata: input.metadata ?? {
          ...commit.metadata,
          'cherry-pick-origin': commit.id,
          'cherry-pick-committer': commit.committer,
        },
      },
      'no changes',
    );
  }

  // ---- reading -----------------------------------------------------------------------------------------------------
  treeOf(repository: RepositoryRecord, commitId: string): Tree {
    const { metaRangeId } = this.#commitOf(repository, commitId);
    const tree = repository.metaRanges.get(metaRangeId);
    if (tree === undefined) throw new ModelError(500, `meta-range ${metaRangeId} cannot be read`);
    return tree;
  }

  /** A branch shows what is staged on it; every other ref does not. */
  view(repository: RepositoryRecord, ref: string): Tree {
    const branch = repository.branches.get(ref);
    const tree = this.treeOf(repository, this.resolve(repository, ref));
    return branch === undefined ? tree : applyStaging(tree, branch.staging);
  }

  diff(repository: RepositoryRecord, left: string, right: string, isThreeDot: boolean): DiffEntry[] {
    const [leftId, rightId] = [this.resolve(repository, left), this.resolve(repository, right)];
    const [leftTree, rightTree] = [this.treeOf(repository, leftId), this.treeOf(repository, rightId)];
    if (!isThreeDot) return diffTrees(leftTree, rightTree);
    return diffThreeDot(this.treeOf(repository, this.base(repository, left, right)), rightTree, leftTree);
  }

  base(repository: RepositoryRecord, left: string, right: string): string {
    const found = mergeBase(repository.commits, this.resolve(repository, left), this.resolve(repository, right));
    if (found === undefined) throw new ModelError(400, 'no merge base');
    return found;
  }

  log(repository: RepositoryRecord, ref: string, isFirstParent: boolean): CommitRecord[] {
    const start = this.resolve(repository, ref);
    return isFirstParent ? firstParents(repository.commits, start) : ancestors(repository.commits, start);
  }

  // ---- protection, dump and restore --------------------------------------------------------------------------------
  protect(repository: RepositoryRecord, patterns: readonly string[]): void {
    const now = this.#options.now();
    repository.protection = {
      patterns,
      since: now + this.#options.protectionDelayMs,
      before: this.#patternsInForce(repository),
    };
  }

  dump(repository: RepositoryRecord): Dump {
    const id = (what: string): string =>
      createHash('sha256')
        .update(`${what}${repository.id}${String(this.#options.now())}${String(this.#dumps.size)}`)
        .digest('hex');
    const dump = { commits_meta_range_id: id('c'), tags_meta_range_id: id('t'), branches_meta_range_id: id('b') };
    const branches = [...repository.branches].map(([name, { head }]) => [name, { head, staging: new Map() }] as const);
    this.#dumps.set(dump.commits_meta_range_id, {
      ...repository,
      branches: new Map(branches),
      tags: new Map(repository.tags),
      commits: new Map(repository.commits),
    });
    return dump;
  }

  /** Commits, branches and tags come back with their ids; staging and protection do not (seen on 1.84). */
  restore(repository: RepositoryRecord, dump: Dump): void {
    if (!repository.bare) throw new ModelError(400, 'can only restore into a bare repository');
    const kept = this.#dumps.get(dump.commits_meta_range_id);
    if (kept === undefined) throw new ModelError(404, 'dump not found');
    for (const [id, commit] of kept.commits) repository.commits.set(id, commit);
    for (const [id, tree] of kept.metaRanges) repository.metaRanges.set(id, tree);
    for (const [name, { head }] of kept.branches) repository.branches.set(name, { head, staging: new Map() });
    for (const [id, commit] of kept.tags) repository.tags.set(id, commit);
    repository.bare = false;
  }

  // ---- inside ------------------------------------------------------------------------------------------------------
  #patternsInForce(repository: RepositoryRecord): readonly string[] {
    const { patterns, since, before } = repository.protection;
    return this.#options.now() >= since ? patterns : before;
  }

  #refuseProtected(repository: RepositoryRecord, name: string): void {
    const isHit = this.#patternsInForce(repository).some((pattern) => {
      const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
      return new RegExp(`^${parts.join('.*')}$`).test(name);
    });
    if (isHit) throw new ModelError(403, 'cannot write to protected branch');
  }

  #commitOf(repository: RepositoryRecord, id: string): CommitRecord {
    const commit = repository.commits.get(id);
    if (commit === undefined) throw notFound('commit');
    return commit;
  }

  /** Lays the change from one tree to another on the branch, by a commit with one parent. */
  #replay(
    repository: RepositoryRecord,
    branch: BranchRecord,
    from: Tree,
    to: Tree,
    input: CommitInput,
    nothing: string,
  ): CommitRecord {
    const head = this.treeOf(repository, branch.head);
    const tree = mergeTrees(from, to, head);
    if (tree === undefined) throw new ModelError(409, 'conflict found');
    if (diffTrees(head, tree).length === 0) throw new ModelError(400, nothing);
    return this.#advance(repository, branch, [branch.head], tree, input);
  }

  #advance(
    repository: RepositoryRecord,
    branch: BranchRecord,
    parents: string[],
    tree: Tree,
    input: CommitInput,
    metaRange?: string,
  ): CommitRecord {
    const commit = this.#commit(repository, parents, tree, input, this.#options.committer, metaRange);
    branch.head = commit.id;
    return commit;
  }

  #commit(
    repository: RepositoryRecord,
    parents: string[],
    tree: Tree,
    input: CommitInput,
    committer: string,
    metaRange?: string,
  ): CommitRecord {
    const metaRangeId = metaRange ?? (tree.size === 0 ? '' : metaRangeIdOf(tree));
    if (metaRange === undefined || repository.metaRanges.has(metaRange)) repository.metaRanges.set(metaRangeId, tree);
    const generation = 1 + Math.max(0, ...parents.map((id) => repository.commits.get(id)?.generation ?? 0));
    const record = {
      parents,
      metaRangeId,
      message: input.message,
      committer,
      creationDate: input.date ?? this.#seconds(),
      metadata: { ...input.metadata },
      generation,
    };
    const id = createHash('sha256').update(JSON.stringify(record)).digest('hex');
    const commit = { id, ...record };
    repository.commits.set(id, commit);
    return commit;
  }

  #seconds(): number {
    return Math.floor(this.#options.now() / 1000);
  }
}
