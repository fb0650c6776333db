/** `rollback`, `rollbacks list` and `rollbacks show` on the command line, against the real use cases. */
import { describe, expect, it } from 'vitest';
import { functionFailure } from '../../../cli/failure.ts';
import { FUNCTION } from '../../../lambdas/contract.ts';
import type { Run } from '../../../lambdas/domain/run.ts';
import { startRun } from '../../../lambdas/usecases/start-run.ts';
import { finish, openStage, promoteAll, type Stage, write } from './stage.ts';

const promoted = async ({ world }: Stage, runId: string, path: string): Promise<Run> => {
  const { run } = await startRun(world, { job: 'job-a', runId });
  await write(world, run, path);
  await finish(world, run);
  await promoteAll(world);
  world.clock.advance(60_000);
  return run;
};

/** Two runs on `main`, one partition each. */
const open = async () => {
  const stage = await openStage();
  await promoted(stage, 'good', 'sales/dt=1/a');
  const [good] = stage.world.lakefs.firstParentLog('lake', 'main');
  await promoted(stage, 'bad', 'sales/dt=2/a');
  return { stage, good: good?.id ?? '' };
};

const paths = ({ world }: Stage): string[] => [...world.lakefs.tree('lake', 'main').keys()].sort();
/** What was asked of the function itself. */
const asked = ({ calls }: Stage) =>
  calls.filter(({ name }) => name === FUNCTION.rollback).map(({ payload }) => payload);

describe('rollback', () => {
  it('shows what would change, asks, does it, and says how to come back', async () => {
    const { stage, good } = await open();
    const ended = await stage.run(['rollback', '--target', 'main', '--to', good, '--reason', 'wrong prices'], {
      answers: ['y'],
      environment: { BRANCHLINE_WHO: 'anna' },
    });
    expect(ended).toMatchObject({ code: 0, out: 'rolled-back lake/main\n' });
    expect(ended.err).toContain('table sales: 1 partition, files +0 ~0 -1');
    expect(ended.err).toContain('Runs undone (1):\n  bad');
    expect(ended.err).toContain('Roll lake/main back so?');
    const [, tag = ''] = /branchline rollback --target lake\/main --to (\S+)/.exec(ended.err) ?? [];
    expect(tag).toMatch(/^before-rollback-/);
    expect(paths(stage)).toEqual(['sales/dt=1/a']);
    expect(asked(stage)).toMatchObject([
      { action: 'roll-back', to: good, requestedBy: 'anna', reason: 'wrong prices', dryRun: true },
      { action: 'roll-back', to: good, requestedBy: 'anna', reason: 'wrong prices' },
    ]);
    expect(await stage.run(['rollback', '--target', 'main', '--to', tag, '--yes'])).toMatchObject({ code: 0 });
    expect(paths(stage)).toEqual(['sales/dt=1/a', 'sales/dt=2/a']);
  });

  it('does nothing where the person says no, or nobody can be asked', async () => {
    const { stage, good } = await open();
    const words = ['rollback', '--target', 'main', '--to', good];
    expect((await stage.run(words, { answers: ['n'] })).code).not.toBe(0);
    expect((await stage.run(words)).code).toBe(2);
    expect(paths(stage)).toEqual(['sales/dt=1/a', 'sales/dt=2/a']);
    expect(asked(stage).every((payload) => (payload as { dryRun?: boolean }).dryRun === true)).toBe(true);
  });

  it('--dry-run tells and changes nothing, and is written down', async () => {
    const { stage, good } = await open();
    const dry = await stage.run(['rollback', '--target', 'lake/main', '--to', good, '--dry-run', '--json']);
    expect(dry.json()).toMatchObject({ outcome: 'would-roll-back', effect: { undone: ['bad'], fileCount: 1 } });
    expect(paths(stage)).toHaveLength(2);
    const { out } = await stage.run(['rollbacks', 'list']);
    expect(out).toContain('DRY_RUN');
  });

  it('of one table, or of what lies below a path, leaves the rest', async () => {
    const { stage, good } = await open();
    await promoted(stage, 'other', 'stock/a');
    const words = ['rollback', '--target', 'main', '--to', good, '--yes'];
    expect(await stage.run([...words, '--table', 'sales'])).toMatchObject({ code: 0 });
    expect(paths(stage)).toEqual(['sales/dt=1/a', 'stock/a']);
    expect(await stage.run([...words, '--path', 'stock/'])).toMatchObject({ code: 0 });
    expect(paths(stage)).toEqual(['sales/dt=1/a']);
  });

  it('--run undoes one run and keeps what came later', async () => {
    const { stage } = await open();
    const ended = await stage.run(['rollback', '--target', 'main', '--run', 'good', '--yes']);
    expect(ended).toMatchObject({ code: 0 });
    expect(paths(stage)).toEqual(['sales/dt=2/a']);
    expect(asked(stage)).toMatchObject([{ action: 'undo-run', runId: 'good' }]);
  });

  it('says so where there is nothing to do', async () => {
    const { stage } = await open();
    const ended = await stage.run(['rollback', '--target', 'main', '--to', 'main']);
    expect(ended).toMatchObject({ code: 0, out: 'nothing-to-do lake/main\n' });
  });

  it.each([
    [['--target', 'main'], 'either --to or --run'],
    [['--target', 'main', '--to', 'x', '--run', 'r1'], 'either --to or --run'],
    [['--target', 'main', '--run', 'r1', '--table', 'sales'], 'without --table and --path'],
    [['--target', 'main', '--to', 'x', '--restore-partitions'], 'is for --run'],
    [['--target', 'elsewhere', '--to', 'x'], 'knows no target "elsewhere"'],
  ])('%j is refused before anything is asked', async (words, says) => {
    const { stage } = await open();
    const ended = await stage.run(['rollback', ...words]);
    expect(ended.code).not.toBe(0);
    expect(ended.err).toContain(says);
    expect(asked(stage)).toEqual([]);
  });

  it('what is refused is told with its code, and kept', async () => {
    const { stage } = await open();
    const ended = await stage.run(['rollback', '--target', 'main', '--to', 'nowhere', '--yes', '--who', 'anna']);
    expect(ended.code).toBe(3);
    expect(ended.err).toContain('nowhere');
    expect((await stage.run(['rollbacks', 'list'])).out).toMatch(/REFUSED +lake\/main +to nowhere +anna/);
  });

  it('without --wait exit code 7 says that it is not finished; the same command goes on', async () => {
    const { stage, good } = await open();
    const deployed = stage.invoke;
    let left = 1;
    stage.invoke = async (name, payload) => {
      const answer = (await deployed(name, payload)) as { outcome: string };
      if (name !== FUNCTION.rollback || left === 0) return answer;
      left -= 1;
      return { ...answer, outcome: 'unfinished' };
    };
    const words = ['rollback', '--target', 'main', '--to', good, '--yes'];
    const first = await stage.run(words);
    expect(first).toMatchObject({ code: 7, out: 'unfinished lake/main\n' });
    expect(first.err).toContain('the same command again goes on with it');
    expect(await stage.run(words)).toMatchObject({ code: 0, out: 'nothing-to-do lake/main\n' });
  });

  it('--wait endures what may pass, and asks until it is finished', async () => {
    const { stage, good } = await open();
    const deployed = stage.invoke;
    const faults = [
      () => Promise.reject(functionFailure('branchline-rollback', 'BL3001', 'BL3001 lakeFS is away')),
      async (answer: object) => ({ ...answer, outcome: 'busy' }),
    ];
    stage.invoke = async (name, payload) => {
      if (name !== FUNCTION.rollback) return deployed(name, payload);
      const fault = faults.shift();
      if (fault === undefined) return deployed(name, payload);
      return fault((await deployed(name, { ...(payload as object), dryRun: true })) as object);
    };
    const ended = await stage.run(['rollback', '--target', 'main', '--to', good, '--yes', '--wait']);
    expect(ended).toMatchObject({ code: 0, out: 'rolled-back lake/main\n' });
    expect(asked(stage)).toHaveLength(3);
  });

  it('--timeout ends the waiting', async () => {
    const { stage, good } = await open();
    const deployed = stage.invoke;
    stage.invoke = async (name, payload) => {
      if (name !== FUNCTION.rollback) return deployed(name, payload);
      return { ...((await deployed(name, { ...(payload as object), dryRun: true })) as object), outcome: 'busy' };
    };
    const words = ['rollback', '--target', 'main', '--to', good, '--yes', '--wait', '--timeout', '1m'];
    expect((await stage.run(words)).code).toBe(7);
    expect(asked(stage).length).toBeGreaterThan(5);
    expect(asked(stage).length).toBeLessThan(20);
  });
});

