import { beforeEach, describe, expect, it, vi } from 'vitest';
import { COMPARE_EVERY_MS, PUBLICATION_LEASE_MS } from '../../../../lambdas/domain/catalog/publication.ts';
import { refreshCatalog } from '../../../../lambdas/usecases/refresh-catalog.ts';
import { type CatalogWorld, makeCatalogWorld, PUBLISHED, publish, readSymlinks } from '../../../fakes/catalog.ts';

let world: CatalogWorld;
const refresh = (more: { compare?: boolean; until?: number } = {}) =>
  refreshCatalog(world, { repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY, ...more });
const calls = (): string[] => [...world.lakefs.calls, ...world.catalog.calls, ...world.manifests.calls];
const forget = (): void => {
  for (const port of [world.lakefs, world.catalog, world.manifests]) port.calls.length = 0;
};
const partitions = (table: string): string[] => Object.keys(readSymlinks(world, 'db', table));
const parameters = (table: string) => world.catalog.tables.get(`db.${table}`)?.parameters ?? {};
const record = (table: string) => world.publications.entries.get('lake/main')?.tables[table];
const many = (days: number, text: string): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: days }, (_, i) => [`sales/dt=${String(i).padStart(5, '0')}/a`, `${text}${String(i)}`]),
  );

beforeEach(async () => {
  world = await makeCatalogWorld();
});

describe('a first publication', () => {
  it('shows every partition, and says of which commit', async () => {
    const commit = await world.change({
      ...{ 'sales/dt=1/a': 'a', 'sales/dt=1/b': 'b', 'sales/dt=2/a': 'c', 'sales/dt=2/_SUCCESS': 'x' },
      ...{ 'sales/dt=3/empty': '', 'deep/dt=1/hh=1/a': 'd', 'stock/a': 'e', 'notes/n': 'f' },
    });
    const { outcome } = await refresh();
    expect(outcome).toBe('published');
    expect(partitions('sales')).toEqual(['["1"]', '["2"]']);
    expect(partitions('deep')).toEqual(['["1","1"]']);
    expect(partitions('stock')).toEqual(['[]']);
    for (const table of ['sales', 'deep', 'stock']) {
      expect(parameters(table)['branchline.commit']).toBe(commit);
      expect(parameters(table)['branchline.refreshing']).toBeUndefined();
    }
    expect(record('sales')?.refresh).toMatchObject({ added: 2, changed: 0, removed: 0, to: commit, compared: true });
  });

  it('of nothing is a table without rows', async () => {
    await world.change({ 'notes/n': 'x' });
    await refresh();
    expect(readSymlinks(world, 'db', 'stock')).toEqual({});
    expect(parameters('sales')['branchline.commit']).toBeDefined();
  });

  it('is not made over a table of somebody else, and the others are published all the same', async () => {
    await world.change({ 'sales/dt=1/a': 'a', 'stock/a': 'b' });
    await refresh();
    const foreign = world.catalog.tables.get('db.sales');
    if (foreign === undefined) throw new Error('no table');
    world.catalog.tables.set('db.sales', { ...foreign, parameters: {} });
    await world.change({ 'sales/dt=2/a': 'c', 'stock/b': 'd' });
    expect((await refresh()).outcome).toBe('failed');
    expect(partitions('sales')).toEqual(['["1"]']);
    expect(readSymlinks(world, 'db', 'stock')['[]']?.split('\n')).toHaveLength(2);
    expect(record('sales')?.failure?.code).toBe('BL7001');
    world.catalog.tables.set('db.sales', foreign);
    expect((await refresh()).outcome).toBe('published');
    expect(partitions('sales')).toEqual(['["1"]', '["2"]']);
    expect(record('sales')?.failure).toBeUndefined();
  });
});

