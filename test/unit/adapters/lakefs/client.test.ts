/** What each answer means, call by call. */
import { describe, expect, it } from 'vitest';
import type { Lakefs } from '../../../../lambdas/ports.ts';
import { codeOf, json, nothing, page, refusal, type Script, scripted } from './scripted.ts';

const REF = { id: 'run', commit_id: 'c1' };
const COMMIT = {
  id: 'c2',
  parents: ['c1'],
  meta_range_id: 'm2',
  message: 'hello',
  committer: 'admin',
  creation_date: 1_790_000_000,
};
const request = { message: 'm', metadata: { run_id: 'r' } };
const NO_REPOSITORY = refusal(404, 'repository not found');

const repository = { name: 'lake', storageNamespace: 's3://b/lake', defaultBranch: 'main' };
const wireRepository = { id: 'lake', storage_namespace: 's3://b/lake', default_branch: 'main' };

/** What comes out: the value, or the code of the error. */
const outcome = async (script: Script, call: (lakefs: Lakefs) => Promise<unknown>) => {
  const { lakefs, requests } = scripted(script);
  const value = await call(lakefs).catch((error: { code: string }) => error.code);
  return { value, requests };
};

describe('outcomes', () => {
  const get = (lakefs: Lakefs) => lakefs.getRepository('lake');
  const create = (lakefs: Lakefs) => lakefs.createRepository(repository);
  const getBranch = (lakefs: Lakefs) => lakefs.getBranch('lake', 'run');
  const createBranch = (lakefs: Lakefs) => lakefs.createBranch('lake', 'run', 'c1');
  const deleteBranch = (lakefs: Lakefs) => lakefs.deleteBranch('lake', 'run');
  const commit = (lakefs: Lakefs) => lakefs.commit('lake', 'run', request);
  const getCommit = (lakefs: Lakefs) => lakefs.getCommit('lake', 'c2');
  const merge = (lakefs: Lakefs) => lakefs.merge('lake', 'c2', 'main', request);
  const revert = (lakefs: Lakefs) => lakefs.revert('lake', 'main', 'c2', 1, request);
  const reset = (lakefs: Lakefs) => lakefs.resetStaged('lake', 'run');

  it.each<[string, Script, (lakefs: Lakefs) => Promise<unknown>, unknown]>([
    ['a repository', [json(200, wireRepository)], get, repository],
    ['a repository that is missing', [NO_REPOSITORY], get, undefined],
    ['a repository made', [json(201, wireRepository)], create, 'created'],
    ['a repository that was there', [refusal(409, 'not unique'), json(200, wireRepository)], create, 'exists'],
    ['a repository that is neither', [refusal(409, 'not unique'), NO_REPOSITORY], create, 'BL3005'],
    ['a namespace in use', [refusal(400, 'storage namespace already in use')], create, 'BL3008'],
    ['a bad repository name', [refusal(400, "doesn't match")], create, 'BL3005'],

    ['a branch', [json(200, REF)], getBranch, { id: 'run', commitId: 'c1' }],
    ['a branch that is missing', [refusal(404, 'branch not found')], getBranch, undefined],
    ['a branch of a missing repository', [NO_REPOSITORY], getBranch, 'BL3007'],
    ['a branch of a repository that is going', [refusal(410, 'deleting')], getBranch, 'BL3007'],
    ['a bad branch name', [refusal(400, 'branch id: invalid value')], getBranch, 'BL3005'],
    ['a branch made, told in plain text', [new Response('c1', { status: 201 })], createBranch, 'created'],
    ['a branch that was there', [refusal(409, 'not unique'), json(200, REF)], createBranch, 'exists'],
    ['a tag of that name', [refusal(409, 'tag ID run: conflict found'), refusal(404, '')], createBranch, 'BL3005'],
    ['a missing source', [refusal(404, "source reference 'c1': not found")], createBranch, 'BL3004'],
    ['a branch deleted', [nothing()], deleteBranch, 'deleted'],
    ['a branch that was gone', [refusal(404, 'branch not found')], deleteBranch, 'absent'],
    ['a default branch', [refusal(403, 'cannot delete repository default branch')], deleteBranch, 'BL3006'],
    ['a deletion that a hook refuses', [refusal(412, 'pre-delete hook')], deleteBranch, 'BL3005'],

    ['nothing staged', [refusal(400, 'commit: no changes')], commit, { outcome: 'nothing-to-commit' }],
    ['a protected branch', [refusal(403, 'cannot commit to protected branch')], commit, 'BL3006'],
    ['a key without the right', [refusal(403, 'insufficient permissions')], commit, 'BL3002'],
    ['a branch gone meanwhile', [refusal(404, 'branch not found')], commit, 'BL3004'],
    ['a commit that a hook refuses', [refusal(412, 'pre-commit hook')], commit, 'BL3005'],
    ['a dirty branch', [refusal(400, 'uncommitted changes (dirty branch)')], commit, 'BL3005'],
    ['a commit that is missing', [refusal(404, 'commit not found')], getCommit, undefined],
    ['a commit of a missing repository', [NO_REPOSITORY], getCommit, 'BL3007'],

    ['a merge', [json(200, { reference: 'c3' })], merge, { outcome: 'merged', commitId: 'c3' }],
    ['a merge done already', [refusal(400, 'update branch main: no changes')], merge, { outcome: 'no-changes' }],
    ['a merge into a dirty branch', [refusal(400, 'uncommitted changes (dirty branch)')], merge, 'BL3005'],
    ['a conflict', [json(409, { reference: '' })], merge, { outcome: 'conflict' }],
    [
      'a hook that says no',
      [refusal(412, 'pre-merge hook aborted')],
      merge,
      { outcome: 'rejected', reason: 'pre-merge hook aborted' },
    ],
    ['a source that is missing', [refusal(404, 'get commit by ref c2: not found')], merge, 'BL3004'],

    ['a revert', [nothing()], revert, { outcome: 'reverted' }],
    ['a revert done already', [refusal(400, 'update branch: no changes')], revert, { outcome: 'no-changes' }],
    ['a revert under something later', [refusal(409, 'conflict found')], revert, { outcome: 'conflict' }],
    ['a revert by a wrong parent', [refusal(400, 'parent 7')], revert, 'BL3005'],

    ['a reset', [nothing()], reset, undefined],
    ['a reset of a protected branch', [refusal(403, 'cannot write to protected branch')], reset, 'BL3006'],
  ])('%s', async (_, script, call, expected) => {
    expect((await outcome(script, call)).value).toEqual(expected);
  });

  it('of a commit and of its reading: the same shape, without metadata too', async () => {
    const expected = {
      id: 'c2',
      parents: ['c1'],
      metaRangeId: 'm2',
      message: 'hello',
      committer: 'admin',
      creationDate: 1_790_000_000_000,
      metadata: {},
    };
    expect((await outcome([json(201, COMMIT)], commit)).value).toEqual({ outcome: 'committed', commit: expected });
    expect((await outcome([json(200, COMMIT)], getCommit)).value).toEqual(expected);
    const withMetadata = { ...COMMIT, metadata: { k: 'v' } };
    expect((await outcome([json(200, withMetadata)], getCommit)).value).toEqual({ ...expected, metadata: { k: 'v' } });
  });

  it('of the version, which an odd server may keep to itself', async () => {
    expect((await outcome([json(200, { version: '1.84.0' })], (lakefs) => lakefs.version())).value).toBe('1.84.0');
    expect((await outcome([json(200, {})], (lakefs) => lakefs.version())).value).toBe('unknown');
  });

  it('of a merge base: only the base is read, for source and target come the wrong way round', async () => {
    const answer = { source_commit_id: 'right', destination_commit_id: 'left', base_commit_id: 'base' };
    const { value, requests } = await outcome([json(200, answer)], (lakefs) => lakefs.mergeBase('lake', 'l', 'r'));
    expect(value).toBe('base');
    expect(new URL(requests[0]?.url ?? '').pathname).toBe('/api/v1/repositories/lake/refs/l/merge/r');
  });

  it('of protection and garbage collection', async () => {
    const rules = json(200, [{ pattern: 'main' }, { pattern: 'keep-*' }]);
    expect((await outcome([rules], (lakefs) => lakefs.getProtectedBranches('lake'))).value).toEqual(['main', 'keep-*']);
    const protect = await outcome([nothing()], (lakefs) => lakefs.setProtectedBranches('lake', ['main']));
    expect(await protect.requests[0]?.json()).toEqual([{ pattern: 'main' }]);
    const collect = await outcome([nothing()], (lakefs) =>
      lakefs.setGarbageCollection('lake', { defaultRetentionDays: 28, branches: { main: 35 } }),
    );
    expect(await collect.requests[0]?.json()).toEqual({
      default_retention_days: 28,
      branches: [{ branch_id: 'main', retention_days: 35 }],
    });
  });
});

