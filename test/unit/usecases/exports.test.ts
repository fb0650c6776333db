/** Exports by example: what they cost, what they leave alone, and what they say when they cannot. */
import { beforeEach, describe, expect, it } from 'vitest';
import { keyOf, MARKER } from '../../../lambdas/domain/export.ts';
import { justBefore } from '../../../lambdas/usecases/export-source.ts';
import { listExports, planExport, verifyExport } from '../../../lambdas/usecases/look-at-export.ts';
import { runExport } from '../../../lambdas/usecases/run-export.ts';
import { wakeExportsOf } from '../../../lambdas/usecases/run-exports.ts';
import { wakeExports } from '../../../lambdas/usecases/wake-exports.ts';
import { contentOf, EXPORT, type ExportWorld, makeExportWorld } from '../../fakes/exports.ts';

const FOREVER = Number.POSITIVE_INFINITY;
const ORDER = { name: 'plain', until: FOREVER };
const CONFIG = { ...EXPORT };

let world: ExportWorld;
beforeEach(async () => {
  world = await makeExportWorld(CONFIG);
});

const files = (count: number, content: string): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, i) => [`sales/dt=${String(i).padStart(4, '0')}/a`, `${content} ${String(i)}`]),
  );
const counted = (calls: readonly string[]): Record<string, number> =>
  Object.fromEntries([...Map.groupBy(calls, (call) => call)].map(([call, all]) => [call, all.length]));

describe('an export', () => {
  it('copies what changed, and nothing else', async () => {
    await world.change(files(1200, 'first'));
    expect(await runExport(world, ORDER)).toMatchObject({ outcome: 'exported', record: { last: { copied: 1200 } } });
    world.destination.calls.length = 0;
    world.lakefs.calls.length = 0;
    await world.change({ 'sales/dt=0007/a': 'new', 'sales/dt=0900/a': null });
    const { record } = await runExport(world, ORDER);
    expect(record?.last).toMatchObject({ mode: 'follow', copied: 1, removed: 1, kept: 0, bytes: 3 });
    // Part, Redshift's manifest, manifest, marker; one removal for the marker, one for what is gone.
    expect(counted(world.destination.calls)).toEqual({ copy: 1, put: 4, remove: 2, list: 1 });
    expect(world.lakefs.calls.filter((call) => call === 'list')).toHaveLength(1);
  });

  it('writes manifests that name each copy with its size', async () => {
    await world.change({ 'sales/dt=1/a': 'four', 'sales/dt=1/_SUCCESS': '' });
    const { record } = await runExport(world, ORDER);
    const read = (key: string): string => world.destination.objects.get(`out/lake/${key}`)?.content ?? '';
    const marker = JSON.parse(read(MARKER)) as { manifest: string };
    expect(marker).toMatchObject({ export: 'plain', repository: 'lake', commit: record?.commit });
    expect(marker.manifest).toBe(record?.last?.manifest);
    const manifest = JSON.parse(read(marker.manifest.replace('s3://out/lake/', ''))) as {
      parts: string[];
      redshift: string[];
    };
    const part = read(manifest.parts[0]?.replace('s3://out/lake/', '') ?? '');
    expect(
      part
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { key: 'sales/dt=1/_SUCCESS', url: 's3://out/lake/sales/dt=1/_SUCCESS', sizeBytes: 0, checksum: '' },
      { key: 'sales/dt=1/a', url: 's3://out/lake/sales/dt=1/a', sizeBytes: 4, checksum: 'four' },
    ]);
    // Redshift fails on empty files.
    expect(JSON.parse(read(manifest.redshift[0]?.replace('s3://out/lake/', '') ?? ''))).toEqual({
      entries: [{ url: 's3://out/lake/sales/dt=1/a', mandatory: true, meta: { content_length: 4 } }],
    });
  });

  it('leaves marker and copies alone where nothing in its scope changed', async () => {
    world.exportConfigs = [{ ...CONFIG, scopes: [{ path: 'sales/', to: 'sales/' }] }];
    await world.change({ 'sales/dt=1/a': 'a' });
    await runExport(world, ORDER);
    const before = new Map(world.destination.objects);
    world.destination.calls.length = 0;
    const commit = await world.change({ 'notes/a': 'a' });
    expect(await runExport(world, ORDER)).toMatchObject({
      outcome: 'exported',
      record: { commit, last: { copied: 0 } },
    });
    expect(world.destination.calls).toEqual([]);
    expect(world.destination.objects).toEqual(before);
  });

  it('refuses a destination that holds what it does not know, until it is adopted', async () => {
    world.destination.objects.set('out/lake/precious', { content: 'kept for years' });
    await world.change({ 'sales/dt=1/a': 'a' });
    const refused = await runExport(world, ORDER);
    expect(refused).toMatchObject({ outcome: 'failed', record: { failure: { code: 'BL9002' } } });
    expect(refused.record?.failure?.message).toContain('lake/precious');
    expect(world.destination.objects.size).toBe(1);
    expect((await runExport(world, { ...ORDER, adopt: true })).outcome).toBe('exported');
    expect(contentOf(world, CONFIG)).toEqual({ 'sales/dt=1/a': 'a' });
  });

  it('names objects that are gone, has copied the others, and has no marker', async () => {
    await world.change({ 'sales/dt=1/a': 'a', 'sales/dt=2/a': 'b' });
    for await (const { physicalAddress } of world.lakefs.listObjects('lake', 'main', { prefix: 'sales/dt=1/' }))
      world.destination.gone.add(physicalAddress);
    const { outcome, record } = await runExport(world, ORDER);
    expect(outcome).toBe('failed');
    expect(record?.failure).toMatchObject({ code: 'BL9003', message: expect.stringContaining('sales/dt=1/a') });
    expect(contentOf(world, CONFIG)).toEqual({ 'sales/dt=2/a': 'b' });
    expect(world.destination.objects.has(`out/lake/${MARKER}`)).toBe(false);
    world.destination.gone.clear();
    expect(await runExport(world, ORDER)).toMatchObject({ outcome: 'exported' });
    expect((await world.exports.get('plain'))?.failure).toBeUndefined();
  });

  it('of a name that is not configured says which are', async () => {
    await expect(runExport(world, { ...ORDER, name: 'plane' })).rejects.toMatchObject({
      code: 'BL9001',
      message: expect.stringContaining('configured are: plain'),
    });
  });
});

