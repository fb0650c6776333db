/** Rolling a target back: what it holds, what its history keeps, what becomes of runs. */
import { describe, expect, it } from 'vitest';
import { resolveRun } from '../../../lambdas/usecases/resolve-run.ts';
import { rollBack } from '../../../lambdas/usecases/rollback.ts';
import { text } from '../../fakes/ports.ts';
import type { RollbackWorld } from '../../fakes/rollback-world.ts';
import { backTo, rollbackStage, undo } from './rollback-stage.ts';
import { drain, entry, files, finish, headOf, mergeByHand, promoted, reconcileNow, start, write } from './stage.ts';

const target = { repository: 'lake', target: 'main' } as const;
const targetOf = (world: RollbackWorld) => world.ledger.getTarget('lake', 'main');
const listing = (world: RollbackWorld, ref: string) =>
  [...world.lakefs.tree('lake', ref)].map(([path, { content }]) => `${path}=${content}`).sort();
const overwrite = async (world: RollbackWorld, paths: Record<string, string | null>, job = 'job-b') => {
  const run = await start(world, job);
  for (const [path, content] of Object.entries(paths)) {
    if (content === null) await world.lakefs.deleteObjects('lake', run.branch, [path]);
    else await world.lakefs.putObject('lake', run.branch, path, text(content));
  }
  await finish(world, run);
  await drain(world);
  return entry(world, run);
};

