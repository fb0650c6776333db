import { begin, jobEnd, runEnd } from './begin.ts';
import { JOB, TABLE } from './jobs.ts';
import type { Scene } from './stage.ts';

export const twoTables: Scene = {
  name: 'Two runs at once, on different tables',
  about: 'Both begin at the same commit, both are promoted, one after the other, and neither waits for a person.',
  play: async (stage) => {
    const before = await stage.picture();
    const [sales, clicks] = await Promise.all([
      begin(stage, JOB.sales, { table: TABLE.sales, from: '2026-11-03', days: 1, hours: 4 }),
      begin(stage, JOB.clicks, { table: TABLE.clicks, from: '2026-11-03', days: 1, hours: 4 }),
    ]);
    stage.same('both begin at the same commit', sales.baseCommit, clicks.baseCommit);
    await Promise.all([jobEnd(stage, sales), jobEnd(stage, clicks)]);
    const first = await runEnd(stage, sales, 'PROMOTED');
    const second = await runEnd(stage, clicks, 'PROMOTED');
    await stage.checkPromoted(first, before);
    const changed = await stage.checkPromoted(second, before);
    stage.same(
      'the target holds the work of both',
      [TABLE.sales, TABLE.clicks].map((table) => changed.filter((path) => path.startsWith(`${table}/`)).length),
      [4, 4],
    );
    stage.same('in two merges', (await stage.since(before.head)).length, 2);
  },
};
