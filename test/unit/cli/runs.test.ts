import { describe, expect, it } from 'vitest';
import { FUNCTION } from '../../../lambdas/contract.ts';
import type { Run } from '../../../lambdas/domain/run.ts';
import type { RunDetails } from '../../../lambdas/usecases/inspect.ts';
import { conflict, failure, openStage } from './stage.ts';

describe('runs list', () => {
  it('shows runs, newest first, each with the line of its cause that says something', async () => {
    const stage = await openStage();
    await conflict(stage.world);
    stage.world.clock.advance(5_000);
    await failure(stage.world);
    const { code, out, err } = await stage.run(['runs', 'list']);
    expect(code).toBe(0);
    expect(err).toBe('');
    const lines = out.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^RUN +STATE +JOB +TARGET +OPENED +TOOK +CAUSE$/);
    expect(lines[1]).toMatch(
      /^broken +DISCARDED +job-c +lake\/main +2026-01-01T00:00:05Z +0s +BL2005 ZeroDivisionError: division by zero$/,
    );
    expect(out).toMatch(/^loser +CONFLICTED .*BL2003 partition sales\/dt=1\/ changed on main too \(run winner\)$/m);
    expect(out).not.toContain('Traceback');
  });

  it('filters, and says so where nothing is left', async () => {
    const stage = await openStage();
    await conflict(stage.world);
    const ids = async (...words: string[]): Promise<string[]> =>
      (await stage.run(['runs', 'list', '--json', ...words])).json<{ runs: Run[] }>().runs.map(({ runId }) => runId);
    expect(await ids('--waiting')).toEqual(['loser']);
    expect(await ids('--state', 'promoted,open')).toEqual(['winner']);
    expect(await ids('-s', 'PROMOTED', '-s', 'CONFLICTED', '-n', '9')).toHaveLength(2);
    expect(await ids('--job', 'job-b')).toEqual(['loser']);
    expect(await ids('--limit', '1')).toHaveLength(1);
    expect(await ids('--repository', 'other')).toEqual([]);
    expect(await ids('--target', 'other')).toEqual([]);
    expect(await stage.run(['runs', 'list', '--job', 'x'])).toMatchObject({ code: 0, out: '', err: 'no such run\n' });
    expect((await stage.run(['runs', 'list', '--limit', '1'])).err).toContain('more with --limit');
  });

  it.each([[40], [80], [120]])('fits into %i columns', async (columns) => {
    const stage = await openStage();
    await conflict(stage.world);
    for (const line of (await stage.run(['runs', 'list'], { columns })).out.split('\n'))
      expect(line.length).toBeLessThanOrEqual(columns);
  });
});

describe('runs show', () => {
  it('draws timeline, commits, conflict, changes, and what can be done', async () => {
    const stage = await openStage();
    await conflict(stage.world);
    const { code, out } = await stage.run(['runs', 'show', 'loser']);
    expect(code).toBe(0);
    expect(out).toMatch(/^loser {2}CONFLICTED$/m);
    expect(out).toMatch(/^ {2}2026-01-01T00:00:00Z {2}\+0s {2}• OPEN +start requested$/m);
    expect(out).toMatch(/! CONFLICTED {2}partition sales\/dt=1\/ changed on main too/);
    expect(out).toMatch(/^Commits\n {2}\S{1,12} +\S+Z {2}run {2}\S/m);
    expect(out).toMatch(/^Conflict\n {2}partition {2}sales\/dt=1\/ {2}by run winner/m);
    expect(out).toMatch(/^Changed: 2 partitions, 2 objects\n {2}sales\/dt=1\/\n {2}sales\/dt=2\/$/m);
    for (const next of ['retry loser', 'promote loser --strategy source-wins --dry-run', 'discard loser'])
      expect(out).toContain(`  branchline runs ${next}`);
  });

  it('fits into the terminal but for commands to copy', async () => {
    const stage = await openStage();
    await conflict(stage.world);
    const { out } = await stage.run(['runs', 'show', 'loser'], { columns: 50 });
    for (const line of out.split('\n').filter((each) => !each.includes('branchline runs')))
      expect(line.length).toBeLessThanOrEqual(50);
  });

  it('says that there is nothing to do about a promoted run', async () => {
    const stage = await openStage();
    await conflict(stage.world);
    const { out } = await stage.run(['runs', 'show', 'winner']);
    expect(out).toMatch(/✓ PROMOTED/);
    expect(out).toMatch(/promotion {2}Promote job-a/);
    expect(out).not.toMatch(/^Next$/m);
    expect(out).not.toMatch(/^Conflict$/m);
  });

  it('shows the newest of several attempts, and names the others', async () => {
    const stage = await openStage();
    const run = await failure(stage.world);
    await stage.world.ledger.createRun({ ...run, attempt: 1, version: 1, state: 'OPEN' });
    const { out, err } = await stage.run(['runs', 'show', 'broken']);
    expect(out).toMatch(/^broken#1 {2}OPEN$/m);
    expect(out).toMatch(/Other attempts of broken\n.*\nbroken +DISCARDED/);
    expect(err).toContain("branchline runs show 'broken'");
    for (const words of [['broken', '--attempt', '0'], ['broken#0']]) {
      const one = (await stage.run(['runs', 'show', ...words, '--json'])).json<{ attempts: RunDetails[] }>();
      expect(one.attempts.map((each) => each.run.attempt)).toEqual([0]);
    }
  });

  it.each([
    ['nowhere', 3, 'BL1004'],
    ['bad/id', 2, 'BL6001'],
    ['loser#x', 2, 'BL6001'],
  ])('%s: exit code %i', async (id, exitCode, code) => {
    const { code: found, json } = await (await openStage()).run(['runs', 'show', id, '--json']);
    expect(found).toBe(exitCode);
    expect(json()).toMatchObject({ code });
  });

  it('an attempt named twice must be the same', async () => {
    expect((await (await openStage()).run(['runs', 'show', 'a#1', '--attempt', '2'])).code).toBe(2);
  });
});

describe('what changes nothing asks nothing', () => {
  it('list and show invoke inspect alone', async () => {
    const stage = await openStage();
    await conflict(stage.world);
    await stage.run(['runs', 'list']);
    await stage.run(['runs', 'show', 'loser']);
    expect(new Set(stage.calls.map(({ name }) => name))).toEqual(new Set([FUNCTION.inspect]));
  });
});
