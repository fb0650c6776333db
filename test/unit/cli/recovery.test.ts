/** `restore` and `credentials` on the command line, with the real use cases behind it. */
import { describe, expect, it } from 'vitest';
import { functionFailure } from '../../../cli/failure.ts';
import { isBranchlineError } from '../../../lambdas/domain/errors.ts';
import { restoreRequest, rotateCredentialsRequest } from '../../../lambdas/payloads.ts';
import type { RestorePorts } from '../../../lambdas/restore-ports.ts';
import { createSnapshot } from '../../../lambdas/usecases/create-snapshot.ts';
import { restore } from '../../../lambdas/usecases/restore.ts';
import { rotationCommand } from '../../../lambdas/usecases/rotation-command.ts';
import { makeRestoreWorld, type RestoreWorld } from '../../fakes/restore.ts';
import { makeRotationWorld, type RotationWorld } from '../../fakes/rotation.ts';
import { sampleRun } from '../adapters/ledger/sample-run.ts';
import { Stage } from './stage.ts';

const UNTIL = Number.MAX_SAFE_INTEGER;

const staged = async <W extends RestoreWorld | RotationWorld>(
  world: W,
  act: (payload: unknown) => Promise<unknown>,
): Promise<Stage> => {
  const stage = new Stage(world as never);
  stage.invoke = async (name, payload) => {
    try {
      return JSON.parse(JSON.stringify(await act(payload))) as unknown;
    } catch (error) {
      if (!isBranchlineError(error)) throw error;
      throw functionFailure(`branchline-${name}`, error.code, error.message);
    }
  };
  return stage;
};

describe('restore', () => {
  const open = async (): Promise<{ stage: Stage; world: RestoreWorld; head: string }> => {
    const world = await makeRestoreWorld();
    await world.lakefs.putObject('lake', 'main', 'a', new Uint8Array([1]));
    await world.lakefs.commit('lake', 'main', { message: 'a', metadata: {} });
    const head = (await world.lakefs.getBranch('lake', 'main'))?.commitId ?? '';
    await world.lakefs.createBranch('lake', 'release', head);
    await createSnapshot(world, { repository: 'lake', target: 'main', kind: 'manual', requestedBy: 't', until: UNTIL });
    const stage = await staged(world, (payload) => restore(world, restoreRequest.parse(payload), UNTIL));
    return { stage, world, head };
  };

  it('plan tells what could be restored; run does it once the name is given twice', async () => {
    const { stage, world, head } = await open();
    expect((await stage.run(['restore', 'plan'])).out).toMatch(/^lake is there: nothing is restored over it/);
    world.lakefs.loseMetadata();
    const plan = await stage.run(['restore', 'plan', '--repository', 'lake']);
    expect(plan.out).toMatch(
      /^lake is not in lakeFS: it can be restored\n {2}from snapshot-main-.* branches?, 1 tag\n/,
    );
    const calls = stage.calls.length;
    const refused = await stage.run(['restore', 'run', '--repository', 'lake', '--json']);
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.json()).toMatchObject({ code: 'BL8404' });
    expect((await stage.run(['restore', 'run', '--repository', 'lake', '--confirm', 'lakes'])).code).toBe(2);
    expect((await stage.run(['restore', 'run', '--confirm', 'lake'])).code).toBe(2);
    expect(stage.calls.length).toBe(calls);
    const done = await stage.run(['restore', 'run', '--repository', 'lake', '--confirm', 'lake']);
    expect(done).toMatchObject({ code: 0 });
    expect(done.out).toMatch(/^restored lake from snapshot-main-/);
    expect((await world.lakefs.getBranch('lake', 'main'))?.commitId).toBe(head);
    expect(stage.calls.at(-1)?.payload).toMatchObject({ requestedBy: 'arn:aws:iam::111122223333:user/op' });
  });

  it('names the runs that are missing', async () => {
    const { stage, world } = await open();
    world.clock.advance(60_000);
    const now = world.clock.now();
    const times = { openedAt: now, updatedAt: now, settledAt: now, repository: 'lake', target: 'main', attempt: 0 };
    await world.ledger.createRun(
      sampleRun({ ...times, runId: 'gone', state: 'PROMOTED', mergeCommit: 'f'.repeat(64) }),
    );
    world.lakefs.loseMetadata();
    expect((await stage.run(['restore', 'plan'])).out).toContain('committed since, and then missing: gone');
    const { out } = await stage.run(['restore', 'run', '--repository', 'lake', '--confirm', 'lake']);
    expect(out).toContain('missing, to be run again: gone');
  });

  it('branch asks before it makes one, and says how its commit is known', async () => {
    const { stage, world, head } = await open();
    await world.lakefs.deleteBranch('lake', 'release');
    const words = ['restore', 'branch', 'release', '--repository', 'lake'];
    expect((await stage.run([...words, '--dry-run'])).out).toBe(
      `release at ${head.slice(0, 12)}, known by the backup\n`,
    );
    expect((await stage.run(words)).code).toBe(2);
    expect(await world.lakefs.getBranch('lake', 'release')).toBeUndefined();
    expect((await stage.run(words, { answers: ['y'] })).code).toBe(0);
    expect((await world.lakefs.getBranch('lake', 'release'))?.commitId).toBe(head);
    expect((await stage.run([...words, '--yes'])).out).toContain('it is there');
    expect((await stage.run(['restore', 'branch', 'never', '--repository', 'lake', '--yes'])).code).toBe(3);
  });
});

