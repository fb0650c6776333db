/** Somebody else writes to an Iceberg table: it is undone, and told. */
import { beforeEach, describe, expect, it } from 'vitest';
import { DOMAIN_EVENT } from '../../../../lambdas/contract.ts';
import type { Publication } from '../../../../lambdas/domain/catalog/publication.ts';
import { publicationEventsOf } from '../../../../lambdas/domain/domain-events.ts';
import { currentSnapshot, type TableMetadata, writeMetadata } from '../../../../lambdas/domain/iceberg/metadata.ts';
import { refreshCatalog } from '../../../../lambdas/usecases/refresh-catalog.ts';
import { type CatalogWorld, makeCatalogWorld } from '../../../fakes/catalog.ts';
import { ICEBERG_TABLES, metadataOf, readIceberg, rowsOf } from '../../../fakes/iceberg.ts';
import { readDirectly } from '../../../property/direct.ts';

let world: CatalogWorld;
const refresh = (compare = false) =>
  refreshCatalog(world, { repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY, compare });
const entry = (): Publication => {
  const found = world.publications.entries.get('lake/main');
  if (found === undefined) throw new Error('no entry');
  return structuredClone(found);
};
const told = (before: Publication) =>
  publicationEventsOf(before, entry()).filter(({ type }) => type === DOMAIN_EVENT.foreignSnapshotUndone);

/** As an engine does: a snapshot without our summary, here of no rows, and Glue's entry on its metadata. */
const writeByEngine = async (id: number): Promise<void> => {
  const metadata = metadataOf(world, 'db', 'sales');
  const current = currentSnapshot(metadata);
  const stored = world.catalog.tables.get('db.sales');
  if (metadata === undefined || current === undefined || stored === undefined) throw new Error('no table');
  const sequence = metadata['last-sequence-number'] + 1;
  const next: TableMetadata = {
    ...metadata,
    'last-sequence-number': sequence,
    'current-snapshot-id': id,
    snapshots: [
      ...(metadata.snapshots ?? []),
      { ...current, 'snapshot-id': id, 'sequence-number': sequence, summary: { operation: 'delete' } },
    ],
  };
  const key = `lake/main/sales/metadata/engine-${String(id)}.metadata.json`;
  await world.iceberg.put(key, Buffer.from(writeMetadata(next)));
  const parameters = { ...stored.parameters, metadata_location: world.iceberg.uri(key) };
  expect(await world.catalog.updateTable({ ...stored, parameters }, stored.versionId)).toBe('updated');
};

beforeEach(async () => {
  world = await makeCatalogWorld(ICEBERG_TABLES);
  await world.change({ 'sales/dt=1/a': rowsOf(1), 'stock/a': rowsOf(2) });
  await refresh();
});

describe('a snapshot of an engine', () => {
  it('is followed by one of the commit with the next promotion, and told once', async () => {
    await writeByEngine(77);
    const before = entry();
    const commit = await world.change({ 'sales/dt=2/a': rowsOf(3) });
    expect((await refresh()).outcome).toBe('published');
    expect(readIceberg(world, 'db', 'sales')).toEqual(readDirectly(world, 'sales', commit));
    expect(told(before)).toMatchObject([
      { detail: { repository: 'lake', target: 'main', table: 'sales', commit, snapshot: '77' } },
    ]);
    const after = entry();
    await world.change({ 'sales/dt=3/a': rowsOf(4) });
    await refresh();
    expect(told(after)).toEqual([]);
  });

  it('is found by a comparison though nothing was promoted, and each of several is told', async () => {
    for (const id of [78, 79]) {
      await writeByEngine(id);
      const before = entry();
      world.clock.advance(1000);
      expect((await refresh(true)).outcome).toBe('published');
      expect(told(before)).toMatchObject([{ detail: { snapshot: String(id) } }]);
      expect(Object.keys(readIceberg(world, 'db', 'sales'))).toEqual(['["1"]']);
    }
  });
});

it('refreshes of ours are none', async () => {
  const before = entry();
  await world.change({ 'sales/dt=2/a': rowsOf(3) });
  await refresh();
  await refresh(true);
  expect(told(before)).toEqual([]);
});
