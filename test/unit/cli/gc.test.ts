import { describe, expect, it } from 'vitest';
import { collectGarbageRequest } from '../../../lambdas/payloads.ts';
import { collectGarbage } from '../../../lambdas/usecases/collect-garbage.ts';
import { work } from '../../fakes/collections.ts';
import { stageWithGarbage } from '../usecases/collections/stage.ts';
import { openStage } from './stage.ts';

/** A deployment whose function collects a lake with garbage in it. */
const open = async () => {
  const world = await stageWithGarbage();
  const stage = await openStage();
  stage.invoke = (_name, payload) =>
    collectGarbage(world, collectGarbageRequest.parse(payload), Number.MAX_SAFE_INTEGER);
  return { world, stage };
};

const marked = async () => {
  const opened = await open();
  await opened.stage.run(['gc', 'run', 'lake']);
  await work(opened.world);
  const { out } = await opened.stage.run(['gc', 'run', 'lake']);
  return { ...opened, id: /gc-\d{8}t\d{6}z/.exec(out)?.[0] ?? '', out };
};

describe('gc', () => {
  it('run: exit code 7 while it goes on; what was marked is told with what to do next, under the name of the caller', async () => {
    const { stage, world } = await open();
    expect(await stage.run(['gc', 'run', 'lake'])).toMatchObject({
      code: 7,
      out: expect.stringContaining(' MARKING, '),
    });
    await work(world);
    const { code, out, err } = await stage.run(['gc', 'run', 'lake']);
    expect(code).toBe(0);
    expect(out).toMatch(/^lake gc-\S+ MARKED, 3 objects of 25 B, asked for by arn:aws:iam::111122223333:user\/op /);
    expect(out).toContain('nothing that is shown is among them');
    expect(err).toMatch(/nothing is deleted yet: branchline gc approve lake gc-/);
  });

  it('approve: --dry-run deletes nothing, a no deletes nothing, a yes does', async () => {
    const { stage, world, id } = await marked();
    const before = world.data();
    expect((await stage.run(['gc', 'approve', 'lake', id, '--dry-run'])).out).toContain(`lake ${id} MARKED`);
    expect(await stage.run(['gc', 'approve', 'lake', id])).not.toMatchObject({ code: 0 });
    expect(world.data()).toEqual(before);
    expect(await stage.run(['gc', 'approve', 'lake', id, '--yes'])).toMatchObject({ code: 7 });
    await work(world);
    const { code, out } = await stage.run(['gc', 'run', 'lake']);
    expect(code).toBe(0);
    expect(out).toContain('DONE');
    expect(out).toContain('0 missing');
    expect((await stage.run(['gc', 'status', '--json'])).json<{ records: unknown[] }>().records).toMatchObject([
      { repository: 'lake', past: [{ id, state: 'DONE' }] },
    ]);
  });

  it('discard throws the list away', async () => {
    const { stage, world, id } = await marked();
    expect((await stage.run(['gc', 'discard', 'lake', id])).out).toContain('DISCARDED');
    expect(world.data()).toHaveLength(5);
  });

  it('run: exit code 1 and the cause where it failed', async () => {
    const { stage, world } = await open();
    for (let turn = 0; turn < 2; turn += 1) {
      await stage.run(['gc', 'run', 'lake']);
      if (world.glue.jobRuns.size === turn) await stage.run(['gc', 'run', 'lake']);
      await work(world, 'FAILED');
    }
    const { code, out } = await stage.run(['gc', 'run', 'lake']);
    expect(code).toBe(1);
    expect(out).toMatch(/BL8504 run jr_\d+ of job gc-mark is FAILED: out of memory/);
  });

  it('plan tells of stale branches, drift, and what is in the way; and so does run with --dry-run', async () => {
    const { stage, world } = await open();
    const head = await world.lakefs.getBranch('lake', 'main');
    await world.lakefs.createBranch('lake', 'forgotten', head?.commitId ?? '');
    await world.lakefs.putObject('lake', 'forgotten', 'x', new TextEncoder().encode('x'));
    world.clock.advance(40 * 86_400_000);
    const { out } = await stage.run(['gc', 'plan']);
    expect(out).toContain('lake: objects stay 28 days');
    expect(out).toContain('lakeFS has other rules: deploy again');
    expect(out).toMatch(/waits: branch forgotten \(no run that the ledger knows\) has had x staged since/);
    expect(out).toMatch(/stale: forgotten since \S+ holds back 0 objects/);
    expect((await stage.run(['gc', 'run', 'lake', '--dry-run'])).out).toBe(out);
    expect(world.collections.entries.size).toBe(0);
  });
});
