import { describe, expect, it } from 'vitest';
import { tagKeeperOf } from '../../../../lambdas/domain/collection.ts';
import { collectionEventsOf } from '../../../../lambdas/domain/collection-events.ts';
import { BranchlineError } from '../../../../lambdas/domain/errors.ts';
import { type CollectionWorld, work } from '../../../fakes/collections.ts';
import { approve, ask, DAY, run, settle, stageWithGarbage } from './stage.ts';

const bytes = (content: string): Uint8Array => new TextEncoder().encode(content);
const shown = async (world: CollectionWorld, ref: string): Promise<string[]> =>
  (await Array.fromAsync(world.lakefs.listObjects('lake', ref, {}))).map(({ physicalAddress }) => physicalAddress);
const allThere = async (world: CollectionWorld, ...refs: string[]): Promise<void> => {
  for (const ref of refs) for (const address of await shown(world, ref)) expect(world.data()).toContain(address);
};

describe('a collection', () => {
  it('marks, tells what would go, and deletes nothing before somebody approves', async () => {
    const world = await stageWithGarbage();
    const before = world.data();
    const marked = await settle(world);
    expect(marked.state).toBe('MARKED');
    expect(marked.marked).toMatchObject({
      objects: 3,
      bytes: 'old a'.length + 'old b'.length + 'never committed'.length,
      gone: 0,
    });
    expect(marked.marked?.examples).toHaveLength(3);
    expect(world.data()).toEqual(before);
    expect((await settle(world)).state).toBe('MARKED');
  });

  it('sweeps what was approved and nothing else, reads every ref back, and says what went', async () => {
    const world = await stageWithGarbage();
    const ended = await approve(world, await settle(world));
    expect(ended).toMatchObject({
      state: 'DONE',
      approved: { by: 'bert' },
      readBack: { missing: 0, left: 0, outside: 0, objects: 2 },
    });
    expect(world.data()).toHaveLength(2);
    await allThere(world, 'main');
    const events = world.collections.stream.flatMap(({ before, after }) => collectionEventsOf(before, after));
    expect(events.map(({ type }) => type)).toEqual(['Garbage Marked', 'Garbage Collected']);
    expect(events[1]?.detail).toMatchObject({ requestedBy: 'anna', approvedBy: 'bert', marked: { objects: 3 } });
  });

  it('sweeps at once where the configuration says so', async () => {
    const world = await stageWithGarbage({ sweep: 'automatic' });
    expect((await settle(world)).state).toBe('DONE');
    expect(world.data()).toHaveLength(2);
  });

  it('ends without a sweep where nothing is to go', async () => {
    const world = await stageWithGarbage({ sweep: 'automatic' });
    await settle(world);
    const again = await settle(world);
    expect(again).toMatchObject({ state: 'DONE', marked: { objects: 0 } });
    expect(world.glue.jobRuns.size).toBe(3);
  });

  it('gives the minimum age to the job, and the id of its own list to the sweep', async () => {
    const world = await stageWithGarbage({ minAgeSeconds: 3 * 86_400 });
    await approve(world, await settle(world));
    const given = [...world.glue.jobRuns.values()].map(({ arguments: each }) => each);
    expect(given[0]).toMatchObject({ '--phase': 'mark', '--min_age': '259200', '--namespace': 's3://bucket/lake' });
    expect(given[1]).toMatchObject({ '--phase': 'sweep', '--mark_id': expect.stringMatching(/^list-of-gc-/) });
    expect(JSON.stringify(given)).not.toContain('secret');
  });
});

