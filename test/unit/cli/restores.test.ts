/** `restores` on the command line, on what real plans and restores have left in the ledger. */
import { describe, expect, it } from 'vitest';
import { createSnapshot } from '../../../lambdas/usecases/create-snapshot.ts';
import { restore } from '../../../lambdas/usecases/restore.ts';
import { makeRestoreWorld } from '../../fakes/restore.ts';
import { Stage } from './stage.ts';

const UNTIL = Number.MAX_SAFE_INTEGER;

const open = async () => {
  const world = await makeRestoreWorld();
  await world.lakefs.putObject('lake', 'main', 'a', new Uint8Array([1]));
  await world.lakefs.commit('lake', 'main', { message: 'a', metadata: {} });
  await createSnapshot(world, { repository: 'lake', target: 'main', kind: 'manual', requestedBy: 't', until: UNTIL });
  return { world, stage: new Stage(world as never) };
};

describe('restores', () => {
  it('list says so where nobody has asked for one', async () => {
    const { stage } = await open();
    expect(await stage.run(['restores', 'list'])).toMatchObject({
      code: 0,
      err: expect.stringContaining('nobody has asked for a restore'),
    });
  });

  it('list and show tell plans, what failed with its cause, and what was restored from which backup', async () => {
    const { world, stage } = await open();
    await restore(world, { action: 'plan', what: 'repository', requestedBy: 'anna' }, UNTIL);
    world.clock.advance(1000);
    const asked = { what: 'branch', repository: 'lake', branch: 'nowhere', requestedBy: 'ben' } as const;
    await restore(world, { action: 'run', ...asked }, UNTIL).catch(() => undefined);
    world.clock.advance(1000);
    world.lakefs.loseMetadata();
    await restore(
      world,
      { action: 'run', what: 'repository', repository: 'lake', confirm: 'lake', requestedBy: 'carla' },
      UNTIL,
    );
    const { out } = await stage.run(['restores', 'list']);
    const [, first = '', second = '', third = ''] = out.split('\n');
    expect(first).toMatch(/restored\s+lake\s+repository\s+carla/);
    expect(second).toMatch(/failed\s+lake\s+branch nowhere\s+ben/);
    expect(second).toContain('BL3004');
    expect(third).toMatch(/planned\s+\*\s+plan of repository\s+anna/);
    expect((await stage.run(['restores', 'list', '--repository', 'lake'])).out).not.toContain('anna');
    const one = await stage.run(['restores', 'list', '--limit', '1', '--json']);
    const [newest] = one.json<{ restores: { id: string }[] }>().restores;
    const shown = await stage.run(['restores', 'show', newest?.id.slice(0, 19) ?? '']);
    expect(shown.out).toMatch(/ restored\n {2}repository in lake, asked for by carla\n/);
    expect(shown.out).toMatch(/\n {2}from snapshot-main-/);
  });

  it('show of one that nobody asked for is not found', async () => {
    const { stage } = await open();
    expect(await stage.run(['restores', 'show', 'x'])).toMatchObject({ code: 3 });
  });
});
