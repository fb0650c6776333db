import { describe, expect, it } from 'vitest';
import { againstEveryServer, paths, request, text } from './workbench.ts';

againstEveryServer((lake) => {
  const { put, headOf, commit, branchWith, merge, mergeCommit, files } = lake;

  describe('merges', () => {
    it('by commit id bring what was committed then, and nothing later or staged', async () => {
      const first = await branchWith('b', { x: '1' });
      await commit('b', { later: '1' });
      await put('b', 'staged');
      const before = await headOf();
      const id = await mergeCommit(first.id);
      expect(await lake.lakefs.getCommit(lake.repository, id)).toMatchObject({ parents: [before, first.id] });
      expect(await files()).toEqual(['x']);
    });

    it('carry our metadata', async () => {
      const source = await branchWith('b', { x: '1' });
      await merge(source.id, { '::lakefs::Branchline::kind': 'promotion' });
      const head = await lake.lakefs.getCommit(lake.repository, await headOf());
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
      await lake.lakefs.revert(lake.repository, 'main', id, 1, request('r'));
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
      const answer = await lake.call('POST', `/refs/${b.id}/merge/main`, { message: 'm' });
      expect(answer.status).toBe(outcome === 'conflict' ? 409 : 200);
      if (outcome === 'conflict') expect(answer.body).toMatchObject({ reference: '' });
    });

    it('name the paths of a conflict in the three-dot diff', async () => {
      const [a, b] = [await branchWith('a', { x: '1' }), await branchWith('b', { x: '2', y: '2' })];
      await mergeCommit(a.id);
      expect(await merge(b.id)).toEqual({ outcome: 'conflict' });
      expect(await paths(lake.lakefs.diff(lake.repository, 'main', b.id, { type: 'three_dot' }))).toEqual([
        'conflict x',
        'added y',
      ]);
    });

    it('have a base that can be asked for', async () => {
      const base = await headOf();
      const [a, b] = [await branchWith('a', { x: '1' }), await branchWith('b', { y: '1' })];
      expect(await lake.lakefs.mergeBase(lake.repository, a.id, b.id)).toBe(base);
      await mergeCommit(a.id);
      expect(await lake.lakefs.mergeBase(lake.repository, a.id, 'main')).toBe(a.id);
    });

    it('are refused into a branch with staged changes', async () => {
      const source = await branchWith('b', { x: '1' });
      await put('main', 'dirty');
      const { status } = await lake.call('POST', `/refs/${source.id}/merge/main`, {
        message: 'm',
      });
      expect(status).toBe(400);
    });

    it('into the branch itself, and of what lies behind it, say "no changes"', async () => {
      const old = await commit('main', { x: '1' });
      await commit('main', { x: '2' });
      expect(await merge(old.id)).toEqual({ outcome: 'no-changes' });
      const answer = await lake.call('POST', '/refs/main/merge/main', { message: 'm' });
      expect(answer.status).toBe(400);
      expect((answer.body as { message: string }).message).toMatch(/no changes/);
    });

    it('of nothing are made where that is asked for', async () => {
      const source = await branchWith('b', { x: '1' });
      await mergeCommit(source.id);
      const before = await headOf();
      const url = `/refs/${source.id}/merge/main`;
      expect(await lake.status('POST', url, { message: 'm', allow_empty: true })).toBe(200);
      expect((await lake.lakefs.getCommit(lake.repository, await headOf()))?.parents).toEqual([before, source.id]);
      expect(await lake.status('POST', url, { message: 'm', force: true })).toBe(200);
    });

    it('take the committed head of a branch that has staged changes, which stay staged', async () => {
      await branchWith('b', { x: '1' });
      await put('b', 'staged');
      expect(await lake.status('POST', '/refs/b/merge/main', { message: 'm' })).toBe(200);
      expect(await files()).toEqual(['x']);
      expect(await paths(lake.lakefs.listStaged(lake.repository, 'b'))).toEqual(['added staged']);
    });

    it('of a branch with staged changes alone say "no changes"', async () => {
      await lake.lakefs.createBranch(lake.repository, 'b', await headOf());
      await put('b', 'staged');
      expect(await lake.status('POST', '/refs/b/merge/main', { message: 'm' })).toBe(400);
    });

    it('throw away what is staged on the target and equals its head', async () => {
      await commit('main', { same: '1' });
      const source = await branchWith('b', { x: '1' });
      await put('main', 'same', '1');
      expect(await merge(source.id)).toMatchObject({ outcome: 'merged' });
    });

    it('are named by the server where nobody names them, and tell their strategy', async () => {
      await branchWith('b', { x: '1' });
      await lake.call('POST', '/refs/b/merge/main', {});
      expect(await lake.lakefs.getCommit(lake.repository, await headOf())).toMatchObject({
        message: "Merge 'b' into 'main'",
        metadata: { '.lakefs.merge.strategy': 'default' },
      });
    });

    it('want a source and a target that exist, and a target that is a branch', async () => {
      const source = await branchWith('b', { x: '1' });
      expect(await lake.status('POST', '/refs/no-such-ref/merge/main', {})).toBe(404);
      expect(await lake.status('POST', '/refs/b/merge/no-such-branch', {})).toBe(404);
      expect(await lake.status('POST', `/refs/b/merge/${source.id}`, {})).toBe(404);
      expect(await lake.status('POST', '/refs/b$/merge/main', {})).toBe(400);
      expect(await lake.status('POST', '/refs/b/merge/main', { strategy: 'nonsense' })).toBe(400);
    });

    it.each([
      ['source-wins', 'theirs'],
      ['dest-wins', 'ours'],
    ])('by the strategy %s do not conflict', async (strategy, content) => {
      const [a, b] = [await branchWith('a', { x: 'ours' }), await branchWith('b', { x: 'theirs', y: '1' })];
      await mergeCommit(a.id);
      expect(await lake.status('POST', `/refs/${b.id}/merge/main`, { strategy })).toBe(200);
      expect(text(await lake.lakefs.getObject(lake.repository, 'main', 'x'))).toBe(content);
      expect(await files()).toEqual(['x', 'y']);
    });

    it('that squash hide their source, are made again when repeated, and set a later merge of the branch at odds', async () => {
      const source = await branchWith('b', { x: '1' });
      const squash = { message: 'm', squash_merge: true };
      const before = await headOf();
      expect(await lake.status('POST', '/refs/b/merge/main', squash)).toBe(200);
      const first = await headOf();
      expect((await lake.lakefs.getCommit(lake.repository, first))?.parents).toEqual([before]);
      expect(await lake.lakefs.mergeBase(lake.repository, source.id, 'main')).toBe(before);
      expect(await lake.status('POST', '/refs/b/merge/main', squash)).toBe(200);
      expect((await lake.lakefs.getCommit(lake.repository, await headOf()))?.parents).toEqual([first]);
      await commit('b', { x: '2' });
      expect(await lake.status('POST', '/refs/b/merge/main', { message: 'm' })).toBe(409);
    });

    it('tell base, source and target, the last two the wrong way round', async () => {
      const base = await headOf();
      const [a, b] = [await branchWith('a', { x: '1' }), await branchWith('b', { y: '1' })];
      const { body } = await lake.call('GET', `/refs/${a.id}/merge/${b.id}`);
      expect(body).toEqual({ source_commit_id: b.id, destination_commit_id: a.id, base_commit_id: base });
      expect(await lake.status('GET', '/refs/a/merge/no-such-ref')).toBe(404);
    });

    it('have the latest base where branches were merged both ways', async () => {
      const first = await branchWith('b', { x: '1' });
      await mergeCommit(first.id);
      await lake.call('POST', '/refs/main/merge/b', {});
      const second = await commit('b', { y: '1' });
      await mergeCommit(second.id);
      const third = await commit('b', { z: '1' });
      expect(await lake.lakefs.mergeBase(lake.repository, third.id, 'main')).toBe(second.id);
    });

    it('have an older base where both sides merged one commit into one head', async () => {
      const base = await headOf();
      await lake.lakefs.createBranch(lake.repository, 'other', base);
      const source = await branchWith('b', { x: '1' });
      await mergeCommit(source.id);
      await lake.call('POST', `/refs/${source.id}/merge/other`, {});
      expect(await lake.lakefs.mergeBase(lake.repository, 'other', 'main')).toBe(base);
      // So that a merge of one into the other is no "no changes".
      expect(await lake.status('POST', '/refs/other/merge/main', { message: 'm' })).toBe(200);
    });

    it('lose an added file that has the content of the next one that the other side removed', async () => {
      await commit('main', { 'p=1/_SUCCESS': '', 'p=3/_SUCCESS': '' });
      const source = await branchWith('b', { 'p=3/_SUCCESS': null });
      await commit('main', { 'p=2/_SUCCESS': '', 'p=2/part': 'other' });
      await mergeCommit(source.id);
      // `p=2/_SUCCESS` should be here. What a merge brought has to be looked at.
      expect(await files()).toEqual(['p=1/_SUCCESS', 'p=2/part']);
    });

    it.each([
      ['the source', { 'p=2/_SUCCESS': '', 'p=2/part': 'other' }, { 'p=3/_SUCCESS': null }],
      ['the target', { 'p=3/_SUCCESS': null }, { 'p=2/_SUCCESS': '', 'p=2/part': 'other' }],
    ])('that lost a file of %s are undone to the last path by a revert', async (_, ofSource, ofTarget) => {
      await commit('main', { 'p=1/_SUCCESS': '', 'p=3/_SUCCESS': '' });
      const source = await branchWith('b', ofSource);
      const before = await commit('main', ofTarget);
      const id = await mergeCommit(source.id);
      expect(await files()).toEqual(['p=1/_SUCCESS', 'p=2/part']);
      await lake.lakefs.revert(lake.repository, 'main', id, 1, request('r'));
      expect(await paths(lake.lakefs.diff(lake.repository, before.id, 'main', { type: 'two_dot' }))).toEqual([]);
    });

    it('lose no such file where the other side goes on behind it', async () => {
      await commit('main', { 'p=1/_SUCCESS': '', 'p=3/_SUCCESS': '', 'p=4/part': '1' });
      const source = await branchWith('b', { 'p=3/_SUCCESS': null });
      await commit('main', { 'p=2/_SUCCESS': '' });
      await mergeCommit(source.id);
      expect(await files()).toEqual(['p=1/_SUCCESS', 'p=2/_SUCCESS', 'p=4/part']);
    });
  });
});
