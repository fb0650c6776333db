import { beforeEach, describe, expect, it } from 'vitest';
import { manifestKey, refsKey } from '../../../lambdas/domain/backup.ts';
import { createSnapshot } from '../../../lambdas/usecases/create-snapshot.ts';
import { restore } from '../../../lambdas/usecases/restore.ts';
import { makeRestoreWorld, type RestoreWorld } from '../../fakes/restore.ts';
import { sampleRun } from '../adapters/ledger/sample-run.ts';

const UNTIL = Number.MAX_SAFE_INTEGER;
const RUN = { action: 'run', what: 'repository', repository: 'lake', confirm: 'lake' } as const;
const PLAN = { action: 'plan', what: 'repository', repository: 'lake' } as const;
const codeOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => 'done',
    (error: { code?: string }) => error.code ?? error,
  );

let world: RestoreWorld;

const commit = async (branch: string, path: string): Promise<string> => {
  const { lakefs } = world;
  const protectedBranches = await lakefs.getProtectedBranches('lake');
  await lakefs.setProtectedBranches('lake', []);
  await lakefs.putObject('lake', branch, path, new TextEncoder().encode(path));
  const answer = await lakefs.commit('lake', branch, { message: path, metadata: {} });
  await lakefs.setProtectedBranches('lake', protectedBranches);
  if (answer.outcome !== 'committed') throw new Error('nothing committed');
  return answer.commit.id;
};
const snapshot = async (): Promise<string> => {
  world.clock.advance(60_000);
  const answer = await createSnapshot(world, {
    repository: 'lake',
    target: 'main',
    kind: 'manual',
    requestedBy: 'test',
    until: UNTIL,
  });
  return answer.snapshot.id;
};
/** Refs with what each shows, settings, and every entry of the ledger but the records of restores. */
const everything = async () => {
  const { lakefs } = world;
  const refs = [
    ...(await Array.fromAsync(lakefs.listBranches('lake', ''))),
    ...(await Array.fromAsync(lakefs.listTags('lake', ''))),
  ];
  const listings = refs.map(({ id, commitId }) => [id, commitId, [...lakefs.tree('lake', id)]]);
  return {
    listings,
    protected: await lakefs.getProtectedBranches('lake'),
    rules: await lakefs.getGarbageCollection('lake'),
    metadata: await lakefs.getRepositoryMetadata('lake'),
  };
};
const ledgerNow = () => ({
  runs: [...world.ledger.runs.values()].map(({ runId, state, cause, bookmarkRewind }) => ({
    runId,
    state,
    cause,
    bookmarkRewind,
  })),
  targets: [...world.ledger.targets.values()].map(({ branch, verifiedCommit, blocked }) => ({
    branch,
    verifiedCommit,
    blocked,
  })),
});

/** Two commits, a branch and a tag; a backup; then work that came later. */
const past = async (): Promise<{ kept: string; lost: string; id: string }> => {
  const { lakefs, ledger, clock } = world;
  await lakefs.setGarbageCollection('lake', { defaultRetentionDays: 20, branches: { main: 30 } });
  await lakefs.setRepositoryMetadata('lake', { owner: 'data' });
  await commit('main', 'a');
  await lakefs.setProtectedBranches('lake', ['main', 'release-*']);
  const kept = await commit('main', 'b');
  await lakefs.createBranch('lake', 'run-old', kept);
  await ledger.putTarget({
    schemaVersion: 1,
    version: 1,
    repository: 'lake',
    branch: 'main',
    verifiedCommit: kept,
    verifiedAt: clock.now(),
    updatedAt: clock.now(),
  });
  const id = await snapshot();
  clock.advance(60_000);
  const lost = await commit('main', 'c');
  const target = await ledger.getTarget('lake', 'main');
  if (target !== undefined)
    await ledger.putTarget({
      ...target,
      version: 2,
      verifiedCommit: lost,
      verifiedAt: clock.now(),
      updatedAt: clock.now(),
    });
  const times = {
    openedAt: clock.now(),
    updatedAt: clock.now(),
    settledAt: clock.now(),
    version: 1,
    attempt: 0,
    repository: 'lake',
    target: 'main',
  };
  await ledger.createRun(
    sampleRun({ ...times, runId: 'promoted', state: 'PROMOTED', runCommit: lost, mergeCommit: lost, bookmarks: true }),
  );
  await ledger.createRun(sampleRun({ ...times, runId: 'waits', state: 'CONFLICTED', runCommit: lost }));
  await ledger.createRun(sampleRun({ ...times, runId: 'safe', state: 'PROMOTED', runCommit: kept, mergeCommit: kept }));
  return { kept, lost, id };
};

beforeEach(async () => {
  world = await makeRestoreWorld();
});

