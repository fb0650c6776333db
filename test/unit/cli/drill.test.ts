import { describe, expect, it } from 'vitest';
import { BranchlineError } from '../../../lambdas/domain/errors.ts';
import { drillRequest } from '../../../lambdas/payloads.ts';
import { createSnapshot } from '../../../lambdas/usecases/create-snapshot.ts';
import { drill } from '../../../lambdas/usecases/drill.ts';
import { makeDrillWorld } from '../../fakes/drills.ts';
import { openStage } from './stage.ts';

/** A deployment whose function drills on a lake in memory. */
const open = async () => {
  const world = await makeDrillWorld();
  const stage = await openStage();
  stage.invoke = (_name, payload) => drill(world, drillRequest.parse(payload), Number.MAX_SAFE_INTEGER);
  return { world, stage };
};

describe('drill', () => {
  it.each(['rollback', 'restore'])(
    '%s: what was compared, what it took, under the name of the caller',
    async (kind) => {
      const { stage, world } = await open();
      const { code, out } = await stage.run(['drill', kind, '--reason', 'a look']);
      expect(code).toBe(0);
      expect(out).toMatch(new RegExp(`^PASSED drill-${kind}-20260101t000000z-[0-9a-f]{6}\n`));
      expect(out).toMatch(/\d refs? and \d+ objects compared: all as they were/);
      expect([...world.drills.entries.values()]).toMatchObject([
        { requestedBy: 'arn:aws:iam::111122223333:user/op', reason: 'a look' },
      ]);
    },
  );

  it('exit code 6 where something is not as it was, with what; --json has all of it', async () => {
    const { stage, world } = await open();
    const list = world.lakefs.listObjects.bind(world.lakefs);
    world.lakefs.listObjects = async function* (repository, ref, options) {
      for await (const object of list(repository, ref, options))
        if (!repository.endsWith('-back') || object.path !== 'drill-added/part-0') yield object;
    };
    const failed = await stage.run(['drill', 'restore']);
    expect(failed).toMatchObject({ code: 6, out: expect.stringContaining('drill-added/part-0 is not there') });
    const told = await stage.run(['drill', 'restore', '--json']);
    expect(told.code).toBe(6);
    expect(told.json()).toMatchObject({ outcome: 'failed', drill: { state: 'FAILED', cause: { code: 'BL8801' } } });
  });

  it('tells of the newest backup of the lake: restored beside it, or why it was not tried', async () => {
    const { stage, world } = await open();
    await createSnapshot({ ...world, backups: world.lakeBackups } as never, {
      ...{ repository: 'lake', target: 'main', kind: 'scheduled', requestedBy: 'schedule' },
      until: Number.MAX_SAFE_INTEGER,
    });
    const tried = await stage.run(['drill', 'restore']);
    expect(tried.out).toMatch(
      /the newest backup, snapshot-main-\S+, was restored beside it: 3 refs, 0 objects listed anew/,
    );
    world.storage.files.add('s3://bucket/lake/_lakefs/range');
    world.lakeFiles.copy = () => Promise.reject(new BranchlineError('BL4002', 's3:PutObject: AccessDenied'));
    world.clock.advance(1000);
    const left = await stage.run(['drill', 'restore']);
    expect(left).toMatchObject({ code: 0, out: expect.stringContaining('was not tried: BL4002') });
  });

  it('exit code 5 where it gave way, and says to whom', async () => {
    const { stage, world } = await open();
    await world.rotations.put({
      ...{ schemaVersion: 1, version: 1, updatedAt: 0 },
      current: { token: 't', by: 'ben', startedAt: 0, leaseUntil: Number.MAX_SAFE_INTEGER },
    });
    const { code, out } = await stage.run(['drill', 'rollback']);
    expect(code).toBe(5);
    expect(out).toContain('ben rotates the key pair');
  });

  it('list: newest first, and a word where there is none', async () => {
    const { stage, world } = await open();
    expect((await stage.run(['drill', 'list'])).err).toContain('nobody has drilled yet');
    await stage.run(['drill', 'rollback']);
    world.clock.advance(60_000);
    await stage.run(['drill', 'restore']);
    const { out } = await stage.run(['drill', 'list']);
    expect(out.split('\n')[1]).toContain('drill-restore-');
    expect(out.split('\n')[2]).toContain('drill-rollback-');
    const one = await stage.run(['drill', 'list', '--limit', '1', '--json']);
    expect(one.json<{ drills: unknown[] }>().drills).toHaveLength(1);
  });
});