describe('the cost', () => {
  it('of one partition of thousands is a handful of calls', async () => {
    await world.change(many(3000, 'x'));
    await refresh();
    forget();
    await world.change({ 'sales/dt=01234/b': 'new' });
    await refresh();
    expect(calls().toSorted()).toEqual([
      ...['BatchGetPartition', 'BatchUpdatePartition', 'GetTable', 'GetTable', 'PUT', 'UpdateTable', 'UpdateTable'],
      ...['diff', 'diff', 'list'],
    ]);
  });

  it('of one per cent is that of reading on, not of a listing for each', async () => {
    await world.change(many(3000, 'x'));
    await refresh();
    forget();
    await world.change(
      Object.fromEntries(
        Array.from({ length: 30 }, (_, i) => [`sales/dt=${String(i * 100).padStart(5, '0')}/b`, `y${String(i)}`]),
      ),
    );
    await refresh();
    expect(world.lakefs.calls.filter((call) => call === 'list').length).toBeLessThanOrEqual(4);
    expect(world.catalog.calls.filter((call) => call === 'BatchUpdatePartition')).toHaveLength(1);
    expect(record('sales')?.refresh).toMatchObject({ changed: 30, compared: false });
  });

  it('of everything is the writes, and pages', async () => {
    await world.change(many(3000, 'x'));
    await refresh();
    forget();
    await world.change(many(3000, 'y'));
    await refresh();
    const unavoidable = 3000 + 30 + 30 + 3 + 3;
    expect(calls().length).toBeLessThan(1.1 * unavoidable);
  });

  it('of a commit that changes no table is one call, and of none at all none', async () => {
    await world.change({ 'sales/dt=1/a': 'a' });
    await refresh();
    forget();
    await world.change({ 'notes/n': 'x' });
    expect((await refresh()).outcome).toBe('published');
    expect(calls()).toEqual(['diff']);
    expect((await refresh()).outcome).toBe('up-to-date');
    expect(calls()).toEqual(['diff']);
  });

  it('of a file that no reader sees is a look, without a write', async () => {
    await world.change({ 'sales/dt=1/a': 'a' });
    await refresh();
    forget();
    const version = world.catalog.tables.get('db.sales')?.versionId;
    await world.change({ 'sales/dt=1/_SUCCESS': 'x' });
    await refresh();
    expect(world.manifests.calls).toEqual([]);
    expect(world.catalog.tables.get('db.sales')?.versionId).toBe(version);
  });
});

