/** lakeFS 1.84 loses files in some merges (docs/limits.md): what Branchline makes of that. */
import { describe, expect, it } from 'vitest';
import { METADATA } from '../../../lambdas/contract.ts';
import { promoteRun } from '../../../lambdas/usecases/promote-run.ts';
import { resolveRun } from '../../../lambdas/usecases/resolve-run.ts';
import type { World } from '../../fakes/ports.ts';
import {
  drain,
  entry,
  files,
  finish,
  headOf,
  mergeByHand,
  promoted,
  reconcileNow,
  stage,
  start,
  write,
} from './stage.ts';

/** `sales/dt=3/_SUCCESS` is the last path of all; whoever removes it leaves nothing behind `sales/dt=1/`. */
const lake = async (): Promise<World> => {
  const world = await stage();
  const run = await start(world);
  for (const path of ['sales/dt=1/_SUCCESS', 'sales/dt=3/_SUCCESS']) await write(world, run, path, '');
  await finish(world, run);
  await drain(world);
  return world;
};

const remove = (world: World, branch: string, ...paths: string[]) => world.lakefs.deleteObjects('lake', branch, paths);

/** A run that removes the end, and while it goes on another one that adds `_SUCCESS` between. */
const both = async (world: World) => {
  const remover = await start(world, 'job-a');
  await remove(world, remover.branch, 'sales/dt=3/_SUCCESS');
  const adder = await start(world, 'job-b');
  await write(world, adder, 'sales/dt=2/_SUCCESS', '');
  await write(world, adder, 'sales/dt=2/part');
  return { remover, adder };
};

const WHOLE = ['sales/dt=1/_SUCCESS', 'sales/dt=2/_SUCCESS', 'sales/dt=2/part'];

describe('a merge that loses a file', () => {
  it('of the target is taken back, and the run is laid on the head anew', async () => {
    const world = await lake();
    const { remover, adder } = await both(world);
    await finish(world, adder);
    await drain(world);
    await finish(world, remover);
    const answers = await drain(world);
    expect(answers.map(({ outcome }) => outcome)).toEqual(['conflicted', 'promoted']);
    expect(files(world)).toEqual(WHOLE);
    const run = await entry(world, remover);
    expect(run).toMatchObject({ state: 'PROMOTED', resolutions: 1 });
    expect(run.steps.map(({ note }) => note)).toContain(
      'lakeFS lost sales/dt=2/_SUCCESS in the merge; it was taken back',
    );
  });

  it('of the run is taken back, and the run is laid on the head anew', async () => {
    const world = await lake();
    const { remover, adder } = await both(world);
    await finish(world, remover);
    await drain(world);
    await finish(world, adder);
    expect((await drain(world)).map(({ outcome }) => outcome)).toEqual(['conflicted', 'promoted']);
    expect(files(world)).toEqual(WHOLE);
    expect(await world.ledger.getTarget('lake', 'main')).toMatchObject({ verifiedCommit: headOf(world) });
  });

  it('is never a verified commit', async () => {
    const world = await lake();
    const { remover, adder } = await both(world);
    await finish(world, adder);
    await drain(world);
    await finish(world, remover);
    const seen: string[][] = [];
    const put = world.ledger.putTarget.bind(world.ledger);
    world.ledger.putTarget = async (target) => {
      seen.push([...(world.lakefs.repositories.get('lake')?.trees.get(target.verifiedCommit)?.keys() ?? [])]);
      return put(target);
    };
    await drain(world);
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.every((paths) => paths.includes('sales/dt=2/_SUCCESS'))).toBe(true);
  });

  it.each(['before it was taken back', 'after it was taken back'])(
    'is found where the promotion dies %s',
    async (when) => {
      const world = await lake();
      const { remover, adder } = await both(world);
      await finish(world, adder);
      await drain(world);
      await finish(world, remover);
      const { lakefs } = world;
      const own = lakefs.revert.bind(lakefs);
      lakefs.revert = async (...args) => {
        if (when.startsWith('after')) await own(...args);
        throw new Error('the function died');
      };
      await expect(drain(world)).rejects.toThrow('the function died');
      lakefs.revert = own;
      world.clock.advance(200_000);
      await promoteRun(world, remover);
      await drain(world);
      expect(files(world)).toEqual(WHOLE);
      expect(await entry(world, remover)).toMatchObject({ state: 'PROMOTED', resolutions: 1 });
    },
  );

  it('by hand blocks the target until a person decides', async () => {
    const world = await lake();
    const base = headOf(world);
    await promoted(world, 'sales/dt=2/part', 'job-b');
    await world.lakefs.createBranch('lake', 'mine', base);
    await remove(world, 'mine', 'sales/dt=2/_SUCCESS', 'sales/dt=3/_SUCCESS');
    await world.lakefs.commit('lake', 'mine', { message: 'end', metadata: {} });
    const adder = await start(world, 'job-a');
    await write(world, adder, 'sales/dt=2/_SUCCESS', '');
    await finish(world, adder);
    await drain(world);
    const merge = await mergeByHand(world, 'mine');
    await reconcileNow(world);
    expect(await world.ledger.getTarget('lake', 'main')).toMatchObject({
      blocked: { commit: merge, cause: { code: 'BL2023' } },
    });
    await resolveRun(world, { action: 'revert-target', repository: 'lake', target: 'main', commit: merge });
    expect(files(world)).toContain('sales/dt=2/_SUCCESS');
    expect(await world.ledger.getTarget('lake', 'main')).not.toHaveProperty('blocked');
  });
});

describe('a merge that can lose nothing', () => {
  it('costs no diff more, however far the target moved', async () => {
    const world = await lake();
    const [first, second] = [await start(world, 'job-a'), await start(world, 'job-b')];
    await write(world, first, 'sales/dt=2/a');
    await write(world, second, 'sales/dt=4/b');
    await finish(world, first);
    await finish(world, second);
    let diffs = 0;
    const diff = world.lakefs.diff.bind(world.lakefs);
    world.lakefs.diff = (...args) => {
      diffs += 1;
      return diff(...args);
    };
    expect((await drain(world)).map(({ outcome }) => outcome)).toEqual(['promoted', 'promoted']);
    expect(diffs).toBe(0);
    expect(await entry(world, second)).toMatchObject({ removesLast: false });
  });

  it('is looked at and stands, where a run removed the end and nothing was lost', async () => {
    const world = await lake();
    await promoted(world, 'sales/dt=4/part');
    const { remover, adder } = await both(world);
    await finish(world, adder);
    await drain(world);
    await finish(world, remover);
    expect((await drain(world)).map(({ outcome }) => outcome)).toEqual(['promoted']);
    expect(await entry(world, remover)).toMatchObject({ state: 'PROMOTED', removesLast: true });
    const merge = world.lakefs.firstParentLog('lake', 'main')[0];
    expect(merge?.metadata[METADATA.runId]).toBe(remover.runId);
  });
});
