import { begin, jobEnd, runsEnd } from './begin.ts';
import { JOB, TABLE } from './jobs.ts';
import { readersSee } from './readers.ts';
import type { Scene } from './stage.ts';

export const twoTables: Scene = {
  name: 'Two runs at once, on different tables',
  about: 'Both begin at the same commit, both are promoted, one after the other, and neither waits for a person.',
  play: async (stage) => {
    const before = await stage.picture();
    const runs = await Promise.all([
      begin(stage, JOB.sales, 'noon', { table: TABLE.sales, from: '2026-11-03', days: 1, hours: 4 }),
      begin(stage, JOB.clicks, 'noon_too', { table: TABLE.clicks, from: '2026-11-03', days: 1, hours: 4 }),
    ]);
    stage.same('both begin at the same commit', runs[0].baseCommit, runs[1].baseCommit);
    await Promise.all(runs.map((run) => jobEnd(stage, run)));
    const [first, second] = await runsEnd(stage, runs, 'PROMOTED');
    if (first === undefined || second === undefined) return;
    await stage.checkPromoted(first, before);
    const changed = await stage.checkPromoted(second, before);
    stage.same(
      'the target holds the work of both',
      [TABLE.sales, TABLE.clicks].map((table) => changed.filter((path) => path.startsWith(`${table}/`)).length),
      [4, 4],
    );
    stage.same('in two merges', (await stage.since(before.head)).length, 2);
    await readersSee(stage, TABLE.sales, 1600);
    await readersSee(stage, TABLE.clicks, 400);
  },
};