describe('a branch that goes while it is looked at', () => {
  it('is in the way of no plan and no collection', async () => {
    const world = await stageWithGarbage();
    const head = await world.lakefs.getBranch('lake', 'main');
    await world.lakefs.createBranch('lake', 'going', head?.commitId ?? '');
    world.clock.advance(60 * DAY);
    const { lakefs } = world;
    const gone = (name: string): AsyncIterable<never> => ({
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.reject(new BranchlineError('BL3004', `branch "${name}"`)),
      }),
    });
    const { listStaged, diff } = lakefs;
    lakefs.listStaged = (repository, branch) =>
      branch === 'going' ? gone(branch) : listStaged.call(lakefs, repository, branch);
    lakefs.diff = (repository, left, right, options) =>
      right === 'going' ? gone(right) : diff.call(lakefs, repository, left, right, options);
    expect(await ask(world, { action: 'plan' })).toMatchObject({ plans: [{ blockers: [], staleBranches: [] }] });
    await lakefs.deleteBranch('lake', 'going');
    expect((await settle(world)).state).toBe('MARKED');
  });
});

describe('what somebody sees is not deleted', () => {
  it('refuses a list with an object that a branch serves though lakeFS does not know it: an identical rewrite, staged', async () => {
    const world = await stageWithGarbage({ sweep: 'automatic' });
    const head = await world.lakefs.getBranch('lake', 'main');
    await world.lakefs.createBranch('lake', 'by-hand', head?.commitId ?? '');
    await world.lakefs.putObject('lake', 'by-hand', 'stock/s', bytes('s'));
    world.clock.advance(2 * DAY);
    const ended = await settle(world);
    expect(ended).toMatchObject({ state: 'FAILED', cause: { code: 'BL8506' } });
    expect(ended.cause?.message).toContain('branch by-hand, staged shows stock/s');
    await allThere(world, 'main', 'by-hand');
    expect([...world.glue.jobRuns.values()].map(({ jobName }) => jobName)).toEqual(['gc-mark']);
  });

  it('refuses what came to life between mark and sweep', async () => {
    const world = await stageWithGarbage();
    const marked = await settle(world);
    const [, replaced] = world.lakefs.firstParentLog('lake', 'main');
    await world.lakefs.createBranch('lake', 'revived', replaced?.id ?? '');
    const ended = await approve(world, marked);
    expect(ended).toMatchObject({ state: 'FAILED', cause: { code: 'BL8506' } });
    expect(ended.cause?.message).toContain('branch revived shows sales/dt=1/a');
    await allThere(world, 'revived');
  });

  it('refuses what readers of a table still see', async () => {
    const world = await stageWithGarbage({ sweep: 'automatic' });
    const [, replaced] = world.lakefs.firstParentLog('lake', 'main');
    const table = { commit: replaced?.id ?? '', descriptor: 'd' };
    const at = world.clock.now();
    const entry = { schemaVersion: 1, version: 1, repository: 'lake', branch: 'main', updatedAt: at };
    await world.publications.put({ ...entry, tables: { sales: table } });
    expect((await settle(world)).cause?.message).toContain('table db.sales shows sales/dt=1/');
    // Of that commit only the table is seen: what else it holds protects nothing.
    await world.publications.put({ ...entry, version: 2, tables: { stock: table } });
    expect((await settle(world)).state).toBe('DONE');
  });

  it('refuses what a table shows that nobody asks for any more, and what a preview of a described one shows', async () => {
    const world = await stageWithGarbage({ sweep: 'automatic' });
    const [, replaced] = world.lakefs.firstParentLog('lake', 'main');
    const at = world.clock.now();
    const commit = replaced?.id ?? '';
    const entry = { schemaVersion: 1, version: 1, repository: 'lake', branch: 'main', updatedAt: at };
    const left = { commit, descriptor: '', path: 'sales/', shownAs: ['db.old'], left: { since: at } };
    await world.publications.put({ ...entry, tables: { old: left } });
    expect((await settle(world)).cause?.message).toContain('table db.old, which was left shows sales/dt=1/');
    // Taken out of Glue by a person: nothing but where it was shown is known of it.
    await world.publications.put({ ...entry, version: 2, tables: { old: { descriptor: '', shownAs: ['db.old'] } } });
    await world.previews.put({
      ...{ schemaVersion: 1, version: 1, name: 'p', state: 'READY', repository: 'lake', ref: commit, commit },
      ...{ database: 'branchline_preview_p', tables: ['described'], paths: ['sales/'] },
      ...{ createdAt: at, updatedAt: at, expiresAt: at + 86_400_000 },
    });
    expect((await settle(world)).cause?.message).toContain('preview p shows sales/dt=1/');
  });

  it('keeps what tags show by a branch beside each, and lets it go with the tag', async () => {
    const world = await stageWithGarbage({ sweep: 'automatic' });
    const [, replaced] = world.lakefs.firstParentLog('lake', 'main');
    await world.lakefs.createTag('lake', 'v1.0', replaced?.id ?? '');
    await settle(world);
    expect(world.lakefs.branchNames('lake')).toContain(tagKeeperOf('v1.0'));
    await allThere(world, 'v1.0', 'main');
    await world.lakefs.deleteTag('lake', 'v1.0');
    await settle(world);
    expect(world.lakefs.branchNames('lake')).toEqual(['main']);
    expect(world.data()).toHaveLength(2);
  });

  it('lets what tags show go where the configuration says so', async () => {
    const world = await stageWithGarbage({ sweep: 'automatic', tags: 'lose' });
    const [, replaced] = world.lakefs.firstParentLog('lake', 'main');
    await world.lakefs.createTag('lake', 'v1', replaced?.id ?? '');
    expect((await settle(world)).state).toBe('DONE');
    expect(world.lakefs.branchNames('lake')).toEqual(['main']);
    expect(world.data()).toHaveLength(2);
  });

  it('tells what is missing after a sweep, whoever took it', async () => {
    const world = await stageWithGarbage();
    const marked = await settle(world);
    const [lost] = await shown(world, 'main');
    world.storage.objects.delete(lost ?? '');
    const ended = await approve(world, marked);
    expect(ended).toMatchObject({ state: 'FAILED', cause: { code: 'BL8507' }, readBack: { missing: 1 } });
    expect(ended.readBack?.sightings).toEqual([{ where: 'branch main', path: 'sales/dt=1/a', address: lost }]);
    const { report } = await ask(world, { action: 'tend' });
    expect(report).toMatchObject({ missing: 1, failed: ['lake'] });
  });
});