describe('a lost metadata store', () => {
  it('comes back as the backup has it: refs, listings, protection, rules, metadata', async () => {
    const { kept, id } = await past();
    await world.lakefs.createTag('lake', 'later', kept);
    const before = await everything();
    await snapshot();
    const whole = await everything();
    world.lakefs.loseMetadata();
    const answer = await restore(world, RUN, UNTIL);
    expect(answer).toMatchObject({ outcome: 'restored', repository: { lost: { runs: [], targets: [] } } });
    expect(await everything()).toEqual(whole);
    expect(whole.listings.length).toBeGreaterThan(before.listings.length);
    expect(id).not.toBe('');
  });

  it('tells what came after the backup and is lost, and brings the ledger in line', async () => {
    const { kept, lost, id } = await past();
    world.lakefs.loseMetadata();
    expect(await restore(world, PLAN, UNTIL)).toMatchObject({
      outcome: 'planned',
      repositories: [
        {
          repository: 'lake',
          state: 'absent',
          backup: { snapshot: id, storageNamespace: 's3://bucket/lake' },
          lost: { runs: ['promoted', 'waits'], targets: [{ target: 'main', commit: lost }] },
        },
      ],
    });
    const answer = await restore(world, RUN, UNTIL);
    expect(answer).toMatchObject({
      outcome: 'restored',
      repository: { snapshot: id, lost: { targets: [{ commit: lost }] } },
    });
    expect(ledgerNow()).toMatchObject({
      runs: [
        { runId: 'promoted', state: 'ROLLED_BACK', cause: { code: 'BL8406' }, bookmarkRewind: 'due' },
        { runId: 'waits', state: 'DISCARDED', cause: { code: 'BL8406' } },
        { runId: 'safe', state: 'PROMOTED' },
      ],
      targets: [{ branch: 'main', verifiedCommit: kept }],
    });
  });

  it('takes the word of a server for nothing that it only remembers of a repository that was deleted', async () => {
    const { kept, lost } = await past();
    world.lakefs.deleteRepository('lake');
    expect(await restore(world, RUN, UNTIL)).toMatchObject({ repository: { lost: { targets: [{ commit: lost }] } } });
    expect(await world.lakefs.getCommit('lake', lost)).toBeDefined();
    expect(ledgerNow()).toMatchObject({
      runs: [{ state: 'ROLLED_BACK' }, { state: 'DISCARDED' }, { runId: 'safe', state: 'PROMOTED' }],
      targets: [{ verifiedCommit: kept }],
    });
    const branch = { what: 'branch', repository: 'lake', branch: 'by-hand', commit: lost } as const;
    expect(await codeOf(restore(world, { action: 'run', ...branch }, UNTIL))).toBe('BL3004');
    expect(await world.lakefs.getBranch('lake', 'by-hand')).toBeUndefined();
  });

  it('has tables compared in full that show a commit which is gone, and leaves others alone', async () => {
    const { kept, lost } = await past();
    const table = (shown: string) => ({ commit: shown, descriptor: 'd' });
    await world.publications.put({
      ...{ schemaVersion: 1, version: 1, repository: 'lake', branch: 'main', commit: lost, updatedAt: 0 },
      tables: { sales: { ...table(lost), towards: lost }, stock: table(kept) },
    });
    world.lakefs.loseMetadata();
    await restore(world, RUN, UNTIL);
    const publication = await world.publications.get('lake', 'main');
    expect(publication?.commit).toBeUndefined();
    expect(publication?.tables['sales']).toEqual({ descriptor: 'd', compareAskedAt: expect.any(Number) as number });
    expect(publication?.tables['stock']).toEqual(table(kept));
  });

  it('uses the newest backup that is whole, and says what is wrong with newer ones', async () => {
    const { id } = await past();
    const second = await snapshot();
    const third = await snapshot();
    world.backups.files.set(refsKey('lake', second), '{}');
    world.backups.files.set(manifestKey('lake', third), 'half');
    world.lakefs.loseMetadata();
    const answer = await restore(world, PLAN, UNTIL);
    const [plan] = 'repositories' in answer ? answer.repositories : [];
    expect(plan?.backup?.snapshot).toBe(id);
    expect(
      plan?.looked
        .filter(({ fault }) => fault !== undefined)
        .map((each) => each.snapshot)
        .toSorted(),
    ).toEqual([second, third].toSorted());
    expect(await restore(world, RUN, UNTIL)).toMatchObject({ repository: { snapshot: id } });
  });

  it('is not there: without a good backup, without its dump, without its name', async () => {
    await past();
    expect(await codeOf(restore(world, { ...RUN, confirm: 'lakes' }, UNTIL))).toBe('BL8404');
    world.lakefs.loseMetadata();
    world.lakefs.metaRangeFiles.clear();
    expect(await codeOf(restore(world, RUN, UNTIL))).toBe('BL8402');
    world.backups.files.clear();
    expect(await codeOf(restore(world, RUN, UNTIL))).toBe('BL8401');
    expect([...world.restores.entries.values()].map(({ outcome }) => outcome)).toEqual(['failed', 'failed']);
  });

  it('never goes over refs that are there', async () => {
    const { lost } = await past();
    expect(await codeOf(restore(world, RUN, UNTIL))).toBe('BL8403');
    expect((await world.lakefs.getBranch('lake', 'main'))?.commitId).toBe(lost);
  });

  it('a plan changes nothing, and is recorded as one', async () => {
    await past();
    world.lakefs.loseMetadata();
    const before = ledgerNow();
    await restore(world, { action: 'plan', what: 'repository', requestedBy: 'maria' }, UNTIL);
    expect(world.lakefs.repositories.size).toBe(0);
    expect(ledgerNow()).toEqual(before);
    expect([...world.restores.entries.values()]).toMatchObject([
      { dryRun: true, requestedBy: 'maria', outcome: 'planned' },
    ]);
  });
});

