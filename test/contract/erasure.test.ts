/** What erasures rest on: a copy inside lakeFS is found by its address, and the whole history by commits and their first parents. */
import { describe, expect, it } from 'vitest';
import { searchObjects } from '../../lambdas/usecases/erasure-search.ts';
import { againstEveryServer } from './workbench.ts';

againstEveryServer((lake) => {
  const { commit, headOf, branchWith, mergeCommit, put } = lake;
  const search = (prefix: string) =>
    searchObjects({ lakefs: lake.lakefs, clock: { now: () => 0 } }, lake.repository, { prefixes: [prefix] }, 1);
  describe('objects that are to be erased', () => {
    it('are all that ever lay below a prefix: replaced, removed, merged away in between, and staged', async () => {
      await commit('main', { 'people/1/a': 'first', other: 'x' });
      await commit('main', { 'people/1/a': 'second' });
      await branchWith('b', { 'people/1/b': 'in between' });
      const less = await commit('b', { 'people/1/b': null, more: '1' });
      await mergeCommit(less.id);
      await lake.lakefs.deleteBranch(lake.repository, 'b');
      await commit('main', { 'people/1/a': null });
      await lake.lakefs.createBranch(lake.repository, 'by-hand', await headOf());
      await put('by-hand', 'people/1/c', 'staged');
      const objects = await search('people/1/');
      expect(objects.all.map(({ paths, sizeBytes }) => `${paths.join()} ${String(sizeBytes)}`).sort()).toEqual([
        'people/1/a 5',
        'people/1/a 6',
        'people/1/b 10',
        'people/1/c 6',
      ]);
    });

    it('share no address with a copy inside lakeFS: it has bytes of its own, and is known by its content', async () => {
      await commit('main', { 'people/1/a': 'first', other: 'x' });
      await lake.lakefs.createBranch(lake.repository, 'b', await headOf());
      await put('b', 'people/1/new', 'second');
      await lake.lakefs.copyObject(lake.repository, 'b', 'copies/a', { ref: 'b', path: 'people/1/a' });
      await lake.lakefs.copyObject(lake.repository, 'b', 'copies/new', { ref: 'b', path: 'people/1/new' });
      const objects = await search('people/1/');
      const seen = (await Array.fromAsync(lake.lakefs.listObjects(lake.repository, 'b', {}))).map((object) => ({
        ...{ path: object.path, isErased: objects.has(object.physicalAddress), isAlike: objects.isAlike(object) },
      }));
      expect(seen).toEqual([
        { path: 'copies/a', isErased: false, isAlike: true },
        { path: 'copies/new', isErased: false, isAlike: true },
        { path: 'other', isErased: false, isAlike: false },
        { path: 'people/1/a', isErased: true, isAlike: false },
        { path: 'people/1/new', isErased: true, isAlike: false },
      ]);
    });
  });
});
