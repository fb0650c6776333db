/**
 * I6 over random histories: promotions, conflicts, merges by hand, earlier rollbacks, parts of the target, going forward again; with
 * a crash or a lost answer at any call, and the same request afterwards.
 */
import * as fc from 'fast-check';
import { it } from 'vitest';
import { rollbackStage } from '../unit/usecases/rollback-stage.ts';
import { checkEnd, type Deed, deed, play } from './rollback-story.ts';

const RUNS = Math.ceil(Number(process.env['FAST_CHECK_RUNS'] ?? 2000) / 8);

it(`keeps I6 in ${String(RUNS)} histories, whatever dies on the way`, { timeout: 3_600_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(deed, { minLength: 2, maxLength: 9 }), async (deeds) => {
      const world = await rollbackStage();
      await play(world, deeds);
      await checkEnd(world);
    }),
    { numRuns: RUNS },
  );
});

it('is finished by the same request after a crash before or after every single call', {
  timeout: 3_600_000,
}, async () => {
  const history: Deed[] = [
    { does: 'run', places: [0, 3], late: false },
    { does: 'run', places: [1, 2], late: true },
    { does: 'run', places: [1, 4], late: false },
  ];
  for (const part of ['all', 'sales'] as const) {
    for (const how of ['crash-before', 'crash-after'] as const) {
      for (let call = 0; call < 70; call += 1) {
        const world = await rollbackStage();
        const back: Deed = { does: 'roll back', pick: 1, part, faults: [[call, how]], byReconcile: call % 2 === 0 };
        await play(world, [...history, back]);
        await checkEnd(world);
      }
    }
  }
});
