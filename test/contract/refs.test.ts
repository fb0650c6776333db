import { describe, expect, it } from 'vitest';
import { againstEveryServer, type Page } from './workbench.ts';

againstEveryServer((lake) => {
  const { put, headOf, commit, branchWith, files } = lake;

  describe('repositories and refs', () => {
    it('a repository is made once', async () => {
      const given = {
        name: lake.repository,
        storageNamespace: lake.storageNamespace(lake.repository),
        defaultBranch: 'main',
      };
      expect(await lake.lakefs.createRepository(given)).toBe('exists');
      expect(await lake.lakefs.getRepository(lake.repository)).toMatchObject({
        name: lake.repository,
        defaultBranch: 'main',
      });
      expect(await lake.lakefs.getRepository('no-such-repository')).toBeUndefined();
    });

    it('a branch is made from a commit, once, and its creation answers plain text', async () => {
      const head = await headOf();
      const raw = await lake.call('POST', `/branches`, { name: 'b', source: head });
      expect(raw.status).toBe(201);
      expect(raw.text).toBe(head);
      expect(await lake.lakefs.createBranch(lake.repository, 'b', head)).toBe('exists');
      expect(await lake.lakefs.getBranch(lake.repository, 'b')).toEqual({ id: 'b', commitId: head });
    });

    it('a tag of the name answers 409 too, which is not "exists"', async () => {
      await lake.call('POST', `/tags`, { id: 'taken', ref: 'main' });
      await expect(lake.lakefs.createBranch(lake.repository, 'taken', await headOf())).rejects.toMatchObject({
        code: 'BL3005',
      });
    });

    it.each(['a/b', 'a.b', '-a', 'a b', 'ä'])('a branch cannot be named %s', async (name) => {
      const { status } = await lake.call('POST', `/branches`, { name, source: 'main' });
      expect(status).toBe(400);
    });

    it('a deleted branch is gone with what was staged; made again it is clean', async () => {
      await lake.lakefs.createBranch(lake.repository, 'b', await headOf());
      await put('b', 'x');
      expect(await lake.lakefs.deleteBranch(lake.repository, 'b')).toBe('deleted');
      expect(await lake.lakefs.deleteBranch(lake.repository, 'b')).toBe('absent');
      expect(await lake.lakefs.getBranch(lake.repository, 'b')).toBeUndefined();
      await expect(put('b', 'y')).rejects.toMatchObject({ code: 'BL3004' });
      await lake.lakefs.createBranch(lake.repository, 'b', await headOf());
      expect(await files('b')).toEqual([]);
    });

    it('branches are listed by prefix, in order', async () => {
      for (const name of ['run-2', 'run-1', 'other'])
        await lake.lakefs.createBranch(lake.repository, name, await headOf());
      expect((await Array.fromAsync(lake.lakefs.listBranches(lake.repository, 'run-'))).map(({ id }) => id)).toEqual([
        'run-1',
        'run-2',
      ]);
    });

    it('tags are made once, also for the same ref', async () => {
      expect((await lake.call('POST', `/tags`, { id: 't', ref: 'main' })).status).toBe(201);
      expect((await lake.call('POST', `/tags`, { id: 't', ref: 'main' })).status).toBe(409);
      expect((await lake.call('GET', `/tags/t`)).body).toMatchObject({
        id: 't',
        commit_id: await headOf(),
      });
    });

    it('a tag stands for one commit, whatever comes later, and is listed by prefix', async () => {
      const made = await commit('main', { x: '1' });
      expect(await lake.lakefs.createTag(lake.repository, 'before-1', 'main')).toBe('created');
      expect(await lake.lakefs.createTag(lake.repository, 'after-1', made.id)).toBe('created');
      await commit('main', { x: '2' });
      expect(await lake.lakefs.createTag(lake.repository, 'before-1', 'main')).toBe('exists');
      expect(await lake.lakefs.getTag(lake.repository, 'before-1')).toEqual({ id: 'before-1', commitId: made.id });
      expect(await Array.fromAsync(lake.lakefs.listTags(lake.repository, 'before-'))).toEqual([
        { id: 'before-1', commitId: made.id },
      ]);
      expect(await lake.lakefs.deleteTag(lake.repository, 'before-1')).toBe('deleted');
      expect(await lake.lakefs.deleteTag(lake.repository, 'before-1')).toBe('absent');
      expect(await lake.lakefs.getTag(lake.repository, 'before-1')).toBeUndefined();
    });

    it('a branch of the name is no tag, and a tag of what is missing is not made', async () => {
      await expect(lake.lakefs.createTag(lake.repository, 'main', 'main')).rejects.toMatchObject({ code: 'BL3005' });
      await expect(lake.lakefs.createTag(lake.repository, 't', 'no-such-ref')).rejects.toMatchObject({
        code: 'BL3004',
      });
    });

    it('a commit is found by its id, the beginning of it, a tag or a branch', async () => {
      const made = await commit('main', { x: '1' });
      await lake.lakefs.createTag(lake.repository, 'good-day', made.id);
      for (const ref of [made.id, made.id.slice(0, 12), 'good-day', 'main']) {
        expect((await lake.lakefs.getCommit(lake.repository, ref))?.id).toBe(made.id);
      }
      expect(await lake.lakefs.getCommit(lake.repository, 'no-such-ref')).toBeUndefined();
    });

    it('a missing repository, branch and commit are told apart', async () => {
      await expect(headOfMissing()).rejects.toMatchObject({ code: 'BL3007' });
      expect(await lake.lakefs.getCommit(lake.repository, 'f'.repeat(64))).toBeUndefined();
      await expect(Array.fromAsync(lake.lakefs.log(lake.repository, 'no-such-branch', {}))).rejects.toMatchObject({
        code: 'BL3004',
      });
    });
    const headOfMissing = () => lake.lakefs.getBranch('no-such-repository', 'main');

    it('wrong credentials are refused', async () => {
      const response = await fetch(`${lake.endpoint}/api/v1/repositories`, {
        headers: { authorization: `Basic ${btoa('AKIA:wrong')}` },
      });
      expect(response.status).toBe(401);
    });

    it('a bare repository has no branch', async () => {
      const name = `${lake.repository}-bare`;
      const made = await lake.server.call('POST', '/repositories?bare=true', {
        name,
        storage_namespace: lake.storageNamespace(name),
        default_branch: 'main',
      });
      expect(made.status).toBe(201);
      expect(await lake.lakefs.getBranch(name, 'main')).toBeUndefined();
    });

    it.each(['a', 'Abc', 'a_b', '-ab', 'a.b', 'a'.repeat(64)])('a repository cannot be named %s', async (name) => {
      const { status } = await lake.server.call('POST', '/repositories', {
        name,
        storage_namespace: lake.storageNamespace(lake.repository),
        default_branch: 'main',
      });
      expect(status).toBe(400);
    });

    it("another repository's storage namespace is refused", async () => {
      const { status } = await lake.server.call('POST', '/repositories', {
        name: `${lake.repository}-2`,
        storage_namespace: lake.storageNamespace(lake.repository),
        default_branch: 'main',
      });
      expect(status).toBe(400);
    });

    it('a name of 100 characters is good for a branch', async () => {
      const name = 'r'.repeat(100);
      expect(await lake.lakefs.createBranch(lake.repository, name, await headOf())).toBe('created');
      expect(await lake.lakefs.getBranch(lake.repository, name)).toBeDefined();
    });

    it.each(['a%2Fb', 'a.b', 'main$', 'main~1'])(
      '%s is asked for as a branch in vain: the name is refused',
      async (name) => {
        expect(await lake.status('GET', `/branches/${name}`)).toBe(400);
        expect(await lake.status('DELETE', `/branches/${name}`)).toBe(400);
      },
    );

    it('a branch comes from a branch, a tag, a commit, the beginning of its id, or steps back', async () => {
      const first = await commit('main', { x: '1' });
      const second = await commit('main', { x: '2' });
      await lake.call('POST', '/tags', { id: 't', ref: first.id });
      const sources = { main: second, t: first, [second.id.slice(0, 16)]: second, 'main~1': first, 'main@': second };
      for (const [source, { id }] of Object.entries(sources)) {
        const made = await lake.call('POST', '/branches', { name: `from-${source.replace(/\W/g, '_')}`, source });
        expect([made.status, made.text]).toEqual([201, id]);
      }
      expect(await lake.status('POST', '/branches', { name: 'no', source: 'no-such-ref' })).toBe(404);
      expect(await lake.status('POST', '/branches', { name: 'no', source: 'main^2' })).toBe(400);
      expect(await lake.status('POST', '/branches', { name: 'no', source: 'main$' })).toBe(500);
      expect(await lake.status('POST', '/branches', { name: 'no' })).toBe(400);
    });

    it("a branch cannot have a commit's id for a name", async () => {
      const head = await headOf();
      expect(await lake.status('POST', '/branches', { name: head, source: 'main' })).toBe(409);
    });

    it('the default branch stays', async () => {
      expect(await lake.status('DELETE', '/branches/main')).toBe(403);
    });

    it('a hidden branch is there, but not in the list', async () => {
      await lake.call('POST', '/branches', { name: 'hidden', source: 'main', hidden: true });
      expect(await lake.lakefs.getBranch(lake.repository, 'hidden')).toBeDefined();
      const names = async (query: string) =>
        ((await lake.call('GET', `/branches${query}`)).body as Page).results.map(({ id }) => id);
      expect(await names('')).toEqual(['main']);
      expect(await names('?show_hidden=true')).toEqual(['hidden', 'main']);
    });

    it('branches are told by the page, with prefix and offset', async () => {
      for (const name of ['run-1', 'run-2', 'run-3', 'z'])
        await lake.lakefs.createBranch(lake.repository, name, await headOf());
      const page = async (query: string) => (await lake.call('GET', `/branches?${query}`)).body as Page;
      const first = await page('prefix=run-&amount=2');
      expect(first.results.map(({ id }) => id)).toEqual(['run-1', 'run-2']);
      expect(first.pagination).toMatchObject({ has_more: true, results: 2, next_offset: 'run-2' });
      const second = await page(`prefix=run-&amount=2&after=${first.pagination.next_offset}`);
      expect(second.results.map(({ id }) => id)).toEqual(['run-3']);
      expect(second.pagination).toMatchObject({ has_more: false, next_offset: '' });
    });

    it('tags go the way of branches: listed, deleted, refused for bad names and refs', async () => {
      for (const id of ['v1', 'v1.0', 'a-b_c'])
        expect(await lake.status('POST', '/tags', { id, ref: 'main' })).toBe(201);
      const { body } = await lake.call('GET', '/tags?amount=2');
      expect((body as Page).results.map(({ id }) => id)).toEqual(['a-b_c', 'v1']);
      expect((body as Page).pagination.has_more).toBe(true);
      expect(await lake.status('DELETE', '/tags/v1')).toBe(204);
      expect(await lake.status('DELETE', '/tags/v1')).toBe(404);
      expect(await lake.status('GET', '/tags/v1')).toBe(404);
      expect(await lake.status('POST', '/tags', { id: 'a/b', ref: 'main' })).toBe(400);
      expect(await lake.status('POST', '/tags', { id: 'w', ref: 'no-such-ref' })).toBe(404);
      expect(await lake.status('POST', '/tags', { id: 'main', ref: 'main' })).toBe(409);
    });

    it('a tag outlives its branch and keeps its commit readable', async () => {
      const made = await branchWith('b', { x: '1' });
      await lake.call('POST', '/tags', { id: 't', ref: made.id });
      await lake.lakefs.deleteBranch(lake.repository, 'b');
      expect(await files('t')).toEqual(['x']);
      expect((await lake.lakefs.getCommit(lake.repository, made.id))?.id).toBe(made.id);
    });

    it('a missing repository is told in the same words by every kind of call', async () => {
      const calls: readonly [string, string, unknown?][] = [
        ['GET', '/branches/main'],
        ['GET', '/branches'],
        ['POST', '/branches', { name: 'b', source: 'main' }],
        ['POST', '/branches/main/commits', { message: 'm' }],
        ['POST', '/refs/a/merge/main', { message: 'm' }],
        ['POST', '/branches/main/revert', { ref: 'main', parent_number: 1 }],
        ['GET', '/refs/main/commits'],
        ['GET', '/refs/a/diff/main'],
        ['GET', '/refs/main/objects/ls'],
        ['PUT', '/settings/branch_protection', []],
      ];
      for (const [method, path, body] of calls) {
        const answer = await lake.server.call(method, `/repositories/no-such-repository${path}`, body);
        expect([path, answer.status]).toEqual([path, 404]);
        expect((answer.body as { message: string }).message).toMatch(/repository not found/i);
      }
    });

    it('no credentials, a wrong secret and a wrong key are refused, for every kind of call', async () => {
      for (const authorization of [undefined, `Basic ${btoa('AKIAUNKNOWNKEYQ:wrong')}`, 'Bearer nonsense']) {
        for (const [method, path] of [
          ['GET', ''],
          ['GET', '/refs/main/objects/ls'],
          ['DELETE', '/branches/main'],
        ] as const) {
          const response = await fetch(`${lake.endpoint}/api/v1/repositories/${lake.repository}${path}`, {
            method,
            headers: authorization === undefined ? {} : { authorization },
          });
          expect(response.status).toBe(401);
        }
      }
    });
  });
});
