/** What people ask about the catalog: status, refresh, verify, repair. */
import { beforeEach, describe, expect, it } from 'vitest';
import { PUBLICATION_LEASE_MS } from '../../../../lambdas/domain/catalog/publication.ts';
import { BranchlineError } from '../../../../lambdas/domain/errors.ts';
import {
  catalog,
  type RepairAnswer,
  type VerifyAnswer,
  type WakeAnswer,
} from '../../../../lambdas/usecases/catalog.ts';
import type { TableStatus } from '../../../../lambdas/usecases/catalog-status.ts';
import { refreshCatalog } from '../../../../lambdas/usecases/refresh-catalog.ts';
import { type CatalogWorld, makeCatalogWorld } from '../../../fakes/catalog.ts';

let world: CatalogWorld;
const refresh = (until = Number.POSITIVE_INFINITY) =>
  refreshCatalog(world, { repository: 'lake', target: 'main', until });
const status = async (table?: string): Promise<readonly TableStatus[]> => {
  const answer = await catalog(world, { action: 'status', ...(table === undefined ? {} : { table }) });
  return 'tables' in answer ? answer.tables : [];
};
const verify = async (table?: string): Promise<VerifyAnswer> =>
  (await catalog(world, { action: 'verify', ...(table === undefined ? {} : { table }) })) as VerifyAnswer;
const partitions = () => world.catalog.of('db', 'sales');
const [first, second] = ['["1"]', '["2"]'];

beforeEach(async () => {
  world = await makeCatalogWorld();
  await world.change({ 'sales/dt=1/a': 'a', 'sales/dt=2/a': 'b', 'deep/dt=1/hh=1/a': 'c', 'stock/a': 'd' });
});

describe('status', () => {
  it('tells what is shown, how far it is behind, and how many partitions there are', async () => {
    expect((await status()).map(({ table, state }) => [table, state])).toEqual([
      ...[
        ['sales', 'unpublished'],
        ['deep', 'unpublished'],
        ['stock', 'unpublished'],
      ],
    ]);
    await refresh();
    const commit = (await world.ledger.getTarget('lake', 'main'))?.verifiedCommit;
    const [sales, , stock] = await status();
    expect(sales).toMatchObject({ state: 'shown', commit, verifiedCommit: commit, lagSeconds: 0, partitions: 2 });
    expect(stock).not.toHaveProperty('partitions');
    const next = await world.change({ 'sales/dt=3/a': 'e', 'sales/dt=1/a': null });
    world.clock.advance(90_000);
    expect((await status('sales'))[0]).toMatchObject({
      ...{ state: 'behind', commit, verifiedCommit: next, lagSeconds: 90 },
    });
    await refresh();
    expect((await status('sales'))[0]).toMatchObject({ state: 'shown', commit: next, partitions: 2 });
  });

  it('asks neither Glue nor lakeFS nor S3', async () => {
    await refresh();
    for (const port of [world.lakefs, world.catalog, world.manifests]) port.calls.length = 0;
    await status();
    expect([...world.lakefs.calls, ...world.catalog.calls, ...world.manifests.calls]).toEqual([]);
  });

  it('counts what several invocations did as one refresh', async () => {
    await refresh();
    const many = Object.fromEntries(
      Array.from({ length: 250 }, (_, i) => [`sales/dt=x${String(i)}/a`, `x${String(i)}`]),
    );
    await world.change(many);
    world.clock.advance(10_000);
    const start = world.clock.now();
    let batches = 0;
    const create = world.catalog.createPartitions.bind(world.catalog);
    world.catalog.createPartitions = (...args) => {
      batches += 1;
      world.clock.advance(1_000);
      return create(...args);
    };
    expect((await refresh(start + 1_000)).outcome).toBe('unfinished');
    expect(batches).toBe(1);
    expect((await refresh(start + 60_000)).outcome).toBe('published');
    expect((await status('sales'))[0]).toMatchObject({ partitions: 252, refresh: { added: 250, compared: false } });
  });

  it('of what is not published says what is', async () => {
    const asked = catalog(world, { action: 'status', table: 'nothing', target: 'main' });
    await expect(asked).rejects.toMatchObject({
      code: 'BL7005',
      message: expect.stringMatching(/table "nothing", target "main".*lake\/main sales/),
    });
  });
});

describe('refresh', () => {
  it('wakes the targets that are behind, and no other', async () => {
    const ask = async (dryRun = false) => (await catalog(world, { action: 'refresh', dryRun })) as WakeAnswer;
    expect((await ask(true)).outcome).toBe('would-wake');
    expect(world.refreshes.woken).toEqual([]);
    expect((await ask()).outcome).toBe('woken');
    expect(world.refreshes.woken).toEqual(['lake/main']);
    await refresh();
    expect((await ask()).outcome).toBe('up-to-date');
    expect(world.refreshes.woken).toHaveLength(1);
  });
});