describe('requests', () => {
  const sent = async (script: Script, call: (lakefs: Lakefs) => Promise<unknown>) => {
    const [first] = (await outcome(script, call)).requests;
    return { url: new URL(first?.url ?? ''), method: first?.method, body: await first?.json().catch(() => undefined) };
  };

  it('a commit carries message and metadata, and the meta-range where there is one', async () => {
    const plain = await sent([json(201, COMMIT)], (lakefs) => lakefs.commit('lake', 'run', request));
    expect([plain.method, plain.url.search, plain.body]).toEqual(['POST', '', request]);
    const back = await sent([json(201, COMMIT)], (lakefs) => lakefs.commit('lake', 'run', request, 'm1'));
    expect(back.url.search).toBe('?source_metarange=m1');
  });

  it('a merge never squashes, never forces and names no strategy', async () => {
    const merge = await sent([json(200, { reference: 'c3' })], (lakefs) => lakefs.merge('lake', 'c2', 'main', request));
    expect(merge.url.pathname).toBe('/api/v1/repositories/lake/refs/c2/merge/main');
    expect(merge.body).toEqual(request);
  });

  it('a revert names its parent and carries our words', async () => {
    const revert = await sent([nothing()], (lakefs) => lakefs.revert('lake', 'main', 'c2', 1, request));
    expect(revert.body).toEqual({ ref: 'c2', parent_number: 1, commit_overrides: request });
  });

  it('a reset is of all, or of what lies below a prefix', async () => {
    expect((await sent([nothing()], (lakefs) => lakefs.resetStaged('lake', 'run'))).body).toEqual({ type: 'reset' });
    expect((await sent([nothing()], (lakefs) => lakefs.resetStaged('lake', 'run', 'a/'))).body).toEqual({
      type: 'common_prefix',
      path: 'a/',
    });
  });

  it('a log goes along first parents, to where it is to stop', async () => {
    const log = await sent([page([COMMIT])], (lakefs) =>
      Array.fromAsync(lakefs.log('lake', 'main', { stopAt: 'c1', limit: 5 })),
    );
    expect(Object.fromEntries(log.url.searchParams)).toEqual({ amount: '5', first_parent: 'true', stop_at: 'c1' });
  });

  it('a diff asks for its kind, prefix and delimiter', async () => {
    const diff = await sent([page([])], (lakefs) =>
      Array.fromAsync(lakefs.diff('lake', 'l', 'r', { type: 'two_dot', prefix: 'a/', delimiter: '/' })),
    );
    const expected = { type: 'two_dot', amount: '1000', prefix: 'a/', delimiter: '/' };
    expect(Object.fromEntries(diff.url.searchParams)).toEqual(expected);
  });
});

