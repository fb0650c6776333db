/** What fails holds nobody else up, and is seen. */
import { describe, expect, it } from 'vitest';
import { BranchlineError, type ErrorCode } from '../../../lambdas/domain/errors.ts';
import { promoteRun } from '../../../lambdas/usecases/promote-run.ts';
import { resolveRun } from '../../../lambdas/usecases/resolve-run.ts';
import type { World } from '../../fakes/ports.ts';
import { drain, entry, files, finish, promoted, reconcileNow, stage, start, write } from './stage.ts';

/** Each name takes its own kind of the port's methods. */
const failing = (world: World, method: 'merge' | 'copyObject' | 'revert', code: ErrorCode, isDone = false) => {
  const original = Reflect.get(world.lakefs, method).bind(world.lakefs) as (...args: unknown[]) => Promise<unknown>;
  Reflect.set(world.lakefs, method, async (...args: unknown[]) => {
    if (isDone) await original(...args);
    throw new BranchlineError(code, 'as the test wants it');
  });
  return () => Reflect.set(world.lakefs, method, original);
};

const committed = async (world: World, path = 'sales/dt=1/a') => {
  const run = await start(world);
  await write(world, run, path);
  await finish(world, run);
  return run;
};

describe('a promotion', () => {
  it.each(['BL3001', 'BL3002', 'BL3003', 'BL3005', 'BL3006', 'BL3007'] as const)(
    'that lakeFS answers with %s is acknowledged and made later',
    async (code) => {
      const world = await stage();
      const run = await committed(world);
      const mend = failing(world, 'merge', code);
      expect(await drain(world)).toMatchObject([{ outcome: 'waiting' }]);
      mend();
      world.clock.advance(5 * 60_000);
      await reconcileNow(world);
      await drain(world);
      expect(await entry(world, run)).toMatchObject({ state: 'PROMOTED' });
    },
  );

  it('whose answer was lost is settled by the log at once', async () => {
    const world = await stage();
    const run = await committed(world);
    failing(world, 'merge', 'BL3001', true);
    expect(await drain(world)).toMatchObject([{ outcome: 'promoted' }]);
    expect(await entry(world, run)).toMatchObject({ state: 'PROMOTED' });
  });

  it('of a commit that is gone waits for a person instead of blocking its group', async () => {
    const world = await stage();
    const run = await committed(world);
    failing(world, 'merge', 'BL3004');
    expect(await drain(world)).toMatchObject([{ outcome: 'rejected' }]);
    expect(await entry(world, run)).toMatchObject({ state: 'REJECTED', cause: { code: 'BL3004' } });
  });

  it('into a target that is gone waits until it is back', async () => {
    const world = await stage();
    const run = await committed(world);
    const repository = world.lakefs.repositories.get('lake');
    const main = repository?.branches.get('main');
    repository?.branches.delete('main');
    expect(await drain(world)).toMatchObject([{ outcome: 'waiting' }]);
    if (main !== undefined) repository?.branches.set('main', main);
    expect(await promoteRun(world, run)).toMatchObject({ outcome: 'promoted' });
  });

  it('is left to the owner of the lease while that stands', async () => {
    const world = await stage();
    const run = await committed(world);
    const mend = failing(world, 'merge', 'BL3001');
    await drain(world);
    mend();
    world.clock.advance(179_000);
    expect(await promoteRun(world, run)).toMatchObject({ outcome: 'waiting' });
    world.clock.advance(2_000);
    expect(await promoteRun(world, run)).toMatchObject({ outcome: 'promoted' });
  });

  it('whose twin merged since its look at the log finds that, and no clash with itself', async () => {
    const world = await stage();
    const run = await committed(world);
    const getTarget = world.ledger.getTarget.bind(world.ledger);
    world.ledger.getTarget = async (...args) => {
      world.ledger.getTarget = getTarget;
      await promoteRun(world, run);
      return getTarget(...args);
    };
    expect(await promoteRun(world, run)).toMatchObject({ outcome: 'promoted', run: { state: 'PROMOTED' } });
  });

  it('that clashes and cannot be taken back blocks the target', async () => {
    const world = await stage();
    const run = await committed(world);
    const merge = world.lakefs.merge.bind(world.lakefs);
    world.lakefs.merge = async (...args) => {
      // Somebody was faster by a moment.
      world.lakefs.merge = merge;
      await world.lakefs.createBranch('lake', 'hand', run.baseCommit);
      await world.lakefs.putObject('lake', 'hand', 'sales/dt=1/hand', new TextEncoder().encode('x'));
      const done = await world.lakefs.commit('lake', 'hand', { message: 'hand', metadata: {} });
      if (done.outcome === 'committed') await merge('lake', done.commit.id, 'main', { message: 'hand', metadata: {} });
      return merge(...args);
    };
    world.lakefs.revert = async () => ({ outcome: 'conflict' });
    await drain(world);
    const target = await world.ledger.getTarget('lake', 'main');
    const { state, mergeCommit } = await entry(world, run);
    expect(state).toBe('PROMOTED');
    expect(target).toMatchObject({ blocked: { commit: mergeCommit, cause: { code: 'BL2016' } } });
  });
});

