import { describe, expect, it } from 'vitest';
import type { ExportConfig } from '../../../../lambdas/contract.ts';
import { erasureEventsOf } from '../../../../lambdas/domain/erasure-events.ts';
import { type ErasureWorld, makeErasureWorld } from '../../../fakes/erasure.ts';
import { EXPORT } from '../../../fakes/exports.ts';
import { ask, bytes, DAY, headOf, others, run, toTheEnd } from './stage.ts';

const PERSON = { prefixes: ['people/id=1/'] };

const stage = async (...exporting: ExportConfig[]): Promise<ErasureWorld> => {
  const world = await makeErasureWorld(...exporting);
  await world.lakefs.setGarbageCollection('lake', { defaultRetentionDays: 7, branches: {} });
  await world.change({ 'people/id=1/a': 'first', 'people/id=2/a': 'another' });
  world.clock.advance(DAY);
  await world.change({ 'people/id=1/a': 'second' });
  await world.lakefs.setProtectedBranches('lake', ['main']);
  return world;
};
const filesOf = async ({ lakefs }: ErasureWorld, ref = 'main'): Promise<string[]> =>
  (await Array.fromAsync(lakefs.listObjects('lake', ref, {}))).map(({ path }) => path);
const contents = ({ storage, data }: ErasureWorld): string[] =>
  data().map((address) => storage.objects.get(address)?.content ?? '');
const waits = async (world: ErasureWorld): Promise<readonly string[]> =>
  [...world.erasures.entries.values()].at(-1)?.waits?.for ?? [];

