/**
 * lakeFS as Branchline uses it, in memory and without I/O: clock and identifiers come from outside, every method is
 * synchronous and atomic. What it answers was compared with a real 1.84 server by the contract suite.
 */
import { createHash } from 'node:crypto';
import { ancestors, firstParents, mergeBase } from './history.ts';
import { mergeTrees, type Strategy } from './merge-trees.ts';
import { refuseProtected, withPatterns } from './protection.ts';
import {
  parentByNumber,
  refuseBadBranch,
  refuseBadRepository,
  refuseBadTag,
  resolveCommit,
  resolveRef,
  stagedBy,
} from './refs.ts';
import { applyChanges, applyStaging, diffThreeDot, diffTrees, metaRangeIdOf } from './trees.ts';
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
  readonly isSquash?: boolean;
}

export interface Dump {
  readonly commits_meta_range_id: string;
  readonly tags_meta_range_id: string;
  readonly branches_meta_range_id: string;
}

const EMPTY: Tree = new Map();

export class LakefsModel {
  readonly repositories = new Map<string, RepositoryRecord>();
  /** Dumps outlive their repository, as the files in a storage namespace do. */
  readonly #dumps = new Map<string, RepositoryRecord>();
  readonly #dumpFiles = new Set<string>();
  readonly #options: ModelOptions;

  constructor(options: ModelOptions) {
    this.#options = options;
  }

