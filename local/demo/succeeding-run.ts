import { begin, jobEnd, runEnd } from './begin.ts';
import { JOB, TABLE } from './jobs.ts';
import { readersSee } from './readers.ts';
import { type Scene, TARGET } from './stage.ts';

export const succeedingRun: Scene = {
  name: 'A run that succeeds',
  about: 'Its files appear in the target all at once, by one merge, and not before.',
  play: async (stage) => {
    const before = await stage.picture();
    const run = await begin(stage, JOB.sales, 'first', { table: TABLE.sales, from: '2026-11-01', days: 2, hours: 6 });
    stage.same('the run branch begins at the target’s head', run.baseCommit, before.head);
    stage.same('Glue says the job run succeeded', await jobEnd(stage, run), 'SUCCEEDED');
    const promoted = await runEnd(stage, run, 'PROMOTED');
    const changed = await stage.checkPromoted(promoted, before);
    const sales = changed.filter((path) => /^sales\/yyyy_mm_dd=2026-11-0[12]\/hh_mm=[^/]+\/[^/]+\.parquet$/.test(path));
    stage.check(
      `the target holds ${String(sales.length)} new Parquet files in 12 partitions, and nothing else is new`,
      sales.length === changed.length && new Set(sales.map((path) => path.slice(0, path.lastIndexOf('/')))).size === 12,
      () => changed.join(', '),
    );
    const [first = ''] = sales;
    const bytes = await stage.harness.lakefs.getObject(stage.harness.repository, TARGET, first);
    stage.same(
      'and lakeFS serves Parquet',
      Buffer.from(bytes ?? [])
        .subarray(0, 4)
        .toString('latin1'),
      'PAR1',
    );
    await readersSee(stage, TABLE.sales, 1200);
  },
};
