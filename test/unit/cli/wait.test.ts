/** Commands that start something, and wait for how it ends. */
import { describe, expect, it } from 'vitest';
import { functionFailure } from '../../../cli/failure.ts';
import { exitCodeOfRun } from '../../../cli/wait.ts';
import { RUN_STATE, type Run, type RunState } from '../../../lambdas/domain/run.ts';
import { cleanUp } from '../../../lambdas/usecases/clean-up.ts';
import { sampleRun } from '../adapters/ledger/sample-run.ts';
import { conflict, failure, finish, openStage, promoteAll, type Stage, write } from './stage.ts';

const newest = (stage: Stage): Run => {
  const run = [...stage.world.ledger.runs.values()].at(-1);
  if (run === undefined) throw new Error('no run');
  return run;
};

/** The job ends at the first pause, the promotion comes at the second. */
const jobEnds = (stage: Stage, state: string, path?: string): void => {
  const acts = [
    async () => {
      const run = newest(stage);
      if (path !== undefined) await write(stage.world, run, path);
      await finish(stage.world, run, state, state === 'FAILED' ? 'told to fail' : undefined);
    },
    () => promoteAll(stage.world),
  ];
  stage.onPause = async () => acts.shift()?.();
};

describe('runs start', () => {
  it('starts with a run id of its own, so that a lost answer can be repeated', async () => {
    const stage = await openStage();
    const { code, out, err } = await stage.run(['runs', 'start', 'job-a', '--arg', 'day=1', '--arg', '--x=a=b']);
    expect(code).toBe(0);
    expect(out).toBe('started run1\n');
    expect(err).toContain('branchline runs show run1 --watch');
    expect(stage.calls[0]?.payload).toEqual({ job: 'job-a', runId: 'run1', arguments: { '--day': '1', '--x': 'a=b' } });
    stage.invoke = async () => {
      throw functionFailure('branchline-start-run', 'Sandbox.Timedout', 'Task timed out after 60 seconds');
    };
    const lost = await stage.run(['runs', 'start', 'job-a', '--run-id', 'mine', '--json']);
    expect(lost.code).toBe(7);
    expect(lost.json()).toMatchObject({ data: { runId: 'mine' }, remedy: expect.stringContaining('--run-id mine') });
  });

  it('with --dry-run starts nothing', async () => {
    const stage = await openStage();
    const { out } = await stage.run(['runs', 'start', 'job-a', '--dry-run', '--wait']);
    expect(out).toBe('would-start run1\n');
    expect(stage.world.ledger.runs.size).toBe(0);
  });

  it.each([
    ['SUCCEEDED', 'sales/dt=1/a', 'PROMOTED', 0],
    ['SUCCEEDED', undefined, 'UNCHANGED', 0],
    ['FAILED', 'sales/dt=1/a', 'DISCARDED', 1],
  ])('--wait: a job that ends %s having written %s is %s, exit code %i', async (state, path, ended, exitCode) => {
    const stage = await openStage();
    jobEnds(stage, state, path);
    const { code, out, err } = await stage.run(['runs', 'start', 'job-a', '--wait']);
    expect(code).toBe(exitCode);
    expect(out).toBe(`run1 ${ended}\n`);
    expect(err).toMatch(new RegExp(`Z {2}${ended}`));
  });

  it('--wait --json prints one object, and nothing else', async () => {
    const stage = await openStage();
    jobEnds(stage, 'SUCCEEDED', 'sales/dt=1/a');
    const { code, json, err } = await stage.run(['runs', 'start', 'job-a', '--wait', '--json']);
    expect(json()).toMatchObject({ outcome: 'started', run: { runId: 'run1', state: 'PROMOTED' } });
    expect({ code, err }).toEqual({ code: 0, err: '' });
  });

  it('--timeout gives up with 7, and says that the run goes on', async () => {
    const stage = await openStage();
    const { code, json } = await stage.run(['runs', 'start', 'job-a', '--wait', '--timeout', '30s', '--json']);
    expect(code).toBe(7);
    expect(json()).toMatchObject({ code: 'BL6007', retryable: true, data: { runId: 'run1', state: 'OPEN' } });
  });

  it('--wait endures a lakeFS that is away for a while, but no denial', async () => {
    const stage = await openStage();
    const { invoke } = stage;
    let failures = 0;
    const failing =
      (code: string, times: number): typeof invoke =>
      async (name, payload) => {
        if (name === 'inspect' && failures < times) {
          failures += 1;
          throw functionFailure('branchline-inspect', code, `${code} x: away`);
        }
        return invoke(name, payload);
      };
    stage.invoke = failing('BL3001', 3);
    jobEnds(stage, 'SUCCEEDED', 'sales/dt=1/a');
    expect((await stage.run(['runs', 'start', 'job-a', '--wait'])).code).toBe(0);
    failures = 0;
    stage.invoke = failing('BL4002', 1);
    expect((await stage.run(['runs', 'start', 'job-a', '--wait'])).code).toBe(4);
    failures = 0;
    stage.invoke = failing('BL3001', Number.POSITIVE_INFINITY);
    expect((await stage.run(['runs', 'start', 'job-a', '--wait'])).code).toBe(1);
  });

  it('--wait follows the rerun that a policy puts in its place', async () => {
    const stage = await openStage({ onConflict: 'rerun', maxReruns: 1 });
    const { world } = stage;
    const acts = [
      async () => {
        const run = newest(stage);
        await write(world, run, 'sales/dt=1/mine');
        await stage.run(['runs', 'start', 'job-b', '--run-id', 'other']);
        const other = newest(stage);
        await write(world, other, 'sales/dt=1/theirs');
        await finish(world, other);
        await promoteAll(world);
        await finish(world, run);
        await promoteAll(world);
      },
      async () => {
        const rerun = await world.ledger.getRun({ runId: 'run1-r1', attempt: 0 });
        if (rerun?.state !== 'OPEN') return;
        await finish(world, rerun);
      },
    ];
    stage.onPause = async () => acts.shift()?.();
    const { code, out, err } = await stage.run(['runs', 'start', 'job-a', '--wait']);
    expect(err).toContain('run1 goes on as run1-r1');
    expect(out).toBe('run1-r1 UNCHANGED\n');
    expect(code).toBe(0);
  });
});

