/** Tables at other refs. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { PreviewPorts } from '../../../../lambdas/catalog-ports.ts';
import { MAX_PREVIEWS, PREVIEW_LEASE_MS, previewName } from '../../../../lambdas/domain/catalog/preview.ts';
import { dropPreview, sweepPreviews } from '../../../../lambdas/usecases/drop-preview.ts';
import { makePreview, type PreviewRequest } from '../../../../lambdas/usecases/make-preview.ts';
import { refreshCatalog } from '../../../../lambdas/usecases/refresh-catalog.ts';
import { type CatalogWorld, makeCatalogWorld, PUBLISHED, readSymlinks } from '../../../fakes/catalog.ts';

const EVER = Number.POSITIVE_INFINITY;
let world: CatalogWorld;
const make = (request: Partial<PreviewRequest> = {}, ports: PreviewPorts = world, until = EVER) =>
  makePreview(ports, { ref: 'run-x', ...request }, until);
const databases = (): string[] =>
  [...new Set([...world.catalog.tables.keys()].map((id) => id.split('.')[0] ?? ''))].sort();
const rows = (database: string) => readSymlinks(world, database, 'sales');
const put = (branch: string, path: string, content: string) =>
  world.lakefs.putObject('lake', branch, path, new TextEncoder().encode(content));

beforeEach(async () => {
  world = await makeCatalogWorld();
  const base = await world.change({ 'sales/dt=1/a': 'a', 'stock/a': 'b' });
  await refreshCatalog(world, { repository: 'lake', target: 'main', until: EVER });
  await world.lakefs.createBranch('lake', 'run-x', base);
  await put('run-x', 'sales/dt=2/a', 'of the run');
  await world.lakefs.commit('lake', 'run-x', { message: 'work', metadata: {} });
});

describe('a preview', () => {
  it('shows the tables at the ref, in a database of its own, and leaves what readers see alone', async () => {
    const before = structuredClone([...(world.catalog.partitions.get('db.sales') ?? [])]);
    const { outcome, preview, hasUncommitted } = await make({ name: 'mine' });
    expect([outcome, hasUncommitted]).toEqual(['ready', false]);
    expect(preview).toMatchObject({ state: 'READY', database: 'branchline_preview_mine', ref: 'run-x' });
    expect(preview.tables).toEqual(['sales', 'deep', 'stock']);
    expect(preview.expiresAt - world.clock.now()).toBe(24 * 3_600_000);
    expect(Object.keys(rows('branchline_preview_mine'))).toEqual(['["1"]', '["2"]']);
    expect(Object.keys(rows('db'))).toEqual(['["1"]']);
    expect([...(world.catalog.partitions.get('db.sales') ?? [])]).toEqual(before);
    expect(world.catalog.tables.get('branchline_preview_mine.sales')?.parameters['branchline.commit']).toBe(
      preview.commit,
    );
    const made = [...world.manifests.objects.keys()].filter((key) => key.startsWith('previews/mine/'));
    expect(made).toHaveLength(3);
  });

  it('tells of work that is not committed, and does not show it', async () => {
    await put('run-x', 'sales/dt=3/a', 'not yet');
    const { preview, hasUncommitted } = await make();
    expect(hasUncommitted).toBe(true);
    expect(Object.keys(rows(preview.database))).toEqual(['["1"]', '["2"]']);
  });

  it('follows its branch when it is asked for again, with what it shows already', async () => {
    await make({ tables: ['sales'] });
    await put('run-x', 'sales/dt=3/a', 'later');
    await world.lakefs.commit('lake', 'run-x', { message: 'more', metadata: {} });
    world.clock.advance(1000);
    const { preview } = await make({ tables: ['stock'], ttlSeconds: 600 });
    expect(preview.tables).toEqual(['sales', 'stock']);
    expect(Object.keys(rows(preview.database))).toEqual(['["1"]', '["2"]', '["3"]']);
    expect(preview.expiresAt).toBe(world.clock.now() + 600_000);
    expect(preview.createdAt).toBe(world.clock.now() - 1000);
    expect(world.previews.entries.size).toBe(1);
  });

  it('of a commit shows what was there', async () => {
    const commit = world.lakefs.firstParentLog('lake', 'main')[0]?.id ?? '';
    await world.change({ 'sales/dt=1/a': null });
    const { preview, hasUncommitted } = await make({ ref: commit });
    expect(hasUncommitted).toBe(false);
    expect(Object.keys(rows(preview.database))).toEqual(['["1"]']);
  });

  it('tells apart what only its databases told apart', async () => {
    const [sales, deep] = PUBLISHED;
    if (sales?.publish === undefined || deep?.publish === undefined) throw new Error('no tables');
    world = await makeCatalogWorld([
      sales,
      { ...deep, publish: { ...deep.publish, database: 'other', tableName: 'sales' } },
    ]);
    await world.change({ 'sales/dt=1/a': 'a', 'deep/dt=1/hh=1/a': 'b' });
    const { preview } = await make({ ref: 'main' });
    const shown = [...world.catalog.tables.keys()].filter((id) => id.startsWith(preview.database));
    expect(shown.map((id) => id.split('.')[1]).sort()).toEqual(['db_sales', 'other_sales']);
  });

  it('shows a table once that readers have in both kinds, unless it is named', async () => {
    const both = PUBLISHED.map(({ publish, ...table }) => ({
      ...table,
      ...(publish === undefined ? {} : { publish: { ...publish, publisher: 'both' as const, historySeconds: 86_400 } }),
    }));
    world = await makeCatalogWorld(both);
    await world.change({ 'sales/dt=1/a': 'a' });
    expect((await make({ ref: 'main' })).preview.tables).toEqual(['sales', 'deep', 'stock']);
    expect((await make({ ref: 'main', name: 'one', tables: ['sales_symlink'] })).preview.tables).toEqual([
      'sales_symlink',
    ]);
  });

  it('changes nothing on trial', async () => {
    expect((await make({ dryRun: true })).outcome).toBe('would-preview');
    expect(world.previews.entries.size).toBe(0);
    expect(databases()).toEqual(['db']);
  });

  it.each([
    [{ ref: 'nowhere' }, 'BL3004'],
    [{ tables: ['nothing'] }, 'BL7005'],
    [{ repository: 'sea' }, 'BL7005'],
  ] as const)('is refused: %o', async (request, code) => {
    await expect(make(request)).rejects.toMatchObject({ code });
    expect(world.previews.entries.size).toBe(0);
  });

  it('is refused where there are too many, and its name tells which it is', async () => {
    for (let i = 0; i < MAX_PREVIEWS; i += 1) await make({ name: `p${String(i)}`, tables: ['stock'] });
    await expect(make({ name: 'one_more' })).rejects.toMatchObject({ code: 'BL7006' });
    expect((await make({ name: 'p3', tables: ['stock'] })).outcome).toBe('ready');
    await dropPreview(world, { name: 'p3' }, EVER);
    expect((await make({ name: 'one_more', tables: ['stock'] })).outcome).toBe('ready');
    expect(previewName('lake', 'run-Sales-2026_11')).toMatch(/^run_sales_2026_11_[0-9a-f]{8}$/);
    expect(previewName('lake', '~~')).toMatch(/^[0-9a-f]{8}$/);
    expect(previewName('lake', 'x'.repeat(200)).length).toBeLessThanOrEqual(60);
  });

  it('is made by one call at a time', async () => {
    const { preview } = await make({ name: 'mine' });
    world.previews.entries.set('mine', {
      ...preview,
      lease: { owner: 'other', expiresAt: world.clock.now() + PREVIEW_LEASE_MS },
    });
    expect((await make({ name: 'mine' })).outcome).toBe('busy');
    expect((await dropPreview(world, { name: 'mine' }, EVER)).outcome).toBe('busy');
  });
});

describe('the end of a preview', () => {
  it('takes its database and its manifests, and nothing else', async () => {
    const { preview } = await make({ name: 'mine' });
    const others = [...world.manifests.objects.keys()].filter((key) => !key.startsWith('previews/'));
    expect((await dropPreview(world, { name: 'mine', dryRun: true }, EVER)).outcome).toBe('would-drop');
    expect(databases()).toContain(preview.database);
    expect((await dropPreview(world, { name: 'mine' }, EVER)).outcome).toBe('dropped');
    expect(databases()).toEqual(['db']);
    expect([...world.manifests.objects.keys()]).toEqual(others);
    expect((await dropPreview(world, { name: 'mine' }, EVER)).outcome).toBe('already-dropped');
    await expect(dropPreview(world, { name: 'other' }, EVER)).rejects.toMatchObject({ code: 'BL7007' });
    expect((await make({ name: 'mine' })).outcome).toBe('ready');
  });

  it('comes by itself when its time is over, and a removal that died is ended', async () => {
    await make({ name: 'short', ttlSeconds: 300 });
    await make({ name: 'long' });
    expect(await sweepPreviews(world, EVER)).toEqual({ dropped: 0, failures: 0, complete: true });
    world.clock.advance(300_000);
    expect((await sweepPreviews(world, EVER)).dropped).toBe(1);
    expect(databases()).toEqual(['branchline_preview_long', 'db']);
  });
});

class Died extends Error {}

/** Every call of every port in turn dies, before or after it took effect. */
const dying = (at: number, after: boolean): { ports: PreviewPorts; isStruck: () => boolean } => {
  let calls = 0;
  let struck = false;
  const wrap = <T extends object>(port: T): T =>
    new Proxy(port, {
      get(target, name) {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function') return method;
        const isListing = name === 'uri' || /^(list|diff)/.test(String(name));
        if (isListing) return (...args: unknown[]) => Reflect.apply(method, target, args) as unknown;
        return async (...args: unknown[]) => {
          const dies = struck || calls === at;
          calls += 1;
          struck ||= dies;
          if (dies && !after) throw new Died();
          const answer: unknown = await Reflect.apply(method, target, args);
          if (dies) throw new Died();
          return answer;
        };
      },
    });
  const { lakefs, catalog, previews } = world;
  const ports = {
    ...{ ...world, lakefs: wrap(lakefs), catalog: wrap(catalog), previews: wrap(previews) },
    previewManifests: (name: string) => wrap(world.previewManifests(name)),
  };
  return { ports, isStruck: () => struck };
};

it.each([false, true])(
  'whatever call dies (after it took effect: %s), the preview expires with all of it',
  async (after) => {
    for (let at = 0, struck = true; struck; at += 1) {
      for (const name of world.previews.entries.keys()) world.previews.entries.delete(name);
      const { ports, isStruck } = dying(at, after);
      await make({ name: 'mine' }, ports).catch((error: unknown) => {
        if (!(error instanceof Died)) throw error;
      });
      struck = isStruck();
      world.clock.advance(PREVIEW_LEASE_MS + 1);
      expect((await make({ name: 'mine' })).outcome).toBe('ready');
      expect(Object.keys(rows('branchline_preview_mine'))).toEqual(['["1"]', '["2"]']);
      const removal = dying(at, after);
      await dropPreview(removal.ports, { name: 'mine' }, EVER).catch((error: unknown) => {
        if (!(error instanceof Died)) throw error;
      });
      world.clock.advance(7 * 24 * 3_600_000);
      await sweepPreviews(world, EVER);
      expect(databases()).toEqual(['db']);
      expect([...world.manifests.objects.keys()].filter((key) => key.startsWith('previews/'))).toEqual([]);
      expect(await Array.fromAsync(world.previews.list())).toEqual([]);
    }
  },
);
