import { describe, expect, it } from 'vitest';
import { againstEveryServer, request } from './workbench.ts';

againstEveryServer((lake) => {
  const { put, headOf, commit, branchWith, merge, mergeCommit } = lake;

  describe('protection', () => {
    const protect = async () => {
      await lake.lakefs.setProtectedBranches(lake.repository, ['main']);
      expect(await lake.lakefs.getProtectedBranches(lake.repository)).toEqual(['main']);
      await expect
        .poll(
          () =>
            lake.lakefs.resetStaged(lake.repository, 'main', 'nothing/').then(
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
      await expect(lake.lakefs.commit(lake.repository, 'main', request('m'))).rejects.toMatchObject({ code: 'BL3006' });
      await expect(lake.lakefs.deleteObjects(lake.repository, 'main', ['x'])).rejects.toMatchObject({ code: 'BL3006' });
      expect((await lake.call('PUT', `/branches/main/hard_reset?ref=${source.id}`)).status).toBe(403);
      const id = await mergeCommit(source.id);
      expect(await lake.lakefs.revert(lake.repository, 'main', id, 1, request('undo'))).toEqual({
        outcome: 'reverted',
      });
    });

    it('takes a pattern, and is told again as it was given', { timeout: 60_000 }, async () => {
      await branchWith('keep-1', { x: '1' });
      await branchWith('other', { x: '1' });
      await lake.lakefs.setProtectedBranches(lake.repository, ['main', 'keep-*']);
      expect([...(await lake.lakefs.getProtectedBranches(lake.repository))].sort()).toEqual(['keep-*', 'main']);
      await expect.poll(() => lake.status('DELETE', '/branches/keep-1/objects?path=x'), { timeout: 20_000 }).toBe(403);
      expect(await lake.status('DELETE', '/branches/other/objects?path=x')).toBe(204);
    });

    it('is no way out for a target with staged changes: neither thrown away nor merged over', {
      timeout: 60_000,
    }, async () => {
      const source = await branchWith('b', { x: '1' });
      await put('main', 'dirty');
      await protect();
      await expect(lake.lakefs.resetStaged(lake.repository, 'main')).rejects.toMatchObject({ code: 'BL3006' });
      expect(await lake.status('POST', `/refs/${source.id}/merge/main`, { message: 'm' })).toBe(400);
      await lake.lakefs.setProtectedBranches(lake.repository, []);
      await expect.poll(() => lake.status('PUT', '/branches/main', { type: 'reset' }), { timeout: 20_000 }).toBe(204);
      expect(await merge(source.id)).toMatchObject({ outcome: 'merged' });
    });

    it('refuses many deletions one by one, inside an answer of 200', { timeout: 60_000 }, async () => {
      await protect();
      const { status, body } = await lake.call('POST', '/branches/main/objects/delete', { paths: ['x', 'y'] });
      expect(status).toBe(200);
      const { errors } = body as { errors: { status_code: number; path: string }[] };
      expect(errors.map(({ status_code, path }) => [path, status_code])).toEqual([
        ['x', 403],
        ['y', 403],
      ]);
    });

    it('allows branches from the target, tags, and cherry-picks', { timeout: 60_000 }, async () => {
      await commit('main', { base: '1' });
      const source = await branchWith('b', { x: '1' });
      await protect();
      expect(await lake.lakefs.createBranch(lake.repository, 'run', await headOf())).toBe('created');
      expect(await lake.status('POST', '/tags', { id: 't', ref: 'main' })).toBe(201);
      expect(await lake.status('POST', '/branches/main/cherry-pick', { ref: source.id })).toBe(201);
    });
  });
});
