import { describe, expect, it } from 'vitest';
import { parseManifest, parseRefs, sha256 } from '../../../../lambdas/domain/backup.ts';
import { NO_CONTENT, withObject } from '../../../../lambdas/domain/snapshot-content.ts';
import { continueSnapshot, createSnapshot } from '../../../../lambdas/usecases/create-snapshot.ts';
import { makeSnapshotWorld, type SnapshotWorld } from '../../../fakes/snapshots.ts';
import { asked, load, snap } from './stage.ts';

const FOLDER = 'lake/snapshot-main-20260101T000000Z/';

describe('a snapshot', () => {
  it('tags the head, keeps its objects by a branch, and writes a backup whose manifest comes last', async () => {
    const world = await makeSnapshotWorld();
    await world.lakefs.setGarbageCollection('lake', { defaultRetentionDays: 7, branches: { main: 28 } });
    await world.lakefs.setProtectedBranches('lake', ['main']);
    const commit = await load(world, { 'sales/dt=1/a': '12', 'sales/dt=1/b': '3456' });
    const snapshot = await snap(world, { reason: 'before the audit' });
    expect(snapshot).toMatchObject({
      id: 'snapshot-main-20260101T000000Z',
      ...{ state: 'COMPLETE', kind: 'manual', requestedBy: 'anna', reason: 'before the audit', commit },
      content: { objects: 2, bytes: 6 },
    });
    expect(await world.lakefs.getTag('lake', snapshot.id)).toEqual({ id: snapshot.id, commitId: commit });
    expect((await world.lakefs.getBranch('lake', snapshot.keeperBranch))?.commitId).toBe(commit);
    expect([...world.backups.files.keys()]).toEqual([`${FOLDER}refs.json`, `${FOLDER}manifest.json`]);

    const text = world.backups.files.get(`${FOLDER}manifest.json`) ?? '';
    expect(snapshot.backup).toEqual({ uri: `s3://backup/backups/${FOLDER}manifest.json`, sha256: sha256(text) });
    const manifest = parseManifest(text, 'manifest.json');
    expect(manifest).toMatchObject({
      repository: { name: 'lake', storageNamespace: 's3://bucket/lake', defaultBranch: 'main' },
      target: { branch: 'main', commit, keeperBranch: snapshot.keeperBranch },
      content: snapshot.content,
      settings: {
        protectedBranches: ['main'],
        garbageCollection: { defaultRetentionDays: 7, branches: { main: 28 } },
      },
      refs: { dump: snapshot.dump, branches: 2, tags: 1 },
    });
    expect(manifest.configuration.repository).toMatchObject({ name: 'lake', targets: ['main'] });
    const refs = world.backups.files.get(`${FOLDER}refs.json`) ?? '';
    expect(sha256(refs)).toBe(manifest.refs.listingSha256);
    expect(parseRefs(refs, 'refs.json')).toEqual({
      schemaVersion: 1,
      branches: [
        { id: 'keep-snapshot-main-20260101T000000Z', commitId: commit },
        { id: 'main', commitId: commit },
      ],
      tags: [{ id: snapshot.id, commitId: commit }],
      moving: [],
    });
  });

  it('says which refs moved while they were dumped', async () => {
    const world = await makeSnapshotWorld();
    const begin = world.lakefs.beginDump.bind(world.lakefs);
    world.lakefs.beginDump = async (repository) => {
      await load(world, { moved: '1' });
      return begin(repository);
    };
    await snap(world);
    expect(parseRefs(world.backups.files.get(`${FOLDER}refs.json`) ?? '', 'refs.json').moving).toEqual(['main']);
  });

  it('is counted by a chain over its listing, in as many invocations as it takes', async () => {
    const world = await makeSnapshotWorld();
    await load(
      world,
      Object.fromEntries(Array.from({ length: 2500 }, (_, i) => [`t/${String(i).padStart(5, '0')}`, 'xy'])),
    );
    // Time is up as soon as counting looks at the clock.
    const list = world.lakefs.listObjects.bind(world.lakefs);
    world.lakefs.listObjects = async function* (...all: Parameters<typeof list>) {
      for await (const object of list(...all)) {
        world.clock.advance(4_000);
        yield object;
      }
    };
    let answer = await createSnapshot(world, asked(world));
    const parts = [answer.snapshot.counting?.objects];
    while (answer.outcome === 'unfinished') {
      answer = await continueSnapshot(world, answer.snapshot, { until: world.clock.now() + 3_600_000 });
      parts.push(answer.snapshot.counting?.objects);
    }
    expect(parts).toEqual([1000, 2000, undefined]);
    let whole = NO_CONTENT;
    for await (const object of list('lake', answer.snapshot.commit, {})) whole = withObject(whole, object);
    expect(answer.snapshot.content).toEqual(whole);
    expect(answer.snapshot.content).toMatchObject({ objects: 2500, bytes: 5000 });
  });

  it('of what an earlier one showed is not counted again', async () => {
    const world = await makeSnapshotWorld();
    await load(world, { a: '1' });
    const first = await snap(world);
    world.clock.advance(60_000);
    world.lakefs.listObjects = () => {
      throw new Error('counted again');
    };
    expect((await snap(world)).content).toEqual(first.content);
  });

  it('is only told of with dryRun: nothing is made', async () => {
    const world = await makeSnapshotWorld();
    const answer = await createSnapshot(world, asked(world, { dryRun: true }));
    expect(answer).toMatchObject({ outcome: 'would-create', snapshot: { id: 'snapshot-main-20260101T000000Z' } });
    expect(world.snapshots.entries.size).toBe(0);
    expect(world.lakefs.branchNames('lake')).toEqual(['main']);
    expect(world.backups.files.size).toBe(0);
  });

  it('asked for twice within a second is one; by somebody else it is another', async () => {
    const world = await makeSnapshotWorld();
    const first = await snap(world);
    world.clock.advance(-(world.clock.now() % 1000));
    const at = first.startedAt;
    const again = { ...world, clock: { ...world.clock, now: () => at } };
    expect((await createSnapshot(again, asked(world))).snapshot.id).toBe(first.id);
    const other = await createSnapshot(again, asked(world, { requestedBy: 'ben' }));
    expect(other.snapshot.id).toBe('snapshot-main-20260101T000001Z');
    expect(world.snapshots.entries.size).toBe(2);
  });

  it('names the database backup of its moment', async () => {
    const world = await makeSnapshotWorld();
    const snapshot = await snap(world, { databaseBackup: 'branchline-20260101T000000Z' });
    expect(snapshot.database?.arn).toContain(':snapshot:branchline-20260101T000000Z');
    expect(parseManifest(world.backups.files.get(`${FOLDER}manifest.json`) ?? '', '').database).toMatchObject({
      kind: 'rds',
      arn: snapshot.database?.arn,
    });
  });

  it('of a target that is not there, or of a repository that is not there, is refused', async () => {
    const world = await makeSnapshotWorld();
    await expect(createSnapshot(world, asked(world, { target: 'nope' }))).rejects.toMatchObject({ code: 'BL3004' });
    await expect(createSnapshot(world, asked(world, { repository: 'nope' }))).rejects.toMatchObject({ code: 'BL3007' });
  });

  it('is refused where somebody else’s tag has its name', async () => {
    const world = await makeSnapshotWorld();
    const before = (await world.lakefs.getBranch('lake', 'main'))?.commitId ?? '';
    await load(world, { a: '1' });
    await world.lakefs.createTag('lake', 'snapshot-main-20260101T000000Z', before);
    await expect(createSnapshot(world, asked(world))).rejects.toMatchObject({ code: 'BL8102' });
  });
});