describe('verify', () => {
  const kinds = async (table = 'sales') => (await verify(table)).verified[0]?.counts;

  it('finds nothing where nothing is wrong, and changes nothing', async () => {
    expect((await verify()).verified.map(({ outcome }) => outcome)).toEqual(Array(3).fill('unpublished'));
    await refresh();
    const version = world.publications.entries.get('lake/main')?.version;
    for (const port of [world.catalog, world.manifests]) port.calls.length = 0;
    const { outcome, verified } = await verify();
    expect(outcome).toBe('right');
    expect(verified.map(({ partitions: count }) => count)).toEqual([2, 1, 1]);
    expect(world.publications.entries.get('lake/main')?.version).toBe(version);
    const calls = [...world.catalog.calls, ...world.manifests.calls];
    expect(new Set(calls)).toEqual(new Set(['GetTable', 'GetPartitions', 'LIST']));
  });

  it('finds partitions that are foreign, missing and different', async () => {
    await refresh();
    const one = partitions().get(first);
    if (one === undefined) throw new Error('no partition');
    partitions().set(second, { ...one, values: ['2'] });
    partitions().set('["9"]', { ...one, values: ['9'] });
    partitions().delete(first);
    const { outcome, verified } = await verify('sales');
    expect(outcome).toBe('different');
    expect(verified[0]?.findings).toEqual([
      { kind: 'partition-missing', partition: 'dt=1' },
      { kind: 'partition-different', partition: 'dt=2', what: expect.stringContaining(one.location) },
      { kind: 'partition-foreign', partition: 'dt=9' },
    ]);
    expect(await kinds()).toEqual({ 'partition-missing': 1, 'partition-different': 1, 'partition-foreign': 1 });
  });

  it('finds manifests that vanished or were cut short', async () => {
    await refresh();
    const keys = [...world.manifests.objects.keys()].filter((key) => key.includes('/sales/'));
    world.manifests.objects.delete(keys[0] ?? '');
    world.manifests.objects.set(keys[1] ?? '', { content: 's3:/', writtenAt: 0 });
    expect(await kinds()).toEqual({ 'manifest-missing': 2 });
    const [stock] = [...world.manifests.objects.keys()].filter((key) => key.includes('/stock/'));
    world.manifests.objects.delete(stock ?? '');
    expect(await kinds('stock')).toEqual({ 'manifest-missing': 1 });
  });

  it('finds a table that was edited, removed, or taken by somebody else', async () => {
    await refresh();
    const table = world.catalog.tables.get('db.sales');
    if (table === undefined) throw new Error('no table');
    const put = (change: Partial<typeof table>) => world.catalog.tables.set('db.sales', { ...table, ...change });
    put({ storage: { ...table.storage, columns: [{ name: 'id', type: 'string' }] } });
    expect((await verify('sales')).verified[0]?.findings).toEqual([
      { kind: 'table-edited', what: 'its columns are not those of the configuration' },
    ]);
    put({ storage: { ...table.storage, location: 's3://elsewhere/' }, partitionKeys: [] });
    expect(await kinds()).toEqual({ 'table-edited': 2 });
    put({ parameters: {} });
    expect(await kinds()).toEqual({ 'table-foreign': 1 });
    world.catalog.tables.delete('db.sales');
    expect(await kinds()).toEqual({ 'table-missing': 1 });
  });

  it('does not take a refresh that is under way for a fault', async () => {
    await refresh();
    const entry = world.publications.entries.get('lake/main');
    if (entry === undefined) throw new Error('no entry');
    const expiresAt = world.clock.now() + PUBLICATION_LEASE_MS;
    world.publications.entries.set('lake/main', { ...entry, lease: { owner: 'x', expiresAt } });
    expect((await verify()).outcome).toBe('busy');
    world.publications.entries.set('lake/main', entry);
    // Here it comes in between.
    const list = world.catalog.listPartitions.bind(world.catalog);
    world.catalog.listPartitions = async function* (database, table) {
      yield* list(database, table);
      if (table !== 'sales' || world.publications.entries.get('lake/main')?.version !== entry.version) return;
      await world.change({ 'sales/dt=7/a': 'new' });
      await refresh();
    };
    expect((await verify('sales')).outcome).toBe('busy');
    expect((await verify('sales')).outcome).toBe('right');
  });

  it('ends where the time is up', async () => {
    await refresh();
    const answer = (await catalog(world, { action: 'verify' }, world.clock.now())) as VerifyAnswer;
    expect(answer.outcome).toBe('unfinished');
  });
});