describe('a rollback to an earlier state', () => {
  it('brings the listing back, keeps the history, takes the runs along, and lets promotions go on', async () => {
    const world = await rollbackStage();
    const good = await promoted(world, 'sales/dt=1/a');
    const state = headOf(world);
    const before = listing(world, state);
    const one = await overwrite(world, { 'sales/dt=1/a': 'bad', 'sales/dt=2/b': 'bad' });
    const two = await promoted(world, 'stock/c', 'job-c');
    const head = headOf(world);
    const answer = await backTo(world, state.slice(0, 12));
    expect(answer).toMatchObject({
      outcome: 'rolled-back',
      rollback: {
        state: 'DONE',
        head,
        undone: [two.runId, one.runId],
        undoneCount: 2,
        restoredCount: 0,
        requestedBy: 'anna',
      },
    });
    expect(listing(world, 'main')).toEqual(before);
    const log = world.lakefs.firstParentLog('lake', 'main');
    expect(log[0]?.parents[0]).toBe(head);
    expect(log.map(({ id }) => id)).toEqual(expect.arrayContaining([state, one.mergeCommit, two.mergeCommit]));
    expect((await entry(world, good)).state).toBe('PROMOTED');
    for (const run of [one, two]) expect(await entry(world, run)).toMatchObject({ state: 'ROLLED_BACK' });
    expect(await targetOf(world)).toMatchObject({ verifiedCommit: headOf(world) });
    expect((await targetOf(world))?.hold).toBeUndefined();
    expect(await world.lakefs.getTag('lake', answer.rollback.safetyTag ?? '')).toMatchObject({ commitId: head });
    expect(world.lakefs.branchNames('lake').filter((name) => name.startsWith('rollback-'))).toEqual([]);
    await promoted(world, 'sales/dt=3/d');
    expect(files(world)).toEqual(['sales/dt=1/a', 'sales/dt=3/d']);
  });

  it('goes to a tag, to a time, and to a step back; twice is once', async () => {
    const world = await rollbackStage();
    await promoted(world, 'sales/dt=1/a');
    const state = headOf(world);
    await world.lakefs.createTag('lake', 'snapshot-1', state);
    const noon = new Date(world.clock.now() + 60_000).toISOString();
    world.clock.advance(120_000);
    await promoted(world, 'sales/dt=2/b', 'job-b');
    expect((await backTo(world, noon)).rollback.plan).toMatchObject({ to: state });
    expect(await backTo(world, 'snapshot-1')).toMatchObject({
      outcome: 'nothing-to-do',
      rollback: { state: 'UNCHANGED' },
    });
    expect((await targetOf(world))?.hold).toBeUndefined();
    expect(files(world)).toEqual(['sales/dt=1/a']);
  });

  it('is undone by going forward again: the runs are PROMOTED as before', async () => {
    const world = await rollbackStage();
    const state = headOf(world);
    const run = await promoted(world, 'sales/dt=1/a');
    const back = await backTo(world, state);
    expect(files(world)).toEqual([]);
    const forward = await backTo(world, back.rollback.safetyTag ?? '');
    expect(forward.rollback).toMatchObject({ restored: [run.runId], undoneCount: 0 });
    expect(files(world)).toEqual(['sales/dt=1/a']);
    expect(await entry(world, run)).toMatchObject({ state: 'PROMOTED' });
    await promoted(world, 'sales/dt=2/b', 'job-b');
    expect(files(world)).toEqual(['sales/dt=1/a', 'sales/dt=2/b']);
  });

  it.each([
    ['a ref that nobody knows', 'no-such-tag', /BL3004.*no-such-tag/],
    ['the future', '2099-01-01T00:00Z', /BL2022.*future/],
    ['before everything', '1969-01-01T00:00Z', /BL2022.*before the first commit/],
    ['neither ref nor time', 'last tuesday', /BL1001.*neither a ref nor a time/],
  ])('refuses %s, and writes that down', async (_, to, says) => {
    const world = await rollbackStage();
    await promoted(world, 'sales/dt=1/a');
    await expect(backTo(world, to)).rejects.toThrow(says);
    expect([...world.rollbacks.entries.values()]).toMatchObject([
      { state: 'REFUSED', asked: { to }, requestedBy: 'anna' },
    ]);
    expect((await targetOf(world))?.hold).toBeUndefined();
  });

  it('refuses what never was a state of the target, an unknown target, table and prefix', async () => {
    const world = await rollbackStage();
    const run = await start(world);
    await write(world, run, 'sales/dt=1/a');
    await finish(world, run);
    await expect(backTo(world, (await entry(world, run)).runCommit ?? '')).rejects.toThrow(/BL2022.*never a state/);
    await expect(backTo(world, headOf(world), { tables: ['sells'] })).rejects.toThrow(/BL1001.*sales, stock/);
    await expect(backTo(world, headOf(world), { prefixes: ['/'] })).rejects.toThrow(/BL1001.*everything/);
    const elsewhere = { action: 'roll-back', repository: 'lake', target: 'mein', to: 'main' } as const;
    await expect(rollBack(world, elsewhere, 0)).rejects.toThrow(/BL3004.*its targets are main/);
  });

  it('only looks in a dry run, which is written down', async () => {
    const world = await rollbackStage();
    await promoted(world, 'sales/dt=1/a');
    const state = headOf(world);
    const bad = await overwrite(world, { 'sales/dt=1/a': 'bad', 'sales/dt=2/b': 'bad', 'notes/n': 'x' });
    const based = await start(world, 'job-c');
    const before = headOf(world);
    const { outcome, effect, rollback } = await backTo(world, state, { dryRun: true });
    expect(outcome).toBe('would-roll-back');
    expect(effect).toMatchObject({
      tables: [
        { partitions: 1, removed: 1, added: 0, changed: 0 },
        { table: 'sales', partitions: 2, removed: 1, added: 0, changed: 1 },
      ],
      files: ['- notes/n', '~ sales/dt=1/a', '- sales/dt=2/b'],
      undone: [bad.runId],
      based: [based.runId],
    });
    expect(headOf(world)).toBe(before);
    expect(await world.rollbacks.get(rollback.id)).toMatchObject({ state: 'DRY_RUN', dryRun: true, undoneCount: 1 });
    expect((await targetOf(world))?.hold).toBeUndefined();
  });
});