  // ---- repositories ------------------------------------------------------------------------------------------------
  createRepository(id: string, storageNamespace: string, defaultBranch: string, bare = false): RepositoryRecord {
    refuseBadRepository(id, storageNamespace);
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
      metadata: {},
    };
    this.repositories.set(id, repository);
    if (!bare) {
      const first = this.#commit(repository, [], EMPTY, { message: 'Repository created' }, '', '');
      repository.branches.set(defaultBranch, { head: first.id, staging: new Map(), isHidden: false });
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
  branch(repository: RepositoryRecord, name: string, argument = 'branch'): BranchRecord {
    refuseBadBranch(name, argument);
    const found = repository.branches.get(name);
    if (found === undefined) throw notFound('branch');
    return found;
  }

  /** The commit that a ref stands for. */
  resolve(repository: RepositoryRecord, ref: string): string {
    return resolveCommit(repository, ref);
  }

  createBranch(repository: RepositoryRecord, name: string, source: string, isHidden = false): string {
    refuseBadBranch(name);
    if (repository.tags.has(name)) throw new ModelError(409, `tag ID ${name}: conflict found`);
    if (repository.commits.has(name)) throw new ModelError(409, `commit ID ${name}: conflict found`);
    const head = this.#sourceOf(repository, source);
    if (repository.branches.has(name)) throw new ModelError(409, 'branch already exists: not unique');
    repository.branches.set(name, { head, staging: new Map(), isHidden });
    return head;
  }

  deleteBranch(repository: RepositoryRecord, name: string): void {
    const branch = this.branch(repository, name, 'name');
    if (name === repository.defaultBranch) throw new ModelError(403, 'cannot delete repository default branch');
    // Its files are looked through for actions, so a head that cannot be read keeps the branch (seen on 1.84).
    this.treeOf(repository, branch.head);
    repository.branches.delete(name);
  }

  createTag(repository: RepositoryRecord, id: string, ref: string): string {
    refuseBadTag(id);
    if (repository.branches.has(id)) throw new ModelError(409, `branch name ${id}: conflict found`);
    if (repository.commits.has(id)) throw new ModelError(409, `commit ID ${id}: conflict found`);
    const commit = this.resolve(repository, ref);
    if (repository.tags.has(id)) throw new ModelError(409, 'tag already exists: not unique');
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
    if (!['reset', 'object', 'common_prefix'].includes(type)) throw new ModelError(400, 'unknown reset type');
    if (type === 'object' && path === '')
      throw new ModelError(400, 'argument path: missing path: required value: validation error');
    this.#refuseProtected(repository, name);
    const branch = this.branch(repository, name);
    const isHit = (staged: string): boolean =>
      type === 'reset' || (type === 'object' ? staged === path : staged.startsWith(path));
    for (const staged of [...branch.staging.keys()]) if (isHit(staged)) branch.staging.delete(staged);
  }

  /** Moves the head; what is staged stays staged, on the new head (seen on 1.84). */
  hardReset(repository: RepositoryRecord, name: string, ref: string): void {
    this.#refuseProtected(repository, name, 'protected branch');
    const branch = this.branch(repository, name);
    branch.head = this.#resolveFor(repository, ref, `hard-reset ${name} to ${ref}`);
  }

  uncommitted(repository: RepositoryRecord, name: string): DiffEntry[] {
    const { head, staging } = this.branch(repository, name);
    const tree = this.treeOf(repository, head);
    if (staging.size === 0) return [];
    const touched = new Map(
      [...staging.keys()].flatMap((path) => {
        const entry = tree.get(path);
        return entry === undefined ? [] : [[path, entry] as const];
      }),
    );
    const entries = diffTrees(touched, applyStaging(touched, staging));
    // The size of what is deleted is known again only after the commit.
    return entries.map((entry) => (entry.type === 'removed' ? { ...entry, sizeBytes: 0 } : entry));
  }

  // ---- commits -----------------------------------------------------------------------------------------------------
  commit(repository: RepositoryRecord, name: string, input: CommitInput): CommitRecord {
    this.#refuseProtected(repository, name, 'cannot commit to protected branch');
    const branch = this.branch(repository, name);
    if (input.sourceMetaRange !== undefined) {
      if (this.uncommitted(repository, name).length > 0)
        throw new ModelError(400, 'cannot use source MetaRange on a branch with uncommitted changes');
      // A meta-range that does not exist is taken (seen on 1.84); reading the commit fails later, with 410.
      const tree = repository.metaRanges.get(input.sourceMetaRange) ?? EMPTY;
      return this.#advance(repository, branch, [branch.head], tree, input, input.sourceMetaRange);
    }
    if (this.uncommitted(repository, name).length === 0 && input.allowEmpty !== true) {
      throw new ModelError(400, 'commit: no changes');
    }
    const tree = applyChanges(this.treeOf(repository, branch.head), branch.staging);
    return this.#advance(repository, branch, [branch.head], tree, input);
  }

  merge(
    repository: RepositoryRecord,
    source: string,
    destination: string,
    input: CommitInput & { readonly strategy?: Strategy },
  ): CommitRecord {
    const branch = this.branch(repository, destination, 'destination');
    this.#refuseDirty(repository, destination);
    const sourceId = this.#resolveFor(repository, source, `update branch ${destination}: get commit by ref ${source}`);
    const base = mergeBase(repository.commits, sourceId, branch.head);
    if (base === undefined) throw new ModelError(400, 'merge: no common base');
    // Told by the trees' identifiers: a path that was rewritten with the same content is a change here.
    if (this.#isSameTree(repository, base, sourceId) && input.allowEmpty !== true)
      throw new ModelError(400, `update branch ${destination}: no changes`);
    const merged = this.#join(repository, { from: base, to: sourceId }, branch.head, input.strategy);
    const parents = [branch.head, sourceId];
    const metadata = { '.lakefs.merge.strategy': input.strategy ?? 'default', ...input.metadata };
    const message = input.message === '' ? `Merge '${source}' into '${destination}'` : input.message;
    const given = { ...input, message, metadata };
    return this.#advance(repository, branch, parents, merged.tree, given, merged.metaRangeId);
  }

  revert(
    repository: RepositoryRecord,
    name: string,
    ref: string,
    parentNumber: number,
    input: Partial<CommitInput>,
  ): CommitRecord {
    refuseBadBranch(name);
    if (parentNumber < 0) throw new ModelError(400, 'argument parentNumber: invalid value: validation error');
    const commit = this.#picked(repository, ref);
    if (commit.parents.length > 1 && parentNumber === 0)
      throw new ModelError(409, 'must specify 1-based parent number for reverting merge commit');
    const parent = parentByNumber(commit, parentNumber);
    const branch = this.branch(repository, name);
    this.#refuseDirty(repository, name);
    const { tree, metaRangeId } = this.#join(repository, { from: commit.id, to: parent }, branch.head);
    const id = metaRangeId ?? metaRangeIdOf(tree);
    if (id === this.#commitOf(repository, branch.head).metaRangeId && input.allowEmpty !== true)
      throw new ModelError(400, 'update branch: no changes');
    const given = { message: input.message ?? `Revert ${ref}`, metadata: input.metadata ?? {} };
    return this.#advance(repository, branch, [branch.head], tree, given, metaRangeId);
  }

  /** Allowed on a protected branch; makes a commit also where the branch has the change already (seen on 1.84). */
  cherryPick(
    repository: RepositoryRecord,
    name: string,
    ref: string,
    parentNumber: number | undefined,
    input: Partial<CommitInput>,
  ): CommitRecord {
    refuseBadBranch(name);
    if (parentNumber !== undefined && parentNumber < 1) {
      throw new ModelError(
        400,
        'argument parentNumber: value should be greater than 0: invalid value: validation error',
      );
    }
    const commit = this.#picked(repository, ref);
    if (commit.parents.length > 1 && parentNumber === undefined)
      throw new ModelError(400, 'must specify 1-based parent number for cherry-picking merge commit');
    const parent = parentByNumber(commit, parentNumber ?? 1);
    const branch = this.branch(repository, name);
    this.#refuseDirty(repository, name);
    if (parent !== undefined && this.#isSameTree(repository, parent, commit.id))
      throw new ModelError(400, 'update branch: no changes');
    const { tree, metaRangeId } = this.#join(repository, { from: parent, to: commit.id }, branch.head);
    const metadata = {
      ...(input.metadata ?? commit.metadata),
      'cherry-pick-origin': commit.id,
      'cherry-pick-committer': commit.committer,
    };
    const given = { message: input.message ?? commit.message, metadata };
    return this.#advance(repository, branch, [branch.head], tree, given, metaRangeId);
  }

  // ---- reading -----------------------------------------------------------------------------------------------------
  treeOf(repository: RepositoryRecord, commitId: string): Tree {
    const { metaRangeId } = this.#commitOf(repository, commitId);
    const tree = repository.metaRanges.get(metaRangeId);
    if (tree === undefined) throw new ModelError(410, 'No data');
    return tree;
  }

  /** A branch shows what is staged on it; every other ref does not. */
  view(repository: RepositoryRecord, ref: string): Tree {
    const tree = this.treeOf(repository, resolveRef(repository, ref));
    const name = stagedBy(repository, ref);
    return name === undefined ? tree : applyStaging(tree, this.branch(repository, name).staging);
  }

  /** Of what is committed; with two dots also of what is staged on the right side, where its name ends in `$`. */
  diff(repository: RepositoryRecord, left: string, right: string, isThreeDot: boolean): DiffEntry[] {
    const isStagingToo = !isThreeDot && right.endsWith('$');
    const committed = isStagingToo ? right.slice(0, -1) : right;
    const toRight = (): string => this.#resolveFor(repository, committed, `get commit by ref ${right}`);
    const toLeft = (): string => this.#resolveFor(repository, left, `get commit by branch ${left}`);
    // Which of two bad refs is complained of (seen on 1.84).
    const [leftId, rightId] = isThreeDot ? [toRight(), toLeft()].reverse() : [toLeft(), toRight()];
    const leftTree = this.treeOf(repository, leftId ?? '');
    const rightTree = isStagingToo ? this.view(repository, right) : this.treeOf(repository, rightId ?? '');
    if (!isThreeDot) return diffTrees(leftTree, rightTree);
    return diffThreeDot(this.treeOf(repository, this.base(repository, left, right)), rightTree, leftTree);
  }

  base(repository: RepositoryRecord, left: string, right: string): string {
    const leftId = this.#resolveFor(repository, left, `get commit by branch ${left}`);
    const found = mergeBase(
      repository.commits,
      leftId,
      this.#resolveFor(repository, right, `get commit by ref ${right}`),
    );
    if (found === undefined) throw new ModelError(400, 'no merge base');
    return found;
  }

  log(repository: RepositoryRecord, ref: string, isFirstParent: boolean): CommitRecord[] {
    const start = this.#resolveFor(repository, ref, 'ref');
    return isFirstParent ? firstParents(repository.commits, start) : ancestors(repository.commits, start);
  }

  // ---- protection, dump and restore --------------------------------------------------------------------------------
  protect(repository: RepositoryRecord, patterns: readonly string[]): void {
    const { now, protectionDelayMs } = this.#options;
    repository.protection = withPatterns(repository.protection, patterns, now(), protectionDelayMs);
  }

  dump(repository: RepositoryRecord): Dump {
    const id = (what: string): string =>
      createHash('sha256')
        .update(`${what}${repository.id}${String(this.#options.now())}${String(this.#dumps.size)}`)
        .digest('hex');
    const dump = { commits_meta_range_id: id('c'), tags_meta_range_id: id('t'), branches_meta_range_id: id('b') };
    for (const file of Object.values(dump)) this.#dumpFiles.add(file);
    const branches = [...repository.branches].map(
      ([name, branch]) => [name, { ...branch, staging: new Map() }] as const,
    );
    this.#dumps.set(dump.commits_meta_range_id, {
      ...repository,
      branches: new Map(branches),
      tags: new Map(repository.tags),
      commits: new Map(repository.commits),
    });
    return dump;
  }

  /** A file that a dump wrote. The content is our own: only that it is there, and stays the same, is like a real server's. */
  dumpFile(metaRangeId: string): string {
    if (!this.#dumpFiles.has(metaRangeId)) throw new ModelError(410, 'No data');
    return JSON.stringify({ metaRangeId });
  }

  /** Commits, branches and tags come back with their ids; staging and protection do not (seen on 1.84). */
  restore(repository: RepositoryRecord, dump: Dump): void {
    if (!repository.bare) throw new ModelError(400, 'can only restore into a bare repository');
    const kept = this.#dumps.get(dump.commits_meta_range_id);
    if (kept === undefined) throw new ModelError(410, 'No data');
    for (const [id, commit] of kept.commits) repository.commits.set(id, commit);
    for (const [id, tree] of kept.metaRanges) repository.metaRanges.set(id, tree);
    for (const [name, branch] of kept.branches) repository.branches.set(name, { ...branch, staging: new Map() });
    for (const [id, commit] of kept.tags) repository.tags.set(id, commit);
    repository.bare = false;
  }

  // ---- inside ------------------------------------------------------------------------------------------------------
  /** Of a new branch. */
  #sourceOf(repository: RepositoryRecord, source: string): string {
    const where = `source reference '${source}'`;
    const id = this.#resolveFor(repository, source.endsWith('$') ? source.slice(0, -1) : source, where);
    if (source.endsWith('$')) throw new ModelError(500, `${where}: can't create a branch without commit`);
    return id;
  }

  #refuseProtected(repository: RepositoryRecord, name: string, what?: string): void {
    refuseProtected(repository.protection, name, this.#options.now(), what);
  }

  #resolveFor(repository: RepositoryRecord, ref: string, what: string): string {
    try {
      return this.resolve(repository, ref);
    } catch (error) {
      throw error instanceof ModelError ? new ModelError(error.status, `${what}: ${error.message}`) : error;
    }
  }

  #commitOf(repository: RepositoryRecord, id: string): CommitRecord {
    const commit = repository.commits.get(id);
    if (commit === undefined) throw notFound('commit');
    return commit;
  }

