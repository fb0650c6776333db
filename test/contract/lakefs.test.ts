/** What Branchline relies on of lakeFS, told once and held against every server that is named. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Change, Commit } from '../../lambdas/domain/lakefs.ts';
import { freshRepository, SERVERS, type Server } from './server.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const request = (message: string, metadata: Record<string, string> = {}) => ({ message, metadata });
const paths = async (changes: AsyncIterable<Change>): Promise<string[]> =>
  (await Array.fromAsync(changes)).map(({ type, path }) => `${type} ${path}`);

describe.each(SERVERS)('$name', ({ start }) => {
  let server: Server;
  let repo: string;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.close());
  beforeEach(async () => {
    repo = await freshRepository(server);
  });

  const put = (branch: string, path: string, text = path) => server.lakefs.putObject(repo, branch, path, bytes(text));
  const headOf = async (branch = 'main') => (await server.lakefs.getBranch(repo, branch))?.commitId ?? '';
  const commit = async (branch: string, files: Record<string, string | null>, message = 'c'): Promise<Commit> => {
    for (const [path, text] of Object.entries(files)) {
      if (text === null) await server.lakefs.deleteObjects(repo, branch, [path]);
      else await put(branch, path, text);
    }
    const answer = await server.lakefs.commit(repo, branch, request(message));
    if (answer.outcome !== 'committed') throw new Error('nothing committed');
    return answer.commit;
  };
  /** A branch from main's head with one commit. */
  const branchWith = async (name: string, files: Record<string, string | null>): Promise<Commit> => {
    await server.lakefs.createBranch(repo, name, await headOf());
    return commit(name, files);
  };
  const merge = (source: string, metadata: Record<string, string> = {}) =>
    server.lakefs.merge(repo, source, 'main', request('m', metadata));
  const mergeCommit = async (source: string): Promise<string> => {
    const answer = await merge(source);
    if (answer.outcome !== 'merged') throw new Error(answer.outcome);
    return answer.commitId;
  };
  const files = async (ref = 'main') =>
    (await Array.fromAsync(server.lakefs.listObjects(repo, ref, {}))).map(({ path }) => path);

  describe('repositories and refs', () => {
    it('a repository is made once', async () => {
      const given = { name: repo, storageNamespace: server.storageNamespace(repo), defaultBranch: 'main' };
      expect(await server.lakefs.createRepository(given)).toBe('exists');
      expect(await server.lakefs.getRepository(repo)).toMatchObject({ name: repo, defaultBranch: 'main' });
      expect(await server.lakefs.getRepository('no-such-repository')).toBeUndefined();
    });

    it('a branch is made from a commit, once, and its creation answers plain text', async () => {
      const head = await headOf();
      const raw = await server.call('POST', `/repositories/${repo}/branches`, { name: 'b', source: head });
      expect(raw.status).toBe(201);
      expect(raw.text).toBe(head);
      expect(await server.lakefs.createBranch(repo, 'b', head)).toBe('exists');
      expect(await server.lakefs.getBranch(repo, 'b')).toEqual({ id: 'b', commitId: head });
    });

    it('a tag of the name answers 409 too, which is not "exists"', async () => {
      await server.call('POST', `/repositories/${repo}/tags`, { id: 'taken', ref: 'main' });
      await expect(server.lakefs.createBranch(repo, 'taken', await headOf())).rejects.toMatchObject({ code: 'BL3005' });
    });

    it.each(['a/b', 'a.b', '-a', 'a b', 'ä'])('a branch cannot be named %s', async (name) => {
      const { status } = await server.call('POST', `/repositories/${repo}/branches`, { name, source: 'main' });
      expect(status).toBe(400);
    });

    it('a deleted branch is gone with what was staged; made again it is clean', async () => {
      await server.lakefs.createBranch(repo, 'b', await headOf());
      await put('b', 'x');
      expect(await server.lakefs.deleteBranch(repo, 'b')).toBe('deleted');
      expect(await server.lakefs.deleteBranch(repo, 'b')).toBe('absent');
      expect(await server.lakefs.getBranch(repo, 'b')).toBeUndefined();
      await expect(put('b', 'y')).rejects.toMatchObject({ code: 'BL3004' });
      await server.lakefs.createBranch(repo, 'b', await headOf());
      expect(await files('b')).toEqual([]);
    });

    it('branches are listed by prefix, in order', async () => {
      for (const name of ['run-2', 'run-1', 'other']) await server.lakefs.createBranch(repo, name, await headOf());
      expect((await Array.fromAsync(server.lakefs.listBranches(repo, 'run-'))).map(({ id }) => id)).toEqual([
        'run-1',
        'run-2',
      ]);
    });

    it('tags are made once, also for the same ref', async () => {
      expect((await server.call('POST', `/repositories/${repo}/tags`, { id: 't', ref: 'main' })).status).toBe(201);
      expect((await server.call('POST', `/repositories/${repo}/tags`, { id: 't', ref: 'main' })).status).toBe(409);
      expect((await server.call('GET', `/repositories/${repo}/tags/t`)).body).toMatchObject({
        id: 't',
        commit_id: await headOf(),
      });
    });

    it('a missing repository, branch and commit are told apart', async () => {
      await expect(headOfMissing()).rejects.toMatchObject({ code: 'BL3007' });
      expect(await server.lakefs.getCommit(repo, 'f'.repeat(64))).toBeUndefined();
      await expect(Array.fromAsync(server.lakefs.log(repo, 'no-such-branch', {}))).rejects.toMatchObject({
        code: 'BL3004',
      });
    });
    const headOfMissing = () => server.lakefs.getBranch('no-such-repository', 'main');

    it('wrong credentials are refused', async () => {
      const response = await fetch(`${server.endpoint}/api/v1/repositories`, {
        headers: { authorization: `Basic ${btoa('AKIA:wrong')}` },
      });
      expect(response.status).toBe(401);
    });
  });

  describe('staging', () => {
    it('shows on its branch only, and in no commit', async () => {
      await server.lakefs.createBranch(repo, 'b', await headOf());
      await put('b', 'x');
      expect(await files('b')).toEqual(['x']);
      expect(await files()).toEqual([]);
      expect(await files(await headOf('b'))).toEqual([]);
      expect(await paths(server.lakefs.listStaged(repo, 'b'))).toEqual(['added x']);
    });

    it('a conditional upload writes once', async () => {
      const write = () => server.lakefs.putObject(repo, 'main', 'claim', bytes('me'), { ifAbsent: true });
      expect(await write()).toBe('written');
      expect(await write()).toBe('exists');
      expect(new TextDecoder().decode(await server.lakefs.getObject(repo, 'main', 'claim'))).toBe('me');
      expect(await server.lakefs.getObject(repo, 'main', 'other')).toBeUndefined();
    });

    it('an upload by form is the same as a raw one', async () => {
      const form = Buffer.from(
        '--b\r\nContent-Disposition: form-data; name="content"; filename="x"\r\n\r\nhello\r\n--b--\r\n',
      );
      const answer = await server.call('POST', `/repositories/${repo}/branches/main/objects?path=x`, form, {
        'content-type': 'multipart/form-data; boundary=b',
      });
      expect(answer.status).toBe(201);
      expect(answer.body).toMatchObject({ path: 'x', size_bytes: 5 });
      expect(new TextDecoder().decode(await server.lakefs.getObject(repo, 'main', 'x'))).toBe('hello');
    });

    it('is thrown away below a prefix, or as a whole', async () => {
      for (const path of ['a/_temporary/1', 'a/x', 'b/y']) await put('main', path);
      await server.lakefs.resetStaged(repo, 'main', 'a/_temporary/');
      expect(await files()).toEqual(['a/x', 'b/y']);
      await server.lakefs.resetStaged(repo, 'main', 'nothing/here/');
      await server.lakefs.resetStaged(repo, 'main');
      expect(await files()).toEqual([]);
    });

    it('a rewrite with the same content is no change', async () => {
      await commit('main', { x: 'same' });
      await put('main', 'x', 'same');
      expect(await paths(server.lakefs.listStaged(repo, 'main'))).toEqual([]);
    });

    it('deleting, also what is not there, is no error', async () => {
      await commit('main', { x: '1', y: '2' });
      await server.lakefs.deleteObjects(repo, 'main', ['x', 'never']);
      expect(await paths(server.lakefs.listStaged(repo, 'main'))).toEqual(['removed x']);
      expect(await files()).toEqual(['y']);
    });

    it('copies from another ref', async () => {
      const from = await branchWith('b', { x: 'content' });
      await server.lakefs.copyObject(repo, 'main', 'copy', { ref: from.id, path: 'x' });
      expect(new TextDecoder().decode(await server.lakefs.getObject(repo, 'main', 'copy'))).toBe('content');
    });

    it('stat answers address, checksum and size', async () => {
      await put('main', 'x', 'hello');
      const { status, body } = await server.call('GET', `/repositories/${repo}/refs/main/objects/stat?path=x`);
      expect(status).toBe(200);
      expect(body).toMatchObject({
        path: 'x',
        path_type: 'object',
        size_bytes: 5,
        checksum: '5d41402abc4b2a76b9719d911017c592',
      });
      expect((await server.call('GET', `/repositories/${repo}/refs/main/objects/stat?path=y`)).status).toBe(404);
    });
  });

  describe('commits', () => {
    it('carry message, metadata and one parent', async () => {
      const before = await headOf();
      await put('main', 'x');
      const answer = await server.lakefs.commit(
        repo,
        'main',
        request('hello', { '::lakefs::Branchline::run_id': 'r' }),
      );
      expect(answer).toMatchObject({
        outcome: 'committed',
        commit: { message: 'hello', parents: [before], metadata: { '::lakefs::Branchline::run_id': 'r' } },
      });
      const { id, metaRangeId } = answer.outcome === 'committed' ? answer.commit : { id: '', metaRangeId: '' };
      expect(id).toMatch(/^[0-9a-f]{64}$/);
      expect(metaRangeId).toMatch(/^[0-9a-f]{64}$/);
      expect(await server.lakefs.getCommit(repo, id)).toMatchObject({ id, message: 'hello' });
      expect(await headOf()).toBe(id);
    });

    it('are not made of nothing', async () => {
      expect(await server.lakefs.commit(repo, 'main', request('m'))).toEqual({ outcome: 'nothing-to-commit' });
    });

    it('take the state of another commit by its meta-range', async () => {
      const old = await commit('main', { x: '1' });
      await commit('main', { x: '2', y: '1' });
      await server.lakefs.createBranch(repo, 'back', await headOf());
      const answer = await server.lakefs.commit(repo, 'back', request('back'), old.metaRangeId);
      expect(answer.outcome).toBe('committed');
      expect(await merge('back')).toMatchObject({ outcome: 'merged' });
      expect(await paths(server.lakefs.diff(repo, old.id, 'main', { type: 'two_dot' }))).toEqual([]);
    });

    it('a meta-range that does not exist is taken all the same', async () => {
      await server.lakefs.createBranch(repo, 'back', await headOf());
      const url = `/repositories/${repo}/branches/back/commits?source_metarange=${'a'.repeat(64)}`;
      expect((await server.call('POST', url, { message: 'bogus' })).status).toBe(201);
    });
  });

  describe('merges', () => {
    it('by commit id bring what was committed then, and nothing later or staged', async () => {
      const first = await branchWith('b', { x: '1' });
      await commit('b', { later: '1' });
      await put('b', 'staged');
      const before = await headOf();
      const id = await mergeCommit(first.id);
      expect(await server.lakefs.getCommit(repo, id)).toMatchObject({ parents: [before, first.id] });
      expect(await files()).toEqual(['x']);
    });

    it('carry our metadata', async () => {
      const source = await branchWith('b', { x: '1' });
      await merge(source.id, { '::lakefs::Branchline::kind': 'promotion' });
      const head = await server.lakefs.getCommit(repo, await headOf());
      expect(head?.metadata['::lakefs::Branchline::kind']).toBe('promotion');
    });

    it('make a commit with two parents also where the target has not moved, and keep three sides apart where it has', async () => {
      const [a, b] = [await branchWith('a', { 'a/x': '1' }), await branchWith('b', { 'b/x': '1' })];
      await mergeCommit(a.id);
      await mergeCommit(b.id);
      expect(await files()).toEqual(['a/x', 'b/x']);
    });

    it('say "no changes" when repeated', async () => {
      const source = await branchWith('b', { x: '1' });
      await mergeCommit(source.id);
      expect(await merge(source.id)).toEqual({ outcome: 'no-changes' });
    });

    it('say "no changes" of commits without net change', async () => {
      await commit('main', { x: '1' });
      await branchWith('b', { y: '1' });
      const source = await commit('b', { y: null });
      expect(await merge(source.id)).toEqual({ outcome: 'no-changes' });
    });

    it('say "no changes" of a run that was reverted: only the log tells', async () => {
      const source = await branchWith('b', { x: '1' });
      const id = await mergeCommit(source.id);
      await server.lakefs.revert(repo, 'main', id, 1, request('r'));
      expect(await files()).toEqual([]);
      expect(await merge(source.id)).toEqual({ outcome: 'no-changes' });
    });

    it.each([
      ['both changed a path differently', { x: '1' }, { x: '2' }, 'conflict'],
      ['one deleted what the other changed', { base: null }, { base: '2' }, 'conflict'],
      ['both deleted the same', { base: null, a: '1' }, { base: null, b: '1' }, 'merged'],
      ['both changed it alike', { x: 'same', a: '1' }, { x: 'same', b: '1' }, 'merged'],
      ['two file names in one partition', { 'p/a': '1' }, { 'p/b': '1' }, 'merged'],
    ])('%s: %o and %o', async (_, first, second, outcome) => {
      await commit('main', { base: '1' });
      const [a, b] = [await branchWith('a', first), await branchWith('b', second)];
      await mergeCommit(a.id);
      const answer = await server.call('POST', `/repositories/${repo}/refs/${b.id}/merge/main`, { message: 'm' });
      expect(answer.status).toBe(outcome === 'conflict' ? 409 : 200);
      if (outcome === 'conflict') expect(answer.body).toMatchObject({ reference: '' });
    });

    it('name the paths of a conflict in the three-dot diff', async () => {
      const [a, b] = [await branchWith('a', { x: '1' }), await branchWith('b', { x: '2', y: '2' })];
      await mergeCommit(a.id);
      expect(await merge(b.id)).toEqual({ outcome: 'conflict' });
      expect(await paths(server.lakefs.diff(repo, 'main', b.id, { type: 'three_dot' }))).toEqual([
        'conflict x',
        'added y',
      ]);
    });

    it('have a base that can be asked for', async () => {
      const base = await headOf();
      const [a, b] = [await branchWith('a', { x: '1' }), await branchWith('b', { y: '1' })];
      expect(await server.lakefs.mergeBase(repo, a.id, b.id)).toBe(base);
      await mergeCommit(a.id);
      expect(await server.lakefs.mergeBase(repo, a.id, 'main')).toBe(a.id);
    });

    it('are refused into a branch with staged changes', async () => {
      const source = await branchWith('b', { x: '1' });
      await put('main', 'dirty');
      const { status } = await server.call('POST', `/repositories/${repo}/refs/${source.id}/merge/main`, {
        message: 'm',
      });
      expect(status).toBe(400);
    });
  });

  describe('reverts', () => {
    it('undo a merge by a new commit and keep the rest', async () => {
      const [a, b] = [await branchWith('a', { x: '1' }), await branchWith('b', { y: '1' })];
      const id = await mergeCommit(a.id);
      await mergeCommit(b.id);
      const before = await headOf();
      expect(await server.lakefs.revert(repo, 'main', id, 1, request('undo', { k: 'v' }))).toEqual({
        outcome: 'reverted',
      });
      expect(await files()).toEqual(['y']);
      expect(await server.lakefs.getCommit(repo, await headOf())).toMatchObject({
        message: 'undo',
        metadata: { k: 'v' },
        parents: [before],
      });
    });

    it('are named "Revert <commit>" where nobody names them', async () => {
      const source = await branchWith('a', { x: '1' });
      const id = await mergeCommit(source.id);
      await server.call('POST', `/repositories/${repo}/branches/main/revert`, { ref: id, parent_number: 1 });
      expect((await server.lakefs.getCommit(repo, await headOf()))?.message).toBe(`Revert ${id}`);
    });

    it('of what is undone already change nothing', async () => {
      // On an empty tree a real server makes one more commit; nobody reverts there.
      await commit('main', { base: '1' });
      const id = await mergeCommit((await branchWith('a', { x: '1' })).id);
      await server.lakefs.revert(repo, 'main', id, 1, request('undo'));
      expect(await server.lakefs.revert(repo, 'main', id, 1, request('undo'))).toEqual({ outcome: 'no-changes' });
    });

    it('conflict with a later change of the same path', async () => {
      const id = await mergeCommit((await branchWith('a', { x: '1' })).id);
      await commit('main', { x: '2' });
      expect(await server.lakefs.revert(repo, 'main', id, 1, request('undo'))).toEqual({ outcome: 'conflict' });
    });

    it('of a merge want a parent number', async () => {
      const id = await mergeCommit((await branchWith('a', { x: '1' })).id);
      const { status } = await server.call('POST', `/repositories/${repo}/branches/main/revert`, {
        ref: id,
        parent_number: 0,
      });
      expect(status).toBe(409);
    });
  });

  describe('other ways to move a branch', () => {
    it('cherry-pick lays one commit on another branch', async () => {
      await commit('main', { base: '1' });
      await branchWith('b', { x: '1' });
      const picked = await commit('b', { y: '1' });
      const { status } = await server.call('POST', `/repositories/${repo}/branches/main/cherry-pick`, {
        ref: picked.id,
      });
      expect(status).toBe(201);
      expect(await files()).toEqual(['base', 'y']);
    });

    it('hard reset moves the branch back', async () => {
      const old = await commit('main', { x: '1' });
      await commit('main', { y: '1' });
      expect((await server.call('PUT', `/repositories/${repo}/branches/main/hard_reset?ref=${old.id}`)).status).toBe(
        204,
      );
      expect(await headOf()).toBe(old.id);
    });
  });

  describe('diffs, logs and listings', () => {
    it('two dots: what differs', async () => {
      const left = await commit('main', { a: '1', b: '1', c: '1' });
      const right = await commit('main', { a: '2', b: null, d: '1' });
      expect(await paths(server.lakefs.diff(repo, left.id, right.id, { type: 'two_dot' }))).toEqual([
        'changed a',
        'removed b',
        'added d',
      ]);
    });

    it('three dots: what the right side changed since the base', async () => {
      const source = await branchWith('b', { x: '1' });
      await commit('main', { y: '1' });
      expect(await paths(server.lakefs.diff(repo, 'main', source.id, { type: 'three_dot' }))).toEqual(['added x']);
    });

    it('with prefix and delimiter: changed prefixes, at the cost of prefixes', async () => {
      const left = await commit('main', { 't/p=1/a': '1', 't/p=2/a': '1', 'u/x': '1' });
      const right = await commit('main', { 't/p=1/b': '1', 't/p=3/a': '1', 't/top': '1', 'u/x': '2' });
      const changes = await Array.fromAsync(
        server.lakefs.diff(repo, left.id, right.id, { type: 'two_dot', prefix: 't/', delimiter: '/' }),
      );
      expect(changes.map(({ path, isPrefix }) => [path, isPrefix])).toEqual([
        ['t/p=1/', true],
        ['t/p=3/', true],
        ['t/top', false],
      ]);
      expect(changes.slice(0, 2).every(({ type }) => type === 'prefix_changed')).toBe(true);
    });

    it('the log follows first parents, newest first, and stops at a commit, that one included', async () => {
      const base = await headOf();
      const [a, b] = [await branchWith('a', { x: '1' }), await branchWith('b', { y: '1' })];
      const [m1, m2] = [await mergeCommit(a.id), await mergeCommit(b.id)];
      const log = async (options: { stopAt?: string; limit?: number }) =>
        (await Array.fromAsync(server.lakefs.log(repo, 'main', options))).map(({ id }) => id);
      expect(await log({})).toEqual([m2, m1, base]);
      expect(await log({ stopAt: m1 })).toEqual([m2, m1]);
      expect(await log({ limit: 1 })).toEqual([m2]);
      await expect(log({ stopAt: 'f'.repeat(64) })).rejects.toMatchObject({ code: 'BL3004' });
    });

    it('listings go by prefix, delimiter and after', async () => {
      await commit('main', { 'a/1': '', 'a/2': '', b: '', 'c/1': '' });
      const list = async (options: { prefix?: string; delimiter?: string; after?: string }) =>
        (await Array.fromAsync(server.lakefs.listObjects(repo, 'main', options))).map(
          ({ path, isPrefix }) => `${path}${isPrefix ? ' (prefix)' : ''}`,
        );
      expect(await list({ delimiter: '/' })).toEqual(['a/ (prefix)', 'b', 'c/ (prefix)']);
      expect(await list({ prefix: 'a/' })).toEqual(['a/1', 'a/2']);
      expect(await list({ after: 'a/2' })).toEqual(['b', 'c/1']);
    });

    it('pages: no more than asked for, no more than 1,000, nothing lost between', async () => {
      await commit(
        'main',
        Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`p${String(i % 4)}/f${String(i)}`, String(i)])),
      );
      const url = (after: string) =>
        `/repositories/${repo}/refs/main/objects/ls?amount=3&after=${encodeURIComponent(after)}`;
      const seen: string[] = [];
      let after = '';
      for (let page = 0; page < 3; page += 1) {
        const { body } = await server.call('GET', url(after));
        const { pagination, results } = body as {
          pagination: { has_more: boolean; next_offset: string; max_per_page: number };
          results: { path: string }[];
        };
        seen.push(...results.map(({ path }) => path));
        expect(pagination.has_more).toBe(page < 2);
        expect(pagination.max_per_page).toBe(1000);
        after = pagination.next_offset;
      }
      expect(seen).toEqual(await files());
      const { status } = await server.call('GET', `/repositories/${repo}/refs/main/objects/ls?amount=1001`);
      expect(status).toBe(400);
    });
  });

  describe('protection', () => {
    const protect = async () => {
      await server.lakefs.setProtectedBranches(repo, ['main']);
      expect(await server.lakefs.getProtectedBranches(repo)).toEqual(['main']);
      await expect
        .poll(
          () =>
            server.lakefs.resetStaged(repo, 'main', 'nothing/').then(
              () => 'open',
              (error: { code: string }) => error.code,
            ),
          { timeout: 20_000 },
        )
        .toBe('BL3006');
    };

    it('takes a moment, then refuses writes, commits, resets and hard resets, and allows merge and revert', {
      timeout: 60_000,
    }, async () => {
      const source = await branchWith('b', { x: '1' });
      await protect();
      await expect(put('main', 'y')).rejects.toMatchObject({ code: 'BL3006' });
      await expect(server.lakefs.commit(repo, 'main', request('m'))).rejects.toMatchObject({ code: 'BL3006' });
      await expect(server.lakefs.deleteObjects(repo, 'main', ['x'])).rejects.toMatchObject({ code: 'BL3006' });
      expect((await server.call('PUT', `/repositories/${repo}/branches/main/hard_reset?ref=${source.id}`)).status).toBe(
        403,
      );
      const id = await mergeCommit(source.id);
      expect(await server.lakefs.revert(repo, 'main', id, 1, request('undo'))).toEqual({ outcome: 'reverted' });
    });
  });

  describe('settings, dump and restore', () => {
    it('keeps garbage-collection rules', async () => {
      await server.lakefs.setGarbageCollection(repo, { defaultRetentionDays: 28, branches: { main: 35 } });
      const { body } = await server.call('GET', `/repositories/${repo}/settings/gc_rules`);
      expect(body).toEqual({ default_retention_days: 28, branches: [{ branch_id: 'main', retention_days: 35 }] });
    });

    const task = async (operation: string, name: string, body?: unknown): Promise<{ refs?: unknown }> => {
      const { status, body: begun } = await server.call('POST', `/repositories/${name}/${operation}`, body);
      expect(status).toBe(202);
      const url = `/repositories/${name}/${operation}?task_id=${(begun as { id: string }).id}`;
      await expect
        .poll(async () => ((await server.call('GET', url)).body as { done: boolean }).done, { timeout: 20_000 })
        .toBe(true);
      return (await server.call('GET', url)).body as { refs?: unknown };
    };

    it('a dump restores refs with their ids into a bare repository, and only there', { timeout: 60_000 }, async () => {
      const head = await commit('main', { x: '1' });
      await server.call('POST', `/repositories/${repo}/tags`, { id: 't', ref: 'main' });
      const { refs } = await task('dump', repo);
      expect((await server.call('POST', `/repositories/${repo}/restore`, refs)).status).toBe(400);
      const again = `${repo}-2`;
      const made = await server.call('POST', '/repositories?bare=true', {
        name: again,
        storage_namespace: server.storageNamespace(repo),
        default_branch: 'main',
      });
      expect(made.status).toBe(201);
      await task('restore', again, refs);
      expect((await server.lakefs.getBranch(again, 'main'))?.commitId).toBe(head.id);
      expect((await server.call('GET', `/repositories/${again}/tags/t`)).body).toMatchObject({ commit_id: head.id });
      expect((await Array.fromAsync(server.lakefs.listObjects(again, 'main', {}))).map(({ path }) => path)).toEqual([
        'x',
      ]);
    });
  });
});
