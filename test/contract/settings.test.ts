import { describe, expect, it } from 'vitest';
import { againstEveryServer, paths } from './workbench.ts';

againstEveryServer((lake) => {
  const { put, commit } = lake;

  describe('settings, dump and restore', () => {
    it('keeps garbage-collection rules', async () => {
      await lake.lakefs.setGarbageCollection(lake.repository, { defaultRetentionDays: 28, branches: { main: 35 } });
      const { body } = await lake.call('GET', `/settings/gc_rules`);
      expect(body).toEqual({ default_retention_days: 28, branches: [{ branch_id: 'main', retention_days: 35 }] });
    });

    const task = async (operation: string, name: string, body?: unknown): Promise<{ refs?: unknown }> => {
      const { status, body: begun } = await lake.server.call('POST', `/repositories/${name}/${operation}`, body);
      expect(status).toBe(202);
      const url = `/repositories/${name}/${operation}?task_id=${(begun as { id: string }).id}`;
      await expect
        .poll(async () => ((await lake.server.call('GET', url)).body as { done: boolean }).done, { timeout: 20_000 })
        .toBe(true);
      return (await lake.server.call('GET', url)).body as { refs?: unknown };
    };

    it('a dump restores refs with their ids into a bare repository, and only there', { timeout: 60_000 }, async () => {
      const head = await commit('main', { x: '1' });
      await lake.call('POST', `/tags`, { id: 't', ref: 'main' });
      const { refs } = await task('dump', lake.repository);
      expect((await lake.call('POST', `/restore`, refs)).status).toBe(400);
      const again = `${lake.repository}-2`;
      const made = await lake.server.call('POST', '/repositories?bare=true', {
        name: again,
        storage_namespace: lake.storageNamespace(lake.repository),
        default_branch: 'main',
      });
      expect(made.status).toBe(201);
      await task('restore', again, refs);
      expect((await lake.lakefs.getBranch(again, 'main'))?.commitId).toBe(head.id);
      expect((await lake.server.call('GET', `/repositories/${again}/tags/t`)).body).toMatchObject({
        commit_id: head.id,
      });
      expect((await Array.fromAsync(lake.lakefs.listObjects(again, 'main', {}))).map(({ path }) => path)).toEqual([
        'x',
      ]);
    });

    it('garbage-collection rules are missing until they are set, and go again', async () => {
      expect(await lake.status('GET', '/settings/gc_rules')).toBe(404);
      await lake.lakefs.setGarbageCollection(lake.repository, { defaultRetentionDays: 7, branches: {} });
      const { body } = await lake.call('GET', '/settings/gc_rules');
      expect(body).toMatchObject({ default_retention_days: 7 });
      expect(await lake.status('PUT', '/settings/gc_rules', { branches: [] })).toBe(400);
      expect(await lake.status('DELETE', '/settings/gc_rules')).toBe(204);
      expect(await lake.status('GET', '/settings/gc_rules')).toBe(404);
    });

    it('a repository has metadata, which writes add to', async () => {
      const write = (metadata: Record<string, string>) => lake.status('POST', '/metadata', { metadata });
      expect(await write({ a: '1', b: '1' })).toBeLessThan(300);
      expect(await write({ b: '2' })).toBeLessThan(300);
      expect((await lake.call('GET', '/metadata')).body).toEqual({ a: '1', b: '2' });
    });

    it('what is asked about a task that is not there is not found', async () => {
      expect(await lake.status('GET', '/dump?task_id=no-such-task')).toBe(404);
      expect(await lake.status('GET', '/restore?task_id=no-such-task')).toBe(404);
    });

    it('a dump names its meta-ranges; protection and what is staged do not come back', {
      timeout: 60_000,
    }, async () => {
      await commit('main', { x: '1' });
      await lake.lakefs.createBranch(
        lake.repository,
        'b',
        (await lake.lakefs.getBranch(lake.repository, 'main'))?.commitId ?? '',
      );
      await put('b', 'staged');
      await lake.lakefs.setProtectedBranches(lake.repository, ['main']);
      const { refs } = await task('dump', lake.repository);
      expect(refs).toEqual({
        commits_meta_range_id: expect.stringMatching(/^[0-9a-f]{64}$/),
        tags_meta_range_id: expect.stringMatching(/^[0-9a-f]{64}$/),
        branches_meta_range_id: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
      const again = `${lake.repository}-2`;
      await lake.server.call('POST', '/repositories?bare=true', {
        name: again,
        storage_namespace: lake.storageNamespace(lake.repository),
        default_branch: 'main',
      });
      await task('restore', again, refs);
      expect((await Array.fromAsync(lake.lakefs.listBranches(again, ''))).map(({ id }) => id)).toEqual(['b', 'main']);
      expect(await lake.lakefs.getProtectedBranches(again)).toEqual([]);
      expect(await paths(lake.lakefs.listStaged(again, 'b'))).toEqual([]);
    });
  });
});
