/** Drills of rollback and restore against the server itself: what they compare is what the server answers. */
import { describe, expect, it } from 'vitest';
import { DRILL_KINDS } from '../../lambdas/domain/drill.ts';
import { drill } from '../../lambdas/usecases/drill.ts';
import { type DrillWorld, makeDrillWorld } from '../fakes/drills.ts';
import { againstEveryServer, type Lake } from './workbench.ts';

const UNTIL = Number.MAX_SAFE_INTEGER;

const worldOf = async (lake: Lake): Promise<DrillWorld> => {
  const fakes = await makeDrillWorld();
  const config = await fakes.config.load();
  const places = [{ repository: lake.repository, root: lake.storageNamespace('branchline-drills') }];
  const [repository] = config.repositories;
  if (repository === undefined) throw new Error('no repository');
  return {
    ...fakes,
    clock: { now: () => Date.now(), advance: () => undefined },
    ids: { ...fakes.ids, owner: () => crypto.randomUUID() },
    config: {
      load: async () => ({
        ...config,
        repositories: [{ ...repository, name: lake.repository }],
        drills: { everySeconds: 0, places },
      }),
    },
    lakefs: lake.lakefs as unknown as DrillWorld['lakefs'],
    scratch: lake.server.scratch,
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, Math.min(ms, 200))),
  };
};

againstEveryServer((lake) => {
  describe('a drill', () => {
    it.each(DRILL_KINDS)(
      'of a %s finds everything as it was, and leaves no repository',
      async (kind) => {
        await lake.commit('main', { 'sales/dt=1/a': '1', 'sales/dt=1/ö +%&': '2', 'stock/b': '3' });
        const before = await lake.headOf();
        const world = await worldOf(lake);
        const answer = await drill(world, { action: 'run', kind, requestedBy: 'test' }, UNTIL);
        const made = 'drill' in answer ? answer.drill : undefined;
        expect(made?.cause).toBeUndefined();
        expect(made?.differences).toBeUndefined();
        expect(made).toMatchObject({ state: 'PASSED', isRemoved: true });
        expect(made?.compared?.objects).toBeGreaterThan(5);
        await expect
          .poll(async () => (await Array.fromAsync(world.scratch.list())).map(({ name }) => name), { timeout: 20_000 })
          .not.toContain(made?.id);
        expect(await lake.headOf()).toBe(before);
      },
      60_000,
    );

    it('removes no repository but its own', async () => {
      const world = await worldOf(lake);
      const place = { id: 'drill-restore-20260101t000000z-abcdef', storageNamespace: 's3://elsewhere/x' };
      await expect(world.scratch.remove(place, lake.repository)).rejects.toMatchObject({ code: 'BL8804' });
      expect(await world.scratch.remove(place, 'drill-restore-20260101t000000z-abcdef')).toBe('absent');
      expect(await lake.lakefs.getRepository(lake.repository)).toBeDefined();
      expect((await Array.fromAsync(world.scratch.list())).map(({ name }) => name)).not.toContain(lake.repository);
    });
  });
});