describe('restore database', () => {
  const open = async (): Promise<{ stage: Stage; world: RestoreWorld; at: string }> => {
    const world = await makeRestoreWorld();
    await createSnapshot(world, { repository: 'lake', target: 'main', kind: 'manual', requestedBy: 't', until: UNTIL });
    const now = world.clock.now();
    const ports: RestorePorts = {
      ...world,
      metadataStores: {
        look: async () => ({
          ...{ kind: 'rds', name: 'lakefs-db', status: 'available', resource: 'db-ABC' },
          window: { from: now - 1000, to: now + 60_000 },
          backups: [{ id: 'snap', arn: 'arn:snap', at: now - 2000, kind: 'manual', isAvailable: false }],
        }),
      },
    };
    const stage = await staged(world, (payload) => restore(ports, restoreRequest.parse(payload), UNTIL));
    return { stage, world, at: `${new Date(now).toISOString().slice(0, 19)}Z` };
  };

  it('plan tells what there is, what would be lost, and the steps', async () => {
    const { stage, world, at } = await open();
    world.clock.advance(60_000);
    const now = world.clock.now();
    const times = { openedAt: now, updatedAt: now, settledAt: now, repository: 'lake', target: 'main', attempt: 0 };
    await world.ledger.createRun(
      sampleRun({ ...times, runId: 'late', state: 'PROMOTED', mergeCommit: 'f'.repeat(64) }),
    );
    const { out, code } = await stage.run(['restore', 'database', 'plan', '--at', at]);
    expect(code).toBe(0);
    expect(out).toContain('instance lakefs-db: available\nany second from ');
    expect(out).toContain('manual     snap (not available)\n');
    expect(out).toContain(`back to ${at} by point-in-time recovery, in 20 to 60 minutes`);
    expect(out).toContain('  1 run promoted since: late\n');
    expect(out).toContain(`restoreToPoint: { source: db-ABC, time: "${at}" }`);
    expect(out).toContain(`npx branchline restore database settle --at ${at} --repository lake --confirm lake`);
    expect((await stage.run(['restore', 'database', 'plan', '--at', 'yesterday'])).code).not.toBe(0);
    const before = await stage.run(['restore', 'database', 'plan', '--at', '2020-01-01T00:00:00Z']);
    expect(before.out).toContain('AWS keeps nothing of 2020-01-01T00:00:00Z or before it');
  });

  it('check ends with 6 where the store is of another moment; settle wants the name', async () => {
    const { stage, world } = await open();
    world.clock.advance(1_000);
    const at = new Date(world.clock.now()).toISOString();
    const good = await stage.run(['restore', 'database', 'check', '--at', at]);
    expect(good).toMatchObject({ code: 0 });
    expect(good.out).toMatch(/^lake\n {2}beside snapshot-main-\S+: \d refs the same, 0 moved since, 0 made since\n/);
    const words = ['restore', 'database', 'settle', '--at', at, '--repository', 'lake'];
    expect((await stage.run(words)).code).toBe(2);
    expect((await stage.run(['restore', 'database', 'settle', '--repository', 'lake', '--confirm', 'lake'])).code).toBe(
      2,
    );
    expect((await stage.run([...words, '--confirm', 'lake'])).out).toBe('the ledger of lake is in line with lakeFS\n');
    world.lakefs.loseMetadata();
    const bad = await stage.run(['restore', 'database', 'check', '--at', at]);
    expect(bad).toMatchObject({ code: 6, out: 'lake is not in lakeFS\n' });
  });
});

describe('credentials', () => {
  const open = async (): Promise<{ stage: Stage; world: RotationWorld }> => {
    const world = await makeRotationWorld();
    const stage = await staged(world, (payload) => rotationCommand(world, rotateCredentialsRequest.parse(payload)));
    return { stage, world };
  };

  it('rotate asks, does, and the status says who did', async () => {
    const { stage, world } = await open();
    expect((await stage.run(['credentials', 'status'])).out).toBe('never rotated\n0 open runs\n');
    expect((await stage.run(['credentials', 'rotate'])).code).toBe(2);
    expect(world.secret.current).toBe('v0');
    expect((await stage.run(['credentials', 'rotate', '--yes'])).code).toBe(0);
    expect(world.secret.current).not.toBe('v0');
    expect((await stage.run(['credentials', 'status'])).out).toMatch(
      /^last rotated \S+ by arn:aws:iam::111122223333:user\/op\n/,
    );
  });

  it('a dry run tells what stands in the way; what cannot be waited for is refused before anybody is asked', async () => {
    const { stage, world } = await open();
    expect((await stage.run(['credentials', 'rotate', '--dry-run'])).out).toContain('nothing stands in the way');
    expect((await stage.run(['credentials', 'status'])).out).toMatch(
      /\nlast dry run \S+ by arn:aws:iam::111122223333:user\/op\n/,
    );
    await world.ledger.createRun(sampleRun({ runId: 'r1', attempt: 0, state: 'OPEN' }));
    expect((await stage.run(['credentials', 'rotate', '--dry-run'])).out).toContain('BL8302: 1 runs are open');
    world.users.model = 'internal';
    const { code, err } = await stage.run(['credentials', 'rotate'], { answers: ['y'] });
    expect(code).toBe(1);
    expect(err).toContain('BL8301');
    expect(world.secret.current).toBe('v0');
  });
});