describe('a refresh', () => {
  it('adds, changes and removes partitions, and leaves the others alone', async () => {
    await world.change({ 'sales/dt=1/a': 'a', 'sales/dt=2/a': 'b', 'sales/dt=3/a': 'c' });
    await refresh();
    const before = readSymlinks(world, 'db', 'sales');
    await world.change({ 'sales/dt=1/a': null, 'sales/dt=2/b': 'd', 'sales/dt=4/a': 'e' });
    await refresh();
    const after = readSymlinks(world, 'db', 'sales');
    expect(Object.keys(after)).toEqual(['["2"]', '["3"]', '["4"]']);
    expect(after['["3"]']).toBe(before['["3"]']);
    expect(record('sales')?.refresh).toMatchObject({ added: 1, changed: 1, removed: 1 });
  });

  it('writes the next manifests while Glue takes the partitions before', async () => {
    await world.change(many(150, 'x'));
    const create = world.catalog.createPartitions.bind(world.catalog);
    const written: number[] = [];
    world.catalog.createPartitions = async (table, partitions) => {
      const put = () => world.manifests.calls.filter((call) => call === 'PUT');
      await vi.waitFor(() => expect(put()).toHaveLength(150), { timeout: 60_000 });
      written.push(partitions.length);
      return create(table, partitions);
    };
    expect((await refresh()).outcome).toBe('published');
    expect(written).toEqual([100, 50]);
    expect(partitions('sales')).toHaveLength(150);
  });

  it('that fails is over when it says so', async () => {
    await world.change(many(250, 'x'));
    const ended: string[] = [];
    world.catalog.createPartitions = async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      ended.push('refused');
      throw new Error('refused');
    };
    await expect(refresh()).rejects.toThrow('refused');
    expect(ended).toEqual(['refused']);
    const made = calls().length;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(calls()).toHaveLength(made);
  });

  it('keeps the manifests of the state before, for those who still read it', async () => {
    await world.change({ 'sales/dt=1/a': 'a' });
    await refresh();
    const before = [...world.manifests.objects.keys()];
    await world.change({ 'sales/dt=1/a': 'b' });
    await refresh();
    for (const key of before) expect(world.manifests.objects.has(key)).toBe(true);
  });

  it('writes a manifest again that comes back by a rollback, since clean-up may have taken it', async () => {
    const first = await world.change({ 'sales/dt=1/a': 'a' });
    await refresh();
    const shown = readSymlinks(world, 'db', 'sales');
    await world.change({ 'sales/dt=1/b': 'b' });
    await refresh();
    world.manifests.objects.clear();
    await world.rollBack(first);
    await refresh();
    expect(readSymlinks(world, 'db', 'sales')).toEqual(shown);
  });

  it('keeps a pace: the first of many promotions is shown at once, the others together', async () => {
    const start = world.clock.now();
    const pauses: number[] = [];
    const shown: string[] = [];
    world.pause = async (ms) => {
      pauses.push(ms);
      world.clock.advance(ms);
      // Ten more are promoted while it waits.
      for (let i = 0; i < 10; i += 1)
        await world.change({ [`sales/dt=${String(i)}/a`]: `${String(pauses.length)} ${String(i)}` });
    };
    for (let round = 0; round < 4; round += 1) {
      await world.change({ 'sales/dt=x/a': `round ${String(round)}` });
      await refresh();
      shown.push(record('sales')?.commit ?? '');
    }
    expect(pauses).toEqual([5_000, 5_000, 5_000]);
    expect(new Set(shown).size).toBe(4);
    expect(shown.at(-1)).toBe((await world.ledger.getTarget('lake', 'main'))?.verifiedCommit);
    expect(world.clock.now() - start).toBe(15_000);
    // Who has no time to wait leaves it to the next.
    await world.change({ 'sales/dt=x/a': 'late' });
    expect((await refresh({ until: world.clock.now() + 1_000 })).outcome).toBe('unfinished');
    expect(pauses).toHaveLength(3);
  });

  it('goes on where the time was up, with the commit that it was about', async () => {
    await world.change(many(250, 'x'));
    let now = 0;
    const limited = { ...world, clock: { now: () => (now += 1) } };
    const some = (until: number) => refreshCatalog(limited, { repository: 'lake', target: 'main', until });
    let outcome = '';
    for (let tries = 0; outcome !== 'published' && tries < 20; tries += 1) ({ outcome } = await some(now + 12));
    expect(outcome).toBe('published');
    expect(partitions('sales')).toHaveLength(250);
    expect(world.manifests.calls.filter((call) => call === 'PUT').length).toBeLessThan(260);
  });

  it('joins directories that spell the same values differently, whichever of them changes', async () => {
    await world.change({ 'sales/dt=a b/x': '1', 'sales/dt=a%20b/y': '2' });
    await refresh();
    const files = (): number => readSymlinks(world, 'db', 'sales')['["a b"]']?.split('\n').length ?? 0;
    expect(files()).toBe(2);
    await world.change({ 'sales/dt=a b/z': '3' });
    await refresh();
    expect(files()).toBe(3);
    await world.change({ 'sales/dt=a%20b/y': null });
    await refresh();
    expect(files()).toBe(2);
  });
});