  #picked(repository: RepositoryRecord, ref: string): CommitRecord {
    return this.#commitOf(repository, this.#resolveFor(repository, ref, `get commit from ref ${ref}`));
  }

  #refuseDirty(repository: RepositoryRecord, name: string): void {
    if (this.uncommitted(repository, name).length > 0) throw new ModelError(400, 'uncommitted changes (dirty branch)');
  }

  #isSameTree(repository: RepositoryRecord, left: string, right: string): boolean {
    return this.#commitOf(repository, left).metaRangeId === this.#commitOf(repository, right).metaRangeId;
  }

  /**
   * Lays the change from one commit to another on a head. No change leaves the head's tree; where the head has the first
   * one's tree, the second's is taken.
   */
  #join(
    repository: RepositoryRecord,
    change: { readonly from: string | undefined; readonly to: string | undefined },
    head: string,
    strategy?: Strategy,
  ): { readonly tree: Tree; readonly metaRangeId?: string } {
    const at = (id: string | undefined): { tree: Tree; metaRangeId: string } =>
      id === undefined
        ? { tree: EMPTY, metaRangeId: '' }
        : { tree: this.treeOf(repository, id), metaRangeId: this.#commitOf(repository, id).metaRangeId };
    const [from, to, ours] = [at(change.from), at(change.to), at(head)];
    if (from.metaRangeId === to.metaRangeId) return ours;
    if (from.metaRangeId === ours.metaRangeId) return to;
    const tree = mergeTrees(from.tree, to.tree, ours.tree, strategy);
    if (tree === undefined) throw new ModelError(409, 'update branch: conflict found');
    return { tree };
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
    // A merge or a revert finds nothing staged, or only what equals the head: that goes too (seen on 1.84).
    branch.staging = new Map();
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
    const metaRangeId = metaRange ?? metaRangeIdOf(tree);
    if (metaRange === undefined) repository.metaRanges.set(metaRangeId, tree);
    const generation = 1 + Math.max(0, ...parents.map((id) => repository.commits.get(id)?.generation ?? 0));
    const record = {
      // A squash hides its source, though its generation counts it (seen on 1.84).
      parents: input.isSquash === true ? parents.slice(0, 1) : parents,
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