describe('repair', () => {
  const ask = async (dryRun = false) => (await catalog(world, { action: 'repair', dryRun })) as RepairAnswer;

  it('is owed until a comparison that began later has ended', async () => {
    await refresh();
    partitions().delete(first);
    world.clock.advance(1_000);
    expect((await ask(true)).outcome).toBe('would-repair');
    expect((await refresh()).outcome).toBe('up-to-date');
    const { askedAt, outcome } = await ask();
    expect(outcome).toBe('asked');
    expect(world.refreshes.woken).toEqual(['lake/main']);
    expect((await status('sales'))[0]).toMatchObject({ state: 'to-compare', compareAskedAt: askedAt });
    // A function that has no time for it leaves it to the next.
    expect((await refresh(world.clock.now())).outcome).toBe('unfinished');
    expect((await refresh()).outcome).toBe('published');
    const [sales] = await status('sales');
    expect(sales?.comparedAt).toBeGreaterThanOrEqual(askedAt);
    expect(sales).toMatchObject({ state: 'shown', partitions: 2 });
    expect(sales?.compareAskedAt).toBeUndefined();
    expect(sales?.drift).toMatchObject({ what: '1 partitions were missing, 0 different, 0 foreign' });
    expect((await verify()).outcome).toBe('right');
  });

  it('that is asked for while somebody refreshes is not lost, and disturbs nobody', async () => {
    await refresh();
    await world.change({ 'sales/dt=3/a': 'new' });
    const update = world.catalog.createPartitions.bind(world.catalog);
    let asked: RepairAnswer | undefined;
    world.catalog.createPartitions = async (table, some) => {
      world.clock.advance(1);
      asked ??= await ask();
      return update(table, some);
    };
    expect((await refresh()).outcome).toBe('published');
    expect(asked?.outcome).toBe('asked');
    const [sales] = await status('sales');
    // Compared in the same go, since it is owed.
    expect(sales?.comparedAt).toBeGreaterThanOrEqual(asked?.askedAt ?? 0);
    expect(sales?.state).toBe('shown');
  });

  it('before the first publication is that publication', async () => {
    await ask();
    expect((await refresh()).outcome).toBe('published');
    expect((await status()).every(({ state, drift }) => state === 'shown' && drift === undefined)).toBe(true);
  });

  it('tells manifests that were gone as drift', async () => {
    await refresh();
    world.manifests.objects.clear();
    world.clock.advance(1);
    await ask();
    await refresh();
    expect((await status('sales'))[0]?.drift?.what).toBe('2 manifests were gone');
    expect((await verify()).outcome).toBe('right');
  });
});

describe('a merge made by hand', () => {
  /** On the target, and unknown to the ledger. */
  const byHand = async (content: string): Promise<string> => {
    const before = await world.ledger.getTarget('lake', 'main');
    const commit = await world.change({ 'sales/dt=9/a': content });
    const after = await world.ledger.getTarget('lake', 'main');
    if (before === undefined || after === undefined) throw new Error('no target');
    await world.ledger.putTarget({ ...before, version: after.version + 1 });
    return commit;
  };
  const verified = async () => (await world.ledger.getTarget('lake', 'main'))?.verifiedCommit;
  const watch = (forSeconds: number) => catalog(world, { action: 'watch', everySeconds: 10, forSeconds });

  it('is verified when somebody asks for a refresh, and then shown', async () => {
    await refresh();
    const commit = await byHand('x');
    expect(((await catalog(world, { action: 'refresh', dryRun: true })) as WakeAnswer).outcome).toBe('up-to-date');
    expect(await verified()).not.toBe(commit);
    expect(((await catalog(world, { action: 'refresh' })) as WakeAnswer).outcome).toBe('woken');
    expect(await verified()).toBe(commit);
    await refresh();
    expect((await status('sales'))[0]).toMatchObject({ state: 'shown', commit });
  });

  it('is found by two looks in a row, not by one', async () => {
    await refresh();
    const commit = await byHand('x');
    expect(await watch(5)).toEqual({ outcome: 'watched', looks: 1, verified: 0 });
    expect(await verified()).not.toBe(commit);
    const start = world.clock.now();
    expect(await watch(58)).toEqual({ outcome: 'watched', looks: 6, verified: 1 });
    expect(world.clock.now() - start).toBe(50_000);
    expect(await verified()).toBe(commit);
  });

  it('is looked for again where lakeFS was away', async () => {
    await refresh();
    const commit = await byHand('x');
    const getBranch = world.lakefs.getBranch.bind(world.lakefs);
    let away = 2;
    world.lakefs.getBranch = (repository, branch) => {
      away -= 1;
      if (away >= 0) throw new BranchlineError('BL3001', 'lakeFS is away');
      return getBranch(repository, branch);
    };
    expect(await watch(58)).toEqual({ outcome: 'watched', looks: 6, verified: 1 });
    expect(await verified()).toBe(commit);
  });
});
