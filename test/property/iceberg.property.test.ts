/** I5 for Iceberg tables: at every moment, whoever dies or crosses, the table shows one commit as a whole. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { PUBLICATION_LEASE_MS } from '../../lambdas/domain/catalog/publication.ts';
import { sqlOfView } from '../../lambdas/domain/catalog/published-view.ts';
import { icebergPublisher } from '../../lambdas/usecases/publish-iceberg.ts';
import { publisherOfKind } from '../../lambdas/usecases/publisher.ts';
import { refreshCatalog } from '../../lambdas/usecases/refresh-catalog.ts';
import { type CatalogWorld, makeCatalogWorld } from '../fakes/catalog.ts';
import { filesAt, ICEBERG_TABLES, metadataOf, readIceberg, rowsOf } from '../fakes/iceberg.ts';
import { type Kit, play, steps } from './catalog-story.ts';
import { readDirectly, SHOWN, type Shown } from './direct.ts';

const RUNS = Math.ceil(Number(process.env['FAST_CHECK_RUNS'] ?? 2000) / 8);

const CONTENT = Array.from({ length: 64 }, (_, serial) => rowsOf(serial));
/** Three files a manifest: the smallest table has several. */
const publisher = publisherOfKind({ iceberg: icebergPublisher({ mostFiles: 3 }) });

const edit = ({ iceberg, catalog }: CatalogWorld, what: number, which: number): void => {
  const name = which % 2 === 0 ? 'db.sales' : 'db.deep';
  const table = catalog.tables.get(name);
  const keys = [...iceberg.objects.keys()];
  const key = keys[(which * 7) % Math.max(1, keys.length)];
  if (what === 0 && key !== undefined) iceberg.objects.delete(key);
  if (what === 1 && table !== undefined) {
    const columns = [{ name: 'edited', type: 'int' }];
    catalog.tables.set(name, { ...table, storage: { ...table.storage, columns }, versionId: `${table.versionId}+` });
  }
  if (what === 2) catalog.tables.delete(name);
  const previous = table?.parameters['previous_metadata_location'];
  if (what === 3 && table !== undefined && previous !== undefined) {
    const parameters = { ...table.parameters, metadata_location: previous };
    catalog.tables.set(name, { ...table, parameters, versionId: `${table.versionId}+` });
  }
};

const KIT: Kit = { publisher, content: (serial) => CONTENT[serial % CONTENT.length] ?? rowsOf(serial), edit };

const checkWhole = (world: CatalogWorld): void => {
  for (const table of SHOWN) {
    const metadata = metadataOf(world, 'db', table);
    const said = world.catalog.tables.get(`db.${table}`)?.parameters['branchline.commit'];
    if (metadata === undefined) expect(said).toBeUndefined();
    else expect(readIceberg(world, 'db', table), table).toEqual(readDirectly(world, table, said ?? ''));
    // Time travel: every snapshot that is kept is the commit that it names.
    for (const snapshot of metadata?.snapshots ?? []) {
      expect(filesAt(world, snapshot), table).toEqual(
        readDirectly(world, table, snapshot.summary['branchline.commit'] ?? ''),
      );
    }
  }
};

/** Whoever asks the view first, and then for these snapshots, sees one commit in all tables. */
const checkView = (world: CatalogWorld): void => {
  const sql = sqlOfView(world.catalog.tables.get('db.published_lake_main')?.view ?? '') ?? '';
  for (const [, name = '', commit = '', id] of sql.matchAll(/\('db', '(\w+)', '(\w+)', (\d+)\)/g)) {
    const snapshots = metadataOf(world, 'db', name)?.snapshots ?? [];
    const snapshot = snapshots.find((each) => String(each['snapshot-id']) === id);
    if (snapshot === undefined) throw new Error(`${name} has no snapshot ${String(id)}`);
    expect(filesAt(world, snapshot), name).toEqual(readDirectly(world, name as Shown, commit));
  }
};

const checkShown = async (world: CatalogWorld): Promise<void> => {
  const verified = (await world.ledger.getTarget('lake', 'main'))?.verifiedCommit;
  for (const table of SHOWN)
    expect(readIceberg(world, 'db', table)).toEqual(readDirectly(world, table, verified ?? ''));
  expect(world.publications.entries.get('lake/main')?.commit).toBe(verified);
};

it('holds at every moment, and after every refresh that ends, whatever dies or crosses', async () => {
  await fc.assert(
    fc.asyncProperty(steps(false), fc.boolean(), async (story, recalls) => {
      const world = await makeCatalogWorld(ICEBERG_TABLES);
      world.iceberg.recalls = recalls;
      await play(
        world,
        story,
        async (outcome) => {
          checkWhole(world);
          checkView(world);
          if (outcome === 'published' || outcome === 'up-to-date') await checkShown(world);
        },
        KIT,
      );
    }),
    { numRuns: RUNS },
  );
});

it('is brought back by a comparison, whatever people did to Glue and to the metadata', async () => {
  await fc.assert(
    fc.asyncProperty(steps(true), fc.boolean(), async (story, recalls) => {
      const world = await makeCatalogWorld(ICEBERG_TABLES);
      world.iceberg.recalls = recalls;
      await world.change({ 'sales/dt=1/a': rowsOf(1000), 'stock/a': rowsOf(1001) });
      await play(world, story, () => undefined, KIT);
      world.clock.advance(2 * PUBLICATION_LEASE_MS);
      const request = { repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY };
      const { outcome } = await refreshCatalog(world, { ...request, compare: true }, publisher);
      expect(outcome).toBe('published');
      await checkShown(world);
      expect((await refreshCatalog(world, request, publisher)).outcome).toBe('up-to-date');
    }),
    { numRuns: RUNS },
  );
});

it('leaves nothing behind that no snapshot names, once a day has passed', async () => {
  await fc.assert(
    fc.asyncProperty(steps(false), async (story) => {
      const world = await makeCatalogWorld(ICEBERG_TABLES);
      await world.change({ 'sales/dt=1/a': rowsOf(1000), 'stock/a': rowsOf(1001) });
      await play(world, story, () => undefined, KIT);
      const request = { repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY, compare: true };
      for (let day = 0; day < 4; day += 1) {
        world.clock.advance(25 * 3_600_000);
        await world.change({
          'sales/dt=1/a': rowsOf(2000 + day),
          'deep/dt=1/hh=1/a': rowsOf(3000 + day),
          'stock/a': rowsOf(4000 + day),
        });
        expect((await refreshCatalog(world, request, publisher)).outcome).toBe('published');
      }
      checkWhole(world);
      // What is kept: one day of history, and metadata files of the last twenty states.
      for (const table of SHOWN) {
        const lists = [...world.iceberg.objects.keys()].filter((key) =>
          key.startsWith(`lake/main/${table}/metadata/snap-`),
        );
        expect(metadataOf(world, 'db', table)?.snapshots?.length).toBeLessThanOrEqual(2);
        expect(lists.length).toBeLessThanOrEqual(3);
      }
    }),
    { numRuns: Math.ceil(RUNS / 10) },
  );
});
