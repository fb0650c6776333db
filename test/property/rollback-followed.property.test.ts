/**
 * I6, what follows: once a rollback has ended, Glue's tables show the target as it was put back, and the bookmarks of jobs are those of
 * before the runs that were undone; whatever died on the way.
 */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Rollback } from '../../lambdas/domain/rollback.ts';
import { refreshCatalog } from '../../lambdas/usecases/refresh-catalog.ts';
import { ensureTarget } from '../../lambdas/usecases/verify-target.ts';
import { type CatalogWorld, makeCatalogWorld, readSymlinks } from '../fakes/catalog.ts';
import { type RollbackWorld, withRollbacks } from '../fakes/rollback-world.ts';
import { reconcileNow } from '../unit/usecases/stage.ts';
import { readDirectly, SHOWN } from './direct.ts';
import { expectedMark, faultsOf, isReadAgain, keepMarks, type Marks } from './marks.ts';
import { checkEnd, type Deed, deed, play } from './rollback-story.ts';

const RUNS = Math.ceil(Number(process.env['FAST_CHECK_RUNS'] ?? 2000) / 8);
const JOBS = ['job-a', 'job-b'] as const;

interface Stage {
  readonly world: RollbackWorld & Pick<CatalogWorld, 'catalog' | 'manifests' | 'lakefs'>;
  readonly marks: Marks;
  /** What refresh-catalog does when it is woken. */
  refresh(): Promise<void>;
}

/** Two jobs with bookmarks, and tables that readers see. */
const open = async (): Promise<Stage> => {
  const made = await makeCatalogWorld();
  const config = await made.config.load();
  // What jobs write here is no Parquet.
  const pipelines = config.pipelines.map((pipeline) => ({ ...pipeline, schema: 'off' as const }));
  const base = { ...made, config: { load: async () => ({ ...config, pipelines }) } };
  for (const job of JOBS)
    base.glue.addJob(job, { defaultArguments: { '--job-bookmark-option': 'job-bookmark-enable' } });
  const marks = keepMarks(base.glue);
  await ensureTarget(base, 'lake', 'main');
  const refresh = async (): Promise<void> => {
    if (base.refreshes.woken.splice(0).length === 0) return;
    await refreshCatalog(base, { repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY });
  };
  const world = {
    ...withRollbacks(base),
    ...{ lakefs: base.lakefs, catalog: base.catalog, manifests: base.manifests },
    ...{ publications: base.publications, refreshes: base.refreshes },
    pause: async (ms: number) => {
      base.clock.advance(ms);
      await refresh();
    },
  };
  return { world, marks, refresh };
};

const runsOf = ({ world }: Stage) => [...world.ledger.runs.values()];

const checkReaders = async ({ world }: Stage): Promise<void> => {
  const target = await world.ledger.getTarget('lake', 'main');
  if (target?.blocked !== undefined) return;
  const shown = world.publications.entries.get('lake/main')?.commit;
  // Nobody has refreshed anything yet.
  if (shown === undefined) return;
  for (const table of SHOWN)
    expect(readSymlinks(world, 'db', table), `Glue shows ${table}`).toEqual(readDirectly(world as never, table, shown));
};

/** Readers have seen what was asked for before the rollback says that it is done. */
const checkRollback = async (stage: Stage, { mergeCommit, state }: Rollback): Promise<void> => {
  const { world } = stage;
  await checkReaders(stage);
  const target = await world.ledger.getTarget('lake', 'main');
  if (state !== 'DONE' || mergeCommit === undefined || target?.blocked !== undefined) return;
  const shown = world.publications.entries.get('lake/main')?.commit ?? '';
  for (const table of SHOWN)
    expect(readDirectly(world as never, table, shown), `${table} of the rollback`).toEqual(
      readDirectly(world as never, table, mergeCommit),
    );
};

/** No batch of data is shown twice or lost; the mark is where the newest job run left it whose work was not undone. */
const checkMarks = ({ world, marks }: Stage): void => {
  const runs = [...world.ledger.runs.values()];
  for (const job of JOBS) {
    if (runs.some((run) => run.job === job && isReadAgain(run))) continue;
    expect(faultsOf(marks, job, runs), 'I6: bookmarks').toEqual([]);
    if (runs.some((run) => run.job === job && run.bookmarkRewind === 'due')) continue;
    expect(marks.of(job), `I6: the bookmark of ${job}`).toBe(expectedMark(marks, job, runs));
  }
};

it(`readers and bookmarks follow in ${String(RUNS)} histories, whatever dies on the way`, {
  timeout: 3_600_000,
}, async () => {
  const seen = { rollbacks: 0, together: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(deed, { minLength: 3, maxLength: 14 }), async (deeds) => {
      const stage = await open();
      await play(stage.world, deeds, async (rollback) => {
        seen.rollbacks += 1;
        if ((rollback.undoneCount ?? 0) > 1) seen.together += 1;
        await checkRollback(stage, rollback);
      });
      await checkEnd(stage.world);
      await reconcileNow(stage.world);
      stage.world.clock.advance(60_000);
      await stage.refresh();
      await checkReaders(stage);
      checkMarks(stage);
    }),
    { numRuns: RUNS },
  );
  expect(seen.rollbacks).toBeGreaterThan(RUNS);
  expect(seen.together).toBeGreaterThan(0);
});

it('runs that are undone together leave the bookmark as it was before the first of them, whatever call dies', {
  timeout: 3_600_000,
}, async () => {
  // Three runs of job-b, then back to before them: the other job reads on.
  const history: Deed[] = Array.from({ length: 7 }, (_, n) => ({
    ...{ does: 'run' as const, places: [n % 2 === 0 ? 0 : 3], late: false },
  }));
  let finished = 0;
  for (const how of ['crash-before', 'crash-after'] as const) {
    for (let call = 0; call < 150; call += 1) {
      const stage = await open();
      await play(
        stage.world,
        [...history, { does: 'roll back', pick: 5, part: 'all', faults: [[call, how]], byReconcile: call % 2 === 0 }],
        (rollback) => checkRollback(stage, rollback),
      );
      await checkEnd(stage.world);
      checkMarks(stage);
      const undone = runsOf(stage).filter(({ state }) => state === 'ROLLED_BACK');
      expect(undone).toHaveLength(5);
      expect(undone.every(({ bookmarkRewind }) => bookmarkRewind === 'done')).toBe(true);
      // Each job had read one batch before.
      expect(JOBS.map((job) => stage.marks.of(job))).toEqual([1, 1]);
      finished += 1;
    }
  }
  expect(finished).toBe(300);
});
