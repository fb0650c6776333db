/** One operation on a repository as plain data, and the request that it stands for. */
import * as fc from 'fast-check';

/** A commit by the order in which they were made (from the newest back), or a name with steps behind it. */
export type RefSpec = { readonly commit: number } | { readonly name: string; readonly steps: string };

export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';
  /** Segments below the repository; refs are put in by the side that sends it. */
  readonly path: readonly (string | RefSpec)[];
  readonly query?: Readonly<Record<string, string | readonly string[] | RefSpec | MetaRangeSpec>>;
  readonly json?: Readonly<Record<string, unknown>>;
  readonly content?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Branch whose head it may move. */
  readonly moves?: string;
}

/** The meta-range of a commit. */
export interface MetaRangeSpec {
  readonly metaRangeOf: number;
}

const BRANCHES = ['main', 'x', 'y', 'z'] as const;
const TAGS = ['t', 'u'] as const;
/** Neighbours in byte order, prefixes of each other, and what has to be escaped. */
const PATHS = ['a', 'a/1', 'a/2', 'a/b/3', 'ab', 'p=1', 'p=1/x', 'p=10/x', 'q/é', 'z +&'] as const;
const PREFIXES = ['', 'a', 'a/', 'a/b/', 'p=1', 'q/', 'none'] as const;

/** Mostly `usual`, now and then `odd`. */
const mostly = <T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>, weight = 6): fc.Arbitrary<T> =>
  fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: odd });
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined });
/** Without what is undefined. */
const given = <T>(record: Readonly<Record<string, T | undefined>>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Record<string, T>;

const branch = mostly(fc.constantFrom<string>(...BRANCHES), fc.constant('missing'), 40);
const path = fc.constantFrom<string>(...PATHS);
const content = fc.constantFrom('1', '22', '333');
const ref: fc.Arbitrary<RefSpec> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ commit: fc.nat({ max: 5 }) }) },
  { weight: 6, arbitrary: branch.map((name) => ({ name, steps: '' })) },
  { weight: 1, arbitrary: fc.constantFrom(...TAGS).map((name) => ({ name, steps: '' })) },
  {
    weight: 1,
    arbitrary: fc.record({ name: branch, steps: fc.constantFrom('~', '~1', '~2', '^1', '^2', '^', '@', '$', '~1^2') }),
  },
);
const amount = mostly(fc.integer({ min: 1, max: 4 }).map(String), fc.constantFrom('0', '-1', '1000', '1001', 'x'));
const page = fc.record(
  {
    amount,
    after: mostly(path, fc.constantFrom('', 'a/', 'p=1/', 'b'), 2),
    prefix: fc.constantFrom(...PREFIXES),
    delimiter: fc.constant('/'),
  },
  { requiredKeys: [] },
);
const metadata = fc.constantFrom<Record<string, string>>({ k: 'v' }, { k: 'w', l: '' });
const parent = mostly(fc.constantFrom(0, 1), fc.constantFrom(-1, 2, 3));

const staging: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .record({ branch, path, content, ifAbsent: mostly(fc.constant(false), fc.constant(true)) })
      .map(({ branch: name, path: at, content: text, ifAbsent }) => ({
        method: 'POST' as const,
        path: ['branches', name, 'objects'],
        query: { path: at },
        content: text,
        ...(ifAbsent ? { headers: { 'if-none-match': '*' } } : {}),
      })),
  },
  {
    weight: 2,
    arbitrary: fc.record({ branch, path }).map(({ branch: name, path: at }) => ({
      method: 'DELETE' as const,
      path: ['branches', name, 'objects'],
      query: { path: at },
    })),
  },
  {
    weight: 1,
    arbitrary: fc.record({ branch, paths: fc.array(path, { maxLength: 4 }) }).map(({ branch: name, paths }) => ({
      method: 'POST' as const,
      path: ['branches', name, 'objects', 'delete'],
      json: { paths },
    })),
  },
  {
    weight: 1,
    arbitrary: fc.record({ branch, path, from: path, fromBranch: maybe(branch) }).map((made) => ({
      method: 'POST' as const,
      path: ['branches', made.branch, 'objects', 'copy'],
      query: { dest_path: made.path },
      json: given({ src_path: made.from, src_ref: made.fromBranch }),
    })),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({
        branch,
        type: fc.constantFrom('reset', 'object', 'common_prefix'),
        path: maybe(fc.constantFrom(...PATHS, ...PREFIXES)),
      })
      .map(({ branch: name, type, path: at }) => ({
        method: 'PUT' as const,
        path: ['branches', name],
        json: given({ type, path: at }),
      })),
  },
);

const commits: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .record({ branch, metadata: maybe(metadata), allow_empty: mostly(fc.constant(undefined), fc.constant(true)) })
      .map(({ branch: name, ...body }) => ({
        method: 'POST' as const,
        path: ['branches', name, 'commits'],
        json: given({ message: 'c', ...body }),
        moves: name,
      })),
  },
  {
    weight: 1,
    arbitrary: fc.record({ branch, of: fc.nat({ max: 5 }) }).map(({ branch: name, of }) => ({
      method: 'POST' as const,
      path: ['branches', name, 'commits'],
      query: { source_metarange: { metaRangeOf: of } },
      json: { message: 'state of another' },
      moves: name,
    })),
  },
);