describe('a look', () => {
  it('tells what would be done, and does nothing', async () => {
    await world.change({ 'sales/dt=1/a': 'a', 'sales/dt=2/a': 'bb' });
    expect(await planExport(world, { ...ORDER, compare: false })).toMatchObject({
      ...{ outcome: 'would-export', mode: 'compare', missing: 2, surplus: 0, bytes: 3, complete: true },
      examples: ['missing sales/dt=1/a', 'missing sales/dt=2/a'],
    });
    expect(world.destination.objects.size).toBe(0);
    expect(await verifyExport(world, ORDER)).toEqual({ outcome: 'never-exported' });
  });

  it('finds another content of the same size, what is missing, and what nobody exported', async () => {
    await world.change({ 'sales/dt=1/a': 'aaa', 'sales/dt=2/a': 'bbb' });
    await runExport(world, ORDER);
    expect(await verifyExport(world, ORDER)).toMatchObject({ outcome: 'whole', examples: [] });
    world.destination.objects.set('out/lake/sales/dt=1/a', { content: 'xxx', checksum: 'other' });
    world.destination.objects.delete('out/lake/sales/dt=2/a');
    world.destination.objects.set('out/lake/sales/dt=3/a', { content: 'stray' });
    expect(await verifyExport(world, ORDER)).toMatchObject({
      ...{ outcome: 'drifted', missing: 1, different: 1, surplus: 1 },
      examples: ['different sales/dt=1/a', 'missing sales/dt=2/a', 'surplus sales/dt=3/a'],
    });
    expect((await runExport(world, { ...ORDER, compare: true })).outcome).toBe('exported');
    expect(await verifyExport(world, ORDER)).toMatchObject({ outcome: 'whole' });
  });

  it('at all of them tells how each stands', async () => {
    world.exportConfigs = [CONFIG, { ...CONFIG, name: 'tagged', target: undefined, tag: 'none', prefix: 'tag/' }];
    await world.change({ 'sales/dt=1/a': 'a' });
    await runExport(world, ORDER);
    await world.change({ 'sales/dt=1/a': 'b' });
    expect((await listExports(world)).map(({ name, state }) => [name, state])).toEqual([
      ['plain', 'behind'],
      ['tagged', 'never-exported'],
    ]);
  });
});

describe('wake-ups', () => {
  it('of a target go to the exports that follow it', async () => {
    world.exportConfigs = [
      CONFIG,
      { ...CONFIG, name: 'by-hand', trigger: 'manual' },
      { ...CONFIG, name: 'other', target: 'staging' },
    ];
    expect(await wakeExportsOf(world, { repository: 'lake', target: 'main' }, 'm1')).toEqual(['plain']);
    expect(world.exportQueue.woken).toEqual(['plain']);
  });

  it('by reconcile go to what is behind or was left half-way', async () => {
    await world.change({ 'sales/dt=1/a': 'a' });
    world.clock.advance(60_000);
    expect(await wakeExports(world)).toEqual({ woken: 1, failed: 0, lagSeconds: 60 });
    await runExport(world, ORDER);
    expect(await wakeExports(world)).toEqual({ woken: 0, failed: 0, lagSeconds: 0 });
    world.exportConfigs = [{ ...CONFIG, trigger: 'schedule' }];
    const commit = await world.change({ 'sales/dt=1/a': 'b' });
    expect((await wakeExports(world)).woken).toBe(0);
    const record = await world.exports.get('plain');
    if (record === undefined) throw new Error('no entry');
    const run = { id: 'x', digest: 'd', mode: 'compare' as const, to: commit, startedAt: 0, phase: 'copy' as const };
    const counts = { parts: 0, copied: 0, removed: 0, kept: 0, bytes: 0 };
    await world.exports.put({ ...record, version: record.version + 1, run: { ...run, ...counts } });
    world.clock.advance(600_000);
    expect((await wakeExports(world)).woken).toBe(1);
  });
});

describe('keys', () => {
  const table = { path: 'raw/sales/', to: 'sales/', partitionColumns: ['day'] };
  it.each([
    [{ path: '', to: '' }, 'a/b', 3, 'a/b'],
    [{ path: '', to: '' }, 'a/', 0, undefined],
    [{ path: '', to: '' }, '_branchline/claim.json', 3, undefined],
    [{ path: 'a/', to: 'a/' }, 'b/c', 3, undefined],
    [table, 'raw/sales/day=1/part-0', 3, 'sales/day=1/part-0'],
    [table, 'raw/sales/day=1/_SUCCESS', 3, undefined],
    [table, 'raw/sales/day=1/part-0', 0, undefined],
    [table, 'raw/sales/stray', 3, undefined],
  ])('%j %s of %i bytes → %s', (scope, path, sizeBytes, key) => {
    expect(keyOf(scope, { path, sizeBytes, isPrefix: false })).toBe(key);
  });
});

it.each(['a/b', 'dt=1/é', 'x', '~', 'a\u{1f600}'])('just before %s nothing of it is left out', (path) => {
  expect(Buffer.compare(Buffer.from(justBefore(path)), Buffer.from(path))).toBe(-1);
});
