import { describe, expect, it } from 'vitest';
import { conflict, openStage, type Stage } from './stage.ts';

/** A target that its newest merge blocks, as verify-target leaves it. */
const blocked = async (): Promise<{ stage: Stage; commit: string }> => {
  const stage = await openStage();
  await conflict(stage.world);
  const commit = stage.world.lakefs.firstParentLog('lake', 'main')[0]?.id ?? '';
  const target = await stage.world.ledger.getTarget('lake', 'main');
  if (target === undefined) throw new Error('no target');
  await stage.world.ledger.putTarget({
    ...target,
    version: target.version + 1,
    blocked: { commit, cause: { code: 'BL2016', message: 'sales/dt=1/ was changed twice' }, since: 0 },
  });
  return { stage, commit };
};

describe('targets list', () => {
  it('shows what blocks a target, and what can be done', async () => {
    const { stage, commit } = await blocked();
    const { out, err } = await stage.run(['targets', 'list']);
    expect(out).toMatch(/^lake\/main +BLOCKED .*BL2016 sales\/dt=1\/ was changed twice$/m);
    expect(err).toContain(`branchline targets accept lake/main    # keep commit ${commit}`);
    const answer = (await stage.run(['targets', 'list', '--json'])).json();
    expect(answer).toMatchObject({ targets: [{ branch: 'main', blocked: { commit } }] });
  });

  it('shows holds while they stand', async () => {
    const stage = await openStage();
    const target = await stage.world.ledger.getTarget('lake', 'main');
    if (target === undefined) throw new Error('no target');
    const hold = { owner: 'rollback', reason: 'to Friday', expiresAt: stage.world.clock.now() + 60_000 };
    await stage.world.ledger.putTarget({ ...target, version: target.version + 1, hold });
    expect((await stage.run(['targets', 'list'])).out).toMatch(/HELD .* by rollback: to Friday/);
    stage.world.clock.advance(60_001);
    expect((await stage.run(['targets', 'list'])).out).toMatch(/OPEN/);
  });

  it('says so where none is known', async () => {
    const stage = await openStage();
    stage.world.ledger.targets.clear();
    expect(await stage.run(['targets', 'list'])).toMatchObject({ code: 0, out: '' });
  });
});

describe.each([
  ['accept', 'accepted'],
  ['revert', 'reverted'],
])('targets %s', (way, outcome) => {
  it('asks on a terminal, wants --yes elsewhere', async () => {
    const { stage, commit } = await blocked();
    expect((await stage.run(['targets', way, 'main'])).code).toBe(2);
    expect((await stage.run(['targets', way, 'main'], { answers: [''] })).code).toBe(2);
    expect((await stage.world.ledger.getTarget('lake', 'main'))?.blocked?.commit).toBe(commit);
    const { code, out } = await stage.run(['targets', way, 'lake/main'], { answers: ['Y'] });
    expect({ code, out }).toEqual({ code: 0, out: `${outcome} lake/main\n` });
    expect((await stage.world.ledger.getTarget('lake', 'main'))?.blocked).toBeUndefined();
  });

  it('--dry-run changes nothing', async () => {
    const { stage, commit } = await blocked();
    const { out } = await stage.run(['targets', way, 'main', '--dry-run']);
    expect(out).toBe(`would-${way}-target lake/main: commit ${commit}\n`);
    expect((await stage.world.ledger.getTarget('lake', 'main'))?.blocked?.commit).toBe(commit);
  });

  it('decides about the commit that is named and no other; its beginning will do', async () => {
    const { stage, commit } = await blocked();
    const other = await stage.run(['targets', way, 'main', '--commit', 'f00f00f00', '--yes', '--json']);
    expect(other.code).toBe(5);
    expect(other.json()).toMatchObject({ code: 'BL1005', data: { blockedBy: commit } });
    const ours = await stage.run(['targets', way, 'main', '--commit', commit.slice(0, 12), '--yes', '--json']);
    expect(ours.json()).toMatchObject({ outcome });
  });

  it('of a target that is open, unknown, or one of several', async () => {
    const stage = await openStage();
    expect((await stage.run(['targets', way, 'main', '--yes'])).code).toBe(5);
    expect((await stage.run(['targets', way, 'nowhere', '--yes'])).code).toBe(3);
    const target = await stage.world.ledger.getTarget('lake', 'main');
    if (target === undefined) throw new Error('no target');
    await stage.world.ledger.putTarget({ ...target, repository: 'sea', version: 1 });
    const { code, err } = await stage.run(['targets', way, 'main', '--yes']);
    expect(code).toBe(2);
    expect(err).toContain('lake/main or sea/main');
  });
});