const refs: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .record({ name: mostly(branch, fc.constantFrom<string>(...TAGS, 'a/b', '-', '')), source: ref })
      .map(({ name, source }) => ({
        method: 'POST' as const,
        path: ['branches'],
        json: { name, source },
        moves: name,
      })),
  },
  {
    weight: 1,
    arbitrary: branch.map((name) => ({ method: 'DELETE' as const, path: ['branches', name] })),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ id: mostly(fc.constantFrom<string>(...TAGS), fc.constantFrom('main', 'a/b', 'a.b', '')), ref })
      .map((json) => ({ method: 'POST' as const, path: ['tags'], json })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...TAGS).map((name) => ({ method: 'DELETE' as const, path: ['tags', name] })),
  },
);

const merges: fc.Arbitrary<Operation> = fc
  .record({
    source: ref,
    destination: branch,
    message: maybe(fc.constantFrom('', 'm')),
    metadata: maybe(metadata),
    strategy: mostly(fc.constant(undefined), fc.constantFrom('source-wins', 'dest-wins', '', 'nonsense')),
    squash_merge: mostly(fc.constant(undefined), fc.constant(true)),
    allow_empty: mostly(fc.constant(undefined), fc.constant(true)),
    force: mostly(fc.constant(undefined), fc.constant(true), 12),
  })
  .map(({ source, destination, ...body }) => ({
    method: 'POST' as const,
    path: ['refs', source, 'merge', destination],
    json: given(body),
    moves: destination,
  }));

/**
 * Picks bring metadata of their own: without, a real server writes into what it remembers of the picked commit, and then
 * does not find that commit by its id (404) until it has forgotten it.
 */
const waysBack: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .record({
        branch,
        ref,
        parent_number: parent,
        allow_empty: mostly(fc.constant(undefined), fc.constant(true)),
        commit_overrides: maybe(fc.constant({ message: 'undo', metadata: { k: 'v' } })),
      })
      .map(({ branch: name, ...body }) => ({
        method: 'POST' as const,
        path: ['branches', name, 'revert'],
        json: given(body),
        moves: name,
      })),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({
        branch,
        ref,
        parent_number: maybe(parent),
        commit_overrides: fc.constant({ message: 'picked', metadata: { k: 'p' } }),
      })
      .map(({ branch: name, ...body }) => ({
        method: 'POST' as const,
        path: ['branches', name, 'cherry-pick'],
        json: given(body),
        moves: name,
      })),
  },
  {
    weight: 1,
    arbitrary: fc.record({ branch, ref }).map(({ branch: name, ref: to }) => ({
      method: 'PUT' as const,
      path: ['branches', name, 'hard_reset'],
      query: { ref: to },
    })),
  },
);

const reads: fc.Arbitrary<Operation> = fc.oneof(
  fc
    .record({ left: ref, right: ref, type: maybe(fc.constantFrom('two_dot', 'three_dot', 'no_dot')), page })
    .map(({ left, right, type, page: query }) => ({
      method: 'GET' as const,
      path: ['refs', left, 'diff', right],
      query: given({ type, ...query }),
    })),
  fc.record({ branch, page }).map(({ branch: name, page: query }) => ({
    method: 'GET' as const,
    path: ['branches', name, 'diff'],
    query: given(query),
  })),
  fc.record({ ref, page }).map(({ ref: at, page: query }) => ({
    method: 'GET' as const,
    path: ['refs', at, 'objects', 'ls'],
    query: given(query),
  })),
  fc
    .record({
      ref,
      first_parent: maybe(fc.constantFrom('true', 'false')),
      stop_at: maybe(ref),
      amount: maybe(amount),
      limit: maybe(fc.constantFrom('true')),
      objects: mostly(
        fc.constant(undefined),
        path.map((one) => [one]),
      ),
      prefixes: mostly(
        fc.constant(undefined),
        fc.constantFrom(...PREFIXES).map((one) => [one]),
      ),
    })
    .map(({ ref: at, ...query }) => ({
      method: 'GET' as const,
      path: ['refs', at, 'commits'],
      query: given<never>(query as never),
    })),
  fc.record({ left: ref, right: ref }).map(({ left, right }) => ({
    method: 'GET' as const,
    path: ['refs', left, 'merge', right],
  })),
  ref.map((at) => ({ method: 'GET' as const, path: ['commits', at] })),
  page.map((query) => ({ method: 'GET' as const, path: ['branches'], query: given(query) })),
  fc.record({ ref, path, tail: fc.constantFrom([], ['stat']) }).map(({ ref: at, path: object, tail }) => ({
    method: 'GET' as const,
    path: ['refs', at, 'objects', ...tail],
    query: { path: object },
  })),
);

/** So that most merges have something to merge: edits of a branch and their commit. */
const edit: fc.Arbitrary<readonly Operation[]> = fc
  .record({
    branch: fc.constantFrom(...BRANCHES),
    edits: fc.array(fc.tuple(path, maybe(content)), { minLength: 1, maxLength: 3 }),
  })
  .map(({ branch: name, edits }) => [
    ...edits.map(([at, text]) => ({
      method: text === undefined ? ('DELETE' as const) : ('POST' as const),
      path: ['branches', name, 'objects'],
      query: { path: at },
      ...(text === undefined ? {} : { content: text }),
    })),
    { method: 'POST' as const, path: ['branches', name, 'commits'], json: { message: 'edit' }, moves: name },
  ]);

const one = (arbitrary: fc.Arbitrary<Operation>): fc.Arbitrary<readonly Operation[]> => arbitrary.map((made) => [made]);

export const story: fc.Arbitrary<readonly (readonly Operation[])[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: edit },
    { weight: 4, arbitrary: one(staging) },
    { weight: 2, arbitrary: one(commits) },
    { weight: 2, arbitrary: one(refs) },
    { weight: 4, arbitrary: one(merges) },
    { weight: 3, arbitrary: one(waysBack) },
    { weight: 4, arbitrary: one(reads) },
  ),
  { minLength: 5, maxLength: 30 },
);
