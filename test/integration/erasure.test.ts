/** An erasure on the deployed stack, by the command line alone: planned, refused by a legal hold, resumed after its function was killed, proved. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EXIT } from '../../cli/exit-codes.ts';
import { createErasures } from '../../lambdas/adapters/ledger/erasures.ts';
import { FUNCTION } from '../../lambdas/contract.ts';
import type { ErasurePlan } from '../../lambdas/domain/erasure.ts';
import { type Erasure, type ErasureState, hasEnded } from '../../lambdas/domain/erasure-record.ts';
import type { Snapshot } from '../../lambdas/domain/snapshot.ts';
import type { CollectGarbageAnswerTo, CollectionAnswer } from '../../lambdas/usecases/collect-garbage.ts';
import type { EraseAnswerTo, ErasureAnswer } from '../../lambdas/usecases/erase.ts';
import { EXPORT_BUCKET, SECOND_EXPORT, SECOND_TARGET } from '../../local/config.ts';
import { waitFor } from '../../local/wait.ts';
import { setAhead } from './setup/ahead.ts';
import { branchline } from './setup/cli.ts';
import { openHarness } from './setup/harness.ts';
import { createJob, runTo } from './setup/jobs.ts';
import { CAN_KILL, killFunction, ledgerOf } from './setup/kill.ts';
import { addressesOf, headOf, isInS3, secondOf, textInS3 } from './setup/second.ts';

const harness = openHarness();
const repository = secondOf(harness);
const JOB = 'it-second-erasure';
const STAGING_JOB = 'it-staging-erasure';
const MINUTE = 60_000;
const DAY = 86_400_000;
/** Nothing of an earlier run in an environment that somebody keeps. */
const PERSONS = `p${Date.now().toString(36)}`;
const SIDE = `it-second-side-${PERSONS}`;
const BELOW = `it-second/dt=${PERSONS}/`;
const PERSON = `${BELOW}a.json`;
const OTHER = `it-second/dt=${PERSONS}-other/a.json`;
/** What the exports of the two targets make of the person's file. */
const COPIES = [
  `s3://${EXPORT_BUCKET}/second/it_second/dt=${PERSONS}/a.json`,
  `s3://${EXPORT_BUCKET}/second-staging/${PERSON}`,
];
const SELECTION = ['--repository', repository, '--below', BELOW];

let snapshot: Snapshot;
let addresses: readonly string[];
let other: string;

const planned = async (): Promise<{ readonly plan: ErasurePlan; readonly code: number | null }> => {
  const ended = await branchline(['erase', 'plan', ...SELECTION, '--json']);
  return { plan: ended.json<EraseAnswerTo<'plan'>>().plan, code: ended.code };
};

const RUN = ['erase', 'run', ...SELECTION, '--reason', 'request 17', '--confirm', repository, '--json'];

const erase = async (...states: (ErasureState | 'busy')[]): Promise<Erasure> => {
  let seen = '';
  return waitFor(
    async () => {
      const ended = await branchline(RUN);
      seen = ended.out === '' ? ended.err : ended.out;
      const { outcome, erasure } = ended.json<ErasureAnswer>();
      return states.includes(outcome) ? erasure : undefined;
    },
    { what: `the erasure is ${states.join(' or ')}`, timeoutMs: 120_000, everyMs: 500 },
    () => seen,
  );
};

const open = async (): Promise<Erasure | undefined> => {
  for await (const erasure of createErasures(ledgerOf(harness)).list(repository))
    return hasEnded(erasure) ? undefined : erasure;
  return undefined;
};

const expectInS3 = async (of: readonly string[], there: boolean): Promise<void> => {
  for (const address of of) expect(await isInS3(harness, address), address).toBe(there);
};

beforeAll(async () => {
  await createJob(harness, JOB);
  await createJob(harness, STAGING_JOB);
  const row = (name: string): string => `{"id": 4711, "name": "${name}"}\n`;
  await runTo(harness, JOB, { files: { [PERSON]: row('first'), [OTHER]: row('another') } }, 'PROMOTED');
  const first = await addressesOf(harness, repository, 'main', BELOW);
  await harness.lakefs.createBranch(repository, SIDE, await headOf(harness, repository));
  const made = await branchline(['snapshots', 'create', `${repository}/main`, '--reason', 'before', '--json']);
  snapshot = made.json<{ snapshot: Snapshot }>().snapshot;
  await runTo(harness, JOB, { files: { [PERSON]: row('second') } }, 'PROMOTED');
  await runTo(harness, STAGING_JOB, { files: { [PERSON]: row('staged') } }, 'PROMOTED');
  const second = await addressesOf(harness, repository, 'main', `it-second/dt=${PERSONS}`);
  const staging = await addressesOf(harness, repository, SECOND_TARGET, BELOW);
  addresses = [first[PERSON] ?? '', second[PERSON] ?? '', staging[PERSON] ?? ''];
  other = second[OTHER] ?? '';
  for (const copy of COPIES)
    await waitFor(async () => ((await isInS3(harness, copy)) ? true : undefined), {
      ...{ what: `${copy} was exported`, timeoutMs: 60_000, everyMs: 300 },
    });
});
afterAll(() => setAhead(harness, [FUNCTION.erase, FUNCTION.collectGarbage], 0));

