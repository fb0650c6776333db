import { describe, expect, it } from 'vitest';
import { openStage } from './stage.ts';

const ID = /^created (lake\/snapshot-main-\d{8}T\d{6}Z): commit [0-9a-f]{64}, 0 objects, 0 bytes$/m;

const withOne = async () => {
  const stage = await openStage();
  const { out } = await stage.run(['snapshots', 'create', 'lake/main', '--reason', 'before the audit']);
  return { stage, name: ID.exec(out)?.[1] ?? '' };
};

describe('snapshots', () => {
  it('are made under the name of the caller, and listed with what keeps them', async () => {
    const { stage, name } = await withOne();
    expect(name).not.toBe('');
    expect(stage.calls.at(-1)?.payload).toMatchObject({
      action: 'create',
      ...{ repository: 'lake', target: 'main', reason: 'before the audit' },
      requestedBy: 'arn:aws:iam::111122223333:user/op',
    });
    const { out } = await stage.run(['snapshots', 'list']);
    expect(out).toMatch(new RegExp(`^${name} +COMPLETE +manual +[0-9a-f]{12} +0 +newest, last$`, 'm'));
    const json = (await stage.run(['snapshots', 'list', '--target', 'lake', '--json'])).json<{
      snapshots: unknown[];
    }>();
    expect(json.snapshots).toMatchObject([{ snapshot: { state: 'COMPLETE' }, keptBy: ['newest', 'last'] }]);
  });

  it('are only told of with --dry-run', async () => {
    const stage = await openStage();
    expect((await stage.run(['snapshots', 'create', 'lake/main', '--dry-run'])).out).toMatch(/^would-create lake\//);
    expect(await stage.run(['snapshots', 'list'])).toMatchObject({ code: 0, out: '' });
  });

  it('that take more than one invocation are asked for again by their id', async () => {
    const stage = await openStage();
    const deployed = stage.invoke;
    let asked = 0;
    stage.invoke = async (name, payload) => {
      asked += 1;
      const answer = (await deployed(name, payload)) as object;
      return asked === 1 ? { ...answer, outcome: 'unfinished' } : answer;
    };
    const { out, code } = await stage.run(['snapshots', 'create', 'lake/main']);
    expect(code).toBe(0);
    expect(out).toMatch(ID);
    expect(stage.calls[1]?.payload).toMatchObject({ id: expect.stringMatching(/^snapshot-main-/) });
  });

  it('verify: exit code 6 and what is missing where one is damaged', async () => {
    const { stage, name } = await withOne();
    expect(await stage.run(['snapshots', 'verify', name, '--full'])).toMatchObject({ code: 0, out: `good ${name}\n` });
    await stage.world.lakefs.deleteTag('lake', name.slice(5));
    const { code, out } = await stage.run(['snapshots', 'verify', name]);
    expect(code).toBe(6);
    expect(out).toMatch(/^damaged .*\n {2}tag snapshot-main-.* is gone$/m);
    expect((await stage.run(['snapshots', 'list'])).out).toMatch(/DAMAGED/);
  });

  it('hold and release', async () => {
    const { stage, name } = await withOne();
    expect((await stage.run(['snapshots', 'hold', name, '--reason', 'case 4711'])).out).toBe(`held ${name}\n`);
    expect((await stage.run(['snapshots', 'list'])).out).toMatch(/held by arn:.*: case 4711/);
    expect((await stage.run(['snapshots', 'release', name, '--dry-run'])).out).toBe(`would-release ${name}\n`);
    expect((await stage.run(['snapshots', 'release', name])).out).toBe(`released ${name}\n`);
    expect((await stage.run(['snapshots', 'hold', name])).code).toBe(2);
  });

  it('prune asks, and says what it would do with --dry-run', async () => {
    const { stage, name } = await withOne();
    expect(await stage.run(['snapshots', 'prune'])).toMatchObject({
      code: 0,
      err: expect.stringContaining('every snapshot is kept'),
    });
    stage.world.clock.advance(86_400_000);
    await stage.run(['snapshots', 'create', 'lake/main']);
    expect((await stage.run(['snapshots', 'prune', name, '--dry-run'])).out).toBe(`would-prune ${name}\n`);
    expect((await stage.run(['snapshots', 'prune', name])).code).toBe(2);
    expect((await stage.run(['snapshots', 'prune', name], { answers: ['y'] })).out).toBe(`pruned ${name}\n`);
    expect((await stage.run(['snapshots', 'prune', name, '--target', 'lake'])).code).toBe(2);
  });

  it.each([
    [['snapshots', 'create', 'lake']],
    [['snapshots', 'create', 'Lake/main']],
    [['snapshots', 'verify', 'snapshot-main-20260101T000000Z']],
    [['snapshots', 'verify', 'lake/other']],
  ])('%s is wrong use', async (words) => {
    expect((await (await openStage()).run(words)).code).toBe(2);
  });

  it('one that is not there: exit code 3', async () => {
    const stage = await openStage();
    expect((await stage.run(['snapshots', 'verify', 'lake/snapshot-main-20200101T000000Z'])).code).toBe(3);
  });
});
