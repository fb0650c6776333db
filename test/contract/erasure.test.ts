/** What erasures rest on: a copy inside lakeFS is found by its address, and the whole history by commits and their first parents. */
import { describe, expect, it } from 'vitest';
import { type Erasure, NO_DEEDS } from '../../lambdas/domain/erasure-record.ts';
import { ErasureMemory } from '../../lambdas/usecases/erasure-memory.ts';
import { removeFromBranch, removeScratch } from '../../lambdas/usecases/erasure-removal.ts';
import { searchObjects } from '../../lambdas/usecases/erasure-search.ts';
import { FakeBackups } from '../fakes/snapshots.ts';
import { againstEveryServer, text } from './workbench.ts';

againstEveryServer((lake) => {
  const { commit, headOf, branchWith, mergeCommit, put } = lake;
  const clock = { now: () => 0 };
  const search = (prefix: string) => {
    // Nothing is written down: the time is never up.
    const memory = new ErasureMemory({ clock, backups: new FakeBackups() }, 'search');
    const ports = { lakefs: lake.lakefs, clock };
    return searchObjects(ports, lake.repository, { prefixes: [prefix] }, { until: 1, memory });
  };
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

  describe('a branch that is no target', () => {
    const REASON = { requestedBy: 'anna', reason: 'r', requestedAt: 0, updatedAt: 0, digest: 'd', schemaVersion: 1 };
    const erasure: Erasure = {
      ...{ ...REASON, version: 1, repository: 'r', id: 'erase-20261120t020000z', state: 'REMOVING', runs: {} },
      ...{ objects: { count: 1, bytes: 1, uri: 'u', sha256: 's' }, removeTags: [], replacements: [], did: NO_DEEDS },
    };
    const repository = () => ({
      ...{ name: lake.repository, storageNamespace: 's3://b', defaultBranch: 'main', targets: ['main'], tables: [] },
      garbageCollection: { defaultRetentionDays: 28, branches: {} },
    });
    const remove = (paths: string[], replacements: Erasure['replacements'] = []) => {
      const worker = { erasure: { ...erasure, replacements }, repository: repository(), save: async () => undefined };
      return removeFromBranch({ lakefs: lake.lakefs }, worker, 'b', paths);
    };
    const contentOf = async (path: string) => text(await lake.lakefs.getObject(lake.repository, 'b', path));

    it('loses the paths by a merge, protected or not, and gets rewritten files in their place', async () => {
      await commit('main', { 'people/1': 'first', 'people/2': 'another', last: 'x' });
      await branchWith('b', { more: '1' });
      await lake.lakefs.createBranch(lake.repository, 'fix', await headOf());
      const fixed = await commit('fix', { 'people/1': 'without' });
      const replacements = [{ path: 'people/1', ref: fixed.id, from: 'people/1' }];
      expect(await remove(['people/1', 'last'], replacements)).toBeUndefined();
      expect(await lake.files('b')).toEqual(['more', 'people/1', 'people/2']);
      expect(await contentOf('people/1')).toBe('without');
      await lake.lakefs.setProtectedBranches(lake.repository, ['b']);
      expect(await remove(['people/2'])).toBeUndefined();
      expect(await lake.files('b')).toEqual(['more', 'people/1']);
      const left = await Array.fromAsync(lake.lakefs.listBranches(lake.repository, 'erase-'));
      expect(left).toEqual([]);
    });

    it('is left alone while something is staged on it', async () => {
      await commit('main', { 'people/1': 'first' });
      await branchWith('b', { more: '1' });
      await put('b', 'staged');
      expect(await remove(['people/1'])).toBe('branch b has staged changes: commit or reset them');
      expect(await lake.files('b')).toEqual(['more', 'people/1', 'staged']);
    });

    it('is free of what an interrupted try left', async () => {
      await commit('main', { x: '1' });
      await lake.lakefs.createBranch(lake.repository, `${erasure.id}-left`, await headOf());
      await removeScratch({ lakefs: lake.lakefs }, { erasure, repository: repository(), save: async () => undefined });
      expect(await Array.fromAsync(lake.lakefs.listBranches(lake.repository, 'erase-'))).toEqual([]);
    });
  });
});
