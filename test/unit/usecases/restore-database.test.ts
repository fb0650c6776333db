import { beforeEach, describe, expect, it } from 'vitest';
import type { StoreState } from '../../../lambdas/domain/database-restore.ts';
import type { RestorePorts } from '../../../lambdas/restore-ports.ts';
import { createSnapshot } from '../../../lambdas/usecases/create-snapshot.ts';
import { restore } from '../../../lambdas/usecases/restore.ts';
import { makeRestoreWorld, type RestoreWorld } from '../../fakes/restore.ts';
import { sampleRun } from '../adapters/ledger/sample-run.ts';

const UNTIL = Number.MAX_SAFE_INTEGER;
let world: RestoreWorld;
let ports: RestorePorts;
let store: StoreState;

const iso = (at: number): string => new Date(at).toISOString();
const commit = async (path: string): Promise<string> => {
  const { lakefs } = world;
  await lakefs.setProtectedBranches('lake', []);
  await lakefs.putObject('lake', 'main', path, new TextEncoder().encode(path));
  const answer = await lakefs.commit('lake', 'main', { message: path, metadata: {} });
  if (answer.outcome !== 'committed') throw new Error('nothing committed');
  return answer.commit.id;
};
const snapshot = async (): Promise<string> => {
  world.clock.advance(60_000);
  const request = { repository: 'lake', target: 'main', kind: 'manual', requestedBy: 'test', until: UNTIL } as const;
  return (await createSnapshot(world, request)).snapshot.id;
};
const run = async (runId: string, more: object): Promise<void> => {
  const now = world.clock.now();
  const times = { openedAt: now, updatedAt: now, settledAt: now, version: 1, attempt: 0 };
  await world.ledger.createRun(sampleRun({ ...times, repository: 'lake', target: 'main', runId, ...more }));
};
const verified = async (commitId: string, version: number): Promise<void> => {
  const now = world.clock.now();
  await world.ledger.putTarget({
    ...{ schemaVersion: 1, version, repository: 'lake', branch: 'main' },
    ...{ verifiedCommit: commitId, verifiedAt: now, updatedAt: now },
  });
};

beforeEach(async () => {
  world = await makeRestoreWorld();
  const now = world.clock.now();
  store = {
    ...{ kind: 'rds', name: 'lakefs-db', status: 'available', resource: 'db-ABC', backups: [] },
    window: { from: now - 86_400_000, to: now + 86_400_000 },
  };
  ports = { ...world, metadataStores: { look: async () => store } };
});

describe('plan', () => {
  const plan = async (at?: number) => {
    const answer = await restore(
      ports,
      { action: 'plan', what: 'database', ...(at === undefined ? {} : { at: iso(at) }) },
      UNTIL,
    );
    if (!('database' in answer)) throw new Error('no plan');
    return answer.database;
  };

  it('tells by the ledger what a way back would lose, and asks lakeFS nothing', async () => {
    await run('before', { state: 'PROMOTED', mergeCommit: 'm0' });
    await run('went-on', { state: 'OPEN', settledAt: undefined });
    await verified('m0', 1);
    world.clock.advance(60_000);
    const at = world.clock.now();
    expect((await plan(at)).lost).toEqual({
      promoted: { count: 0, runs: [] },
      unfinished: { count: 0, runs: [] },
      targets: [],
    });
    world.clock.advance(60_000);
    await run('after', { state: 'PROMOTED', mergeCommit: 'm1' });
    await run('undone', { state: 'ROLLED_BACK', mergeCommit: 'm2' });
    await run('waits', { state: 'CONFLICTED', runCommit: 'c' });
    await run('failed', { state: 'DISCARDED' });
    await run('nothing', { state: 'UNCHANGED' });
    await verified('m1', 2);
    world.lakefs.loseMetadata();
    const found = await plan(at);
    expect(found.way).toEqual({ kind: 'point', at });
    expect([...found.lost.promoted.runs].toSorted()).toEqual(['after', 'undone']);
    expect(found.lost.unfinished).toEqual({ count: 1, runs: ['waits'] });
    expect(found.lost.targets).toMatchObject([{ repository: 'lake', target: 'main' }]);
    expect(found.steps.flatMap(({ commands }) => commands).join()).toContain('--repository lake --confirm lake');
    const [record] = [...world.restores.entries.values()].slice(-1);
    expect(record).toMatchObject({ what: 'database', dryRun: true, repository: '*', outcome: 'planned' });
  });

  it('says so where nothing is kept of the moment, or the store is not ours', async () => {
    store = { kind: 'rds', name: 'lakefs-db', backups: [] };
    expect(await plan()).toMatchObject({ way: { kind: 'none' }, steps: [], lost: { promoted: { count: 0 } } });
    ports = world;
    await expect(plan()).rejects.toMatchObject({ code: 'BL8407' });
  });
});