describe('what somebody did to the catalog', () => {
  beforeEach(async () => {
    await world.change({ 'sales/dt=1/a': 'a', 'sales/dt=2/a': 'b', 'stock/a': 'c' });
    await refresh();
  });
  const mended = async (more: { compare?: boolean } = { compare: true }): Promise<void> => {
    const [sales, stock] = [readSymlinks(world, 'db', 'sales'), readSymlinks(world, 'db', 'stock')];
    await refresh(more);
    expect(Object.keys(readSymlinks(world, 'db', 'sales'))).toEqual(['["1"]', '["2"]']);
    expect(Object.keys(readSymlinks(world, 'db', 'stock'))).toEqual(['[]']);
    expect([sales, stock]).not.toEqual([readSymlinks(world, 'db', 'sales'), readSymlinks(world, 'db', 'stock')]);
  };

  it('is mended by a comparison: a partition gone', async () => {
    world.catalog.of('db', 'sales').delete('["1"]');
    await mended();
  });
  it('a partition of somebody', async () => {
    const [one] = world.catalog.of('db', 'sales').values();
    if (one === undefined) throw new Error('no partition');
    world.catalog.of('db', 'sales').set('["9"]', { ...one, values: ['9'] });
    await mended();
  });
  it('a manifest gone, or cut short', async () => {
    world.manifests.objects.clear();
    await mended();
  });
  it('and without anybody asking, once a day', async () => {
    world.catalog.of('db', 'sales').delete('["2"]');
    world.clock.advance(COMPARE_EVERY_MS);
    await mended({});
  });
  it('columns of a partition', async () => {
    const of = world.catalog.of('db', 'sales');
    const [one] = of.values();
    if (one === undefined) throw new Error('no partition');
    of.set('["1"]', { ...one, storage: { ...one.storage, columns: [] } });
    await refresh({ compare: true });
    expect([...of.values()].map(({ storage }) => storage.columns.length)).toEqual([1, 1]);
  });
});

describe('writers', () => {
  it('are one at a time, and the other goes', async () => {
    await world.change({ 'sales/dt=1/a': 'a' });
    const outcomes = await Promise.all([refresh(), refresh()]);
    expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual(['busy', 'published']);
  });

  it('that died are taken over when their time is up, and all is compared', async () => {
    await world.change({ 'sales/dt=1/a': 'a' });
    await refresh();
    await world.change({ 'sales/dt=1/b': 'b' });
    const put = world.manifests.put.bind(world.manifests);
    world.manifests.put = async () => {
      throw new Error('died');
    };
    await expect(refresh()).rejects.toThrow('died');
    world.manifests.put = put;
    expect((await refresh()).outcome).toBe('busy');
    world.clock.advance(PUBLICATION_LEASE_MS + 1);
    expect((await refresh()).outcome).toBe('published');
    expect(record('sales')?.refresh).toMatchObject({ changed: 1, compared: true });
  });
});

describe('the configuration', () => {
  it('brings new columns to the table and to every partition', async () => {
    await world.change({ 'sales/dt=1/a': 'a', 'sales/dt=2/a': 'b' });
    await refresh();
    const [sales] = PUBLISHED;
    if (sales === undefined) throw new Error('no table');
    const columns = [
      { name: 'id', type: 'bigint' },
      { name: 'more', type: 'string' },
    ];
    const config = await world.config.load();
    const wider = { ...sales, publish: { ...publish('db', 'sales'), columns } };
    const repositories = config.repositories.map((repository) => ({ ...repository, tables: [wider] }));
    world = { ...world, config: { load: async () => ({ ...config, repositories }) } };
    await refresh();
    expect(world.catalog.tables.get('db.sales')?.storage.columns).toEqual(columns);
    for (const { storage } of world.catalog.of('db', 'sales').values()) expect(storage.columns).toEqual(columns);
    // Of tables that left, what Glue goes on showing stays known.
    const { sales: _, ...others } = world.publications.entries.get('lake/main')?.tables ?? {};
    const left = { commit: expect.any(String), left: { since: world.clock.now() } };
    expect(others).toEqual({
      deep: { descriptor: '', shownAs: ['db.deep'], path: 'deep/', partitions: 0, ...left },
      stock: { descriptor: '', shownAs: ['db.stock'], path: 'stock/', ...left },
    });
    // Until a person takes them out of Glue.
    world.catalog.tables.delete('db.deep');
    world.clock.advance(3_600_000);
    await world.change({ 'sales/dt=1/a': 'c' });
    await refresh();
    const { deep, stock } = world.publications.entries.get('lake/main')?.tables ?? {};
    expect(deep).toEqual({ descriptor: '', shownAs: ['db.deep'] });
    expect(stock?.left).toEqual({ since: expect.any(Number), lookedAt: world.clock.now() });
  });

  it('without a published table makes no entry', async () => {
    world = await makeCatalogWorld([]);
    await world.change({ 'sales/dt=1/a': 'a' });
    expect((await refresh()).outcome).toBe('nothing-to-publish');
    expect(world.publications.entries.size).toBe(0);
  });
});
