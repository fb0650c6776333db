/** The metadata store is lost, a server with an empty one comes up on the same storage, and the newest backup is restored. */
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createLakefs } from '../../lambdas/adapters/lakefs/client.ts';
import type { Lakefs } from '../../lambdas/ports.ts';
import { createSnapshot } from '../../lambdas/usecases/create-snapshot.ts';
import { restore } from '../../lambdas/usecases/restore.ts';
import { stateOfTarget } from '../../lambdas/usecases/state-of-target.ts';
import { startLakefsBinary } from '../../local/lakefs-server.ts';
import { makeRestoreWorld, type RestoreWorld } from '../fakes/restore.ts';
import { againstEveryServer, bytes, request } from './workbench.ts';

const UNTIL = Number.MAX_SAFE_INTEGER;

againstEveryServer((lake) => {
  const { commit } = lake;

  describe('a restore', () => {
    const dump = async () => {
      const task = await lake.lakefs.beginDump(lake.repository);
      const found = await expect
        .poll(() => lake.lakefs.dumpOf(lake.repository, task), { timeout: 20_000 })
        .toMatchObject({ commitsMetaRangeId: expect.any(String) })
        .then(() => lake.lakefs.dumpOf(lake.repository, task));
      if (found === undefined || found === 'unknown') throw new Error('no dump');
      return found;
    };

    it('goes only into a repository without refs, on a namespace that may be in use, and is refused the second time', async () => {
      await lake.commit('main', { x: '1' });
      const files = await dump();
      expect(await lake.lakefs.beginRestore(lake.repository, files)).toBe('in-use');
      const copy = {
        name: `${lake.repository}-b`,
        storageNamespace: lake.storageNamespace(lake.repository),
        defaultBranch: 'main',
      };
      expect(await lake.lakefs.createBareRepository(copy)).toBe('created');
      expect(await lake.lakefs.createBareRepository(copy)).toBe('exists');
      expect(await Array.fromAsync(lake.lakefs.listBranches(copy.name, ''))).toEqual([]);
      expect(await lake.lakefs.getBranch(copy.name, 'main')).toBeUndefined();
      const bogus = await lake.lakefs.beginRestore(copy.name, {
        commitsMetaRangeId: 'a'.repeat(64),
        tagsMetaRangeId: 'a'.repeat(64),
        branchesMetaRangeId: 'a'.repeat(64),
      });
      const task = bogus === 'in-use' ? '' : bogus.task;
      const outcome = () => lake.lakefs.restoreOf(copy.name, task).catch((error: { code: string }) => error.code);
      await expect.poll(outcome, { timeout: 20_000 }).toBe('BL8402');
      const begun = await lake.lakefs.beginRestore(copy.name, files);
      const real = begun === 'in-use' ? '' : begun.task;
      await expect.poll(() => lake.lakefs.restoreOf(copy.name, real), { timeout: 20_000 }).toBe('done');
      expect((await lake.lakefs.getBranch(copy.name, 'main'))?.commitId).toBe(await lake.headOf());
      expect(await lake.lakefs.beginRestore(copy.name, files)).toBe('in-use');
      expect(await lake.lakefs.restoreOf(copy.name, 'no-such-task')).toBe('unknown');
    }, 60_000);

    it('into a repository of the same name does not hold what came after the dump, asked by the beginning of an id', async () => {
      const kept = await commit('main', { x: '1' });
      const files = await dump();
      const lost = await commit('main', { x: '2' });
      const again = {
        name: lake.repository,
        storageNamespace: lake.storageNamespace(lake.repository),
        defaultBranch: 'main',
      };
      expect(await lake.status('DELETE', '')).toBe(204);
      await expect.poll(() => lake.lakefs.getRepository(again.name), { timeout: 20_000 }).toBeUndefined();
      expect(await lake.lakefs.createBareRepository(again)).toBe('created');
      const begun = await lake.lakefs.beginRestore(again.name, files);
      const task = begun === 'in-use' ? '' : begun.task;
      await expect.poll(() => lake.lakefs.restoreOf(again.name, task), { timeout: 20_000 }).toBe('done');
      const byBeginning = (id: string) => lake.lakefs.getCommit(again.name, id.slice(0, -1));
      expect((await byBeginning(kept.id))?.id).toBe(kept.id);
      // By its whole id a real server goes on telling it.
      expect(await byBeginning(lost.id)).toBeUndefined();
      const world = { ...(await makeRestoreWorld()), lakefs: lake.lakefs };
      const at = { repository: again.name, target: 'main' };
      await expect(stateOfTarget(world, { ...at, to: lost.id })).rejects.toMatchObject({ code: 'BL3004' });
      await expect(stateOfTarget(world, { ...at, to: `${lost.id}~1` })).rejects.toMatchObject({ code: 'BL3004' });
      expect((await stateOfTarget(world, { ...at, to: kept.id })).id).toBe(kept.id);
      expect((await stateOfTarget(world, { ...at, to: `${kept.id}~1` })).id).toBe(kept.parents[0]);
    }, 60_000);

    it('leaves out protection and metadata, which are set again', async () => {
      await lake.lakefs.setProtectedBranches(lake.repository, ['main']);
      await lake.lakefs.setRepositoryMetadata(lake.repository, { owner: 'data' });
      await lake.lakefs.setRepositoryMetadata(lake.repository, { more: 'x' });
      expect(await lake.lakefs.getRepositoryMetadata(lake.repository)).toEqual({ owner: 'data', more: 'x' });
      const files = await dump();
      const copy = {
        name: `${lake.repository}-c`,
        storageNamespace: lake.storageNamespace(lake.repository),
        defaultBranch: 'main',
      };
      await lake.lakefs.createBareRepository(copy);
      const begun = await lake.lakefs.beginRestore(copy.name, files);
      const task = begun === 'in-use' ? '' : begun.task;
      await expect.poll(() => lake.lakefs.restoreOf(copy.name, task), { timeout: 20_000 }).toBe('done');
      expect(await lake.lakefs.getProtectedBranches(copy.name)).toEqual([]);
      expect(await lake.lakefs.getRepositoryMetadata(copy.name)).toEqual({});
    }, 60_000);
  });
});

