/** Large exports by Spark: when a job run is begun, what it is told, what is sealed when, and what becomes of one that was left. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { ExportConfig, ExportScale } from '../../../lambdas/contract.ts';
import { EXPORT_LEASE_MS, MARKER } from '../../../lambdas/domain/export.ts';
import { copyPlanned } from '../../../lambdas/usecases/copy-chunk.ts';
import { runExport } from '../../../lambdas/usecases/run-export.ts';
import { contentOf, EXPORT, type ExportWorld, makeExportWorld } from '../../fakes/exports.ts';

const FOREVER = Number.POSITIVE_INFINITY;
const ORDER = { name: 'plain', until: FOREVER };
const scaled = (scale: Partial<ExportScale> = {}): ExportConfig => ({
  ...EXPORT,
  kmsKeyArn: 'arn:key',
  scale: {
    ...{ engine: 'spark', aboveObjects: 0, aboveBytes: 1e12, chunkObjects: 2 },
    ...{ concurrency: 4, toleratedFailurePercent: 7, ...scale },
  },
});

let world: ExportWorld;
beforeEach(async () => {
  world = await makeExportWorld(scaled());
  await world.change({ 'a/1': '1', 'a/2': '2', 'a/3': '3' });
});

const keys = (part: string): string[] => [...world.destination.objects.keys()].filter((at) => at.includes(part));
const orders = (): string[] => keys('/spark/');
const execution = async () => (await world.exports.get('plain'))?.run?.execution;
const copyAll = async (): Promise<void> => {
  for (const at of keys('/todo/')) {
    const key = at.slice('out/'.length);
    const run = /exports\/([^/]+)\//.exec(key)?.[1] ?? '';
    await copyPlanned(world, { export: 'plain', run, key, until: FOREVER });
  }
};
const end = (said: string): void => {
  for (const name of world.exportJobs.executions.keys()) world.exportJobs.end(name, world.clock.now(), said);
};

describe('an export by Spark', () => {
  it('begins one run of its job, and leaves what it is to do beside the chunks', async () => {
    const { outcome, record } = await runExport(world, ORDER);
    expect(outcome).toBe('waiting');
    const name = record?.run?.execution?.name ?? '';
    expect(record?.run).toMatchObject({ phase: 'map', parts: 2, tries: 1, execution: { engine: 'spark' } });
    const at = `lake/_branchline/exports/${record?.run?.id ?? ''}/spark/${name}.json`;
    expect([...world.exportJobs.executions]).toEqual([
      [name, { order: { uri: `s3://out/${at}` }, state: { state: 'running' } }],
    ]);
    expect(JSON.parse(world.destination.objects.get(`out/${at}`)?.content ?? '')).toEqual({
      ...{ export: 'plain', run: record?.run?.id, prefix: 'lake/' },
      ...{ toleratedFailurePercent: 7, kmsKeyArn: 'arn:key' },
    });
    expect(world.exportMaps.executions.size).toBe(0);
    await runExport(world, ORDER);
    expect(world.exportJobs.executions.size).toBe(1);
  });

  it('is sealed when nothing is left and the job run is over, not before', async () => {
    await runExport(world, ORDER);
    await copyAll();
    expect(keys('/todo/')).toEqual([]);
    // Executors of it may still write.
    expect((await runExport(world, ORDER)).outcome).toBe('waiting');
    expect(world.destination.objects.has(`out/lake/${MARKER}`)).toBe(false);
    end('SUCCEEDED');
    expect(await runExport(world, ORDER)).toMatchObject({ outcome: 'exported', record: { last: { copied: 3 } } });
    expect(contentOf(world, EXPORT)).toEqual({ 'a/1': '1', 'a/2': '2', 'a/3': '3' });
    expect(orders()).toEqual([]);
  });

  it('that left chunks behind says what the job run said, and begins another one for what is left', async () => {
    await runExport(world, ORDER);
    const first = await execution();
    end('job run jr_1 is FAILED: LeftBehind');
    const failed = await runExport(world, ORDER);
    expect(failed).toMatchObject({ outcome: 'failed', record: { failure: { code: 'BL8110' } } });
    expect(failed.record?.failure?.message).toContain(
      `2 of 2 chunks were not copied by ${first?.name ?? ''}: job run jr_1 is FAILED: LeftBehind`,
    );
    // What was told once is told no more to whoever comes late.
    expect(orders()).toEqual([]);
    expect((await runExport(world, ORDER)).outcome).toBe('waiting');
    const second = await execution();
    expect(second).toMatchObject({ engine: 'spark', name: expect.stringMatching(/-2$/) });
    expect(orders()).toEqual([expect.stringContaining(`${second?.name ?? ''}.json`)]);
    await copyAll();
    end('SUCCEEDED');
    expect((await runExport(world, ORDER)).outcome).toBe('exported');
  });

  it('begins the run that nobody began, or for which there was no room', async () => {
    await runExport(world, ORDER);
    world.exportJobs.executions.clear();
    expect((await runExport(world, ORDER)).outcome).toBe('waiting');
    expect([...world.exportJobs.executions.keys()]).toEqual([(await execution())?.name]);
  });

  it('is configured anew: what is under way is stopped, and followed by the new run when nothing of it can write', async () => {
    await runExport(world, ORDER);
    world.exportConfigs = [{ ...scaled(), scopes: [{ path: 'a/', to: 'b/' }] }];
    expect((await runExport(world, ORDER)).outcome).toBe('waiting');
    expect(orders()).toEqual([]);
    expect([...world.exportJobs.executions.values()].map(({ state }) => state.state)).toEqual(['ended']);
    world.clock.advance(EXPORT_LEASE_MS);
    const { outcome, record } = await runExport(world, { ...ORDER, adopt: true });
    expect(outcome).toBe('waiting');
    expect(record?.run?.id).toMatch(/^000002/);
    expect(orders()).toEqual([expect.stringContaining(`/${record?.run?.execution?.name ?? ''}.json`)]);
  });

  it('goes on by the map where a deployment took the job away, after its executors have given up', async () => {
    await runExport(world, ORDER);
    world.exportConfigs = [scaled({ engine: 'map' })];
    expect((await runExport(world, ORDER)).outcome).toBe('waiting');
    // Nobody can be asked about the job run any more: without its order it ends by itself.
    expect(orders()).toEqual([]);
    expect(world.exportMaps.executions.size).toBe(0);
    expect((await runExport(world, ORDER)).outcome).toBe('waiting');
    expect(world.exportMaps.executions.size).toBe(0);
    world.clock.advance(16 * 60_000);
    await runExport(world, ORDER);
    expect(world.exportMaps.executions.size).toBe(1);
    await copyAll();
    expect((await runExport(world, ORDER)).outcome).toBe('exported');
  });

  it('with `auto` is one of the map up to so many objects', async () => {
    world.exportConfigs = [scaled({ engine: 'auto', sparkAboveObjects: 4 })];
    await runExport(world, ORDER);
    expect([world.exportMaps.executions.size, world.exportJobs.executions.size]).toEqual([1, 0]);
    const larger = await makeExportWorld(scaled({ engine: 'auto', sparkAboveObjects: 3 }));
    await larger.change({ 'a/1': '1', 'a/2': '2', 'a/3': '3' });
    await runExport(larger, ORDER);
    expect([larger.exportMaps.executions.size, larger.exportJobs.executions.size]).toEqual([0, 1]);
  });
});