describe('runs around a rollback', () => {
  it('that began from what was undone are run again; those that wait for the hold go on', async () => {
    const world = await rollbackStage();
    const state = headOf(world);
    await promoted(world, 'sales/dt=1/bad');
    const derived = await start(world, 'job-b');
    await write(world, derived, 'stock/derived');
    await backTo(world, state);
    await finish(world, derived);
    expect(await drain(world)).toMatchObject([{ outcome: 'conflicted' }]);
    expect(await entry(world, derived)).toMatchObject({ state: 'DISCARDED', rerunAs: `${derived.runId}-r1` });
    const fresh = await start(world, 'job-c');
    await write(world, fresh, 'log/dt=1/c');
    await finish(world, fresh);
    await drain(world);
    expect(files(world)).toEqual(['log/dt=1/c']);
  });

  it('with bookmarks have them put back', async () => {
    const world = await rollbackStage();
    world.glue.addJob('job-a', { defaultArguments: { '--job-bookmark-option': 'job-bookmark-enable' } });
    const state = headOf(world);
    const run = await promoted(world, 'sales/dt=1/a');
    await backTo(world, state);
    expect(world.glue.bookmarkResets).toEqual([run.jobRunId]);
    expect(await entry(world, run)).toMatchObject({ state: 'ROLLED_BACK', bookmarkRewind: 'done' });
  });

  it('that are being promoted are waited for, and those whose promoter died are settled first', async () => {
    const world = await rollbackStage();
    const state = headOf(world);
    const run = await start(world);
    await write(world, run, 'sales/dt=1/a');
    await finish(world, run);
    const committed = await entry(world, run);
    const lease = { owner: 'dead', checkedHead: state, expiresAt: world.clock.now() + 180_000 };
    await world.ledger.updateRun({ ...committed, version: committed.version + 1, state: 'PROMOTING', lease });
    await mergeByHand(world, committed.runCommit ?? '');
    const begun = world.clock.now();
    await backTo(world, state);
    expect(world.clock.now() - begun).toBeGreaterThanOrEqual(180_000);
    expect(files(world)).toEqual([]);
    expect(await entry(world, run)).toMatchObject({ state: 'ROLLED_BACK' });
  });

  it('wait while the target is held, and are woken by the release; a hold that has expired is none', async () => {
    const world = await rollbackStage();
    const hold = { action: 'hold-target', ...target, owner: 'bo', reason: 'a look', expiresInSeconds: 600 } as const;
    expect(await resolveRun(world, hold)).toMatchObject({ outcome: 'held' });
    const run = await start(world);
    await write(world, run, 'sales/dt=1/a');
    await finish(world, run);
    expect(await drain(world)).toMatchObject([{ outcome: 'waiting' }]);
    await expect(backTo(world, 'main~1')).rejects.toThrow(/BL3004/);
    await expect(resolveRun(world, { ...hold, owner: 'cy' })).rejects.toThrow(/BL2015.*held by bo until/);
    expect(await resolveRun(world, { action: 'release-target', ...target })).toMatchObject({ outcome: 'released' });
    expect(await drain(world)).toMatchObject([{ outcome: 'promoted' }]);
    const first = world.lakefs.firstParentLog('lake', 'main').at(-1)?.id ?? '';
    await resolveRun(world, hold);
    await expect(backTo(world, first)).rejects.toThrow(/BL2015.*held by bo/);
    world.clock.advance(601_000);
    expect((await backTo(world, first)).outcome).toBe('rolled-back');
  });
});

describe('a rollback of some prefixes', () => {
  it('puts back those and nothing else, tables by name', async () => {
    const world = await rollbackStage();
    await promoted(world, 'sales/dt=1/a');
    const state = headOf(world);
    const bad = await overwrite(world, { 'sales/dt=1/a': 'bad', 'sales/dt=1/x': 'bad' });
    const both = await overwrite(world, { 'sales/dt=2/b': 'bad', 'stock/s': 'good' }, 'job-c');
    const dry = await backTo(world, state, { tables: ['sales'], dryRun: true });
    expect(dry.effect).toMatchObject({ undone: [bad.runId], touched: [both.runId], fileCount: 3 });
    const { rollback } = await backTo(world, state, { tables: ['sales'] });
    expect(rollback).toMatchObject({ state: 'DONE', plan: { prefixes: ['sales/'] }, undone: [bad.runId] });
    expect(listing(world, 'main').filter((line) => line.startsWith('sales/'))).toEqual(listing(world, state));
    expect(files(world)).toEqual(['sales/dt=1/a', 'stock/s']);
    expect((await entry(world, bad)).state).toBe('ROLLED_BACK');
    expect((await entry(world, both)).state).toBe('PROMOTED');
    await reconcileNow(world);
    expect((await entry(world, both)).state).toBe('PROMOTED');
    const forward = await backTo(world, rollback.safetyTag ?? '', { prefixes: ['sales/dt=1/'] });
    expect(forward.rollback.restored).toEqual([bad.runId]);
    expect((await entry(world, bad)).state).toBe('PROMOTED');
    expect(files(world)).toEqual(['sales/dt=1/a', 'sales/dt=1/x', 'stock/s']);
  });

  it('goes on where the time was up, copy by copy', async () => {
    const world = await rollbackStage();
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`sales/dt=1/f${String(i)}`, 'good']));
    await overwrite(world, many);
    const state = headOf(world);
    await overwrite(world, Object.fromEntries(Object.keys(many).map((path) => [path, 'bad'])), 'job-c');
    let copies = 0;
    const copy = world.lakefs.copyObject.bind(world.lakefs);
    world.lakefs.copyObject = (...args) => {
      copies += 1;
      world.clock.advance(1_000);
      return copy(...args);
    };
    let answer = await backTo(world, state, { tables: ['sales'] }, world.clock.now() + 10_000);
    expect(answer.outcome).toBe('unfinished');
    for (let i = 0; answer.outcome === 'unfinished' && i < 20; i += 1) {
      answer = await backTo(world, state, { tables: ['sales'] }, world.clock.now() + 10_000);
    }
    expect(answer).toMatchObject({ outcome: 'rolled-back' });
    expect(copies).toBe(40);
    expect(listing(world, 'main')).toEqual(listing(world, state));
    expect(world.rollbacks.entries.size).toBe(1);
  });
});

