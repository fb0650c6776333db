import { describe, expect, it } from 'vitest';
import { againstEveryServer, paths, request } from './workbench.ts';

againstEveryServer((lake) => {
  const { put, headOf, commit, merge, files } = lake;

  describe('commits', () => {
    it('carry message, metadata and one parent', async () => {
      const before = await headOf();
      await put('main', 'x');
      const answer = await lake.lakefs.commit(
        lake.repository,
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
      expect(await lake.lakefs.getCommit(lake.repository, id)).toMatchObject({ id, message: 'hello' });
      expect(await headOf()).toBe(id);
    });

    it('are not made of nothing', async () => {
      expect(await lake.lakefs.commit(lake.repository, 'main', request('m'))).toEqual({ outcome: 'nothing-to-commit' });
    });

    it('take the state of another commit by its meta-range', async () => {
      const old = await commit('main', { x: '1' });
      await commit('main', { x: '2', y: '1' });
      await lake.lakefs.createBranch(lake.repository, 'back', await headOf());
      const answer = await lake.lakefs.commit(lake.repository, 'back', request('back'), old.metaRangeId);
      expect(answer.outcome).toBe('committed');
      expect(await merge('back')).toMatchObject({ outcome: 'merged' });
      expect(await paths(lake.lakefs.diff(lake.repository, old.id, 'main', { type: 'two_dot' }))).toEqual([]);
    });

    it('a meta-range that does not exist is taken all the same', async () => {
      await lake.lakefs.createBranch(lake.repository, 'back', await headOf());
      const url = `/branches/back/commits?source_metarange=${'a'.repeat(64)}`;
      expect((await lake.call('POST', url, { message: 'bogus' })).status).toBe(201);
    });

    it('are made of nothing where that is asked for', async () => {
      const before = await lake.call('GET', '/commits/main');
      const answer = await lake.call('POST', '/branches/main/commits', { message: 'm', allow_empty: true });
      expect(answer.status).toBe(201);
      expect(answer.body).toMatchObject({ parents: [(before.body as { id: string }).id] });
    });

    it('say "no changes" of what comes to nothing, and want a message', async () => {
      await commit('main', { x: '1' });
      await put('main', 'x', '1');
      const answer = await lake.call('POST', '/branches/main/commits', { message: 'm' });
      expect([answer.status, answer.body]).toEqual([400, { message: 'commit: no changes' }]);
      expect(await lake.status('POST', '/branches/main/commits', {})).toBe(400);
      expect(await lake.status('POST', '/branches/main/commits')).toBe(400);
      expect(await lake.status('POST', '/branches/no-such-branch/commits', { message: 'm' })).toBe(404);
    });

    it('take everything that is staged on their branch, whoever wrote it', async () => {
      await put('main', 'mine');
      await put('main', 'other');
      await lake.lakefs.commit(lake.repository, 'main', request('m'));
      expect(await files(await headOf())).toEqual(['mine', 'other']);
      expect(await paths(lake.lakefs.listStaged(lake.repository, 'main'))).toEqual([]);
    });

    it('carry metadata of 64 KB, and any text', async () => {
      const metadata = { big: 'x'.repeat(64 * 1024), 'ключ "q"': 'é\n\t\u{1F600}', empty: '' };
      await put('main', 'x');
      await lake.lakefs.commit(lake.repository, 'main', request('a\nmessage – of "two" lines', metadata));
      expect(await lake.lakefs.getCommit(lake.repository, await headOf())).toMatchObject({
        message: 'a\nmessage – of "two" lines',
        metadata,
      });
    });

    it('have the date that the committer says, the future too: it orders nothing', async () => {
      await put('main', 'x');
      const date = Date.UTC(2100, 0, 1) / 1000;
      await lake.call('POST', '/branches/main/commits', { message: 'm', date });
      const late = await lake.lakefs.getCommit(lake.repository, await headOf());
      expect(late?.creationDate).toBe(date * 1000);
      const next = await commit('main', { y: '1' });
      const log = await Array.fromAsync(lake.lakefs.log(lake.repository, 'main', {}));
      expect(log.slice(0, 2).map(({ id }) => id)).toEqual([next.id, late?.id]);
    });

    it('of a meta-range are refused on a branch with staged changes, and without one', async () => {
      const old = await commit('main', { x: '1' });
      await put('main', 'dirty');
      const url = `/branches/main/commits?source_metarange=${old.metaRangeId}`;
      expect(await lake.status('POST', url, { message: 'm' })).toBe(400);
      expect(await lake.status('POST', '/branches/main/commits?source_metarange=', { message: 'm' })).toBe(400);
    });

    it('of a meta-range that is not there cannot be read: 410', async () => {
      await lake.lakefs.createBranch(lake.repository, 'back', await headOf());
      await lake.call('POST', `/branches/back/commits?source_metarange=${'a'.repeat(64)}`, { message: 'bogus' });
      expect(await lake.status('GET', '/refs/back/objects/ls')).toBe(410);
    });

    it('of the same state have the same meta-range', async () => {
      const first = await commit('main', { x: '1' });
      await commit('main', { y: '1' });
      const third = await commit('main', { y: null });
      expect(third.metaRangeId).toBe(first.metaRangeId);
    });
  });
});
