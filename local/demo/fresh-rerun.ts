import { METADATA } from '../../lambdas/contract.ts';
import { difference } from '../harness.ts';
import { begin, jobEnd, runEnd } from './begin.ts';
import { JOB, TABLE } from './jobs.ts';
import { type Scene, TARGET } from './stage.ts';

export const freshRerun: Scene = {
  name: 'The same work again',
  about: 'The job is mended and started again. It starts from the target, not from what its predecessor left.',
  play: async (stage) => {
    const { harness } = stage;
    const before = await stage.picture();
    const dead = [...stage.earlier.values()].findLast((run) => run.state === 'DISCARDED');
    const run = await begin(stage, JOB.sales, 'mended', { table: TABLE.sales, from: '2026-11-01', days: 2, hours: 6 });
    stage.check(`it has a branch of its own: ${run.branch}`, run.branch !== dead?.branch);
    stage.same('which begins at the target’s head', run.baseCommit, before.head);
    stage.same('Glue says the job run succeeded', await jobEnd(stage, run), 'SUCCEEDED');
    const promoted = await runEnd(stage, run, 'PROMOTED');
    const changed = await stage.checkPromoted(promoted, before);
    const after = await harness.listing(TARGET, `${TABLE.sales}/`);
    const partitions = new Set([...after.keys()].map((path) => path.slice(0, path.lastIndexOf('/'))));
    stage.same('it replaced its 12 partitions: one file in each', [after.size, partitions.size], [12, 12]);
    const merge = await harness.lakefs.getCommit(harness.repository, promoted.mergeCommit ?? '');
    const fromIt = difference(before.listing, await harness.listing(promoted.runCommit ?? ''));
    stage.same('everything new in the target is this run’s', changed, fromIt);
    stage.same('and its merge says which run it was', merge?.metadata[METADATA.runId], run.runId);
  },
};
