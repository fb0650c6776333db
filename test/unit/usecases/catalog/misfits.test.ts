/** Files that a person merged and that readers of the table cannot read. */
import { beforeEach, describe, expect, it } from 'vitest';
import { COMMIT_KIND, METADATA, type TableConfig } from '../../../../lambdas/contract.ts';
import { publicationEventsOf } from '../../../../lambdas/domain/domain-events.ts';
import { catalog } from '../../../../lambdas/usecases/catalog.ts';
import type { TableStatus } from '../../../../lambdas/usecases/catalog-status.ts';
import { refreshCatalog } from '../../../../lambdas/usecases/refresh-catalog.ts';
import { ensureTarget, verifyTarget } from '../../../../lambdas/usecases/verify-target.ts';
import { type CatalogWorld, makeCatalogWorld, publish } from '../../../fakes/catalog.ts';
import { parquetFile } from '../../domain/parquet/files.ts';

const table = (name: string, columns: readonly { name: string; type: string }[]): TableConfig => ({
  ...{ name, path: `${name}/`, partitionColumns: ['dt'], overwrite: 'partition', appendOnly: false },
  publish: { ...publish('db', name), columns },
});
const file = (type: 'INT64' | 'STRING', rows = 1): Uint8Array =>
  parquetFile([{ name: 'id', type, data: Array.from({ length: rows }, () => (type === 'INT64' ? 1n : 'x')) }]);

let world: CatalogWorld;
let footers: string[];
const refresh = async () => {
  const { outcome, publication } = await refreshCatalog(world, {
    ...{ repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY },
  });
  expect(outcome).toBe('published');
  return publication;
};
const status = async (name: string): Promise<TableStatus | undefined> => {
  const answer = await catalog(world, { action: 'status', table: name });
  return 'tables' in answer ? answer.tables[0] : undefined;
};

/** A commit on the target of which no run knows, found as reconcile and the watch find it. */
const byHand = async (
  files: Readonly<Record<string, Uint8Array | null>>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> => {
  for (const [path, content] of Object.entries(files)) {
    if (content === null) await world.lakefs.deleteObjects('lake', 'main', [path]);
    else await world.lakefs.putObject('lake', 'main', path, content);
  }
  await world.lakefs.commit('lake', 'main', { message: 'by hand', metadata });
  world.clock.advance(60_000);
  await verifyTarget(world, await ensureTarget(world, 'lake', 'main'));
};

describe.each([
  ['given', [{ name: 'id', type: 'bigint' }]],
  ['read off the files', []],
])('a table whose columns are %s', (kind, columns) => {
  const isGiven = kind === 'given';

  beforeEach(async () => {
    world = await makeCatalogWorld([table('sales', columns), table('stock', columns)]);
    await world.change({
      'sales/dt=1/a': file('INT64'),
      'sales/dt=2/a': file('INT64', 2),
      'stock/dt=1/a': file('INT64'),
    });
    await refresh();
    footers = [];
    const read = world.lakefs.getObjectRange.bind(world.lakefs);
    world.lakefs.getObjectRange = async (repository, ref, path, range) => {
      footers.push(path);
      return read(repository, ref, path, range);
    };
  });

  it('tells of them in its status and by an event, once', async () => {
    const before = world.publications.entries.get('lake/main');
    await byHand({ 'sales/dt=3/bad': file('STRING'), 'sales/dt=3/none': new TextEncoder().encode('no Parquet') });
    const found = await refresh();
    const at = world.clock.now();
    expect((await status('sales'))?.misfits).toMatchObject({
      found: [
        { kind: 'changed', file: 'sales/dt=3/bad', column: 'id', before: 'bigint', after: 'string' },
        { kind: 'unreadable', file: 'sales/dt=3/none' },
      ],
    });
    expect((await status('sales'))?.misfits?.at).toBeLessThanOrEqual(at);
    expect(await status('stock')).not.toHaveProperty('misfits');
    if (found === undefined) throw new Error('nothing published');
    const events = publicationEventsOf(before, found).filter(({ type }) => type === 'Catalog Misfit Found');
    expect(events).toMatchObject([{ detail: { table: 'sales', files: 2, first: { file: 'sales/dt=3/bad' } } }]);

    // What is known is not told again, and stays while nothing touches the files.
    await world.change({ 'sales/dt=4/a': file('INT64', 4) });
    const later = await refresh();
    expect((await status('sales'))?.misfits?.found).toHaveLength(2);
    if (later === undefined) throw new Error('nothing published');
    expect(publicationEventsOf(found, later).map(({ type }) => type)).toEqual(['Catalog Refreshed']);
  });

  it('forgets each of them when it is replaced or gone', async () => {
    await byHand({ 'sales/dt=3/bad': file('STRING'), 'sales/dt=4/bad': file('STRING', 2) });
    await refresh();
    expect((await status('sales'))?.misfits?.found).toHaveLength(2);
    await world.change({ 'sales/dt=3/bad': file('INT64', 3) });
    await refresh();
    expect((await status('sales'))?.misfits?.found).toMatchObject([{ file: 'sales/dt=4/bad' }]);
    await world.change({ 'sales/dt=4/bad': null });
    await refresh();
    expect(await status('sales')).not.toHaveProperty('misfits');
  });

  it('reads nothing twice, and what runs have brought only where columns are not given', async () => {
    await byHand({ 'sales/dt=3/a': file('INT64', 3) });
    await refresh();
    expect(footers.splice(0)).toEqual(['sales/dt=3/a']);
    expect(await status('sales')).not.toHaveProperty('misfits');
    await world.change({ 'sales/dt=4/a': file('INT64', 4) });
    await refresh();
    expect(footers.splice(0)).toEqual(isGiven ? [] : ['sales/dt=4/a']);
    await byHand({ 'sales/dt=5/a': file('INT64', 5) }, { [METADATA.kind]: COMMIT_KIND.rollback });
    await refresh();
    expect(footers.splice(0)).toEqual(isGiven ? [] : ['sales/dt=5/a']);
  });
});
