/** By which snapshot an earlier state of a target is read. */
import { beforeEach, describe, expect, it } from 'vitest';
import { catalog } from '../../../../lambdas/usecases/catalog.ts';
import type { AtAnswer, TableAt } from '../../../../lambdas/usecases/catalog-at.ts';
import { refreshCatalog } from '../../../../lambdas/usecases/refresh-catalog.ts';
import { type CatalogWorld, makeCatalogWorld, PUBLISHED } from '../../../fakes/catalog.ts';
import { filesAt, ICEBERG_TABLES, metadataOf, rowsOf } from '../../../fakes/iceberg.ts';
import { sampleRun } from '../../adapters/ledger/sample-run.ts';

const HOUR = 3_600_000;
let world: CatalogWorld;
const refresh = (compare = false) =>
  refreshCatalog(world, { repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY, compare });
const shown = async (serial: number, path = 'sales/dt=1/a'): Promise<string> => {
  const commit = await world.change({ [path]: rowsOf(serial) });
  world.clock.advance(61_000);
  await refresh();
  return commit;
};
const ask = async (ref: string, table?: string): Promise<AtAnswer> =>
  (await catalog(world, { action: 'at', ref, ...(table === undefined ? {} : { table }) })) as AtAnswer;
const of = async (ref: string, table = 'sales'): Promise<TableAt> => {
  const [found] = (await ask(ref, table)).at;
  if (found === undefined) throw new Error('no answer');
  return found;
};
/** What the snapshot of the answer names, and what the commit holds. */
const filesOf = ({ snapshot, table }: TableAt) => {
  const found = metadataOf(world, 'db', table)?.snapshots?.find((each) => String(each['snapshot-id']) === snapshot);
  return Object.values(found === undefined ? {} : filesAt(world, found));
};
const filesIn = async (commit: string, prefix: string) =>
  (await Array.fromAsync(world.lakefs.listObjects('lake', commit, { prefix }))).map((each) => each.physicalAddress);

beforeEach(async () => {
  world = await makeCatalogWorld(ICEBERG_TABLES);
});

describe('a state that was shown', () => {
  it('is named by its snapshot, whatever came later', async () => {
    const first = await shown(1);
    await shown(2);
    const answer = await of(first);
    expect(answer).toMatchObject({ asked: first, commit: first, state: 'same', database: 'db', tableName: 'sales' });
    expect(answer.query).toBe(`SELECT * FROM "db"."sales" FOR VERSION AS OF ${answer.snapshot ?? ''}`);
    expect(filesOf(answer)).toEqual(await filesIn(first, 'sales/'));
  });

  it('is found by a tag, a branch and a time', async () => {
    world.lakefs.now = world.clock.now;
    const first = await shown(1);
    const between = world.clock.now();
    await world.lakefs.createTag('lake', 'v1', first);
    world.clock.advance(HOUR);
    const second = await shown(2);
    const found = async (ref: string) => (await of(ref)).commit;
    expect(await found('v1')).toBe(first);
    expect(await found('main')).toBe(second);
    expect(await found(new Date(between).toISOString())).toBe(first);
    expect(await found(new Date(world.clock.now()).toISOString())).toBe(second);
  });

  it('is found by the run that made it', async () => {
    const first = await shown(1);
    await shown(2);
    await world.ledger.createRun(sampleRun({ runId: 'r1', state: 'PROMOTED', mergeCommit: first }));
    await world.ledger.createRun(sampleRun({ runId: 'r2', state: 'DISCARDED' }));
    expect((await of('r1')).commit).toBe(first);
    await expect(ask('r2')).rejects.toMatchObject({ code: 'BL1005', message: expect.stringContaining('DISCARDED') });
    await expect(ask('r3')).rejects.toMatchObject({ code: 'BL3004' });
  });

  it('of a commit that left the table alone is that of the commit before', async () => {
    const first = await shown(1);
    const other = await shown(2, 'stock/a');
    await shown(3);
    expect(await of(other)).toMatchObject({ state: 'same', asked: other, commit: first });
    expect((await ask(other)).at.map(({ table, state }) => [table, state])).toEqual([
      ['sales', 'same'],
      ['deep', 'same'],
      ['stock', 'same'],
    ]);
  });

  it('after a rollback is that of its own commit', async () => {
    const first = await shown(1);
    await shown(2);
    const back = await world.rollBack(first);
    world.clock.advance(61_000);
    await refresh();
    const answer = await of(back);
    expect(answer).toMatchObject({ state: 'same', commit: back });
    expect(filesOf(answer)).toEqual(await filesIn(first, 'sales/'));
  });

  it('is read off the newer of two snapshots where the first was repaired', async () => {
    const first = await shown(1);
    const metadata = metadataOf(world, 'db', 'sales');
    const list = metadata?.snapshots?.[0]?.['manifest-list'] ?? '';
    world.iceberg.objects.delete(world.iceberg.keyOf(list) ?? '');
    await refresh(true);
    const newest = metadataOf(world, 'db', 'sales')?.['current-snapshot-id'];
    expect((await of(first)).snapshot).toBe(String(newest));
  });
});