describe('runs retry', () => {
  it('runs the job again, and waits for the new run', async () => {
    const stage = await openStage();
    await failure(stage.world);
    const trial = await stage.run(['runs', 'retry', 'broken', '--dry-run']);
    expect(trial.out).toContain('would-retry-as broken-r1');
    jobEnds(stage, 'SUCCEEDED', 'sales/dt=1/a');
    const { code, out } = await stage.run(['runs', 'retry', 'broken', '--wait']);
    expect(out).toBe('broken-r1 PROMOTED\n');
    expect(code).toBe(0);
    const again = await stage.run(['runs', 'retry', 'broken', '--json']);
    expect(again.json()).toMatchObject({ outcome: 'already-retried' });
  });

  it('a rerun that could not be started ends the wait', async () => {
    const stage = await openStage();
    await failure(stage.world);
    stage.world.glue.jobs.delete('job-c');
    stage.onPause = async () => {
      const run = await stage.world.ledger.getRun({ runId: 'broken', attempt: 0 });
      if (run !== undefined) await cleanUp(stage.world, run);
    };
    const { code, err } = await stage.run(['runs', 'retry', 'broken', '--wait']);
    expect(code).toBe(1);
    expect(err).toContain('Glue knows no job');
  });
});

describe('runs promote', () => {
  it('with a strategy tells the plan, asks, and waits', async () => {
    const stage = await openStage();
    await conflict(stage.world);
    const words = ['runs', 'promote', 'loser', '--strategy', 'source-wins'];
    const trial = await stage.run([...words, '--dry-run']);
    expect(trial.err).toContain('In 1 partition run loser wins as a whole:\n  sales/dt=1/\n');
    expect(trial.out).toBe('would-promote loser\n');
    expect((await stage.run([...words, '--dry-run', '--json'])).json()).toMatchObject({ contested: ['sales/dt=1/'] });
    expect((await stage.run(words)).code).toBe(2);
    expect((await stage.run(words, { answers: ['n'] })).err).toContain('nothing was changed');
    expect((await stage.run(words, { answers: [undefined] })).code).toBe(2);
    expect(stage.world.ledger.runs.get('loser')?.state).toBe('CONFLICTED');
    stage.onPause = () => promoteAll(stage.world);
    const { code, out } = await stage.run([...words, '--wait'], { answers: ['y'] });
    expect({ code, out }).toEqual({ code: 0, out: 'loser PROMOTED\n' });
  });

  it('without one only tries again: nothing to ask', async () => {
    const stage = await openStage();
    await conflict(stage.world);
    stage.onPause = () => promoteAll(stage.world);
    const { code, json } = await stage.run(['runs', 'promote', 'loser', '--wait', '--json']);
    expect(code).toBe(5);
    expect(json()).toMatchObject({ outcome: 'promotion-requested', run: { state: 'CONFLICTED' } });
  });

  it('of a promoted run is refused, exit code 5', async () => {
    const stage = await openStage();
    await conflict(stage.world);
    expect((await stage.run(['runs', 'promote', 'winner', '--json'])).json()).toMatchObject({ code: 'BL1005' });
    expect((await stage.run(['runs', 'promote', 'winner'])).code).toBe(5);
  });
});

