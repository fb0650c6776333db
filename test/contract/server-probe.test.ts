/** What doctor looks at of a server, and that its looks leave nothing behind. */
import { describe, expect, it } from 'vitest';
import { PROBE_BRANCH_PREFIX } from '../../lambdas/contract.ts';
import { checkHealth, checkMetadata, checkTls, checkVersion } from '../../lambdas/usecases/doctor-server.ts';
import { checkStorage, sweepProbes } from '../../lambdas/usecases/doctor-storage.ts';
import { makeWorld } from '../fakes/ports.ts';
import { againstEveryServer, bytes, text } from './workbench.ts';

againstEveryServer((lake) => {
  const ports = async () => {
    const world = await makeWorld();
    return { ...world, lakefs: lake.lakefs, clock: { now: () => Date.now() } };
  };
  const repository = () => ({
    ...{ name: lake.repository, storageNamespace: lake.storageNamespace(lake.repository), defaultBranch: 'main' },
    ...{ targets: ['main'], tables: [], garbageCollection: { defaultRetentionDays: 28, branches: {} } },
  });
  const branches = async () =>
    (await Array.fromAsync(lake.lakefs.listBranches(lake.repository, ''))).map(({ id }) => id);

  describe('doctor on a server', () => {
    it('health, version, way, metadata store and latency are told', async () => {
      const world = await ports();
      const { probe } = lake.server;
      const config = { schemaVersion: 1 as const, repositories: [repository()], pipelines: [] };
      const checks = [
        ...(await checkHealth(probe)),
        ...(await checkVersion(world)),
        ...(await checkTls(world, probe)),
        ...(await checkMetadata(world, probe, config)),
      ];
      expect(checks.map(({ name }) => name)).toEqual([
        ...['health of lakeFS', 'lakeFS', 'TLS of lakeFS', 'metadata store', 'latency'],
      ]);
      expect(checks.filter(({ status }) => status === 'failed')).toEqual([]);
      expect(checks.find(({ name }) => name === 'lakeFS')?.message).toContain(await lake.lakefs.version());
      expect(checks.at(-1)?.message).toMatch(/^health \d+ ms, branch \d+ ms \(median of 5\)$/);
    });

    it('storage is written and read, also past the server; branches and head are what they were', async () => {
      const before = await lake.headOf();
      const checks = await checkStorage(await ports(), lake.server.probe, repository());
      const { canPresign } = await lake.server.probe.storage();
      expect(checks.map(({ name, status }) => [name, status])).toEqual([
        [`storage of ${lake.repository}`, 'ok'],
        [`presigned access to ${lake.repository}`, canPresign ? 'ok' : 'warning'],
      ]);
      expect(await branches()).toEqual(['main']);
      expect(await lake.headOf()).toBe(before);
      expect(await Array.fromAsync(lake.lakefs.listStaged(lake.repository, 'main'))).toEqual([]);
    });

    it('a probe branch that was left behind is removed when it is old, and no other', async () => {
      const seconds = (ageS: number) => String(Math.floor(Date.now() / 1000) - ageS);
      const [old, young] = [`${PROBE_BRANCH_PREFIX}${seconds(1000)}-a`, `${PROBE_BRANCH_PREFIX}${seconds(10)}-b`];
      for (const name of [old, young]) await lake.lakefs.createBranch(lake.repository, name, await lake.headOf());
      await lake.put(old, '_branchline/left');
      expect(await sweepProbes(await ports(), lake.repository)).toBe(1);
      expect(await branches()).toEqual([young, 'main']);
    });

    it('what was put past the server is read through it, and the other way round', async ({ skip }) => {
      const { probe } = lake.server;
      if (!(await probe.storage()).canPresign) return skip('the block store cannot presign');
      await probe.putPresigned(lake.repository, 'main', 'a b/ü+x', bytes('past'));
      expect(text(await lake.lakefs.getObject(lake.repository, 'main', 'a b/ü+x'))).toBe('past');
      await lake.put('main', 'y', 'through');
      expect(text(await probe.getPresigned(lake.repository, 'main', 'y'))).toBe('through');
      await expect(probe.getPresigned(lake.repository, 'main', 'none')).rejects.toMatchObject({ code: 'BL3004' });
    });
  });
});
