import { beforeAll, describe, expect, test } from 'vitest';
import { VERSION } from '../../lambdas/contract.ts';
import type { Run } from '../../lambdas/domain/run.ts';
import type { Target } from '../../lambdas/domain/target.ts';
import type { Check } from '../../lambdas/payloads.ts';
import type { RunDetails } from '../../lambdas/usecases/inspect.ts';
import type { StartAnswer } from '../../lambdas/usecases/start-run.ts';
import { branchline } from './setup/cli.ts';
import { openHarness } from './setup/harness.ts';
import { argumentsFor, createJob, type Work } from './setup/jobs.ts';

const harness = openHarness();
const JOB = 'it-cli';
const OTHER = 'it-cli-other';

beforeAll(async () => {
  for (const job of [JOB, OTHER]) await createJob(harness, job);
});

const argumentWords = (work: Work): string[] =>
  Object.entries(argumentsFor(work)).flatMap(([name, value]) => ['--arg', `${name}=${value}`]);

const start = async (job: string, work: Work): Promise<Run> => {
  const { code, json, err } = await branchline(['runs', 'start', job, '--json', ...argumentWords(work)]);
  expect(code, err).toBe(0);
  return json<StartAnswer>().run;
};

/** Of two runs that overwrite one partition, the one that waits. */
const conflicted = async (partition: string): Promise<Run> => {
  const runs = await Promise.all([
    start(JOB, { files: { [`${partition}a.txt`]: 'a' }, holdSeconds: 4 }),
    start(OTHER, { files: { [`${partition}b.txt`]: 'b' }, holdSeconds: 4 }),
  ]);
  const ended = await Promise.all(runs.map(({ runId }) => harness.waitForRun(runId, ['PROMOTED', 'CONFLICTED'])));
  const loser = ended.find(({ state }) => state === 'CONFLICTED');
  if (loser === undefined) throw new Error(`both ended ${ended.map(({ state }) => state).join()}`);
  return loser;
};

describe('runs start --wait', () => {
  test('ends with 0 once the run is promoted; list and show tell of it', async () => {
    const work = { files: { 'it-cli/a.txt': 'one' } };
    const { code, out, err } = await branchline(['runs', 'start', JOB, '--wait', ...argumentWords(work)]);
    expect(code, err).toBe(0);
    const [, id = ''] = /^(\S+) PROMOTED\n$/.exec(out) ?? [];
    expect([...(await harness.listing('main', 'it-cli/')).keys()]).toEqual(['it-cli/a.txt']);

    const list = await branchline(['runs', 'list', '--job', JOB, '--state', 'promoted']);
    expect(list.code).toBe(0);
    expect(list.out).toMatch(new RegExp(`^${id} +PROMOTED +${JOB} `, 'm'));
    const show = await branchline(['runs', 'show', id]);
    expect(show.out).toMatch(/✓ PROMOTED/);
    expect(show.out).toMatch(/Commits\n.* promotion .*\n.* run /);
    const { attempts } = (await branchline(['runs', 'show', id, '--json'])).json<{ attempts: RunDetails[] }>();
    expect(attempts).toMatchObject([{ run: { runId: id, state: 'PROMOTED' }, partitions: ['it-cli/'] }]);
  });

  test('ends with 1 where the job failed, and with one JSON object that says why', async () => {
    const { code, json, err } = await branchline([
      ...['runs', 'start', JOB, '--wait', '--json'],
      ...argumentWords({ fail: true }),
    ]);
    expect({ code, err }).toEqual({ code: 1, err: '' });
    const { run } = json<StartAnswer>();
    expect(run).toMatchObject({ state: 'DISCARDED', cause: { code: 'BL2005' } });
    const list = await branchline(['runs', 'list', '--state', 'DISCARDED', '--job', JOB]);
    expect(list.out).toMatch(/BL2005 .*told to fail$/m);
  });

  test('ends with 7 where the time is up; the run goes on', async () => {
    const words = ['runs', 'start', JOB, '--wait', '--timeout', '1s', '--json', ...argumentWords({ holdSeconds: 4 })];
    const { code, json } = await branchline(words);
    expect(code).toBe(7);
    const { data } = json<{ data: { runId: string } }>();
    const watched = await branchline(['runs', 'show', data.runId, '--watch']);
    expect(watched.code).toBe(0);
    expect(watched.out).toContain('UNCHANGED');
  });

  test('a repeat with the same run id starts nothing twice', async () => {
    const words = ['runs', 'start', JOB, '--run-id', `it_cli_${String(Date.now())}`, '--json'];
    const first = (await branchline(words)).json<StartAnswer>();
    const second = (await branchline(words)).json<StartAnswer>();
    expect([first.outcome, second.outcome]).toEqual(['started', 'already-started']);
    expect(second.run.jobRunId).toBe(first.run.jobRunId);
  });
});