describe('a state that was not shown by itself', () => {
  it('is answered by the newest one before it, and told apart', async () => {
    const first = await shown(1);
    const hidden = await world.change({ 'sales/dt=1/a': rowsOf(2) });
    await shown(3);
    const answer = await of(hidden);
    expect(answer).toMatchObject({ state: 'earlier', asked: hidden, commit: first });
    expect(filesOf(answer)).toEqual(await filesIn(first, 'sales/'));
  });

  it('is refused where its snapshot has expired, and where the table came later', async () => {
    const before = await world.change({ 'sales/dt=1/a': rowsOf(9) });
    const first = await shown(1);
    await expect(ask(before, 'sales')).rejects.toMatchObject({
      code: 'BL7022',
      message: expect.stringMatching(/table "sales" was first shown at a later commit/),
    });
    await shown(2);
    const third = await shown(3, 'stock/a');
    world.clock.advance(25 * HOUR);
    await refresh(true);
    await expect(ask(first, 'sales')).rejects.toMatchObject({
      code: 'BL7022',
      message: expect.stringMatching(/table "sales" .* expired/),
    });
    // What can be read is an answer, with the others told beside it.
    world.catalog.tables.delete('db.deep');
    expect((await ask(third)).at.map(({ state }) => state)).toEqual(['same', 'no-snapshots', 'same']);
  });

  it('is refused where it is none of the target', async () => {
    const first = await shown(1);
    await world.lakefs.createBranch('lake', 'run-x', first);
    await world.lakefs.putObject('lake', 'run-x', 'sales/dt=2/a', rowsOf(2));
    await world.lakefs.commit('lake', 'run-x', { message: 'work', metadata: {} });
    await expect(ask('run-x')).rejects.toMatchObject({ code: 'BL7021' });
    await expect(ask('2120-01-01T00:00Z')).rejects.toMatchObject({ code: 'BL7021' });
    await expect(ask('main', 'nothing')).rejects.toMatchObject({ code: 'BL7005' });
  });

  it('is refused for symlink tables, which show one commit', async () => {
    world = await makeCatalogWorld();
    const first = await world.change({ 'sales/dt=1/a': 'a' });
    await refresh();
    await expect(ask(first)).rejects.toMatchObject({ code: 'BL7022', message: expect.stringContaining('no Iceberg') });
  });
});

it('tables beside others are left out, unless they are named', async () => {
  const both = PUBLISHED.map((table) => ({
    ...table,
    ...(table.publish === undefined
      ? {}
      : {
          publish: {
            ...table.publish,
            publisher: 'both' as const,
            historySeconds: 86_400,
            spark: { scheme: 'lakefs' as const },
          },
        }),
  }));
  world = await makeCatalogWorld(both);
  const first = await shown(1);
  expect((await ask(first)).at.map(({ table }) => table)).toEqual(['sales', 'deep', 'stock']);
  await expect(ask(first, 'sales_symlink')).rejects.toMatchObject({ code: 'BL7022' });
});