describe('undoing one run', () => {
  it('takes back what it brought and keeps what came later', async () => {
    const world = await rollbackStage();
    const bad = await promoted(world, 'sales/dt=1/a');
    const later = await promoted(world, 'sales/dt=2/b', 'job-b');
    const { rollback } = await undo(world, bad.runId);
    expect(rollback).toMatchObject({ state: 'DONE', undone: [bad.runId], undoneCount: 1 });
    expect(files(world)).toEqual(['sales/dt=2/b']);
    expect((await entry(world, bad)).state).toBe('ROLLED_BACK');
    expect((await entry(world, later)).state).toBe('PROMOTED');
    expect(await undo(world, bad.runId)).toMatchObject({ outcome: 'nothing-to-do' });
    await backTo(world, rollback.safetyTag ?? '');
    expect((await entry(world, bad)).state).toBe('PROMOTED');
    expect((await targetOf(world))?.blocked).toBeUndefined();
  });

  it('whose partition was overwritten since is refused, and done by whole partitions where that is wanted', async () => {
    const world = await rollbackStage();
    await overwrite(world, { 'sales/dt=1/old': 'good', 'sales/dt=2/old': 'good' }, 'job-c');
    const bad = await overwrite(world, {
      ...{ 'sales/dt=1/old': null, 'sales/dt=1/bad': 'bad', 'sales/dt=2/old': null, 'sales/dt=2/bad': 'bad' },
    });
    const later = await overwrite(world, { 'sales/dt=1/bad': null, 'sales/dt=1/later': 'later' }, 'job-d');
    await expect(undo(world, bad.runId)).rejects.toThrow(/BL2020.*sales\/dt=1\/ changed since/);
    expect((await targetOf(world))?.hold).toBeUndefined();
    const dry = await undo(world, bad.runId, { dryRun: true });
    expect(dry.effect).toMatchObject({ overlap: ['sales/dt=1/'], undone: [later.runId, bad.runId] });
    expect(dry.effect?.files).toEqual([
      '+ sales/dt=1/old',
      '+ sales/dt=2/old',
      '- sales/dt=1/later',
      '- sales/dt=2/bad',
    ]);
    expect((await undo(world, bad.runId, { restorePartitions: true })).outcome).toBe('rolled-back');
    expect(listing(world, 'main')).toEqual(['sales/dt=1/old=good', 'sales/dt=2/old=good']);
    expect((await entry(world, later)).state).toBe('ROLLED_BACK');
    expect((await entry(world, bad)).state).toBe('ROLLED_BACK');
  });

  it('leaves a marker alone that somebody wrote anew', async () => {
    const world = await rollbackStage();
    const bad = await overwrite(world, { 'log/dt=1/bad': 'bad', 'log/dt=1/_SUCCESS': '1' });
    await overwrite(world, { 'log/dt=1/later': 'later', 'log/dt=1/_SUCCESS': '2' }, 'job-c');
    expect((await undo(world, bad.runId)).outcome).toBe('rolled-back');
    expect(listing(world, 'main')).toEqual(['log/dt=1/_SUCCESS=2', 'log/dt=1/later=later']);
  });

  it('is refused where it was never promoted, or went elsewhere', async () => {
    const world = await rollbackStage();
    const run = await start(world);
    await expect(undo(world, run.runId)).rejects.toThrow(/BL1005.*OPEN/);
    await expect(undo(world, 'nobody')).rejects.toThrow(/BL1004/);
  });
});

