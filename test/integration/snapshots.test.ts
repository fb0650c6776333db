/** Snapshots, the way back to one, and what is restored from one, on the deployed stack by the command line alone. */
import { beforeAll, expect, test } from 'vitest';
import { FUNCTION } from '../../lambdas/contract.ts';
import type { Snapshot } from '../../lambdas/domain/snapshot.ts';
import type { RepositoryPlan } from '../../lambdas/usecases/restore-repository.ts';
import type { ListedSnapshot } from '../../lambdas/usecases/snapshot.ts';
import { DOOMED_REPOSITORY } from '../../local/config.ts';
import { difference } from '../../local/harness.ts';
import { waitFor } from '../../local/wait.ts';
import { branchline } from './setup/cli.ts';
import { openHarness } from './setup/harness.ts';
import { createJob, runTo } from './setup/jobs.ts';
import { deleteRepository, everythingOf, waitUntilGone } from './setup/repositories.ts';

const harness = openHarness();
const { repository, lakefs } = harness;
const TARGET = `${repository}/main`;
const JOB = 'it-snapshots';
const DOOMED_JOB = 'it-doomed';
const doomed = `${repository}${DOOMED_REPOSITORY}`;
const SIDE = 'it-snapshots-side';

let first: Snapshot;
const nameOf = ({ repository: of, id }: Snapshot): string => `${of}/${id}`;

const create = async (target: string, reason: string): Promise<Snapshot> => {
  const made = await branchline(['snapshots', 'create', target, '--reason', reason, '--json']);
  expect(made, made.err).toMatchObject({ code: 0 });
  expect(made.json()).toMatchObject({ outcome: 'created', snapshot: { state: 'COMPLETE', reason } });
  return made.json<{ snapshot: Snapshot }>().snapshot;
};

const listed = async (of: string): Promise<readonly ListedSnapshot[]> =>
  (await branchline(['snapshots', 'list', '--target', of, '--json'])).json<{ snapshots: ListedSnapshot[] }>().snapshots;

beforeAll(async () => {
  await createJob(harness, JOB);
  await createJob(harness, DOOMED_JOB);
  await runTo(harness, JOB, { files: { 'it-snapshots/a.txt': 'good', 'it-snapshots/b.txt': 'good' } }, 'PROMOTED');
  if (!(await harness.branchExists(SIDE))) await lakefs.createBranch(repository, SIDE, await harness.head('main'));
});

test('a snapshot is made, listed, found whole, and held against pruning', async () => {
  const dry = await branchline(['snapshots', 'create', TARGET, '--dry-run', '--json']);
  expect(dry.json()).toMatchObject({ outcome: 'would-create', snapshot: { commit: await harness.head('main') } });
  first = await create(TARGET, 'before the test');
  const objects = (await harness.listing('main')).size;
  expect(first).toMatchObject({ kind: 'manual', commit: await harness.head('main'), content: { objects } });
  expect(first.requestedBy).toMatch(/^arn:/);
  expect((await lakefs.getTag(repository, first.id))?.commitId).toBe(first.commit);
  expect(await harness.head(first.keeperBranch)).toBe(first.commit);

  expect((await listed(TARGET)).map(({ snapshot }) => snapshot.id)).toContain(first.id);
  for (const more of [[], ['--full']]) {
    const verified = await branchline(['snapshots', 'verify', nameOf(first), ...more, '--json']);
    expect(verified, verified.err).toMatchObject({ code: 0 });
    expect(verified.json()).toMatchObject({ outcome: 'good', missing: [] });
  }

  const held = await branchline(['snapshots', 'hold', nameOf(first), '--reason', 'a case', '--json']);
  expect(held.json()).toMatchObject({ outcome: 'held', snapshot: { hold: { reason: 'a case' } } });
  const trial = await branchline(['snapshots', 'prune', '--dry-run', '--json']);
  expect(trial).toMatchObject({ code: 0 });
  expect(trial.json<{ snapshots: Snapshot[] }>().snapshots.map(nameOf)).not.toContain(nameOf(first));
  const refused = await branchline(['snapshots', 'prune', nameOf(first), '--yes']);
  expect(refused.err).toContain('BL8102');
  expect(refused.code).toBe(5);
});

test('a target is rolled back to a snapshot, and lists what it shows', async () => {
  const bad = await runTo(
    harness,
    JOB,
    { files: { 'it-snapshots/a.txt': 'bad', 'it-snapshots/c.txt': 'bad' } },
    'PROMOTED',
  );
  const done = await branchline(['rollback', '--target', TARGET, '--to', first.id, '--yes', '--wait', '--json']);
  expect(done, done.err).toMatchObject({ code: 0 });
  expect(done.json()).toMatchObject({ outcome: 'rolled-back', rollback: { undone: [bad.runId] } });
  expect(difference(await harness.listing(first.id), await harness.listing('main'))).toEqual([]);
  await harness.waitForRun(bad.runId, ['ROLLED_BACK']);
});

