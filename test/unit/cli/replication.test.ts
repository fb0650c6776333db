import { describe, expect, it } from 'vitest';
import { METADATA } from '../../../lambdas/contract.ts';
import { replicationRequest, restoreRequest } from '../../../lambdas/payloads.ts';
import { replication } from '../../../lambdas/usecases/replication.ts';
import { restore } from '../../../lambdas/usecases/restore.ts';
import { makeReplicationWorld } from '../../fakes/replication.ts';
import { makeRestoreWorld } from '../../fakes/restore.ts';
import { openStage } from './stage.ts';

const open = async () => {
  const world = await makeReplicationWorld();
  const stage = await openStage();
  stage.invoke = (_name, payload) => replication(world, replicationRequest.parse(payload), Number.MAX_SAFE_INTEGER);
  const tend = () => replication(world, { action: 'tend' }, Number.MAX_SAFE_INTEGER);
  return { world, stage, tend };
};

describe('replication', () => {
  it('status tells what has arrived, what is missing, and what could be restored', async () => {
    const { world, stage, tend } = await open();
    expect((await stage.run(['replication', 'status'])).err).toContain('nothing was looked at in eu-central-1 yet');
    await world.commit({ a: '1' });
    await tend();
    const early = await stage.run(['replication', 'status', 'lake']);
    expect(early.code).toBe(0);
    expect(early.out).toContain('main: nothing has arrived yet');
    expect(early.out).toContain('s3://bucket/lake/data/');
    expect(early.out).toContain('no snapshot could be restored there');
    const id = await world.snapshot();
    world.copy(...world.pending());
    await tend();
    expect((await stage.run(['replication', 'status'])).out).toContain('main: all has arrived');
    await world.commit({ a: '2' });
    world.clock.advance(600_000);
    await tend();
    const late = await stage.run(['replication', 'status']);
    expect(late.out).toContain('1 commit and 10 min behind');
    expect(late.out).toContain(`could be restored there: ${id}`);
    expect(late.out).toContain('main: 1 commit since');
    const asJson = (await stage.run(['replication', 'status', '--json'])).json<{ records: unknown[] }>();
    expect(asJson.records).toHaveLength(1);
  });

  it('in the second region the plan says what came after its snapshot, and that nobody can tell the rest', async () => {
    const { world, stage, tend } = await open();
    await world.commit({ a: '1' });
    await world.snapshot();
    world.copy(...world.pending());
    await tend();
    await world.lakefs.putObject('lake', 'main', 'b', new Uint8Array([1]));
    await world.lakefs.commit('lake', 'main', { message: 'b', metadata: { [METADATA.runId]: 'sales_1' } });
    await tend();
    const { restores, publications } = await makeRestoreWorld();
    const there = { ...world, restores, publications, replica: { backups: world.backups, storage: world.replica } };
    stage.invoke = (_name, payload) => restore(there, restoreRequest.parse(payload), Number.MAX_SAFE_INTEGER);
    const { code, out } = await stage.run(['restore', 'plan', '--from-replica']);
    expect(code).toBe(0);
    expect(out).toMatch(/what came after 2026-\S+Z is not in it. As the first region knew at 2026-\S+Z:/);
    expect(out).toContain('main: 1 commit since; runs sales_1');
    expect(out).toContain('what it did later nobody here can tell');
  });

  it('verify ends with 6 where an object is missing', async () => {
    const { world, stage, tend } = await open();
    await world.commit({ a: '1' });
    world.copy(...world.pending());
    await tend();
    const whole = await stage.run(['replication', 'verify', 'lake', '--target', 'main']);
    expect(whole).toMatchObject({ code: 0 });
    expect(whole.out).toContain('1 object, whole');
    for (const address of [...world.replica.objects.keys()])
      if (address.includes('/data/')) world.replica.objects.delete(address);
    const lost = await stage.run(['replication', 'verify']);
    expect(lost).toMatchObject({ code: 6 });
    expect(lost.out).toContain('1 object, missing\n  s3://bucket/lake/data/');
  });
});