describe('interrupted at any call, the same request finishes it', () => {
  const killable = (at: number, tookEffect: boolean) => {
    let calls = 0;
    const guarded = <T extends object>(port: T): T =>
      new Proxy(port, {
        get(target, name) {
          const method = Reflect.get(target, name, target) as unknown;
          if (typeof method !== 'function') return method;
          return (...args: unknown[]) => {
            calls += 1;
            if (calls > at || (calls === at && !tookEffect)) throw new Error('killed');
            const answer = Reflect.apply(method, target, args) as unknown;
            if (calls === at) {
              if (answer instanceof Promise) void answer.catch(() => undefined);
              throw new Error('killed');
            }
            return answer;
          };
        },
      });
    const ports = {
      ...world,
      ...{ lakefs: guarded(world.lakefs), ledger: guarded(world.ledger), backups: guarded(world.backups) },
      ...{ publications: guarded(world.publications), restores: guarded(world.restores) },
    };
    return { ports: ports as RestoreWorld, calls: () => calls };
  };

  it.each([false, true])('its effect made: %s', async (tookEffect) => {
    const prepare = async (): Promise<void> => {
      world = await makeRestoreWorld();
      const { lost } = await past();
      await world.publications.put({
        ...{ schemaVersion: 1, version: 1, repository: 'lake', branch: 'main', commit: lost, updatedAt: 0 },
        tables: { sales: { commit: lost, descriptor: 'd' } },
      });
      world.lakefs.loseMetadata();
    };
    await prepare();
    const whole = killable(Number.POSITIVE_INFINITY, false);
    await restore(whole.ports, RUN, UNTIL);
    const [lake, ledger] = [await everything(), ledgerNow()];
    expect(whole.calls()).toBeGreaterThan(25);
    for (let at = 1; at <= whole.calls(); at += 1) {
      await prepare();
      await restore(killable(at, tookEffect).ports, RUN, UNTIL).catch(() => undefined);
      await restore(world, RUN, UNTIL);
      expect(await everything(), `killed at call ${String(at)}`).toEqual(lake);
      expect(ledgerNow(), `killed at call ${String(at)}`).toEqual(ledger);
    }
  });
});

describe('a deleted branch', () => {
  const branch = (name: string, more: object = {}) =>
    restore(world, { action: 'run', what: 'branch', repository: 'lake', branch: name, ...more }, UNTIL);

  it('of a run comes back at its commit, a target at its verified one, any other as the backup has it', async () => {
    const { kept, lost } = await past();
    await world.ledger.createRun(
      sampleRun({ runId: 'x', attempt: 0, repository: 'lake', branch: 'run-x', state: 'DISCARDED', runCommit: lost }),
    );
    expect(await branch('run-x')).toMatchObject({ branch: { commit: lost, from: 'run' } });
    await world.lakefs.deleteBranch('lake', 'run-old');
    expect(await branch('run-old')).toMatchObject({ branch: { commit: kept, from: 'backup' } });
    expect((await world.lakefs.getBranch('lake', 'run-old'))?.commitId).toBe(kept);
    expect(await branch('run-old')).toMatchObject({ branch: { isThere: true } });
    expect(await branch('main')).toMatchObject({ branch: { commit: lost, from: 'target', isThere: true } });
  });

  it('comes back at a given commit; never over another, never at one that is gone', async () => {
    const { kept, lost } = await past();
    expect(await branch('mine', { commit: kept })).toMatchObject({ branch: { from: 'request' } });
    expect(await codeOf(branch('mine', { commit: lost }))).toBe('BL8403');
    expect(await codeOf(branch('other', { commit: 'f'.repeat(64) }))).toBe('BL3004');
    expect(await codeOf(branch('never-was'))).toBe('BL3004');
  });
});