describe('a collection waits', () => {
  const waitsFor = async (world: CollectionWorld): Promise<string[]> => {
    const { outcome, collection } = await run(world);
    expect(outcome).toBe('WAITING');
    return (collection.waits?.for ?? []).map(({ message }) => message);
  };

  it('while something staged comes near to the minimum age, and says whose it is', async () => {
    const world = await stageWithGarbage();
    const head = await world.lakefs.getBranch('lake', 'main');
    await world.lakefs.createBranch('lake', 'by-hand', head?.commitId ?? '');
    await world.lakefs.putObject('lake', 'by-hand', 'fresh', bytes('fresh'));
    world.clock.advance(0.7 * DAY);
    expect((await settle(world)).state).toBe('MARKED');
    await ask(world, { action: 'discard', repository: 'lake', collection: (await run(world)).collection.id });
    world.clock.advance(0.1 * DAY);
    expect(await waitsFor(world)).toEqual([
      expect.stringMatching(/^branch by-hand \(no run .*\) has had fresh staged/),
    ]);
    const { report } = await ask(world, { action: 'tend' });
    expect(report.waitSeconds).toBe(0);
    world.clock.advance(3600_000);
    expect((await ask(world, { action: 'tend' })).report.waitSeconds).toBe(3600);
    await world.lakefs.resetStaged('lake', 'by-hand');
    expect((await run(world)).outcome).toBe('MARKING');
  });

  it('while a target is held, a rollback, restore, rotation or snapshot is under way', async () => {
    const world = await stageWithGarbage();
    const now = world.clock.now();
    const target = await world.ledger.getTarget('lake', 'main');
    if (target === undefined) throw new Error('no target');
    const hold = { owner: 'anna', reason: 'looks', expiresAt: now + DAY };
    await world.ledger.putTarget({ ...target, version: target.version + 1, hold });
    await world.rollbacks.put({
      ...{ schemaVersion: 1, version: 1, id: 'rb-1', repository: 'lake', target: 'main', state: 'HOLDING' },
      ...{ requestedBy: 'carl', requestedAt: now, updatedAt: now, dryRun: false, asked: {}, steps: [] },
    } as never);
    const restore = { schemaVersion: 1, version: 1, repository: 'lake', what: 'branch', startedAt: now } as const;
    await world.restores.put({ ...restore, id: 'r1', dryRun: false, requestedBy: 'dora', updatedAt: now });
    await world.restores.put({ ...restore, id: 'r0', dryRun: false, requestedBy: 'long dead', updatedAt: now - DAY });
    await world.rotations.put({
      ...{ schemaVersion: 1, version: 1, updatedAt: now },
      current: { token: 't', by: 'erik', startedAt: now, leaseUntil: now + 60_000 },
    });
    await world.snapshots.put({ repository: 'lake', id: 's1', state: 'CREATING', startedAt: now, version: 1 } as never);
    expect(await waitsFor(world)).toEqual([
      'target main is held by anna: looks',
      'rollback rb-1 of carl is under way',
      'a restore by dora is under way',
      'erik rotates the key pair of lakeFS',
      'snapshot s1 is being made',
    ]);
    expect(world.glue.jobRuns.size).toBe(0);
  });

  it('before the sweep too', async () => {
    const world = await stageWithGarbage();
    const marked = await settle(world);
    const target = await world.ledger.getTarget('lake', 'main');
    if (target === undefined) throw new Error('no target');
    const hold = { owner: 'anna', reason: 'looks', expiresAt: world.clock.now() + DAY };
    await world.ledger.putTarget({ ...target, version: target.version + 1, hold });
    const waiting = await approve(world, marked);
    expect(waiting).toMatchObject({ state: 'MARKED', waits: { for: [{ kind: 'held' }] } });
    world.clock.advance(2 * DAY);
    expect((await settle(world)).state).toBe('DONE');
  });
});

