import { describe, expect, it } from 'vitest';
import type { ExportConfig } from '../../../../lambdas/contract.ts';
import type { ErasurePlan, Held, Selection } from '../../../../lambdas/domain/erasure.ts';
import { planErasure } from '../../../../lambdas/usecases/plan-erasure.ts';
import { type ErasureWorld, makeErasureWorld } from '../../../fakes/erasure.ts';
import { EXPORT } from '../../../fakes/exports.ts';

const DAY = 86_400_000;
const plan = (world: ErasureWorld, selection: Selection): Promise<ErasurePlan> =>
  planErasure(world, { repository: 'lake', selection, until: Number.MAX_SAFE_INTEGER });
const tell = ({ holder, does, objects }: Held): string => `${holder.kind} ${holder.name}: ${String(objects)} ${does}`;
const PERSON = { prefixes: ['people/id=1/'] };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const head = async ({ lakefs }: ErasureWorld, branch = 'main'): Promise<string> =>
  (await lakefs.getBranch('lake', branch))?.commitId ?? '';

/** A person's file that was rewritten once, beside somebody else's. */
const stage = async (...exporting: ExportConfig[]): Promise<ErasureWorld> => {
  const world = await makeErasureWorld(...exporting);
  await world.lakefs.setGarbageCollection('lake', { defaultRetentionDays: 7, branches: { main: 30 } });
  await world.change({ 'people/id=1/a': 'first', 'people/id=2/a': 'another' });
  world.clock.advance(DAY);
  await world.change({ 'people/id=1/a': 'second' });
  return world;
};

describe('what is selected', () => {
  it('is everything that ever lay below the prefix, and nothing beside it', async () => {
    const world = await stage();
    const { objects, bytes: size, examples, held, retention } = await plan(world, PERSON);
    expect(objects).toBe(2);
    expect(size).toBe('firstsecond'.length);
    expect(examples.map(({ paths }) => paths)).toEqual([['people/id=1/a'], ['people/id=1/a']]);
    expect(held.map(tell)).toEqual(['target main: 1 promote']);
    expect(retention).toEqual({ days: 30, until: world.clock.now() + 30 * DAY });
  });

  it('is found in commits that a merge brought, and that no head shows any more', async () => {
    const world = await stage();
    const { lakefs } = world;
    await lakefs.createBranch('lake', 'by-hand', await head(world));
    await lakefs.putObject('lake', 'by-hand', 'people/id=1/b', bytes('in between'));
    await lakefs.commit('lake', 'by-hand', { message: 'more', metadata: {} });
    await lakefs.deleteObjects('lake', 'by-hand', ['people/id=1/b']);
    await lakefs.putObject('lake', 'by-hand', 'x', bytes('x'));
    await lakefs.commit('lake', 'by-hand', { message: 'less', metadata: {} });
    await lakefs.merge('lake', await head(world, 'by-hand'), 'main', { message: 'merge', metadata: {} });
    await lakefs.deleteBranch('lake', 'by-hand');
    expect((await plan(world, PERSON)).objects).toBe(3);
    expect((await plan(world, { paths: ['people/id=1/b'] })).objects).toBe(1);
  });

  it('takes paths by their names alone: one that begins as another is not meant', async () => {
    const world = await stage();
    await world.change({ 'people/id=1/ab': 'longer' });
    expect((await plan(world, { paths: ['people/id=1/a'] })).objects).toBe(2);
    const many = Array.from({ length: 7 }, (_, i) => `people/id=${String(i)}/a`);
    expect((await plan(world, { paths: many })).objects).toBe(3);
  });

  it('may be an address that no ref shows', async () => {
    const world = await stage();
    const nowhere = 's3://bucket/lake/data/x/nowhere';
    const answer = await plan(world, { addresses: [nowhere, 's3://elsewhere/file'] });
    expect(answer).toMatchObject({ objects: 2, unseen: 2, held: [], outside: ['s3://elsewhere/file'] });
  });

  it('is refused for a repository that is not configured, and told when the time was up', async () => {
    const world = await stage();
    const late = planErasure(world, { repository: 'lake', selection: PERSON, until: 0 });
    await expect(late).rejects.toMatchObject({ code: 'BL8607' });
    await expect(
      planErasure(world, { repository: 'other', selection: PERSON, until: Number.MAX_SAFE_INTEGER }),
    ).rejects.toMatchObject({ code: 'BL8601' });
  });
});

