import { afterEach, beforeAll, expect, test } from 'vitest';
import { FUNCTION } from '../../lambdas/contract.ts';
import type { Run } from '../../lambdas/domain/run.ts';
import { SETTLED_STATES } from '../../lambdas/domain/run.ts';
import { waitFor } from '../../local/wait.ts';
import { openHarness } from './setup/harness.ts';
import { argumentsFor, createJob, start } from './setup/jobs.ts';

const harness = openHarness();
const JOB = 'it-outage';

beforeAll(() => createJob(harness, JOB));
afterEach(() => harness.lakefsReachable(true));

test.skipIf(!harness.state.lakefs.gated)(
  'runs that end while lakeFS is down reach their end when it is back',
  { timeout: 300_000 },
  async () => {
    // The jobs write, then go on for a while: lakeFS goes down before they end.
    const runs: Run[] = [];
    for (const index of [0, 1, 2, 3])
      runs.push(
        await start(harness, JOB, {
          files: { [`it-outage/${String(index)}/data.txt`]: String(index) },
          holdSeconds: 4,
          fail: index === 3,
        }),
      );
    await Promise.all(
      runs.map((run, index) =>
        waitFor(
          async () =>
            (await harness.listing(run.branch, `it-outage/${String(index)}/`)).size === 1 ? true : undefined,
          { what: `${run.runId} has written`, timeoutMs: 30_000, everyMs: 100 },
        ),
      ),
    );
    await harness.lakefsReachable(false);
    await Promise.all(runs.map((run) => harness.waitForJob(JOB, run.jobRunId ?? '')));
    await waitFor(
      async () =>
        (await harness.delivered()).filter((each) => runs.some((run) => run.jobRunId === each.detail.jobRunId))
          .length === runs.length
          ? true
          : undefined,
      {
        what: 'all events have been sent',
        timeoutMs: 30_000,
      },
    );
    // That a run is discarded needs the ledger alone; its branch is owed until lakeFS is back.
    const discarded = await waitFor(
      async () => {
        const entry = runs[3] === undefined ? undefined : await harness.ledgerEntry(runs[3]);
        return entry?.state === 'OPEN' ? undefined : entry;
      },
      { what: 'the failed run is discarded', timeoutMs: 30_000 },
    );
    expect(discarded).toMatchObject({ state: 'DISCARDED', branchDeleted: false });
    for (const run of runs.slice(0, 3)) expect((await harness.ledgerEntry(run))?.state).toBe('OPEN');
    await expect(
      harness.startRun({ job: JOB, arguments: argumentsFor({}) }),
      'a new run is refused while lakeFS is down, with its cause',
    ).rejects.toMatchObject({ code: 'BL3001' });

    await harness.lakefsReachable(true);
    await waitFor(
      async () => {
        await harness.invoke(FUNCTION.reconcile, {});
        const now = await Promise.all(runs.map((run) => harness.run(run.runId)));
        const settled = now.every(
          (run) => run !== undefined && (SETTLED_STATES as readonly string[]).includes(run.state),
        );
        return settled ? true : undefined;
      },
      { what: 'every run has reached its end', timeoutMs: 150_000, everyMs: 2_000 },
    );
    const ended = await Promise.all(runs.map((run) => harness.run(run.runId)));
    expect(ended.map((run) => run?.state)).toEqual(['PROMOTED', 'PROMOTED', 'PROMOTED', 'DISCARDED']);
    expect([...(await harness.listing('main', 'it-outage/')).keys()]).toEqual(
      [0, 1, 2].map((index) => `it-outage/${String(index)}/data.txt`),
    );
  },
);
