/** What a promotion waits for, and what nobody builds on. */
import { expect, it } from 'vitest';
import { claimRun } from '../../../lambdas/usecases/claim-run.ts';
import { promoteRun } from '../../../lambdas/usecases/promote-run.ts';
import { settleRun } from '../../../lambdas/usecases/settle-run.ts';
import { drain, entry, files, finish, reconcileNow, stage, start, write } from './stage.ts';

it('waits for a held target, and goes on when the hold has run out', async () => {
  const world = await stage();
  const run = await start(world);
  await write(world, run, 'sales/dt=1/a');
  await finish(world, run);
  const target = await world.ledger.getTarget('lake', 'main');
  if (target === undefined) throw new Error('no target');
  const hold = { owner: 'somebody', reason: 'a look', expiresAt: world.clock.now() + 1_000 };
  await world.ledger.putTarget({ ...target, version: target.version + 1, hold });
  expect(await drain(world)).toMatchObject([{ outcome: 'waiting', run: { state: 'COMMITTED' } }]);
  world.clock.advance(120_000);
  await reconcileNow(world);
  expect(await drain(world)).toMatchObject([{ outcome: 'promoted' }]);
});

it('builds on no merge whose promotion has not said whether it stands, and holds nobody up once that can be told', async () => {
  const world = await stage();
  const [first, second] = [await start(world), await start(world, 'job-b')];
  await write(world, first, 'sales/dt=1/a');
  await write(world, second, 'sales/dt=2/b');
  await finish(world, first);
  await finish(world, second);
  const merge = world.lakefs.merge.bind(world.lakefs);
  world.lakefs.merge = async (...args) => {
    await merge(...args);
    throw new Error('dies here');
  };
  await expect(promoteRun(world, first)).rejects.toThrow('dies here');
  world.lakefs.merge = merge;
  expect(await promoteRun(world, second)).toMatchObject({ outcome: 'waiting' });
  world.clock.advance(200_000);
  await reconcileNow(world);
  // The queue of the dead one's message and of reconcile: each only wakes.
  await drain(world);
  expect(files(world)).toEqual(['sales/dt=1/a', 'sales/dt=2/b']);
  expect(world.lakefs.firstParentLog('lake', 'main')).toHaveLength(3);
});

it('finds its own merge before it looks for clashes', async () => {
  const world = await stage();
  const run = await start(world);
  await write(world, run, 'sales/dt=1/a');
  await finish(world, run);
  const updateRun = world.ledger.updateRun.bind(world.ledger);
  world.ledger.updateRun = (next) =>
    next.state === 'PROMOTED' ? Promise.reject(new Error('dies here')) : updateRun(next);
  await expect(drain(world)).rejects.toThrow('dies here');
  world.ledger.updateRun = updateRun;
  world.clock.advance(200_000);
  expect(await promoteRun(world, run)).toMatchObject({ outcome: 'promoted' });
  expect((await entry(world, run)).clashes).toBeUndefined();
});

it('a zombie that comes between look and branch leaves no branch behind', async () => {
  const world = await stage();
  world.glue.begin('job-a', {}, 'jr_9');
  const createBranch = world.lakefs.createBranch.bind(world.lakefs);
  world.lakefs.createBranch = async (...args) => {
    world.lakefs.createBranch = createBranch;
    // Its end is heard of first.
    world.glue.end('jr_9', 'FAILED');
    await settleRun(world, { jobName: 'job-a', jobRunId: 'jr_9' });
    return createBranch(...args);
  };
  await expect(claimRun(world, { jobName: 'job-a', jobRunId: 'jr_9' })).rejects.toMatchObject({ code: 'BL2002' });
  expect(world.lakefs.branchNames('lake')).toEqual(['main']);
});
