import { begin, jobEnd, runsEnd } from './begin.ts';
import { JOB, TABLE } from './jobs.ts';
import { type Scene, TARGET } from './stage.ts';

const PARTITION = 'sales/yyyy_mm_dd=2026-11-04/hh_mm=00-00/';

export const onePartition: Scene = {
  name: 'Two runs that overwrite one partition',
  about:
    'lakeFS alone would merge both, and the partition would hold every row twice: their files have different names.',
  play: async (stage) => {
    const { harness } = stage;
    const before = await stage.picture();
    const work = { table: TABLE.sales, from: '2026-11-04', days: 1, hours: 1 };
    const runs = await Promise.all([
      begin(stage, JOB.sales, 'one', work),
      begin(stage, JOB.corrections, 'other', work),
    ]);
    await Promise.all(runs.map((run) => jobEnd(stage, run)));
    const ended = await runsEnd(stage, runs, 'PROMOTED', 'CONFLICTED');
    const promoted = ended.find((run) => run.state === 'PROMOTED');
    const conflicted = ended.find((run) => run.state === 'CONFLICTED');
    stage.same('one is promoted, the other conflicted', ended.map((run) => run.state).toSorted(), [
      'CONFLICTED',
      'PROMOTED',
    ]);
    if (promoted === undefined || conflicted === undefined) return;
    const changed = await stage.checkPromoted(promoted, before);
    stage.same(
      `the ledger says what clashed, and with which run: ${PARTITION} and ${promoted.runId}`,
      conflicted.clashes?.map(({ kind, what, run }) => ({ kind, what, run })),
      [{ kind: 'partition', what: PARTITION, run: promoted.runId }],
    );
    stage.same(
      'the partition holds one file: that of the promoted run',
      changed.filter((path) => path.startsWith(PARTITION)).length,
      1,
    );
    stage.same(
      'nothing of the other is on the target',
      (await stage.promotionsOf(conflicted.runId, before.head)).length,
      0,
    );
    stage.same('its branch is kept for whoever decides', await harness.branchExists(conflicted.branch), true);
    const kept = [...(await harness.listing(conflicted.branch, PARTITION)).keys()];
    const shown = [...(await harness.listing(TARGET, PARTITION)).keys()];
    stage.check('with its own file in that partition', kept.length === 1 && kept[0] !== shown[0], () =>
      kept.join(', '),
    );
  },
};