describe('a conflict', () => {
  test('is discarded: refused without --yes, tried by --dry-run, done with --yes', async () => {
    const { runId } = await conflicted('events/day=2026-12-01/');
    const waiting = (await branchline(['runs', 'list', '--waiting', '--json'])).json<{ runs: Run[] }>();
    expect(waiting.runs.map((run) => run.runId)).toContain(runId);
    const show = await branchline(['runs', 'show', runId]);
    expect(show.out).toMatch(/^Conflict\n {2}partition {2}events\/day=2026-12-01\/ {2}by run /m);
    expect((await branchline(['runs', 'discard', runId])).code).toBe(2);
    expect((await branchline(['runs', 'discard', runId, '--dry-run'])).out).toContain('would-discard');
    expect((await harness.run(runId))?.state).toBe('CONFLICTED');
    const { code, out } = await branchline(['runs', 'discard', runId, '--reason', 'not needed', '--yes']);
    expect({ code, out }).toEqual({ code: 0, out: `discarded ${runId}\n` });
    expect((await harness.run(runId))?.cause).toEqual({ code: 'BL2011', message: 'not needed' });
    const again = await branchline(['runs', 'promote', runId, '--json']);
    expect(again.code).toBe(5);
    expect(again.json()).toMatchObject({ code: 'BL1005', remedy: expect.stringContaining('runs show') });
  });

  test('is promoted with a strategy: the plan is told, the run wins its partition', async () => {
    const partition = 'events/day=2026-12-02/';
    const { runId, job } = await conflicted(partition);
    const words = ['runs', 'promote', runId, '--strategy', 'source-wins'];
    const plan = (await branchline([...words, '--dry-run', '--json'])).json();
    expect(plan).toMatchObject({ contested: [partition], objectsCopied: 1, objectsRemoved: 1 });
    const { code, out, err } = await branchline([...words, '--yes', '--wait']);
    expect(code, err).toBe(0);
    expect(out).toBe(`${runId} PROMOTED\n`);
    expect([...(await harness.listing('main', partition)).keys()]).toEqual([
      `${partition}${job === JOB ? 'a' : 'b'}.txt`,
    ]);
  });

  test('is retried: the wait goes over to the new run', async () => {
    const { runId } = await conflicted('events/day=2026-12-03/');
    const { code, out, err } = await branchline(['runs', 'retry', runId, '--wait']);
    expect(code, err).toBe(0);
    expect(out).toBe(`${runId}-r1 PROMOTED\n`);
  });
});

describe('what is not there', () => {
  test.each([
    [['runs', 'show', 'nowhere'], 3, 'BL1004'],
    [['runs', 'start', 'no-pipeline'], 3, 'BL1003'],
    [['runs', 'start', 'it-cli-no-such-job'], 3, 'BL4004'],
    [['runs', 'list', '--prefix', 'nobody'], 3, 'BL6003'],
    [['targets', 'accept', 'nowhere', '--yes'], 3, 'BL3004'],
    [['targets', 'accept', 'lake/main', '--yes'], 5, 'BL1005'],
    [['runs', 'list', '--state', 'odd'], 2, 'BL6001'],
  ])('%j: exit code %i, %s', async (words, exitCode, code) => {
    const ended = await branchline([...words, '--json']);
    expect({ code: ended.code, err: ended.err }).toEqual({ code: exitCode, err: '' });
    expect(ended.json()).toMatchObject({ code });
  });

  test('no AWS there, no region, no credentials', async () => {
    const words = ['runs', 'list', '--json'];
    const away = await branchline(words, { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' });
    expect({ code: away.code, ...away.json<object>() }).toMatchObject({ code: 'BL6005' });
    expect(away.code).toBe(1);
    const nowhere = await branchline(words, { AWS_REGION: '', AWS_CONFIG_FILE: '/dev/null' });
    expect(nowhere.code).toBe(4);
    const nobody = await branchline(words, {
      ...{ AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_EC2_METADATA_DISABLED: 'true' },
      ...{ AWS_SHARED_CREDENTIALS_FILE: '/dev/null', AWS_CONFIG_FILE: '/dev/null' },
    });
    expect(nobody.code).toBe(4);
    expect(nobody.json()).toMatchObject({ code: 'BL6004' });
  });
});

test('targets list names the target that readers see', async () => {
  const { code, json } = await branchline(['targets', 'list', '--json']);
  expect(code).toBe(0);
  const { targets } = json<{ targets: Target[] }>();
  expect(targets).toContainEqual(expect.objectContaining({ repository: harness.repository, branch: 'main' }));
});

test('doctor finds nothing that fails, from here and from the deployment', async () => {
  const { code, json, err } = await branchline(['doctor', '--json']);
  const { checks } = json<{ checks: (Check & { from: string })[] }>();
  const names = checks.map(({ name }) => name);
  // Other tests may leave dead letters behind on purpose.
  expect(checks.filter(({ name, status }) => status === 'failed' && !name.includes('-dlq'))).toEqual([]);
  expect([0, 1]).toContain(code);
  expect(err).toBe('');
  expect(names).toEqual(
    expect.arrayContaining([
      ...['credentials', 'permission to invoke branchline-resolve-run', 'clock of this machine', 'version'],
      ...['configuration', 'lakeFS', 'permission to read jobs', 'ledger', 'clock of lakeFS', 'clock of AWS'],
      ...['queue branchline-settle', 'queue branchline-promotions-dlq.fifo', `target ${harness.repository}/main`],
    ]),
  );
});

test('the version needs no AWS', async () => {
  const { code, out } = await branchline(['--version'], { AWS_ENDPOINT_URL: '' });
  expect({ code, out }).toEqual({ code: 0, out: `${VERSION}\n` });
});