describe('lists', () => {
  const offsets = (requests: readonly Request[]) => requests.map(({ url }) => new URL(url).searchParams.get('after'));
  const added = (path: string) => ({ type: 'added', path, path_type: 'object', size_bytes: 1 });
  const changedPrefix = (path: string) => ({ type: 'prefix_changed', path, path_type: 'common_prefix' });

  it('of branches, staged changes, commits and diffs go over every page', async () => {
    const ref = (id: string) => ({ id, commit_id: 'c' });
    const cases = [
      { items: ['a', 'b', 'c'].map(ref), list: (lakefs: Lakefs) => lakefs.listBranches('lake', 'run-') },
      { items: ['a', 'b', 'c'].map(added), list: (lakefs: Lakefs) => lakefs.listStaged('lake', 'run') },
      {
        items: ['a', 'b', 'c'].map((id) => ({ ...COMMIT, id })),
        list: (lakefs: Lakefs) => lakefs.log('lake', 'main', {}),
      },
      {
        items: ['a', 'b', 'c'].map(added),
        list: (lakefs: Lakefs) => lakefs.diff('lake', 'l', 'r', { type: 'two_dot' }),
      },
    ];
    for (const { items, list } of cases) {
      const { lakefs, requests } = scripted([page([items[0]], 'a'), page([items[1]], 'b'), page([items[2]])]);
      expect(await Array.fromAsync<unknown>(list(lakefs))).toHaveLength(3);
      expect(offsets(requests)).toEqual([null, 'a', 'b']);
    }
  });

  it('by prefixes go on behind an object so that nothing which begins like it is left out', async () => {
    const script = [page([changedPrefix('a/')], 'a/'), page([added('p=1')], 'p=1'), page([changedPrefix('p=1/')])];
    const { lakefs, requests } = scripted(script);
    const changes = await Array.fromAsync(lakefs.diff('lake', 'l', 'r', { type: 'three_dot', delimiter: '/' }));
    expect(changes).toEqual([
      { type: 'prefix_changed', path: 'a/', isPrefix: true },
      { type: 'added', path: 'p=1', isPrefix: false, sizeBytes: 1 },
      { type: 'prefix_changed', path: 'p=1/', isPrefix: true },
    ]);
    expect(offsets(requests)).toEqual([null, 'a/', 'p=1\u0001']);
  });

  it('that break off in the middle try the page again, and else tell the error where it happens', async () => {
    const broken = refusal(503, '');
    const script = [page([added('a')], 'a'), broken, page([added('b')])];
    const { lakefs } = scripted(script);
    expect(await Array.fromAsync(lakefs.listStaged('lake', 'run'))).toHaveLength(2);
    const hopeless = scripted([page([added('a')], 'a'), refusal(404, 'branch not found')]);
    const seen: string[] = [];
    const read = async () => {
      for await (const { path } of hopeless.lakefs.listStaged('lake', 'run')) seen.push(path);
    };
    expect(await codeOf(read())).toBe('BL3004');
    expect(seen).toEqual(['a']);
  });
});
