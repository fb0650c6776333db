import { expect, test } from 'vitest';
import { BranchlineError } from '../../../lambdas/domain/errors.ts';
import type { Gauges, QueueDepth } from '../../../lambdas/ports.ts';
import { doctor } from '../../../lambdas/usecases/doctor.ts';
import { setUp } from '../../../lambdas/usecases/set-up.ts';
import { makeWorld, type World } from '../../fakes/ports.ts';

const depth = (queue: string, waiting: number, isDeadLetters = queue.includes('-dlq')): QueueDepth => ({
  ...{ queue, isDeadLetters, waiting, inFlight: 0 },
});
const gaugesOf = (queues: readonly QueueDepth[] = [], skewMs = 0): Gauges => ({
  queueDepths: async () => queues,
  clockSkew: async () => skewMs,
});

const healthy = async (): Promise<World> => {
  const world = await makeWorld({ jobs: ['job-a', 'job-*'] });
  await setUp(world, { pause: () => Promise.resolve() });
  return world;
};

const findings = async (world: World, gauges?: Gauges) => {
  const checks = await doctor(gauges === undefined ? world : { ...world, gauges }, { limitMs: 200 });
  return new Map(checks.map((check) => [check.name, check]));
};

test('a healthy deployment has nothing that fails', async () => {
  const found = await findings(
    await healthy(),
    gaugesOf([depth('branchline-settle', 3), depth('branchline-settle-dlq', 0)]),
  );
  expect([...found.values()].filter(({ status }) => status !== 'ok')).toEqual([]);
  expect([...found.keys()]).toEqual([
    ...['version', 'configuration', 'lakeFS', 'health of lakeFS', 'TLS of lakeFS', 'metadata store', 'latency'],
    ...[
      'repository lake',
      'garbage-collection rules of lake',
      'target lake/main',
      'storage of lake',
      'presigned access to lake',
    ],
    ...['permission to read jobs', 'job job-a', 'ledger'],
    ...['queue branchline-settle', 'queue branchline-settle-dlq', 'clock of lakeFS', 'clock of AWS'],
  ]);
});

test('dead letters fail, a backlog warns', async () => {
  const found = await findings(await healthy(), gaugesOf([depth('a', 5000), depth('a-dlq', 1)]));
  expect(found.get('queue a')?.status).toBe('warning');
  expect(found.get('queue a-dlq')).toMatchObject({ status: 'failed', remedy: expect.stringContaining('redrive') });
});

test.each([
  [0, 'ok'],
  [4_900, 'ok'],
  [-20_000, 'warning'],
  [20_000, 'warning'],
  [-400_000, 'failed'],
])('clocks %i ms apart: %s', async (skewMs, status) => {
  const found = await findings(await healthy(), gaugesOf([], skewMs));
  expect(found.get('clock of lakeFS')?.status).toBe(status);
  expect(found.get('clock of AWS')?.status).toBe(status);
});

test('what hangs or throws is told in its place, and costs the others nothing', async () => {
  const world = await healthy();
  const found = await findings(world, {
    queueDepths: () => new Promise(() => undefined),
    clockSkew: () => Promise.reject(new BranchlineError('BL3001', 'no route')),
  });
  expect(found.get('queues')).toMatchObject({ status: 'failed', message: expect.stringContaining('no answer within') });
  expect(found.get('clock of lakeFS')).toMatchObject({ status: 'failed', remedy: expect.any(String) });
  expect(found.get('ledger')?.status).toBe('ok');
});

test('a configuration that cannot be read is one finding; ledger and lakeFS are looked at all the same', async () => {
  const world = await healthy();
  const checks = await doctor({
    ...world,
    config: { load: () => Promise.reject(new BranchlineError('BL1002', 'not JSON')) },
  });
  expect(checks.map(({ name, status }) => [name, status])).toEqual([
    ['version', 'ok'],
    ['configuration', 'failed'],
    ['lakeFS', 'ok'],
    ['health of lakeFS', 'ok'],
    ['TLS of lakeFS', 'ok'],
    ['ledger', 'ok'],
  ]);
});

test('jobs that may not be read are one finding', async () => {
  const world = await healthy();
  world.glue.getJob = () => Promise.reject(new BranchlineError('BL4002', 'glue:GetJob: AccessDenied'));
  const found = await findings(world);
  expect(found.get('permission to read jobs')).toMatchObject({ status: 'failed' });
  expect(found.has('job job-a')).toBe(false);
});

test('a job with bookmarks may run once at a time only', async () => {
  const world = await healthy();
  const defaultArguments = { '--job-bookmark-option': 'job-bookmark-enable' };
  world.glue.addJob('job-a', { defaultArguments });
  expect((await findings(world)).get('job job-a')?.status).toBe('failed');
  world.glue.addJob('job-a', { defaultArguments, maxConcurrentRuns: 1 });
  expect((await findings(world)).get('job job-a')?.status).toBe('ok');
});

test('an unprotected target and a missing repository fail', async () => {
  const world = await makeWorld();
  expect((await findings(world)).get('target lake/main')).toMatchObject({ status: 'failed', message: 'not protected' });
  const config = await world.config.load();
  const repositories = config.repositories.map((each) => ({ ...each, name: 'nowhere' }));
  const found = await findings({ ...world, config: { load: async () => ({ ...config, repositories }) } });
  expect(found.get('repository nowhere')?.status).toBe('failed');
});