test('a plan names every holder and changes nothing; a legal hold refuses', async () => {
  await branchline(['snapshots', 'hold', `${repository}/${snapshot.id}`, '--reason', 'case 7', '--json']);
  const before = await headOf(harness, repository);
  const { plan, code } = await planned();
  expect(code).toBe(EXIT.conflict);
  expect(plan).toMatchObject({ repository, objects: 3, unseen: 0, outside: [], retention: { days: 1 } });
  expect(plan.examples.map(({ address }) => address).toSorted()).toEqual([...addresses].toSorted());
  const held = plan.held.map(({ holder: { kind, name }, does, objects }) => [kind, name, does, objects]);
  expect(held).toEqual(
    expect.arrayContaining([
      ['target', 'main', 'promote', 1],
      ['target', SECOND_TARGET, 'promote', 1],
      ['branch', SIDE, 'merge', 1],
      ['snapshot', snapshot.id, 'refuse', 1],
      ['table', 'lake.it_second', 'refresh', 1],
    ]),
  );
  expect(plan.exports.map(({ name, files }) => [name, files])).toEqual([
    [SECOND_EXPORT.main, 1],
    [SECOND_EXPORT.staging, 1],
  ]);
  expect(plan.refusals).toMatchObject([{ code: 'BL8605', message: expect.stringContaining('case 7') }]);
  const refused = await branchline(RUN);
  expect(refused).toMatchObject({ code: EXIT.conflict, out: expect.stringContaining('BL8605') });
  expect(await open()).toBeUndefined();
  expect(await headOf(harness, repository)).toBe(before);
  await branchline(['snapshots', 'release', `${repository}/${snapshot.id}`, '--json']);
  expect((await planned()).code).toBe(EXIT.ok);
});

test.skipIf(!CAN_KILL)('one whose function is killed in the middle goes on when its lease is over', async () => {
  const dying = branchline(RUN);
  await waitFor(async () => ((await open())?.lease === undefined ? undefined : true), {
    ...{ what: 'the erasure is worked on', timeoutMs: 60_000, everyMs: 10 },
  });
  expect(await killFunction(harness, FUNCTION.erase)).toBeGreaterThan(0);
  expect((await dying).code).not.toBe(EXIT.ok);
  const left = await open();
  expect(left).toMatchObject({ state: 'REMOVING', lease: {} });
  expect((await branchline(RUN)).json()).toMatchObject({ outcome: 'busy' });
  await setAhead(harness, [FUNCTION.erase], 20 * MINUTE);
  expect((await branchline(RUN)).json()).toMatchObject({ erasure: { id: left?.id } });
});

test('everything that shows the objects lets them go, and the copies go', { timeout: 300_000 }, async () => {
  const retaining = await erase('RETAINING');
  expect(retaining).toMatchObject({ reason: 'request 17', objects: { count: 3 } });
  expect(retaining.requestedBy).toMatch(/^arn:/);
  const { did } = retaining;
  expect(did).toMatchObject({ snapshots: [snapshot.id], merges: [expect.stringMatching(`^${SIDE} `)] });
  for (const ref of ['main', SECOND_TARGET, SIDE])
    expect(await addressesOf(harness, repository, ref, BELOW)).toEqual({});
  for (const runId of did.runs) expect((await harness.run(runId))?.state).toMatch(/PROMOTED|UNCHANGED|DISCARDED/);
  expect(await harness.lakefs.getTag(repository, snapshot.id)).toBeUndefined();
  await expectInS3(COPIES, false);
  // Only history knows of them.
  expect((await planned()).plan).toMatchObject({ objects: 3, held: [], exports: [] });
  // The rules keep what was removed for a day.
  await expectInS3(addresses, true);
  expect((retaining.retainedUntil ?? 0) - (retaining.removedAt ?? 0)).toBe(DAY);
  expect(await erase('RETAINING')).toMatchObject({ id: retaining.id });
});

test('when retention is over it is collected, and S3 says that the objects are gone', {
  timeout: 300_000,
}, async () => {
  await setAhead(harness, [FUNCTION.erase, FUNCTION.collectGarbage], 3 * DAY);
  const collecting = await erase('COLLECTING');
  const id = collecting.collection?.id ?? '';
  await waitFor(
    async () => {
      const { collection } = (await branchline(['gc', 'run', repository, '--json'])).json<CollectionAnswer>();
      return collection.id === id && collection.state === 'MARKED' ? true : undefined;
    },
    { what: `${id} is marked`, timeoutMs: 60_000, everyMs: 500 },
  );
  expect((await erase('COLLECTING')).waits?.for).toEqual([
    `collection ${id} wants approval: branchline gc approve ${repository} ${id}`,
  ]);
  await expectInS3(addresses, true);
  await branchline(['gc', 'approve', repository, id, '--yes', '--json']);
  await waitFor(
    async () => {
      const answer = (await branchline(['gc', 'run', repository, '--dry-run', '--json'])).json<
        CollectGarbageAnswerTo<'plan'>
      >();
      if (answer.plans[0]?.record?.current === undefined) return true;
      await harness.invoke(FUNCTION.collectGarbage, { action: 'tend' });
      return undefined;
    },
    { what: `${id} has ended`, timeoutMs: 60_000, everyMs: 500 },
  );
  const done = await erase('DONE');
  expect(done.proof).toMatchObject({ gone: 3, left: 0, versions: 0 });
  await expectInS3(addresses, false);
  // What was not selected is where it was.
  expect((await addressesOf(harness, repository, 'main', OTHER))[OTHER]).toBe(other);
  await expectInS3([other], true);
  const report = JSON.parse((await textInS3(harness, done.report?.uri ?? '')) ?? '{}');
  expect(report).toMatchObject({ id: done.id, reason: 'request 17', state: 'DONE', proof: { gone: 3 } });
  expect(report.answers).toHaveLength(3);
  for (const address of addresses) expect(report.answers).toContainEqual({ address, isServed: false, versions: 0 });
  const told = await branchline(['erase', 'status', done.id]);
  expect(told.out).toContain('DONE');
});
