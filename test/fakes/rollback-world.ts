/** A world in which targets can be rolled back. */
import type { RollbackPorts } from '../../lambdas/rollback-ports.ts';
import { FakePublications, FakeRefreshes } from './catalog.ts';
import type { World } from './ports.ts';

export interface RollbackWorld extends World, Omit<RollbackPorts, keyof World> {
  readonly publications: FakePublications;
  readonly refreshes: FakeRefreshes;
  /** Set while lakeFS deletes objects. */
  sweeping: boolean;
}

/** Whoever waits lets the time pass. */
export const withRollbacks = (world: World): RollbackWorld => {
  const made: RollbackWorld = {
    ...world,
    publications: new FakePublications(),
    refreshes: new FakeRefreshes(),
    sweeping: false,
    sweeps: { stands: async () => made.sweeping },
    pause: async (ms) => world.clock.advance(ms),
  };
  return made;
};