describe('who holds', () => {
  it('is found by the address, whatever the path is called', async () => {
    const world = await stage();
    const { lakefs } = world;
    await lakefs.createBranch('lake', 'by-hand', await head(world));
    await lakefs.copyObject('lake', 'by-hand', 'copies/of-it', { ref: 'main', path: 'people/id=1/a' });
    await lakefs.commit('lake', 'by-hand', { message: 'copy', metadata: {} });
    await lakefs.deleteObjects('lake', 'by-hand', ['people/id=1/a']);
    await lakefs.commit('lake', 'by-hand', { message: 'less', metadata: {} });
    const { held } = await plan(world, PERSON);
    expect(held.map(tell)).toEqual(['branch by-hand: 1 merge', 'staged by-hand: 1 wait', 'target main: 1 promote']);
    expect(held[0]?.examples).toEqual(['copies/of-it']);
  });

  it('is a tag, a snapshot with its branch, a preview, and what is staged', async () => {
    const world = await stage();
    const { lakefs } = world;
    const first = (await Array.fromAsync(lakefs.log('lake', 'main', {})))[1]?.id ?? '';
    await lakefs.createTag('lake', 'v1', first);
    const id = 'snapshot-main-20261120T020000Z';
    await lakefs.createTag('lake', id, first);
    await lakefs.createBranch('lake', `keep-${id}`, first);
    await world.snapshots.put({
      ...{ schemaVersion: 1, version: 1, id, repository: 'lake', target: 'main', kind: 'manual', state: 'COMPLETE' },
      ...{
        requestedBy: 'anna',
        startedAt: 1,
        updatedAt: 1,
        commit: first,
        metaRangeId: 'm',
        keeperBranch: `keep-${id}`,
      },
      backup: { uri: 's3://backups/manifest.json', sha256: 'x' },
    });
    const answer = await plan(world, PERSON);
    expect(answer.held.map(tell)).toEqual([
      'snapshot snapshot-main-20261120T020000Z: 1 prune',
      'tag v1: 1 remove-tag',
      'target main: 1 promote',
    ]);
    expect(answer.backups).toEqual(['s3://backups/manifest.json']);
    expect(answer.refusals).toEqual([]);
    const stored = await world.snapshots.get('lake', id);
    if (stored === undefined) throw new Error('no snapshot');
    await world.snapshots.put({ ...stored, version: 2, hold: { by: 'carla', reason: 'lawsuit', since: 2 } });
    const held = await plan(world, PERSON);
    expect(held.held.map(tell)).toContain('snapshot snapshot-main-20261120T020000Z: 1 refuse');
    expect(held.refusals).toEqual([{ code: 'BL8605', message: `snapshot ${id} is held by carla: lawsuit` }]);
  });

  it('is the branch of a run that has not ended, and what is staged on it: both have to end first', async () => {
    const world = await stage();
    const { lakefs, ledger } = world;
    const base = await head(world);
    await ledger.createRun({
      ...{ schemaVersion: 1, runId: 'r1', attempt: 0, version: 1, state: 'OPEN', job: 'sales-load', pipeline: 'sales' },
      ...{
        repository: 'lake',
        target: 'main',
        branch: 'run-sales-load-r1',
        baseCommit: base,
        openedAt: 1,
        updatedAt: 1,
      },
      ...{ rerunNumber: 0, branchDeleted: false, steps: [] },
    });
    await lakefs.createBranch('lake', 'run-sales-load-r1', base);
    await lakefs.putObject('lake', 'run-sales-load-r1', 'people/id=1/new', bytes('new'));
    const { held, objects } = await plan(world, PERSON);
    expect(objects).toBe(3);
    expect(held.map(tell)).toEqual([
      'run run-sales-load-r1: 1 wait',
      'staged run-sales-load-r1: 2 wait',
      'target main: 1 promote',
    ]);
    expect(held[0]?.holder).toMatchObject({ run: 'r1', hasEnded: false });
  });

  it('is a preview of a commit that readers no longer see', async () => {
    const world = await makeErasureWorld();
    const commit = await world.change({ 'sales/dt=1/a': 'a person' });
    await world.change({ 'sales/dt=1/a': null });
    await world.previews.put({
      ...{ schemaVersion: 1, version: 1, name: 'p', state: 'READY', repository: 'lake', ref: commit, commit },
      ...{ database: 'branchline_preview_p', tables: ['sales'], createdAt: 1, expiresAt: 2, updatedAt: 1 },
    });
    expect((await plan(world, { paths: ['sales/dt=1/a'] })).held.map(tell)).toEqual(['preview p: 1 drop']);
  });
});