describe('runs discard', () => {
  it('shows what would be lost, asks, and keeps the reason', async () => {
    const stage = await openStage();
    await conflict(stage.world);
    const trial = await stage.run(['runs', 'discard', 'loser', '--dry-run', '--json']);
    expect(trial.json()).toMatchObject({ outcome: 'would-discard' });
    const refused = await stage.run(['runs', 'discard', 'loser', '--json']);
    expect(refused.code).toBe(2);
    expect(refused.json()).toMatchObject({ code: 'BL6002', remedy: expect.stringContaining('--yes') });
    const asked = await stage.run(['runs', 'discard', 'loser', '-r', 'bad source'], { answers: ['yes'] });
    expect(asked.err).toContain('2 partitions, 2 objects');
    expect(asked.err).toContain('Discard run loser of job-b for good? [y/N]');
    expect(asked.out).toBe('discarded loser\n');
    expect(stage.world.ledger.runs.get('loser')?.cause).toEqual({ code: 'BL2011', message: 'bad source' });
    expect((await stage.run(['runs', 'discard', 'loser'])).out).toMatch(/^already-discarded/);
  });

  it('of a run that cannot be discarded is refused before anybody is asked', async () => {
    const stage = await openStage();
    await conflict(stage.world);
    const { code, err } = await stage.run(['runs', 'discard', 'winner'], { answers: ['y'] });
    expect(code).toBe(5);
    expect(err).not.toContain('[y/N]');
  });

  it('means the newest attempt, as show does', async () => {
    const stage = await openStage();
    const [, loser] = await conflict(stage.world);
    const conflicted = stage.world.ledger.runs.get('loser') ?? loser;
    await stage.world.ledger.createRun({ ...conflicted, attempt: 1, branch: 'run-job-b-loser-a1' });
    await stage.run(['runs', 'discard', 'loser', '--yes']);
    expect(stage.world.ledger.runs.get('loser#1')?.state).toBe('DISCARDED');
    expect(stage.world.ledger.runs.get('loser')?.state).toBe('CONFLICTED');
  });
});

describe('runs show --watch', () => {
  it('follows to the end, then shows the run', async () => {
    const stage = await openStage();
    await stage.run(['runs', 'start', 'job-a', '--run-id', 'seen']);
    jobEnds(stage, 'SUCCEEDED', 'sales/dt=1/a');
    const { code, out } = await stage.run(['runs', 'show', 'seen', '--watch']);
    expect(code).toBe(0);
    expect(out).toMatch(/^seen {2}PROMOTED$/m);
  });
});

describe('the exit code of a run’s end', () => {
  const cases: readonly [RunState, string | undefined, number][] = [
    ['PROMOTED', undefined, 0],
    ['UNCHANGED', undefined, 0],
    ['DISCARDED', 'BL2005', 1],
    ['DISCARDED', 'BL2012', 7],
    ['DISCARDED', undefined, 1],
    ['CONFLICTED', 'BL2003', 5],
    ['CONFLICTED', undefined, 5],
    ['REJECTED', 'BL2013', 6],
    ['REJECTED', undefined, 6],
    ['AWAITING_APPROVAL', undefined, 5],
    ['ROLLED_BACK', 'BL2014', 5],
  ];
  it.each(cases)('%s by %s: %i', (state, code, exitCode) => {
    const cause = code === undefined ? {} : { cause: { code, message: 'x' } };
    expect(exitCodeOfRun({ ...sampleRun(), state, ...cause })).toBe(exitCode);
  });

  it('only what readers see, or what changed nothing, is 0', () => {
    for (const state of Object.values(RUN_STATE)) {
      const isGood = state === 'PROMOTED' || state === 'UNCHANGED';
      expect(exitCodeOfRun({ ...sampleRun(), state }) === 0).toBe(isGood);
    }
  });
});
