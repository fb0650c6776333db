/** Garbage collection on the deployed stack, by the command line alone; `local/collect_garbage.py` stands in for lakeFS's Spark client. */
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EXIT } from '../../cli/exit-codes.ts';
import { createRollbacks } from '../../lambdas/adapters/ledger/rollbacks.ts';
import { FUNCTION } from '../../lambdas/contract.ts';
import type { Collection, CollectionState } from '../../lambdas/domain/collection.ts';
import type { CollectGarbageAnswerTo, CollectionAnswer } from '../../lambdas/usecases/collect-garbage.ts';
import type { CollectionPlan } from '../../lambdas/usecases/collection-plan.ts';
import { waitFor } from '../../local/wait.ts';
import { setAhead } from './setup/ahead.ts';
import { branchline, type Ended } from './setup/cli.ts';
import { openHarness } from './setup/harness.ts';
import { createJob, runTo, start } from './setup/jobs.ts';
import { CAN_KILL, killFunction, ledgerOf } from './setup/kill.ts';
import { addressesOf, headOf, isInS3, placeOf, secondOf } from './setup/second.ts';

const harness = openHarness();
const repository = secondOf(harness);
const JOB = 'it-second-garbage';
const DAY = 86_400_000;
const BELOW = 'it-second/';

beforeAll(async () => {
  await createJob(harness, JOB);
  // Objects are a day old at least when they are marked, and the rule of the repository keeps them for a day.
  await setAhead(harness, [FUNCTION.collectGarbage], 3 * DAY);
});
afterAll(() => setAhead(harness, [FUNCTION.collectGarbage, FUNCTION.rollback], 0));

const promoted = (files: Readonly<Record<string, string>>, removed: readonly string[] = []) =>
  runTo(harness, JOB, { files, removed }, 'PROMOTED');

const plan = async (): Promise<CollectionPlan> => {
  const planned = await branchline(['gc', 'plan', repository, '--json']);
  expect(planned, planned.err).toMatchObject({ code: EXIT.ok });
  const [only] = planned.json<CollectGarbageAnswerTo<'plan'>>().plans;
  if (only === undefined) throw new Error(planned.out);
  return only;
};

/** `gc run` again and again, as a person or the schedule would. */
const run = async (...states: CollectionState[]): Promise<Collection & { readonly code: Ended['code'] }> => {
  let seen = '';
  return waitFor(
    async () => {
      const ended = await branchline(['gc', 'run', repository, '--json']);
      seen = ended.out === '' ? ended.err : ended.out;
      const { outcome, collection } = ended.json<CollectionAnswer>();
      if (outcome === 'FAILED' && !states.includes(outcome)) throw new Error(seen);
      return outcome !== 'busy' && states.includes(outcome) ? { ...collection, code: ended.code } : undefined;
    },
    { what: `a collection is ${states.join(' or ')}`, timeoutMs: 60_000, everyMs: 500 },
    () => seen,
  );
};

const approve = ({ id }: Collection): Promise<Ended> =>
  branchline(['gc', 'approve', repository, id, '--yes', '--json']);

/** Two files that nobody shows any more, and one that readers see. @returns their addresses. */
const litter = async (dt: string): Promise<{ readonly gone: readonly string[]; readonly shown: string }> => {
  const path = (name: string): string => `${BELOW}dt=${dt}/${name}.json`;
  await promoted({ [path('a')]: '{"id": 1, "name": "old"}\n', [path('b')]: '{"id": 2, "name": "old"}\n' });
  const before = await addressesOf(harness, repository, 'main', BELOW);
  await promoted({ [path('a')]: '{"id": 1, "name": "new"}\n' }, [path('b')]);
  const after = await addressesOf(harness, repository, 'main', BELOW);
  // What a table shows is kept too, and it follows in a moment.
  const shown = await branchline(['catalog', 'refresh', '--target', `${repository}/main`, '--json']);
  expect(shown, shown.err).toMatchObject({ code: EXIT.ok });
  return { gone: [path('a'), path('b')].map((each) => before[each] ?? ''), shown: after[path('a')] ?? '' };
};

const expectInS3 = async (addresses: readonly string[], there: boolean): Promise<void> => {
  for (const address of addresses) expect(await isInS3(harness, address), address).toBe(there);
};

test('is planned, marks without a deletion, waits for approval, deletes what nobody shows, and reads every ref back', async () => {
  const { gone, shown } = await litter('1');
  expect(await plan()).toMatchObject({ repository, blockers: [] });
  const marked = await run('MARKED');
  expect(marked).toMatchObject({ code: EXIT.ok, sweep: 'approval', marked: { gone: 0 } });
  expect(marked.marked?.objects).toBeGreaterThanOrEqual(2);
  await expectInS3([...gone, shown], true);
  const status = await branchline(['gc', 'status', repository]);
  expect(status.out).toContain(`${repository} ${marked.id} MARKED`);

  expect((await approve(marked)).code).toBe(EXIT.timedOut);
  const done = await run('DONE');
  expect(done).toMatchObject({ id: marked.id, code: EXIT.ok, readBack: { missing: 0, left: 0, outside: 0 } });
  expect(done.approved?.by).toMatch(/^arn:/);
  await expectInS3(gone, false);
  await expectInS3(Object.values(await addressesOf(harness, repository, 'main')), true);
});

