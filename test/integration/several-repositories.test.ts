/** Two repositories, and two targets in one of them, on the deployed stack: each goes its own way, by promotions, exports, tables, snapshots, rollbacks and plans. */
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { beforeAll, expect, test } from 'vitest';
import { EXIT } from '../../cli/exit-codes.ts';
import { FUNCTION } from '../../lambdas/contract.ts';
import type { Rollback } from '../../lambdas/domain/rollback.ts';
import type { Snapshot } from '../../lambdas/domain/snapshot.ts';
import type { CollectGarbageAnswerTo } from '../../lambdas/usecases/collect-garbage.ts';
import type { EraseAnswerTo } from '../../lambdas/usecases/erase.ts';
import type { RunExportAnswer } from '../../lambdas/usecases/run-export.ts';
import { EXPORT_BUCKET, SECOND_EXPORT, SECOND_TABLE, SECOND_TARGET, TEST_EXPORT } from '../../local/config.ts';
import { waitFor } from '../../local/wait.ts';
import { branchline, verifyCatalog } from './setup/cli.ts';
import { openHarness } from './setup/harness.ts';
import { createJob, runTo } from './setup/jobs.ts';
import { headOf, secondOf, textInS3 } from './setup/second.ts';

const harness = openHarness();
const second = secondOf(harness);
const JOBS = { first: 'it-several', main: 'it-second-several', staging: 'it-staging-several' } as const;
const PATH = 'it-second/dt=several/a.json';
const PARTED = 'it-parted/dt=several/a.json';
const row = (name: string): string => `{"id": 1, "name": "${name}"}\n`;

beforeAll(async () => {
  for (const job of Object.values(JOBS)) await createJob(harness, job);
});

const copies = async (prefix: string): Promise<Record<string, string | undefined>> => {
  const { Contents = [] } = await harness.aws.s3.send(
    new ListObjectsV2Command({ Bucket: EXPORT_BUCKET, Prefix: prefix }),
  );
  const keys = Contents.flatMap(({ Key = '' }) => (Key.includes('dt=several/') ? Key : []));
  return Object.fromEntries(
    await Promise.all(
      keys.map(
        async (key) => [key.slice(prefix.length), await textInS3(harness, `s3://${EXPORT_BUCKET}/${key}`)] as const,
      ),
    ),
  );
};

const markerOf = (prefix: string): Promise<string | undefined> =>
  textInS3(harness, `s3://${EXPORT_BUCKET}/${prefix}_branchline/_SUCCESS`);

const whenExported = async (prefix: string, commit: string): Promise<void> => {
  let seen: string | undefined;
  await waitFor(
    async () => {
      seen = await markerOf(prefix);
      return seen?.includes(commit) === true ? true : undefined;
    },
    { what: `the marker of ${prefix} names ${commit}`, timeoutMs: 60_000, everyMs: 300 },
    () => seen ?? 'no marker',
  );
};

test('runs of each are promoted into their own target, and exports follow that alone', async () => {
  const elsewhere = await headOf(harness, second, SECOND_TARGET);
  const [first, main] = await Promise.all([
    runTo(harness, JOBS.first, { files: { [PARTED]: row('first') } }, 'PROMOTED'),
    runTo(harness, JOBS.main, { files: { [PATH]: row('second') } }, 'PROMOTED'),
  ]);
  expect([first, main]).toMatchObject([
    { repository: harness.repository, target: 'main' },
    { repository: second, target: 'main' },
  ]);
  await whenExported('second/', await headOf(harness, second));
  await whenExported('lake/', await harness.head('main'));
  expect(await copies('second/')).toEqual({ [`${SECOND_TABLE}/dt=several/a.json`]: row('second') });
  expect(await copies('lake/')).toEqual({ 'it_parted/dt=several/a.json': row('first') });
  expect(await headOf(harness, second, SECOND_TARGET)).toBe(elsewhere);

  const before = await markerOf('second/');
  const staged = await runTo(harness, JOBS.staging, { files: { [PATH]: row('staging') } }, 'PROMOTED');
  expect(staged).toMatchObject({ repository: second, target: SECOND_TARGET });
  await whenExported('second-staging/', await headOf(harness, second, SECOND_TARGET));
  expect(await copies('second-staging/')).toEqual({ [PATH]: row('staging') });
  expect(await copies('second/')).toEqual({ [`${SECOND_TABLE}/dt=several/a.json`]: row('second') });
  expect(await markerOf('second/')).toBe(before);
  for (const name of [TEST_EXPORT, SECOND_EXPORT.main, SECOND_EXPORT.staging])
    expect((await branchline(['exports', 'verify', name])).code, name).toBe(EXIT.ok);
});