/** A repository as a database of before `lost` gives it: the backup of `kept` is restored. */
const broughtBack = async (): Promise<{ at: number; lost: string; kept: string }> => {
  const kept = await commit('a');
  await verified(kept, 1);
  await world.lakefs.createBranch('lake', 'release', kept);
  await snapshot();
  world.clock.advance(1_000);
  const at = world.clock.now();
  world.clock.advance(1_000);
  const lost = await commit('b');
  await verified(lost, 2);
  await run('lost', { state: 'PROMOTED', runCommit: lost, mergeCommit: lost, bookmarks: true });
  world.lakefs.loseMetadata();
  const target = await world.ledger.getTarget('lake', 'main');
  const runs = structuredClone([...world.ledger.runs.values()]);
  await restore(ports, { action: 'run', what: 'repository', repository: 'lake', confirm: 'lake' }, UNTIL);
  // The database alone went back: the ledger is as it was.
  for (const each of runs) world.ledger.runs.set(each.runId, each);
  if (target !== undefined) world.ledger.targets.set('lake/main', target);
  return { at, lost, kept };
};
const check = (at: number) => restore(ports, { action: 'check', what: 'database', at: iso(at) }, UNTIL);
const settle = (at: number, confirm = 'lake') =>
  restore(ports, { action: 'run', what: 'database', at: iso(at), repository: 'lake', confirm }, UNTIL);

describe('check', () => {
  it('compares refs with the newest backup before the moment, and names what is missing', async () => {
    const { at, lost } = await broughtBack();
    expect(await check(at)).toMatchObject({
      outcome: 'whole',
      checks: [
        {
          ...{ repository: 'lake', isThere: true },
          refs: { moved: 0, made: 0, gone: [], lost: [] },
          missing: { runs: ['lost'], targets: [{ target: 'main', commit: lost }] },
        },
      ],
    });
  });

  it('tells refs that moved, were made or deleted since from those that were lost', async () => {
    const { kept } = await broughtBack();
    const at = world.clock.now();
    await world.lakefs.createTag('lake', 'doomed', kept);
    await snapshot();
    world.clock.advance(1_000);
    await commit('c');
    await world.lakefs.createBranch('lake', 'fresh', kept);
    await world.lakefs.deleteTag('lake', 'doomed');
    const { checks } = (await check(world.clock.now())) as Extract<
      Awaited<ReturnType<typeof check>>,
      { checks: unknown }
    >;
    expect(checks[0]?.refs).toMatchObject({ moved: 1, gone: ['doomed'], lost: [] });
    expect(checks[0]?.refs.made).toBe(1);
    // A store of an earlier moment than was said: what the newest backup shows is not there.
    await snapshot();
    world.clock.advance(1_000);
    world.lakefs.loseMetadata();
    const earlier = [...world.backups.files.keys()].filter((key) => key.endsWith('manifest.json')).toSorted()[0] ?? '';
    const request = { action: 'run', what: 'repository', repository: 'lake', confirm: 'lake' } as const;
    await restore(ports, { ...request, snapshot: earlier.split('/')[1] ?? '' }, UNTIL);
    expect(await check(world.clock.now())).toMatchObject({ outcome: 'different' });
    expect(await check(at)).toMatchObject({ outcome: 'whole' });
  });

  it('a repository that is not there is different, and needs no backup to be told', async () => {
    expect(await check(world.clock.now())).toMatchObject({ outcome: 'whole', checks: [{ isThere: true }] });
    world.lakefs.loseMetadata();
    expect(await check(world.clock.now())).toMatchObject({ outcome: 'different', checks: [{ isThere: false }] });
  });
});

describe('settle', () => {
  it('brings the ledger in line, and a repeat changes nothing more', async () => {
    const { at, kept } = await broughtBack();
    expect(await settle(at)).toMatchObject({ outcome: 'settled', lost: { runs: ['lost'] } });
    const now = () => [...world.ledger.runs.values(), ...world.ledger.targets.values()];
    expect(world.ledger.runs.get('lost')).toMatchObject({
      ...{ state: 'ROLLED_BACK', cause: { code: 'BL8406' }, bookmarkRewind: 'due' },
    });
    expect(await world.ledger.getTarget('lake', 'main')).toMatchObject({ verifiedCommit: kept });
    const before = structuredClone(now());
    await settle(at);
    expect(now()).toEqual(before);
  });

  it('wants the name, and a repository that is there', async () => {
    await expect(settle(1, 'other')).rejects.toMatchObject({ code: 'BL8404' });
    world.lakefs.loseMetadata();
    await expect(settle(1)).rejects.toMatchObject({ code: 'BL3007' });
  });
});