test('waits for a run with staged work that comes near the age at which it is at risk, and says whose it is', async () => {
  const running = await start(harness, JOB, { files: { [`${BELOW}dt=2/a.json`]: '{"id": 2}\n' }, holdSeconds: 20 });
  await waitFor(
    async () => {
      for await (const _ of harness.lakefs.listStaged(repository, running.branch)) return true;
      return undefined;
    },
    { what: `something is staged on ${running.branch}`, timeoutMs: 30_000 },
  );
  const whose = `branch ${running.branch} (run ${running.runId}`;
  expect((await plan()).blockers.map(({ message }) => message)).toEqual([
    expect.stringContaining(`${whose} of job ${JOB}) has had ${BELOW}dt=2/a.json staged since`),
  ]);
  const waiting = await run('WAITING');
  expect(waiting).toMatchObject({ code: EXIT.timedOut, waits: { for: [{ kind: 'staged', what: running.branch }] } });
  expect((await branchline(['gc', 'status', repository])).out).toContain(whose);
  // Its job ends, it is promoted, and nothing is in the way any more.
  await harness.waitForRun(running.runId, ['PROMOTED']);
  await harness.waitForCleanUp(running.runId);
  const [left] = Object.values(await addressesOf(harness, repository, 'main', `${BELOW}dt=2/`));
  const after = await run('MARKED', 'DONE');
  if (after.state === 'MARKED') await branchline(['gc', 'discard', repository, after.id]);
  await expectInS3([left ?? ''], true);
});

test.skipIf(!CAN_KILL)(
  'sweeps nothing while a rollback is under way, though the function that worked on it has died',
  async () => {
    const { gone } = await litter('3');
    const before = await headOf(harness, repository);
    const bad = await promoted({ [`${BELOW}dt=4/a.json`]: '{"id": 4, "name": "bad"}\n' });
    const marked = await run('MARKED');
    const words = ['rollback', '--target', `${repository}/main`, '--to', before.slice(0, 16), '--yes', '--json'];
    const dying = branchline(words);
    const rollbacks = createRollbacks(ledgerOf(harness));
    await waitFor(
      async () => {
        for await (const { state } of rollbacks.list({ unfinished: true, repository })) return state;
        return undefined;
      },
      { what: 'a rollback is under way', timeoutMs: 30_000, everyMs: 10 },
    );
    expect(await killFunction(harness, FUNCTION.rollback)).toBeGreaterThan(0);
    expect((await dying).code).not.toBe(EXIT.ok);
    expect((await approve(marked)).json<CollectionAnswer>()).toMatchObject({
      outcome: 'MARKED',
      collection: { approved: {}, waits: { for: [{ kind: 'rollback' }] } },
    });
    await expectInS3(gone, true);
    // Whoever comes after it finds the lease over, and finishes it.
    await setAhead(harness, [FUNCTION.rollback], DAY / 24);
    await branchline(words);
    await harness.waitForRun(bad.runId, ['ROLLED_BACK'], 120_000);
    await setAhead(harness, [FUNCTION.rollback], 0);
    await setAhead(harness, [FUNCTION.collectGarbage], 3 * DAY);
    expect(await run('DONE')).toMatchObject({ id: marked.id, readBack: { missing: 0 } });
    await expectInS3(gone, false);
  },
);

test('tells of an object that a ref shows and that is not in S3, in its entry and by its metric, until it is there again', async () => {
  const { shown } = await litter('5');
  const marked = await run('MARKED');
  // What the measured fault of lakeFS's job would do.
  await harness.aws.s3.send(new DeleteObjectCommand(placeOf(shown)));
  await approve(marked);
  const failed = await run('FAILED');
  expect(failed).toMatchObject({ code: EXIT.fault, cause: { code: 'BL8507' } });
  for (const { address } of failed.readBack?.sightings ?? []) expect(address).toBe(shown);
  expect(failed.readBack?.sightings).toContainEqual({
    where: 'branch main',
    path: `${BELOW}dt=5/a.json`,
    address: shown,
  });
  const tended = await harness.invoke<CollectGarbageAnswerTo<'tend'>>(FUNCTION.collectGarbage, { action: 'tend' });
  expect(tended.report).toMatchObject({ missing: failed.readBack?.missing, failed: [repository], faults: [] });
  await harness.aws.s3.send(new PutObjectCommand({ ...placeOf(shown), Body: '{"id": 1, "name": "new"}\n' }));
  const again = await run('DONE', 'MARKED');
  if (again.state === 'MARKED') {
    await approve(again);
    await run('DONE');
  }
  const mended = await harness.invoke<CollectGarbageAnswerTo<'tend'>>(FUNCTION.collectGarbage, { action: 'tend' });
  expect(mended.report).toMatchObject({ missing: 0, failed: [] });
});