test('an export by hand names its own commit, and leaves what was removed where it is not to delete', async () => {
  await runTo(harness, JOBS.staging, { removed: [PATH] }, 'PROMOTED');
  const commit = await headOf(harness, second, SECOND_TARGET);
  await whenExported('second-staging/', commit);
  expect(await copies('second-staging/')).toEqual({ [PATH]: row('staging') });
  const answer = await harness.invoke<RunExportAnswer>(FUNCTION.export, {
    ...{ action: 'run', export: SECOND_EXPORT.staging, compare: true },
  });
  expect(answer).toMatchObject({ outcome: 'exported', record: { commit, last: { removed: 0 } } });
  expect(await copies('second-staging/')).toEqual({ [PATH]: row('staging') });
});

test('tables are refreshed and verified target by target', async () => {
  const refreshed = await branchline(['catalog', 'refresh', '--target', `${second}/main`, '--json']);
  expect(refreshed, refreshed.err).toMatchObject({ code: EXIT.ok });
  for (const target of [`${second}/main`, `${harness.repository}/main`]) {
    const verified = await verifyCatalog('--target', target, '--json');
    expect(verified, `${verified.err}${verified.out}`).toMatchObject({ code: EXIT.ok });
  }
});

test('snapshots and rollbacks of one target leave the others alone', async () => {
  const heads = async () => [
    await harness.head('main'),
    await headOf(harness, second),
    await headOf(harness, second, SECOND_TARGET),
  ];
  const make = async (target: string): Promise<Snapshot> => {
    const made = await branchline(['snapshots', 'create', target, '--reason', 'several', '--json']);
    expect(made, made.err).toMatchObject({ code: EXIT.ok });
    return made.json<{ snapshot: Snapshot }>().snapshot;
  };
  const [one, two] = [await make(`${second}/main`), await make(`${harness.repository}/main`)];
  expect([one, two]).toMatchObject([
    { repository: second, target: 'main' },
    { repository: harness.repository, target: 'main' },
  ]);
  const listed = await branchline(['snapshots', 'list', '--target', `${second}/main`, '--json']);
  const ids = listed
    .json<{ snapshots: { snapshot: Snapshot }[] }>()
    .snapshots.map(({ snapshot }) => snapshot.repository);
  expect(new Set(ids)).toEqual(new Set([second]));

  const bad = await runTo(harness, JOBS.main, { files: { [PATH]: row('bad') } }, 'PROMOTED');
  const [first, , staging] = await heads();
  const back = await branchline([
    'rollback',
    '--target',
    `${second}/main`,
    '--to',
    one.id,
    '--yes',
    '--wait',
    '--json',
  ]);
  expect(back, back.err).toMatchObject({ code: EXIT.ok });
  const { rollback } = back.json<{ rollback: Rollback }>();
  expect(rollback).toMatchObject({ state: 'DONE', repository: second, undone: [bad.runId] });
  expect(await heads()).toEqual([first, rollback.mergeCommit, staging]);
  await whenExported('second/', rollback.mergeCommit ?? '');
  expect(await copies('second/')).toEqual({ [`${SECOND_TABLE}/dt=several/a.json`]: row('second') });
});

test('garbage is planned for both, and an erasure is planned in one', async () => {
  const planned = await branchline(['gc', 'plan', '--json']);
  expect(planned, planned.err).toMatchObject({ code: EXIT.ok });
  const { plans } = planned.json<CollectGarbageAnswerTo<'plan'>>();
  expect(
    plans.map(({ repository, rules }) => [repository, rules.wanted.defaultRetentionDays, rules.hasDrifted]),
  ).toEqual(
    expect.arrayContaining([
      [harness.repository, 28, false],
      [second, 1, false],
    ]),
  );
  expect(plans).toHaveLength(2);
  const erase = ['erase', 'plan', '--repository', second, '--path', PATH, '--json'];
  const { plan } = (await branchline(erase)).json<EraseAnswerTo<'plan'>>();
  expect(plan).toMatchObject({ repository: second, refusals: [] });
  // The export of the other target is there too: it does not delete.
  expect(plan.exports.map(({ name }) => name)).toEqual([SECOND_EXPORT.main, SECOND_EXPORT.staging]);
});
