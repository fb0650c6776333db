import { FUNCTION } from '../../lambdas/contract.ts';
import type { RollbackAnswer } from '../../lambdas/usecases/rollback.ts';
import { difference } from '../harness.ts';
import { begin, jobEnd, runEnd } from './begin.ts';
import { JOB, TABLE } from './jobs.ts';
import { readersSee, rowsOf } from './readers.ts';
import { type Scene, TARGET } from './stage.ts';
import { shortId } from './timeline.ts';

const ROWS_OF_A_FILE = 100;

export const badLoad: Scene = {
  name: 'A bad load is rolled back',
  about:
    'A day that has not come yet is promoted. A query finds it; one command puts the target back, and readers see the old rows.',
  play: async (stage) => {
    const { harness } = stage;
    await stage.settled();
    const before = await stage.picture();
    const rows = Number(await rowsOf(stage, TABLE.sales));
    const run = await begin(stage, JOB.sales, 'bad-load', {
      table: TABLE.sales,
      from: '2031-01-01',
      days: 1,
      hours: 2,
    });
    stage.same('Glue says the job run succeeded', await jobEnd(stage, run), 'SUCCEEDED');
    const promoted = await runEnd(stage, run, 'PROMOTED');
    await readersSee(stage, TABLE.sales, rows + 2 * ROWS_OF_A_FILE);
    stage.tell('you', `branchline rollback --target ${TARGET} --to ${shortId(before.head)} --reason "not yet"`);
    const { outcome, rollback } = await harness.invoke<RollbackAnswer>(FUNCTION.rollback, {
      ...{ action: 'roll-back', repository: harness.repository, target: TARGET },
      ...{ to: shortId(before.head), requestedBy: 'demo', reason: 'not yet' },
    });
    for (const { at, state, note } of rollback.steps)
      stage.tell('ledger', `${rollback.id}  ${state}  ${note ?? ''}`.trimEnd(), at);
    stage.same('the rollback is done', outcome, 'rolled-back');
    stage.same('it undid that run alone', rollback.undone, [run.runId]);
    await runEnd(stage, run, 'ROLLED_BACK');
    const changed = difference(before.listing, await harness.listing(TARGET));
    stage.check('the target lists what it listed before', changed.length === 0, () => changed.join(', '));
    const log = await stage.since(before.head);
    stage.check(
      'its history is kept: the merge of the run is in it, and the rollback on top',
      log[0]?.id === rollback.mergeCommit && log.some(({ id }) => id === promoted.mergeCommit),
    );
    await readersSee(stage, TABLE.sales, rows);
  },
};