describe('rollbacks', () => {
  it('list says so where there are none, and tells who asked for what, of one target or what is unfinished', async () => {
    const { stage, good } = await open();
    expect((await stage.run(['rollbacks', 'list'])).err).toContain('nobody has asked for a rollback');
    await stage.run(['rollback', '--target', 'main', '--to', good, '--yes', '--who', 'anna', '--reason', 'wrong']);
    const { out } = await stage.run(['rollbacks', 'list', '--target', 'main']);
    expect(out).toMatch(new RegExp(`DONE +lake/main +to ${good.slice(0, 12)} +anna +\\S+ +wrong`));
    expect((await stage.run(['rollbacks', 'list', '--unfinished'])).out).toBe('');
    const json = await stage.run(['rollbacks', 'list', '--limit', '1', '--json']);
    expect(json.json()).toMatchObject({ rollbacks: [{ state: 'DONE', requestedBy: 'anna', undone: ['bad'] }] });
  });

  it('show tells one step by step, with what was there before', async () => {
    const { stage, good } = await open();
    await stage.run(['rollback', '--target', 'main', '--to', good, '--yes', '--who', 'anna']);
    const [rollback] = [...stage.world.rollbacks.entries.values()];
    const { out } = await stage.run(['rollbacks', 'show', rollback?.id ?? '']);
    expect(out).toContain(`${rollback?.id ?? ''} DONE\n`);
    expect(out).toContain('asked for by anna\n');
    expect(out).toContain(`what was there before: ${rollback?.safetyTag ?? ''}\n`);
    for (const state of ['REQUESTED', 'HOLDING', 'MERGING', 'MERGED', 'PUBLISHING', 'DONE'])
      expect(out).toMatch(new RegExp(`^\\S+Z {2}${state}`, 'm'));
  });

  it('show of one that nobody asked for is not found', async () => {
    const { stage } = await open();
    expect(await stage.run(['rollbacks', 'show', 'x'])).toMatchObject({ code: 3 });
  });
});
