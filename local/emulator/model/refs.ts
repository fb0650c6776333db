/** Names and ref expressions, as a real 1.84 server takes them. Pure. */
import { type CommitRecord, ModelError, notFound, type RepositoryRecord } from './types.ts';

const BRANCH_NAME = /^\w[-\w]*$/;
const REPOSITORY_NAME = /^[a-z0-9][a-z0-9-]{2,62}$/;
const TAG_NAME = /^[-.\w]+$/;
const NAMESPACE = /^(s3|gs|https?|mem|local|transient):\/\//;
/** `main@` is the head without what is staged, `main$` with it; `~2` goes along first parents, `^2` to a parent. */
const EXPRESSION = /^([-.\w]+)([@$]|(?:~\d*|\^\d*)*)$/;

export const refuseBadRepository = (id: string, storageNamespace: string): void => {
  if (!REPOSITORY_NAME.test(id)) {
    throw new ModelError(400, `request body has an error: name "${id}" doesn't match ${String(REPOSITORY_NAME)}`);
  }
  if (!NAMESPACE.test(storageNamespace)) {
    throw new ModelError(
      400,
      `request body has an error: storage_namespace "${storageNamespace}" doesn't match ${String(NAMESPACE)}`,
    );
  }
};

/** @param argument as a real server names it. */
export const refuseBadBranch = (name: string, argument = 'branch'): void => {
  // 500 is what a real server answers.
  if (name === '') throw new ModelError(500, `argument ${argument}: required value: validation error`);
  if (!BRANCH_NAME.test(name)) {
    throw new ModelError(400, `argument ${argument}: branch id: invalid value: validation error`);
  }
};

export const refuseBadTag = (id: string): void => {
  if (id === '') throw new ModelError(500, 'argument tagID: required value: validation error');
  if (!TAG_NAME.test(id)) throw new ModelError(400, 'argument tagID: tag id: invalid value: validation error');
};

const invalid = (): ModelError => new ModelError(400, 'ref: invalid value: validation error');

/** A branch, a tag, a commit, or the beginning of the id of one commit alone, however short. */
const startOf = (repository: RepositoryRecord, name: string): string => {
  const named = repository.branches.get(name)?.head ?? repository.tags.get(name);
  if (named !== undefined) return named;
  if (repository.commits.has(name)) return name;
  const found = /^[0-9a-f]+$/.test(name) ? [...repository.commits.keys()].filter((id) => id.startsWith(name)) : [];
  if (found.length === 1 && found[0] !== undefined) return found[0];
  throw notFound();
};

const parentOf = (repository: RepositoryRecord, id: string, number: number): string | undefined =>
  repository.commits.get(id)?.parents[number - 1];

/** `^` wants a parent that is there; `~` beyond the first commit is merely not found. */
const walk = (repository: RepositoryRecord, from: string, step: string): string => {
  const count = step.length === 1 ? 1 : Number(step.slice(1));
  if (step[0] === '^') {
    const parent = count === 0 ? from : parentOf(repository, from, count);
    if (parent === undefined) throw invalid();
    return parent;
  }
  let at = from;
  for (let left = count; left > 0; left -= 1) {
    const parent = parentOf(repository, at, 1);
    if (parent === undefined) throw notFound();
    at = parent;
  }
  return at;
};

/** The commit that a branch, a tag, a commit id, the beginning of one, or an expression on these stands for. */
export const resolveRef = (repository: RepositoryRecord, ref: string): string => {
  const [, name, steps] = EXPRESSION.exec(ref) ?? [];
  if (name === undefined || steps === undefined) throw invalid();
  return (steps.match(/[~^]\d*/g) ?? []).reduce((at, step) => walk(repository, at, step), startOf(repository, name));
};

/** As `resolveRef`, where what is staged will not do. */
export const resolveCommit = (repository: RepositoryRecord, ref: string): string => {
  const id = resolveRef(repository, ref);
  if (ref.endsWith('$')) {
    throw new ModelError(400, `reference '${ref}': reference to staging area with $ is not a commit`);
  }
  return id;
};

/** The branch whose staged changes a ref shows: a branch's plain name, or the name with `$`. */
export const stagedBy = (repository: RepositoryRecord, ref: string): string | undefined => {
  const name = ref.endsWith('$') ? ref.slice(0, -1) : ref;
  return repository.branches.has(name) ? name : undefined;
};

/** The parent that a cherry-pick or a revert compares with; `undefined` for the first commit of all. */
export const parentByNumber = (commit: CommitRecord, number: number): string | undefined => {
  if (number > commit.parents.length) {
    throw new ModelError(400, `parent ${String(number)}: given commit does not have the given parent number`);
  }
  return commit.parents[Math.max(0, number - 1)];
};