describe('tables', () => {
  it('that lag behind hold, and so do those that nobody asks for any more, and previews of described ones', async () => {
    const world = await makeErasureWorld();
    const commit = await world.change({ 'sales/dt=1/a': 'a person', 'stock/s': 's' });
    await world.change({ 'sales/dt=1/a': null });
    const entry = { schemaVersion: 1, repository: 'lake', branch: 'main', updatedAt: 1 };
    const at = (version: number, tables: object) =>
      world.publications.put({ ...entry, version, tables } as Parameters<typeof world.publications.put>[0]);
    const told = async (): Promise<string[]> => (await plan(world, { paths: ['sales/dt=1/a'] })).held.map(tell);
    await at(1, { sales: { commit, descriptor: '' } });
    expect(await told()).toEqual(['table db.sales: 1 refresh']);
    await at(2, { old: { commit, descriptor: '', path: 'sales/', shownAs: ['db.old'], left: { since: 1 } } });
    expect(await told()).toEqual(['table db.old: 1 refresh']);
    await at(3, { stock: { commit, descriptor: '' } });
    expect(await told()).toEqual([]);
    await world.previews.put({
      ...{ schemaVersion: 1, version: 1, name: 'p', state: 'READY', repository: 'lake', ref: commit, commit },
      ...{ database: 'branchline_preview_p', tables: ['described'], paths: ['sales/'], createdAt: 1, expiresAt: 2 },
      updatedAt: 1,
    });
    expect(await told()).toEqual(['preview p: 1 drop']);
  });
});

describe('copies at destinations', () => {
  it('are found by content, whatever they are called; what another object of the same content left there stays', async () => {
    const world = await stage({ ...EXPORT, delete: false });
    const { destination } = world;
    const commit = await world.change({ 'people/id=3/a': 'second' });
    const copy = (key: string, content: string, checksum = content): void => {
      destination.objects.set(`out/lake/${key}`, { content, checksum });
    };
    copy('people/id=1/a', 'second');
    copy('people/id=1/old-name', 'first');
    copy('people/id=2/a', 'another');
    copy('people/id=3/a', 'second');
    copy('people/id=9/a', 'fifth', 'of another content');
    destination.objects.set('out/lake/by-hand', { content: 'first' });
    await world.exports.put({ schemaVersion: 1, version: 1, name: 'plain', sequence: 1, commit, updatedAt: 1 });
    expect((await plan(world, PERSON)).exports).toEqual([
      {
        ...{ name: 'plain', destination: 's3://out/lake/', files: 2 },
        examples: ['lake/people/id=1/a', 'lake/people/id=1/old-name'],
      },
    ]);
  });
});

it('an erasure that nothing would bring to its end is refused beforehand', async () => {
  const world = await stage();
  world.collecting = undefined;
  expect((await plan(world, PERSON)).refusals).toMatchObject([{ code: 'BL8602' }]);
});

it('what the bucket keeps of earlier versions is told', async () => {
  const world = await stage();
  world.versions.settings = {
    ...{ bucket: 'bucket', versioning: 'on', earlierVersionsDays: 30 },
    replicatesTo: ['copy'],
  };
  expect((await plan(world, PERSON)).storage).toEqual(world.versions.settings);
});
