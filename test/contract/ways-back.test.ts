import { describe, expect, it } from 'vitest';
import { againstEveryServer, paths, request } from './workbench.ts';

againstEveryServer((lake) => {
  const { put, headOf, commit, branchWith, mergeCommit, files } = lake;

  describe('reverts', () => {
    it('undo a merge by a new commit and keep the rest', async () => {
      const [a, b] = [await branchWith('a', { x: '1' }), await branchWith('b', { y: '1' })];
      const id = await mergeCommit(a.id);
      await mergeCommit(b.id);
      const before = await headOf();
      expect(await lake.lakefs.revert(lake.repository, 'main', id, 1, request('undo', { k: 'v' }))).toEqual({
        outcome: 'reverted',
      });
      expect(await files()).toEqual(['y']);
      expect(await lake.lakefs.getCommit(lake.repository, await headOf())).toMatchObject({
        message: 'undo',
        metadata: { k: 'v' },
        parents: [before],
      });
    });

    it('are named "Revert <commit>" where nobody names them', async () => {
      const source = await branchWith('a', { x: '1' });
      const id = await mergeCommit(source.id);
      await lake.call('POST', `/branches/main/revert`, { ref: id, parent_number: 1 });
      expect((await lake.lakefs.getCommit(lake.repository, await headOf()))?.message).toBe(`Revert ${id}`);
    });

    it('of what is undone already change nothing', async () => {
      // On an empty tree a real server makes one more commit; nobody reverts there.
      await commit('main', { base: '1' });
      const id = await mergeCommit((await branchWith('a', { x: '1' })).id);
      await lake.lakefs.revert(lake.repository, 'main', id, 1, request('undo'));
      expect(await lake.lakefs.revert(lake.repository, 'main', id, 1, request('undo'))).toEqual({
        outcome: 'no-changes',
      });
    });

    it('conflict with a later change of the same path', async () => {
      const id = await mergeCommit((await branchWith('a', { x: '1' })).id);
      await commit('main', { x: '2' });
      expect(await lake.lakefs.revert(lake.repository, 'main', id, 1, request('undo'))).toEqual({
        outcome: 'conflict',
      });
    });

    it('of a merge want a parent number', async () => {
      const id = await mergeCommit((await branchWith('a', { x: '1' })).id);
      const { status } = await lake.call('POST', `/branches/main/revert`, {
        ref: id,
        parent_number: 0,
      });
      expect(status).toBe(409);
    });

    it('of a commit take 0 or 1 for its parent, and no other number', async () => {
      await commit('main', { base: '1' });
      const revert = (ref: string, parent_number: number) =>
        lake.status('POST', '/branches/main/revert', { ref, parent_number });
      const first = await commit('main', { x: '1' });
      expect(await revert(first.id, 0)).toBe(204);
      const second = await commit('main', { x: '2' });
      expect(await revert(second.id, 1)).toBe(204);
      expect(await files()).toEqual(['base']);
      expect(await revert(second.id, 2)).toBe(400);
      expect(await revert(second.id, -1)).toBe(400);
      expect(await lake.status('POST', '/branches/main/revert', { ref: second.id })).toBe(400);
    });

    it('of a merge by its second parent undo what the target had', async () => {
      await commit('main', { base: '1' });
      const source = await branchWith('a', { x: '1' });
      await commit('main', { own: '1' });
      const id = await mergeCommit(source.id);
      expect(await lake.status('POST', '/branches/main/revert', { ref: id, parent_number: 2 })).toBe(204);
      expect(await files()).toEqual(['base', 'x']);
      expect(await lake.status('POST', '/branches/main/revert', { ref: id, parent_number: 3 })).toBe(400);
    });

    it('want a commit and a branch that exist, and nothing staged', async () => {
      const made = await commit('main', { x: '1' });
      const revert = (branch: string, ref: string) =>
        lake.status('POST', `/branches/${branch}/revert`, { ref, parent_number: 0 });
      expect(await revert('main', 'no-such-ref')).toBe(404);
      expect(await revert('no-such-branch', made.id)).toBe(404);
      await put('main', 'dirty');
      expect(await revert('main', made.id)).toBe(400);
    });

    it('are undone by a revert of the revert', async () => {
      await commit('main', { base: '1' });
      const id = await mergeCommit((await branchWith('a', { x: '1' })).id);
      await lake.lakefs.revert(lake.repository, 'main', id, 1, request('undo'));
      const undo = await headOf();
      await lake.lakefs.revert(lake.repository, 'main', undo, 0, request('redo'));
      expect(await files()).toEqual(['base', 'x']);
    });

    it('take any ref for the commit, and may make one more of nothing', async () => {
      await commit('main', { base: '1' });
      await commit('main', { x: '1' });
      expect(await lake.status('POST', '/branches/main/revert', { ref: 'main', parent_number: 0 })).toBe(204);
      const again = { ref: 'main~1', parent_number: 0, allow_empty: true };
      expect(await lake.status('POST', '/branches/main/revert', again)).toBe(204);
      expect(await files()).toEqual(['base']);
    });
  });

  describe('other ways to move a branch', () => {
    it('cherry-pick lays one commit on another branch', async () => {
      await commit('main', { base: '1' });
      await branchWith('b', { x: '1' });
      const picked = await commit('b', { y: '1' });
      const { status } = await lake.call('POST', `/branches/main/cherry-pick`, {
        ref: picked.id,
      });
      expect(status).toBe(201);
      expect(await files()).toEqual(['base', 'y']);
    });

    it('hard reset moves the branch back', async () => {
      const old = await commit('main', { x: '1' });
      await commit('main', { y: '1' });
      expect((await lake.call('PUT', `/branches/main/hard_reset?ref=${old.id}`)).status).toBe(204);
      expect(await headOf()).toBe(old.id);
    });

    it('cherry-pick tells where the commit comes from, and conflicts like a merge', async () => {
      await commit('main', { base: '1' });
      const picked = await branchWith('b', { x: '1' });
      const answer = await lake.call('POST', '/branches/main/cherry-pick', { ref: picked.id });
      expect(answer.body).toMatchObject({ message: 'c', metadata: { 'cherry-pick-origin': picked.id } });
      const other = await commit('b', { x: '2' });
      await commit('main', { x: '3' });
      expect(await lake.status('POST', '/branches/main/cherry-pick', { ref: other.id })).toBe(409);
    });

    it('cherry-pick of a merge wants a parent number from 1 on', async () => {
      await commit('main', { base: '1' });
      await lake.lakefs.createBranch(lake.repository, 'other', await headOf());
      const id = await mergeCommit((await branchWith('b', { x: '1' })).id);
      const pick = (parent_number?: number) =>
        lake.status('POST', '/branches/other/cherry-pick', { ref: id, parent_number });
      expect(await pick()).toBe(400);
      expect(await pick(0)).toBe(400);
      expect(await pick(3)).toBe(400);
      expect(await pick(1)).toBe(201);
      expect(await files('other')).toEqual(['base', 'x']);
    });

    it('cherry-pick wants a commit and a branch that exist, and nothing staged', async () => {
      const made = await branchWith('b', { x: '1' });
      const pick = (branch: string, ref: string) => lake.status('POST', `/branches/${branch}/cherry-pick`, { ref });
      expect(await pick('main', 'no-such-ref')).toBe(404);
      expect(await pick('no-such-branch', made.id)).toBe(404);
      await put('main', 'dirty');
      expect(await pick('main', made.id)).toBe(400);
    });

    it('hard reset keeps what is staged, and what it leaves behind can be read by its id', async () => {
      const old = await commit('main', { x: '1' });
      const left = await commit('main', { y: '1' });
      await put('main', 'staged');
      await lake.call('PUT', `/branches/main/hard_reset?ref=${old.id}`);
      expect(await files()).toEqual(['staged', 'x']);
      expect(await files(left.id)).toEqual(['x', 'y']);
      expect(await lake.status('PUT', '/branches/main/hard_reset?ref=no-such-ref')).toBe(404);
      expect(await lake.status('PUT', '/branches/main/hard_reset')).toBe(400);
    });

    it('rollback: a commit of an old meta-range on a branch from the head, merged; every commit stays reachable', async () => {
      const good = await commit('main', { x: '1', gone: '1' });
      const bad = await mergeCommit((await branchWith('run', { x: '2', gone: null, y: '1' })).id);
      await lake.lakefs.createBranch(lake.repository, 'back', await headOf());
      await lake.lakefs.commit(lake.repository, 'back', request('roll back'), good.metaRangeId);
      const id = await mergeCommit('back');
      expect(await paths(lake.lakefs.diff(lake.repository, good.id, 'main', { type: 'two_dot' }))).toEqual([]);
      expect((await lake.lakefs.getCommit(lake.repository, id))?.metaRangeId).toBe(good.metaRangeId);
      const log = await Array.fromAsync(lake.lakefs.log(lake.repository, 'main', {}));
      expect(log.map((made) => made.id)).toContain(bad);
    });

    it('rollback of a prefix: objects copied from an old commit are those of that commit, and nothing else moves', async () => {
      const good = await commit('main', { 'a/x': '1', 'a/gone': '1', 'b/y': '1' });
      const bad = await commit('main', { 'a/x': '2', 'a/gone': null, 'a/new': '1', 'b/y': '2' });
      await lake.lakefs.createBranch(lake.repository, 'back', await headOf());
      await lake.lakefs.deleteObjects(lake.repository, 'back', ['a/new']);
      for (const path of ['a/x', 'a/gone']) {
        await lake.lakefs.copyObject(lake.repository, 'back', path, { ref: good.id, path });
      }
      const made = await lake.lakefs.commit(lake.repository, 'back', request('back'));
      const id = await mergeCommit(made.outcome === 'committed' ? made.commit.id : '');
      const differing = (left: string, prefix: string) =>
        paths(lake.lakefs.diff(lake.repository, left, id, { type: 'two_dot', prefix }));
      expect(await differing(good.id, 'a/')).toEqual([]);
      expect(await differing(bad.id, 'b/')).toEqual([]);
    });

    it('undoing one merge on a branch from the head, merged: the revert is no commit of the first parents', async () => {
      await commit('main', { base: '1' });
      const undone = await mergeCommit((await branchWith('a', { x: '1' })).id);
      await commit('main', { y: '1' });
      const head = await headOf();
      await lake.lakefs.createBranch(lake.repository, 'undo', head);
      expect(await lake.lakefs.revert(lake.repository, 'undo', undone, 1, request('undo'))).toEqual({
        outcome: 'reverted',
      });
      const source = await headOf('undo');
      const id = await mergeCommit(source);
      expect((await lake.lakefs.getCommit(lake.repository, id))?.parents).toEqual([head, source]);
      expect(await files()).toEqual(['base', 'y']);
      expect(await lake.merge(source)).toEqual({ outcome: 'no-changes' });
    });

    it('a rollback that was merged is merged no second time, also where the target has moved on', async () => {
      const good = await commit('main', { x: '1' });
      await commit('main', { x: '2' });
      await lake.lakefs.createBranch(lake.repository, 'back', await headOf());
      const made = await lake.lakefs.commit(lake.repository, 'back', request('back'), good.metaRangeId);
      const source = made.outcome === 'committed' ? made.commit.id : '';
      await mergeCommit(source);
      await commit('main', { x: '3' });
      expect(await lake.merge(source)).toEqual({ outcome: 'no-changes' });
      expect(await files()).toEqual(['x']);
    });
  });
});