describe('jobs that fail', () => {
  it('are begun once more, then the collection fails and says which run', async () => {
    const world = await stageWithGarbage();
    await run(world);
    await work(world, 'FAILED');
    expect((await run(world)).outcome).toBe('MARKING');
    await run(world);
    await work(world, 'FAILED');
    const ended = await run(world);
    expect(ended.collection).toMatchObject({ state: 'FAILED', cause: { code: 'BL8504' } });
    expect(ended.collection.cause?.message).toMatch(/^run jr_\d+ of job gc-mark is FAILED: out of memory$/);
    expect(world.glue.jobRuns.size).toBe(2);
  });

  it('are not believed where they say SUCCEEDED and left no receipt', async () => {
    const world = await stageWithGarbage();
    await run(world);
    await work(world, 'SUCCEEDED', false);
    await run(world);
    await run(world);
    await work(world, 'SUCCEEDED', false);
    const ended = await run(world);
    expect(ended.collection.cause?.message).toContain('SUCCEEDED and left no receipt: lakeFS’s client did not run');
  });

  it('fail a sweep only after every ref was read back', async () => {
    const world = await stageWithGarbage();
    const marked = await settle(world);
    await ask(world, { action: 'approve', repository: 'lake', collection: marked.id, requestedBy: 'bert' });
    await work(world, 'FAILED');
    await run(world);
    await run(world);
    await work(world, 'FAILED');
    const { collection } = await run(world);
    expect(collection).toMatchObject({ state: 'FAILED', cause: { code: 'BL8505' }, readBack: { missing: 0, left: 3 } });
  });

  it('throw away a list that is not as long as its receipt says', async () => {
    const world = await stageWithGarbage();
    await run(world);
    await work(world);
    const [part] = [...world.storage.objects].filter(([address]) => address.endsWith('/marked/part-0'));
    if (part === undefined) throw new Error('no list');
    world.storage.objects.set(part[0], { ...part[1], content: part[1].content.split('\n').slice(1).join('\n') });
    const { collection } = await run(world);
    expect(collection).toMatchObject({ state: 'FAILED', cause: { code: 'BL8504' } });
    expect(collection.cause?.message).toContain('has 2 lines, its receipt says 3');
  });
});