describe('a blocked target', () => {
  it('is put back to its last verified commit, and is open again', async () => {
    const world = await rollbackStage();
    await promoted(world, 'sales/dt=1/a');
    const state = headOf(world);
    const run = await start(world, 'job-b');
    await write(world, run, 'sales/dt=1/b');
    await overwrite(world, { 'sales/dt=1/c': 'c' }, 'job-c');
    await finish(world, run);
    await drain(world);
    await mergeByHand(world, run.branch);
    expect(await reconcileNow(world)).toMatchObject({ blockedTargets: 1 });
    expect((await backTo(world, state)).outcome).toBe('rolled-back');
    expect(await targetOf(world)).toMatchObject({ verifiedCommit: headOf(world) });
    expect((await targetOf(world))?.blocked).toBeUndefined();
    expect(listing(world, 'main')).toEqual(listing(world, state));
  });

  it('that was reset by hand takes its lost state back', async () => {
    const world = await rollbackStage();
    const first = headOf(world);
    await promoted(world, 'sales/dt=1/a');
    const lost = headOf(world);
    const main = world.lakefs.repositories.get('lake')?.branches.get('main');
    if (main !== undefined) main.head = first;
    expect(await reconcileNow(world)).toMatchObject({ blockedTargets: 1 });
    expect((await backTo(world, lost)).outcome).toBe('rolled-back');
    expect(files(world)).toEqual(['sales/dt=1/a']);
    expect((await targetOf(world))?.blocked).toBeUndefined();
    expect(await reconcileNow(world)).toMatchObject({ blockedTargets: 0 });
  });
});

it('whoever merges meanwhile is undone too: it goes on until the target equals the state', async () => {
  const world = await rollbackStage();
  await promoted(world, 'sales/dt=1/a');
  const state = headOf(world);
  await overwrite(world, { 'sales/dt=1/a': 'bad' });
  const merge = world.lakefs.merge.bind(world.lakefs);
  let hands = 0;
  world.lakefs.merge = async (...args) => {
    if (hands < 2) {
      hands += 1;
      const name = `hand-${String(hands)}`;
      await world.lakefs.createBranch('lake', name, headOf(world));
      await world.lakefs.putObject('lake', name, hands === 1 ? 'notes/hand' : 'sales/dt=1/a', text(name));
      const made = await world.lakefs.commit('lake', name, { message: name, metadata: {} });
      await merge('lake', made.outcome === 'committed' ? made.commit.id : '', 'main', { message: name, metadata: {} });
    }
    return merge(...args);
  };
  const { rollback } = await backTo(world, state);
  expect(rollback.attempt?.number).toBe(3);
  expect(listing(world, 'main')).toEqual(listing(world, state));
  expect(await targetOf(world)).toMatchObject({ verifiedCommit: headOf(world) });
  expect((await targetOf(world))?.blocked).toBeUndefined();
});

describe('while lakeFS deletes objects', () => {
  it('a rollback waits: what it brings back could be among them', async () => {
    const world = await rollbackStage();
    await promoted(world, 'sales/dt=1/a');
    const state = headOf(world);
    await overwrite(world, { 'sales/dt=1/a': 'bad' });
    const head = headOf(world);
    world.sweeping = true;
    const waiting = await backTo(world, state, {}, world.clock.now() + 60_000);
    expect(waiting).toMatchObject({ outcome: 'unfinished', rollback: { state: 'HOLDING' } });
    expect(headOf(world)).toBe(head);
    world.sweeping = false;
    expect((await backTo(world, state)).outcome).toBe('rolled-back');
  });
});

describe('a repository that was deleted and brought back, while its server still tells commits of before', () => {
  const reborn = async () => {
    const world = await rollbackStage();
    const run = await promoted(world, 'sales/dt=1/a');
    const lost = headOf(world);
    const repository = await world.lakefs.getRepository('lake');
    world.lakefs.deleteRepository('lake');
    if (repository !== undefined) await world.lakefs.createRepository(repository);
    expect((await world.lakefs.getCommit('lake', lost))?.id).toBe(lost);
    return { world, run, lost };
  };

  it.each(['', '~0'])('is not rolled back to one of them%s, though the ledger has it as verified', async (steps) => {
    const { world, lost } = await reborn();
    const head = headOf(world);
    await expect(backTo(world, `${lost}${steps}`)).rejects.toMatchObject({ code: 'BL3004' });
    expect(headOf(world)).toBe(head);
  });

  it('has no run to undo that came with one of them', async () => {
    const { world, run } = await reborn();
    await expect(undo(world, run.runId)).rejects.toMatchObject({ code: 'BL1005' });
  });
});