describe('a policy that cannot be followed now', () => {
  it('is put off, and the next promotion goes on', async () => {
    const world = await stage({ onConflict: 'source-wins' });
    const run = await start(world, 'job-b');
    await write(world, run, 'sales/dt=1/b');
    await promoted(world, 'sales/dt=1/a');
    const mend = failing(world, 'copyObject', 'BL3004');
    await finish(world, run);
    const next = await start(world, 'job-c');
    await write(world, next, 'sales/dt=2/c');
    await finish(world, next);
    expect(await drain(world)).toMatchObject([{ outcome: 'conflicted' }, { outcome: 'promoted' }]);
    mend();
    world.clock.advance(17 * 60_000);
    await reconcileNow(world);
    await drain(world);
    expect(files(world)).toEqual(['sales/dt=1/b', 'sales/dt=2/c']);
  });

  it('leaves no list of changes behind that says something about another commit', async () => {
    const world = await stage();
    const run = await start(world, 'job-b');
    await write(world, run, 'sales/dt=1/b');
    await promoted(world, 'sales/dt=1/a');
    await finish(world, run);
    await drain(world);
    const updateRun = world.ledger.updateRun.bind(world.ledger);
    world.ledger.updateRun = (next) =>
      next.state === 'COMMITTED' ? Promise.reject(new Error('dies here')) : updateRun(next);
    const resolving = resolveRun(world, { action: 'promote', runId: run.runId, strategy: 'target-wins' });
    await expect(resolving).rejects.toThrow('dies here');
    world.ledger.updateRun = updateRun;
    await resolveRun(world, { action: 'promote', runId: run.runId });
    expect(await drain(world)).toMatchObject([{ outcome: 'conflicted' }]);
    expect(files(world)).toEqual(['sales/dt=1/a']);
  });
});

describe('a conflict by path', () => {
  it('names the run that changed the path', async () => {
    const world = await stage();
    const run = await start(world, 'job-b');
    await write(world, run, 'log/dt=1/shared');
    const other = await promoted(world, 'log/dt=1/shared');
    await promoted(world, 'log/dt=1/another');
    await finish(world, run);
    await drain(world);
    const clash = { kind: 'path', what: 'log/dt=1/shared', run: other.runId, commit: other.mergeCommit };
    expect(await entry(world, run)).toMatchObject({ state: 'CONFLICTED', clashes: [clash] });
  });

  it("is the target's under target-wins, also where partitions may grow from both sides", async () => {
    const world = await stage({ onConflict: 'target-wins' });
    const run = await start(world, 'job-b');
    await write(world, run, 'log/dt=1/shared', 'mine');
    await write(world, run, 'log/dt=1/own', 'mine');
    await promoted(world, 'log/dt=1/shared');
    await finish(world, run);
    await drain(world);
    const content = world.lakefs.tree('lake', 'main').get('log/dt=1/shared')?.content;
    expect([content === 'mine', files(world)]).toEqual([false, ['log/dt=1/own', 'log/dt=1/shared']]);
  });
});

describe('reconcile', () => {
  it('wakes first the promotion whose owner is gone, then who has waited longest', async () => {
    const world = await stage();
    const gone = await committed(world);
    const mend = failing(world, 'merge', 'BL3001');
    await drain(world);
    mend();
    const younger = [];
    for (const path of ['sales/dt=2/a', 'sales/dt=3/a']) {
      world.clock.advance(1_000);
      younger.push(await committed(world, path));
    }
    world.promotions.queue.length = 0;
    world.clock.advance(5 * 60_000);
    await reconcileNow(world);
    expect(world.promotions.queue.map(({ runId }) => runId)).toEqual([gone, ...younger].map(({ runId }) => runId));
  });

  it('counts as stuck what it could not mend', async () => {
    const world = await stage();
    const run = await start(world);
    world.glue.end(run.jobRunId ?? '', 'SUCCEEDED');
    world.lakefs.listStaged = () => {
      throw new BranchlineError('BL3002', 'refused');
    };
    world.lakefs.commit = () => Promise.reject(new BranchlineError('BL3002', 'refused'));
    expect(await reconcileNow(world)).toMatchObject({ failures: 1, stuckRuns: 1 });
  });

  it('does not give up a rerun whose job is at its limit', async () => {
    const world = await stage({ onConflict: 'rerun' });
    world.glue.addJob('job-b', { maxConcurrentRuns: 1 });
    const run = await start(world, 'job-b', 'load1');
    await write(world, run, 'sales/dt=1/b');
    await promoted(world, 'sales/dt=1/a');
    await finish(world, run);
    const busy = world.glue.begin('job-b');
    await drain(world);
    for (let round = 0; round < 4; round += 1) {
      world.clock.advance(20 * 60_000);
      await reconcileNow(world);
    }
    expect(await entry(world, run)).toMatchObject({ state: 'DISCARDED', rerunDue: true });
    world.glue.end(busy.id, 'SUCCEEDED');
    await reconcileNow(world);
    expect(await entry(world, { runId: 'load1-r1', attempt: 0 })).toMatchObject({ state: 'OPEN', rerunOf: 'load1' });
  });

  it('passes over a rerun id that somebody chose for another run', async () => {
    const world = await stage({ onConflict: 'rerun' });
    await start(world, 'job-b', 'load1-r1');
    const run = await start(world, 'job-b', 'load1');
    await write(world, run, 'sales/dt=1/b');
    await promoted(world, 'sales/dt=1/a');
    await finish(world, run);
    await drain(world);
    expect(await entry(world, run)).toMatchObject({ rerunAs: 'load1-r2' });
    expect(await entry(world, { runId: 'load1-r2', attempt: 0 })).toMatchObject({ rerunOf: 'load1', rerunNumber: 1 });
  });
});