describe('what is asked for', () => {
  it('a plan changes nothing, and tells of blockers, drift, stale branches and tags without a keeper', async () => {
    const world = await stageWithGarbage();
    const [, replaced] = world.lakefs.firstParentLog('lake', 'main');
    await world.lakefs.createBranch('lake', 'forgotten', replaced?.id ?? '');
    await world.lakefs.createTag('lake', 'v1', replaced?.id ?? '');
    world.clock.advance(40 * DAY);
    const { plans } = await ask(world, { action: 'plan' });
    expect(plans).toEqual([
      {
        repository: 'lake',
        rules: {
          wanted: { defaultRetentionDays: 28, branches: {} },
          found: { defaultRetentionDays: 7, branches: {} },
          hasDrifted: true,
        },
        blockers: [],
        staleBranches: [expect.objectContaining({ branch: 'forgotten', objects: 2, isAtLeast: false })],
        tagsWithoutKeeper: 1,
      },
    ]);
    expect(world.collections.entries.size).toBe(0);
    expect(world.lakefs.branchNames('lake')).toEqual(['forgotten', 'main']);
  });

  it('only the collection under way is approved or discarded, and only while it can be', async () => {
    const world = await stageWithGarbage();
    const { collection } = await run(world);
    const to = (action: 'approve' | 'discard', id = collection.id) =>
      ask(world, { action, repository: 'lake', collection: id, requestedBy: 'bert' });
    await expect(to('approve')).rejects.toThrow('BL8508');
    await expect(to('approve', 'gc-20200101t000000z')).rejects.toThrow('BL8502');
    expect((await to('discard')).outcome).toBe('DISCARDED');
    await expect(to('discard')).rejects.toThrow('BL8502');
  });

  it('a list that nobody approves in time is thrown away', async () => {
    const world = await stageWithGarbage();
    await settle(world);
    world.clock.advance(8 * DAY);
    expect(await settle(world)).toMatchObject({ state: 'DISCARDED', cause: { code: 'BL8508' } });
  });

  it('is refused where nothing is set up, or for a repository that is not collected', async () => {
    const world = await stageWithGarbage();
    await expect(run(world, { repository: 'other' })).rejects.toThrow('BL8501');
    world.collecting = undefined;
    await expect(run(world)).rejects.toThrow('BL8501');
  });

  it('the schedule begins what is due, takes on what is under way, and nothing more', async () => {
    const world = await stageWithGarbage({ everySeconds: 7 * 86_400, sweep: 'automatic' });
    expect((await ask(world, { action: 'tend' })).report.begun).toEqual(['lake']);
    await work(world);
    await ask(world, { action: 'tend' });
    await work(world);
    expect((await ask(world, { action: 'tend' })).report).toMatchObject({ begun: [], failed: [], missing: 0 });
    const { records } = await ask(world, { action: 'status' });
    expect(records[0]?.past[0]).toMatchObject({ state: 'DONE', requestedBy: 'schedule' });
    world.clock.advance(6 * DAY);
    expect((await ask(world, { action: 'tend' })).report.begun).toEqual([]);
    world.clock.advance(DAY);
    expect((await ask(world, { action: 'tend' })).report.begun).toEqual(['lake']);
  });
});
