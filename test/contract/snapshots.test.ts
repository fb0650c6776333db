/** What snapshots rest on: tags, dumps, and the settings that a dump leaves out. */
import { describe, expect, it } from 'vitest';
import type { RefsDump } from '../../lambdas/domain/snapshot.ts';
import { againstEveryServer } from './workbench.ts';

againstEveryServer((lake) => {
  const { commit, headOf } = lake;

  const dumped = async (): Promise<RefsDump> => {
    const task = await lake.lakefs.beginDump(lake.repository);
    let dump: RefsDump | 'unknown' | undefined;
    await expect
      .poll(
        async () => {
          dump = await lake.lakefs.dumpOf(lake.repository, task);
          return dump;
        },
        { timeout: 20_000 },
      )
      .toBeDefined();
    if (dump === undefined || dump === 'unknown') throw new Error('no dump');
    return dump;
  };

  describe('snapshots', () => {
    const ID = 'snapshot-main-20261125T010203Z';

    it('a tag stays where it is when its branch moves, and shows its objects', async () => {
      const made = await commit('main', { x: '1' });
      await lake.lakefs.createTag(lake.repository, ID, made.id);
      await commit('main', { y: '1' });
      expect(await lake.files(ID)).toEqual(['x']);
      expect((await lake.lakefs.getTag(lake.repository, ID))?.commitId).toBe(made.id);
    });

    it('a tag of a commit that is not there is not made, and one may not be named as a branch is', async () => {
      await expect(lake.lakefs.createTag(lake.repository, 't', 'f'.repeat(64))).rejects.toMatchObject({
        code: 'BL3004',
      });
      await expect(lake.lakefs.createTag(lake.repository, 'main', await headOf())).rejects.toMatchObject({
        code: 'BL3005',
      });
    });

    it('tags of many pages are listed to the end', async () => {
      const head = await headOf();
      const ids = Array.from({ length: 1005 }, (_, number) => `t${String(number).padStart(4, '0')}`);
      for (let from = 0; from < ids.length; from += 50)
        await Promise.all(ids.slice(from, from + 50).map((id) => lake.lakefs.createTag(lake.repository, id, head)));
      expect((await Array.fromAsync(lake.lakefs.listTags(lake.repository, ''))).map(({ id }) => id)).toEqual(ids);
    }, 60_000);

    it('a dump names three files, which can be read; another dump of the same refs finds the same content', async () => {
      await commit('main', { x: '1' });
      await lake.lakefs.createTag(lake.repository, ID, await headOf());
      const dump = await dumped();
      for (const id of Object.values(dump)) {
        expect(id).toMatch(/^[0-9a-f]{64}$/);
        const file = await lake.lakefs.getMetaRangeFile(lake.repository, id);
        expect(file?.length).toBeGreaterThan(0);
        expect(await lake.lakefs.getMetaRangeFile(lake.repository, id)).toEqual(file);
      }
      expect(await lake.lakefs.getMetaRangeFile(lake.repository, 'f'.repeat(64))).toBeUndefined();
    }, 60_000);

    it('a dump that nobody began is unknown', async () => {
      expect(await lake.lakefs.dumpOf(lake.repository, 'no-such-task')).toBe('unknown');
    });

    it('garbage-collection rules and metadata are read as they were written', async () => {
      expect(await lake.lakefs.getGarbageCollection(lake.repository)).toBeUndefined();
      await lake.lakefs.setGarbageCollection(lake.repository, { defaultRetentionDays: 7, branches: {} });
      expect(await lake.lakefs.getGarbageCollection(lake.repository)).toEqual({
        defaultRetentionDays: 7,
        branches: {},
      });
      const rules = { defaultRetentionDays: 28, branches: { main: 35 } };
      await lake.lakefs.setGarbageCollection(lake.repository, rules);
      expect(await lake.lakefs.getGarbageCollection(lake.repository)).toEqual(rules);
      expect(await lake.lakefs.getRepositoryMetadata(lake.repository)).toEqual({});
      await lake.call('POST', '/metadata', { metadata: { owner: 'data' } });
      expect(await lake.lakefs.getRepositoryMetadata(lake.repository)).toEqual({ owner: 'data' });
    });
  });
});