/** Every call of a port, in order; the one at which an invocation dies, before or after it took effect. */
const crashing = (world: SnapshotWorld, at: number, after: boolean) => {
  let calls = 0;
  const guard = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function') return method;
        return (...args: unknown[]) => {
          calls += 1;
          if (calls === at && !after) throw new Error('dies');
          const answer: unknown = Reflect.apply(method, target, args);
          if (calls !== at) return answer;
          if (!(answer instanceof Promise)) throw new Error('dies');
          return Promise.resolve(answer).then(() => {
            throw new Error('dies');
          });
        };
      },
    });
  return {
    ports: {
      ...world,
      lakefs: guard(world.lakefs),
      snapshots: guard(world.snapshots),
      backups: guard(world.backups),
      databases: guard(world.databases),
    },
    calls: () => calls,
  };
};

describe('a crash at any call', () => {
  it('leaves an entry that is finished later, with the same end', async () => {
    const whole = await makeSnapshotWorld();
    await load(whole, { a: '1', b: '22' });
    const counted = crashing(whole, -1, false);
    await createSnapshot(counted.ports, asked(whole, { databaseBackup: 'db' }));
    const total = counted.calls();
    expect(total).toBeGreaterThan(20);
    for (let at = 1; at <= total; at += 1) {
      for (const after of [false, true]) {
        const world = await makeSnapshotWorld();
        const commit = await load(world, { a: '1', b: '22' });
        const { ports } = crashing(world, at, after);
        await createSnapshot(ports, asked(world, { databaseBackup: 'db' })).catch(() => undefined);
        const [entry] = [...world.snapshots.entries.values()];
        // What did not even get into the ledger left nothing behind.
        if (entry === undefined) {
          expect(world.lakefs.branchNames('lake')).toEqual(['main']);
          continue;
        }
        expect(world.backups.files.has(`${FOLDER}manifest.json`) || entry.state !== 'COMPLETE').toBe(true);
        const until = world.clock.now() + 3_600_000;
        const { outcome, snapshot } = await continueSnapshot(world, entry, { databaseBackup: 'db', until });
        expect({ outcome, state: snapshot.state, commit: snapshot.commit }, `call ${String(at)}`).toEqual({
          outcome: 'created',
          state: 'COMPLETE',
          commit,
        });
        expect(sha256(world.backups.files.get(`${FOLDER}manifest.json`) ?? '')).toBe(snapshot.backup?.sha256);
        expect([...world.databases.backups.keys()]).toEqual(['db']);
        expect(world.lakefs.branchNames('lake')).toEqual([snapshot.keeperBranch, 'main']);
      }
    }
  });
});
