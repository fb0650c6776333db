import { FUNCTION } from '../../lambdas/contract.ts';
import type { ReconcileReport } from '../../lambdas/usecases/reconcile.ts';
import { waitFor } from '../wait.ts';
import { begin, jobEnd, runEnd } from './begin.ts';
import { JOB, TABLE } from './jobs.ts';
import type { Scene, Stage } from './stage.ts';

const LATE_MS = 3_000;

/** The relay's record of the event for this job run, once it has been sent as often as it was to be. */
const eventOf = (stage: Stage, jobRunId: string | undefined) =>
  waitFor(async () => (await stage.harness.delivered()).find((each) => each.detail.jobRunId === jobRunId), {
    what: `the event of job run ${jobRunId ?? ''} was due`,
    timeoutMs: 60_000,
  });

const duplicated = async (stage: Stage): Promise<void> => {
  const before = await stage.picture();
  await stage.harness.deliver({ job: JOB.clicks, copies: 3, delayMs: 0 });
  const run = await begin(stage, JOB.clicks, 'duplicated', {
    table: TABLE.clicks,
    from: '2026-11-05',
    days: 1,
    hours: 2,
  });
  await jobEnd(stage, run);
  const sent = await eventOf(stage, run.jobRunId);
  stage.tell('event', `${run.runId}  ${sent.detail.state}, sent ${String(sent.copies)} times`);
  await runEnd(stage, run, 'PROMOTED');
  const promoted = await stage.harness.waitForCleanUp(run.runId);
  await stage.harness.sendEvent(sent.detail);
  stage.tell('event', `${run.runId}  ${sent.detail.state}, sent once more after the promotion`);
  await stage.settled();
  await stage.checkPromoted(promoted, before);
  const now = await stage.harness.run(run.runId);
  stage.same('nothing has changed the ledger entry since', now?.version, promoted.version);
};

const late = async (stage: Stage): Promise<void> => {
  const before = await stage.picture();
  await stage.harness.deliver({ job: JOB.clicks, copies: 1, delayMs: LATE_MS });
  const run = await begin(stage, JOB.clicks, 'late', { table: TABLE.clicks, from: '2026-11-06', days: 1, hours: 2 });
  await jobEnd(stage, run);
  stage.same(
    'the job has ended, the event is on its way: the run is OPEN',
    (await stage.harness.run(run.runId))?.state,
    'OPEN',
  );
  await stage.checkUntouched(before, 'so far');
  const sent = await eventOf(stage, run.jobRunId);
  stage.tell('event', `${run.runId}  ${sent.detail.state}, ${String(LATE_MS / 1000)} s late`, Date.parse(sent.at));
  await stage.checkPromoted(await runEnd(stage, run, 'PROMOTED'), before);
};

const lost = async (stage: Stage): Promise<void> => {
  const before = await stage.picture();
  await stage.harness.deliver({ job: JOB.clicks, copies: 0, delayMs: 0 });
  const run = await begin(stage, JOB.clicks, 'lost', { table: TABLE.clicks, from: '2026-11-07', days: 1, hours: 2 });
  await jobEnd(stage, run);
  const sent = await eventOf(stage, run.jobRunId);
  stage.tell('event', `${run.runId}  ${sent.detail.state}, lost`);
  await stage.settled();
  stage.same('nobody heard of it: the run is OPEN', (await stage.harness.run(run.runId))?.state, 'OPEN');
  await stage.checkUntouched(before, 'so far');
  const report = await stage.harness.invoke<ReconcileReport>(FUNCTION.reconcile, {});
  stage.tell('repair', `reconcile asks Glue and lakeFS: ${String(report.repaired)} repaired`);
  await stage.checkPromoted(await runEnd(stage, run, 'PROMOTED'), before);
};

export const badEvents: Scene = {
  name: 'A duplicated, a late and a lost event',
  about: 'Glue’s events are best effort. No run depends on one.',
  play: async (stage) => {
    try {
      await duplicated(stage);
      await late(stage);
      await lost(stage);
    } finally {
      await stage.harness.deliver();
    }
  },
};