const BIN = process.env['LAKEFS_BIN'];

describe.skipIf(BIN === undefined)('on a real server', () => {
  const folders: string[] = [];
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
  });

  const clientOf = (server: { endpoint: string; accessKeyId: string; secretAccessKey: string }): Lakefs =>
    createLakefs({ endpoint: server.endpoint, credentials: { get: async () => server } });

  /** Every ref with what it shows, object by object, and its whole history. */
  const everything = async (lakefs: Lakefs) => {
    const refs = [
      ...(await Array.fromAsync(lakefs.listBranches('lake', ''))),
      ...(await Array.fromAsync(lakefs.listTags('lake', ''))),
    ];
    const shown: unknown[] = [];
    for (const { id, commitId } of refs) {
      const objects = await Array.fromAsync(lakefs.listObjects('lake', commitId, {}));
      const log = await Array.fromAsync(lakefs.log('lake', commitId, {}));
      shown.push([id, commitId, objects.map(({ path, checksum, sizeBytes }) => [path, checksum, sizeBytes]), log]);
    }
    return {
      shown,
      protected: (await lakefs.getProtectedBranches('lake')).toSorted(),
      rules: await lakefs.getGarbageCollection('lake'),
      metadata: await lakefs.getRepositoryMetadata('lake'),
    };
  };

  const past = async (world: RestoreWorld, lakefs: Lakefs): Promise<{ kept: string; lost: string }> => {
    const commit = async (branch: string, path: string): Promise<string> => {
      await lakefs.putObject('lake', branch, path, bytes(path));
      const answer = await lakefs.commit('lake', branch, request(path, { made: path }));
      if (answer.outcome !== 'committed') throw new Error('nothing committed');
      return answer.commit.id;
    };
    await lakefs.createRepository({ name: 'lake', storageNamespace: 'local://lake', defaultBranch: 'main' });
    for (let i = 0; i < 20; i += 1) await commit('main', `sales/day=${String(i)}/part-0`);
    const head = (await lakefs.getBranch('lake', 'main'))?.commitId ?? '';
    for (let i = 0; i < 5; i += 1) {
      await lakefs.createBranch('lake', `run-${String(i)}`, head);
      const made = await commit(`run-${String(i)}`, `stock/part-${String(i)}`);
      if (i < 3) await lakefs.merge('lake', made, 'main', request(`promotion ${String(i)}`));
      await lakefs.createTag('lake', `v${String(i)}`, made);
    }
    await lakefs.setGarbageCollection('lake', { defaultRetentionDays: 20, branches: { main: 30 } });
    await lakefs.setRepositoryMetadata('lake', { owner: 'data' });
    await lakefs.setProtectedBranches('lake', ['main', 'release-*']);
    const kept = (await lakefs.getBranch('lake', 'main'))?.commitId ?? '';
    const now = world.clock.now();
    await world.ledger.putTarget({
      ...{ schemaVersion: 1, version: 1, repository: 'lake', branch: 'main' },
      verifiedCommit: kept,
      updatedAt: now,
    });
    const at = { repository: 'lake', target: 'main', kind: 'manual', requestedBy: 'test', until: UNTIL } as const;
    await createSnapshot(world, at);
    return { kept, lost: await commit('run-4', 'after-the-dump') };
  };

  it.each([
    ['the same storage', undefined],
    ['a replica of it under another name', 'local://replica'],
  ])(
    'a lost metadata store is restored on %s: every ref lists the same',
    async (_, namespace) => {
      const folder = await mkdtemp(join(tmpdir(), 'branchline-restore-'));
      folders.push(folder);
      const first = await startLakefsBinary(BIN ?? '', { folder });
      const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, Math.min(ms, 200)));
      const fakes = await makeRestoreWorld();
      const world = { ...fakes, pause, lakefs: clientOf(first) } as unknown as RestoreWorld;
      const { kept, lost } = await past(world, world.lakefs);
      await world.lakefs.deleteBranch('lake', 'run-4');
      await world.lakefs.createBranch('lake', 'run-4', (await world.lakefs.getTag('lake', 'v4'))?.commitId ?? '');
      const before = await everything(world.lakefs);
      await first.close();
      if (namespace !== undefined)
        await cp(join(folder, 'objects', 'lake'), join(folder, 'objects', 'replica'), { recursive: true });

      const second = await startLakefsBinary(BIN ?? '', { folder, metadata: 'lost' });
      const lakefs = clientOf(second);
      const after = { ...world, lakefs } as unknown as RestoreWorld;
      expect(await lakefs.getRepository('lake')).toBeUndefined();
      const place = namespace === undefined ? {} : { storageNamespace: namespace };
      const answer = await restore(
        after,
        { action: 'run', what: 'repository', repository: 'lake', confirm: 'lake', ...place },
        UNTIL,
      );
      expect(answer).toMatchObject({ outcome: 'restored' });
      expect(await everything(lakefs)).toEqual(before);
      expect(await lakefs.getCommit('lake', lost)).toBeUndefined();
      expect((await lakefs.getRepository('lake'))?.storageNamespace).toBe(namespace ?? 'local://lake');
      expect((await world.ledger.getTarget('lake', 'main'))?.verifiedCommit).toBe(kept);
      // It is a repository like any other: what is written next is promoted on top.
      await lakefs.createBranch('lake', 'run-next', kept);
      await lakefs.putObject('lake', 'run-next', 'next', bytes('next'));
      const next = await lakefs.commit('lake', 'run-next', request('next'));
      const merged =
        next.outcome === 'committed' && (await lakefs.merge('lake', next.commit.id, 'main', request('promotion')));
      expect(merged).toMatchObject({ outcome: 'merged' });
      await second.close();
    },
    120_000,
  );
});