describe('an erasure', () => {
  it('takes the paths out by a run of its own, waits out retention, has garbage collected, and proves that nothing is left', async () => {
    const world = await stage();
    const begun = await run(world, PERSON);
    expect(begun).toMatchObject({ outcome: 'REMOVING', erasure: { objects: { count: 2, bytes: 11 } } });
    expect(await waits(world)).toEqual([expect.stringMatching(/^run erase-\S+ is to be promoted into main$/)]);
    await others(world);
    expect(await filesOf(world)).toEqual(['people/id=2/a']);
    expect(world.ledger.runs.get(begun.erasure.did.runs[0] ?? '')).toMatchObject({
      state: 'PROMOTED',
      job: 'branchline-erase',
    });
    const retaining = await run(world, PERSON);
    expect(retaining).toMatchObject({ outcome: 'RETAINING', erasure: { id: begun.erasure.id } });
    expect(retaining.erasure.retainedUntil).toBe((retaining.erasure.removedAt ?? 0) + 7 * DAY);
    const done = await toTheEnd(world);
    expect(done).toMatchObject({ state: 'DONE', proof: { gone: 2, left: 0, versions: 0 }, requestedBy: 'anna' });
    expect(contents(world)).toEqual(['another']);
    const report = JSON.parse((await world.backups.get(`lake/${begun.erasure.id}/report.json`)) ?? '{}');
    expect(report).toMatchObject({ reason: 'request 1', state: 'DONE', did: { runs: begun.erasure.did.runs } });
    expect(report.answers).toHaveLength(2);
    const events = world.erasures.stream.flatMap(({ before, after }) => erasureEventsOf(before, after));
    expect(events.map(({ type }) => type)).toEqual(['Erasure Begun', 'Erasure Completed']);
    expect(JSON.stringify(events)).not.toContain('people/');
  });

  it('puts a rewritten file in the place of the one that is erased', async () => {
    const world = await stage();
    await world.lakefs.createBranch('lake', 'fix', await headOf(world));
    await world.lakefs.putObject('lake', 'fix', 'rewritten', bytes('without'));
    await world.lakefs.commit('lake', 'fix', { message: 'fix', metadata: {} });
    const wrong = (from: string, ref = 'fix') =>
      run(world, PERSON, { replacements: [{ path: 'people/id=1/a', ref, from }] });
    await expect(wrong('nowhere')).rejects.toMatchObject({ code: 'BL8612' });
    await expect(wrong('people/id=1/a', 'main')).rejects.toMatchObject({ code: 'BL8612' });
    await wrong('rewritten');
    await others(world);
    const [replaced] = await Array.fromAsync(world.lakefs.listObjects('lake', 'main', { prefix: 'people/id=1/' }));
    expect(replaced?.checksum).toBe('without');
    // The branch with the rewritten file still shows the old one: it goes from there too.
    expect(await toTheEnd(world)).toMatchObject({ state: 'DONE', did: { merges: [expect.stringMatching(/^fix /)] } });
    expect(contents(world).sort()).toEqual(['another', 'without']);
  });

  it('reaches other branches, tags, snapshots, kept work, previews and copies', async () => {
    const world = await stage({ ...EXPORT, delete: false });
    const { lakefs, destination } = world;
    const old = await headOf(world);
    await lakefs.createBranch('lake', 'by-hand', old);
    await lakefs.createTag('lake', 'v1', old);
    const id = 'snapshot-main-20261120T020000Z';
    await lakefs.createTag('lake', id, old);
    await lakefs.createBranch('lake', `keep-${id}`, old);
    await world.snapshots.put({
      ...{ schemaVersion: 1, version: 1, id, repository: 'lake', target: 'main', kind: 'manual', state: 'COMPLETE' },
      ...{ requestedBy: 'x', startedAt: 1, updatedAt: 1, commit: old, metaRangeId: 'm', keeperBranch: `keep-${id}` },
    });
    await world.exports.put({ schemaVersion: 1, version: 1, name: 'plain', sequence: 1, commit: old, updatedAt: 1 });
    destination.objects.set('out/lake/people/id=1/a', { content: 'second', checksum: 'second' });
    destination.objects.set('out/lake/people/id=2/a', { content: 'another', checksum: 'another' });
    await expect(run(world, PERSON)).rejects.toMatchObject({ code: 'BL8606' });
    await run(world, PERSON, { removeTags: true });
    const done = await toTheEnd(world);
    expect(done).toMatchObject({ state: 'DONE', did: { tags: ['v1'], snapshots: [id], copies: { plain: 1 } } });
    expect(contents(world)).toEqual(['another']);
    expect([...destination.objects.keys()]).toEqual(['out/lake/people/id=2/a']);
    expect(await filesOf(world, 'by-hand')).toEqual(['people/id=2/a']);
    expect(lakefs.repositories.get('lake')?.tags.size).toBe(0);
  });

  it('begins another run where the target changed the partition meanwhile', async () => {
    const world = await stage();
    const { erasure } = await run(world, PERSON);
    await world.lakefs.setProtectedBranches('lake', []);
    await world.change({ 'people/id=1/more': 'third' });
    await world.lakefs.setProtectedBranches('lake', ['main']);
    await others(world);
    expect(world.ledger.runs.get(erasure.did.runs[0] ?? '')?.state).toBe('CONFLICTED');
    const done = await toTheEnd(world);
    expect(done).toMatchObject({ state: 'DONE' });
    expect(done?.did.runs).toHaveLength(2);
    // What came after the erasure was begun is no part of it.
    expect(contents(world).sort()).toEqual(['another', 'third']);
  });

  it('goes back to where it began when somebody brings the objects back', async () => {
    const world = await stage();
    const old = await headOf(world);
    await run(world, PERSON);
    await others(world);
    await run(world, PERSON);
    await world.lakefs.createBranch('lake', 'revived', old);
    world.clock.advance(8 * DAY);
    await ask(world, { action: 'tend' });
    expect([...world.erasures.entries.values()].at(-1)?.did.merges).toEqual([expect.stringMatching(/^revived /)]);
    expect(await toTheEnd(world)).toMatchObject({ state: 'DONE' });
    expect(contents(world)).toEqual(['another']);
  });
});

