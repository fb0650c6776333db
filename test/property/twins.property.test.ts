/** One event that comes three times at once: whatever the order in which the invocations' calls happen, the work is kept. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { promoteRun } from '../../lambdas/usecases/promote-run.ts';
import { settleRun } from '../../lambdas/usecases/settle-run.ts';
import { startRun } from '../../lambdas/usecases/start-run.ts';
import { makeWorld, text } from '../fakes/ports.ts';
import { Gate } from './gate.ts';

const RUNS = Number(process.env['FAST_CHECK_RUNS'] ?? 2000) / 4;

it('settles once, and loses nothing, however twins of an invocation interleave', async () => {
  await fc.assert(
    fc.asyncProperty(fc.infiniteStream(fc.nat({ max: 1000 })), async (turns) => {
      const world = await makeWorld();
      const { run } = await startRun(world, { job: 'job-a' });
      await world.lakefs.putObject('lake', run.branch, 'sales/dt=1/a', text('mine'));
      const hint = { jobName: run.job, jobRunId: run.jobRunId ?? '' };
      world.glue.end(hint.jobRunId, 'SUCCEEDED');
      const gate = new Gate(new Map());
      const ports = gate.guard(world);
      const twin = async (): Promise<void> => {
        await settleRun(ports, hint);
        await promoteRun(ports, run);
      };
      await gate.run([twin, twin, twin], (waiting) => (turns.next().value ?? 0) % waiting);
      expect((await world.ledger.getRun(run))?.state).toBe('PROMOTED');
      expect([...world.lakefs.tree('lake', 'main').keys()]).toEqual(['sales/dt=1/a']);
    }),
    { numRuns: RUNS },
  );
});
