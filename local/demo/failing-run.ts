import { difference } from '../harness.ts';
import { begin, jobEnd, runEnd } from './begin.ts';
import { JOB, TABLE } from './jobs.ts';
import { readersSee, rowsOf } from './readers.ts';
import type { Scene } from './stage.ts';

/** Glue's event is held back for so long, so that there is time to look at what the dead job left. */
const HOLD_MS = 2_500;

export const failingRun: Scene = {
  name: 'A run that dies half-way',
  about: 'The job has overwritten half of its partitions when it dies. Nobody who reads the target ever sees it.',
  play: async (stage) => {
    const { harness } = stage;
    const before = await stage.picture();
    await harness.deliver({ job: JOB.sales, copies: 1, delayMs: HOLD_MS });
    const work = { table: TABLE.sales, from: '2026-11-01', days: 2, hours: 6, dieAfter: 5 };
    const run = await begin(stage, JOB.sales, 'dies', work);
    stage.same('Glue says the job run failed', await jobEnd(stage, run), 'FAILED');
    const left = difference(before.listing, await harness.listing(run.branch)).filter((path) =>
      path.endsWith('.parquet'),
    );
    stage.check(
      `the dead job left ${String(left.length)} files added, changed or removed on its branch`,
      left.length > 0,
      () => 'nothing: it did not die half-way',
    );
    await stage.checkUntouched(before, 'while that lies there,');
    stage.same('readers count the rows of before', await rowsOf(stage, TABLE.sales), '1200');
    const discarded = await runEnd(stage, run, 'DISCARDED');
    await harness.deliver();
    stage.same('the ledger says it is DISCARDED because the job failed', discarded.cause?.code, 'BL2005');
    await stage.checkBranchGone(discarded);
    await stage.checkUntouched(before, 'after the clean-up');
    await readersSee(stage, TABLE.sales, 1200);
  },
};