describe('what it waits for is named', () => {
  it('a run that has not ended, staged work, approval of the collection', async () => {
    const world = await stage();
    const base = await headOf(world);
    await world.lakefs.createBranch('lake', 'by-hand', base);
    await world.lakefs.putObject('lake', 'by-hand', 'x', bytes('x'));
    await run(world, PERSON);
    expect(await waits(world)).toContain('branch by-hand has staged changes: commit or reset them');
    await world.lakefs.resetStaged('lake', 'by-hand');
    await others(world);
    await run(world, PERSON);
    world.clock.advance(8 * DAY);
    await ask(world, { action: 'tend' });
    await ask(world, { action: 'tend' });
    const { current } = world.collections.entries.get('lake') ?? {};
    expect(current).toMatchObject({
      state: 'WAITING',
      requestedBy: expect.stringMatching(/^erasure erase-\S+ of anna$/),
    });
  });

  it('earlier versions, until the lifecycle has removed them; without a rule somebody has to', async () => {
    const world = await stage();
    await run(world, PERSON);
    const address = world.data().find((each) => world.storage.objects.get(each)?.content === 'first') ?? '';
    world.versions.kept.set(address, [{ since: world.clock.now(), isMarker: false }]);
    for (let turn = 0; turn < 15; turn += 1) {
      await ask(world, { action: 'tend' });
      await others(world);
      world.clock.advance(DAY);
    }
    expect((await waits(world))[0]).toMatch(/no lifecycle rule removes earlier versions of 1 objects/);
    world.versions.settings = { bucket: 'bucket', versioning: 'on', earlierVersionsDays: 90, replicatesTo: [] };
    await ask(world, { action: 'tend' });
    const [entry] = [...world.erasures.entries.values()];
    expect(entry).toMatchObject({ state: 'PROVING', proof: { gone: 1, left: 0, versions: 1 } });
    expect(entry?.proof?.versionsUntil).toBeGreaterThan(world.clock.now());
    world.versions.kept.clear();
    expect(await toTheEnd(world)).toMatchObject({ state: 'DONE', proof: { gone: 2 } });
  });

  it('a hold that came later than the erasure', async () => {
    const world = await stage();
    const old = await headOf(world);
    await run(world, PERSON);
    await others(world);
    const id = 'snapshot-main-20261121T020000Z';
    await world.lakefs.createTag('lake', id, old);
    await world.snapshots.put({
      ...{ schemaVersion: 1, version: 1, id, repository: 'lake', target: 'main', kind: 'manual', state: 'COMPLETE' },
      ...{ requestedBy: 'x', startedAt: 1, updatedAt: 1, commit: old, metaRangeId: 'm', keeperBranch: `keep-${id}` },
      hold: { by: 'carla', reason: 'lawsuit', since: 1 },
    });
    await ask(world, { action: 'tend' });
    expect(await waits(world)).toEqual([`snapshot ${id} is held by carla: lawsuit`]);
    expect(await world.lakefs.getTag('lake', id)).toBeDefined();
    const { report } = await ask(world, { action: 'tend' });
    expect(report.open).toHaveLength(1);
  });
});

describe('it is refused', () => {
  it('without the name of the repository, without anything selected, without a collection, under a hold', async () => {
    const world = await stage();
    await expect(run(world, PERSON, { confirm: 'other' })).rejects.toMatchObject({ code: 'BL8611' });
    await expect(run(world, { prefixes: ['nobody/'] })).rejects.toMatchObject({ code: 'BL8603' });
    world.collecting = undefined;
    await expect(run(world, PERSON)).rejects.toMatchObject({ code: 'BL8602' });
    expect(world.erasures.entries.size).toBe(0);
  });
});

describe('cancel', () => {
  it('stops it while nothing is being deleted, and no later', async () => {
    const world = await stage();
    const { erasure } = await run(world, PERSON);
    const order = { action: 'cancel', repository: 'lake', erasure: erasure.id, requestedBy: 'bert' } as const;
    expect(await ask(world, order)).toMatchObject({ outcome: 'CANCELLED', erasure: { cause: { code: 'BL8610' } } });
    await expect(ask(world, order)).rejects.toMatchObject({ code: 'BL8610' });
    await expect(ask(world, { ...order, erasure: 'erase-20200101t000000z' })).rejects.toMatchObject({ code: 'BL8613' });
    // The same selection may be erased after all: another erasure.
    world.clock.advance(DAY);
    expect((await run(world, PERSON)).erasure.id).not.toBe(erasure.id);
    const listed = await ask(world, { action: 'status', repository: 'lake' });
    expect(listed.erasures.map(({ state }) => state)).toEqual(['REMOVING', 'CANCELLED']);
  });
});