test('a deleted branch comes back at the commit that the backup shows', async () => {
  const shown = await harness.head(SIDE);
  await lakefs.deleteBranch(repository, SIDE);
  const plan = await branchline(['restore', 'branch', SIDE, '--repository', repository, '--dry-run', '--json']);
  expect(plan.json()).toMatchObject({ outcome: 'planned', branch: { commit: shown, from: 'backup', isThere: false } });
  expect(await harness.branchExists(SIDE)).toBe(false);
  const done = await branchline(['restore', 'branch', SIDE, '--repository', repository, '--yes', '--json']);
  expect(done, done.err).toMatchObject({ code: 0 });
  expect(await harness.head(SIDE)).toBe(shown);
});

test('a snapshot that was released and is not the newest is removed with its tag, its branch and its files', async () => {
  const next = await create(TARGET, 'after the test');
  const released = await branchline(['snapshots', 'release', nameOf(first), '--json']);
  expect(released.json()).toMatchObject({ outcome: 'released' });
  const newest = await branchline(['snapshots', 'prune', nameOf(next), '--yes']);
  expect(newest.err, 'the last way back stays').toContain('BL8102');
  const pruned = await branchline(['snapshots', 'prune', nameOf(first), '--yes', '--json']);
  expect(pruned, pruned.err).toMatchObject({ code: 0 });
  expect(pruned.json()).toMatchObject({ outcome: 'pruned', snapshots: [{ id: first.id }] });
  expect(await lakefs.getTag(repository, first.id)).toBeUndefined();
  expect(await harness.branchExists(first.keeperBranch)).toBe(false);
  const plan = await branchline(['restore', 'plan', '--repository', repository, '--snapshot', first.id, '--json']);
  expect(plan.json<{ repositories: RepositoryPlan[] }>().repositories[0]).not.toHaveProperty('backup');
});

// On somebody's own server no repository is deleted.
test.skipIf(harness.state.lakefs.kind === 'endpoint')(
  'a deleted repository comes back from its backup: every ref lists the same, and the next run is promoted on top',
  async () => {
    const kept = await runTo(harness, DOOMED_JOB, { files: { 'it-snapshots/kept.txt': 'kept' } }, 'PROMOTED');
    await waitFor(async () => ((await lakefs.getBranch(doomed, kept.branch)) === undefined ? true : undefined), {
      what: `${kept.branch} is cleaned up`,
      timeoutMs: 30_000,
    });
    await lakefs.createTag(doomed, `it-${kept.runId}`, kept.mergeCommit ?? '');
    const snapshot = await create(`${doomed}/main`, 'before the end');
    const before = await everythingOf(harness, doomed);
    const lost = await runTo(harness, DOOMED_JOB, { files: { 'it-snapshots/lost.txt': 'lost' } }, 'PROMOTED');

    await deleteRepository(harness, doomed);
    await waitUntilGone(harness, doomed);
    const plan = await branchline(['restore', 'plan', '--json']);
    expect(plan, plan.err).toMatchObject({ code: 0 });
    const { repositories } = plan.json<{ repositories: RepositoryPlan[] }>();
    expect(repositories).toContainEqual(expect.objectContaining({ repository, state: 'present' }));
    const planned = repositories.find((each) => each.repository === doomed);
    expect(planned).toMatchObject({ state: 'absent', backup: { snapshot: snapshot.id } });
    expect(planned?.lost.runs.join()).toContain(lost.runId);

    const run = ['restore', 'run', '--repository', doomed, '--json'];
    expect((await branchline([...run, '--confirm', repository])).code).toBe(2);
    const done = await branchline([...run, '--confirm', doomed]);
    expect(done, done.err).toMatchObject({ code: 0 });
    expect(done.json()).toMatchObject({ outcome: 'restored', repository: { snapshot: snapshot.id } });
    expect(await everythingOf(harness, doomed)).toEqual(before);
    expect(await harness.ledgerEntry(lost)).toMatchObject({ state: 'ROLLED_BACK', cause: { code: 'BL8406' } });
    expect((await branchline([...run, '--confirm', doomed])).code, 'again changes nothing').toBe(0);

    // Set-up finds everything in place, and work goes on.
    const { repositories: found } = await harness.invoke<{ repositories: { name: string; created: boolean }[] }>(
      FUNCTION.setUp,
      {},
    );
    expect(found).toContainEqual(expect.objectContaining({ name: doomed, created: false }));
    expect(await everythingOf(harness, doomed)).toEqual(before);
    const next = await runTo(harness, DOOMED_JOB, { files: { 'it-snapshots/next.txt': 'next' } }, 'PROMOTED');
    expect(next.baseCommit).toBe(kept.mergeCommit);
  },
);
