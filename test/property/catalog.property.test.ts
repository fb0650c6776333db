/** I5: Glue names only what the target holds at the commit that the table says it shows, and no partition mixes two commits. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { PUBLICATION_LEASE_MS } from '../../lambdas/domain/catalog/publication.ts';
import { MANIFEST_GRACE_MS } from '../../lambdas/domain/catalog/unnamed.ts';
import { cleanManifests } from '../../lambdas/usecases/clean-manifests.ts';
import { refreshCatalog } from '../../lambdas/usecases/refresh-catalog.ts';
import { type CatalogWorld, makeCatalogWorld, readSymlinks } from '../fakes/catalog.ts';
import { play, steps } from './catalog-story.ts';
import { readDirectly, SHOWN } from './direct.ts';

const RUNS = Number(process.env['FAST_CHECK_RUNS'] ?? 2000) / 4;

const said = (world: CatalogWorld, table: string, name: string): string | undefined =>
  world.catalog.tables.get(`db.${table}`)?.parameters[`branchline.${name}`];

/** At any moment, whoever died or waits: each partition is wholly that of the commit shown, or of the one that is on its way. */
const checkWhole = (world: CatalogWorld): void => {
  for (const table of SHOWN) {
    const states = [said(world, table, 'commit'), said(world, table, 'refreshing')].map((commit) =>
      commit === undefined ? {} : readDirectly(world, table, commit),
    );
    const seen = readSymlinks(world, 'db', table);
    for (const key of new Set([seen, ...states].flatMap((state) => Object.keys(state)))) {
      expect(
        states.map((state) => state[key]),
        `${table} ${key}`,
      ).toContain(seen[key]);
    }
    if (said(world, table, 'refreshing') === undefined) expect(seen).toEqual(states[0]);
  }
};

const checkShown = async (world: CatalogWorld): Promise<void> => {
  const verified = (await world.ledger.getTarget('lake', 'main'))?.verifiedCommit;
  for (const table of SHOWN)
    expect(readSymlinks(world, 'db', table)).toEqual(readDirectly(world, table, verified ?? ''));
  expect(world.publications.entries.get('lake/main')?.commit).toBe(verified);
};

it('holds at every moment, and after every refresh that ends, whatever dies or crosses', async () => {
  await fc.assert(
    fc.asyncProperty(steps(false), async (story) => {
      const world = await makeCatalogWorld();
      await play(world, story, async (outcome) => {
        checkWhole(world);
        if (outcome === 'published' || outcome === 'up-to-date') await checkShown(world);
      });
    }),
    { numRuns: RUNS },
  );
});

it('is brought back by a comparison, whatever people did to Glue and to the manifests', async () => {
  await fc.assert(
    fc.asyncProperty(steps(true), async (story) => {
      const world = await makeCatalogWorld();
      await world.change({ 'sales/dt=1/a': 'first', 'stock/a': 'too' });
      await play(world, story, () => undefined);
      world.clock.advance(PUBLICATION_LEASE_MS + 1_000);
      const request = { repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY };
      expect((await refreshCatalog(world, { ...request, compare: true })).outcome).toBe('published');
      await checkShown(world);
      checkWhole(world);
      expect((await refreshCatalog(world, request)).outcome).toBe('up-to-date');
    }),
    { numRuns: RUNS },
  );
});

it('never removes a manifest that Glue names, or named within a day, and removes the others in the end', async () => {
  let removed = 0;
  await fc.assert(
    fc.asyncProperty(steps(false), async (story) => {
      const world = await makeCatalogWorld();
      const lastNamed = new Map<string, number>();
      let before = new Set<string>();
      const look = (): void => {
        const now = world.clock.now();
        const there = new Set(world.manifests.objects.keys());
        for (const key of namedNow(world)) {
          expect(there.has(key), key).toBe(true);
          lastNamed.set(key, now);
        }
        for (const key of before) {
          if (there.has(key)) continue;
          removed += 1;
          expect(now - (lastNamed.get(key) ?? 0)).toBeGreaterThanOrEqual(MANIFEST_GRACE_MS);
        }
        before = there;
      };
      await play(world, story, look);
      // When all is quiet, only what is named is left.
      const request = { repository: 'lake', target: 'main', until: Number.POSITIVE_INFINITY };
      for (let day = 0; day < 3; day += 1) {
        world.clock.advance(MANIFEST_GRACE_MS + 600_000);
        await refreshCatalog(world, request);
        await cleanManifests(world, { until: Number.POSITIVE_INFINITY });
        look();
      }
      expect([...world.manifests.objects.keys()].toSorted()).toEqual(namedNow(world));
    }),
    { numRuns: RUNS },
  );
  expect(removed).toBeGreaterThan(RUNS / 20);
});

const namedNow = (world: CatalogWorld): string[] => {
  const locations = SHOWN.flatMap((table) => {
    const stored = world.catalog.tables.get(`db.${table}`);
    const own = stored === undefined || stored.partitionKeys.length > 0 ? [] : [stored.storage.location];
    return [...own, ...[...world.catalog.of('db', table).values()].map(({ location }) => location)];
  });
  const keys = locations.map((location) => `${location.replace('s3://manifests/', '')}symlink.txt`);
  // An unpartitioned table without files lies where its manifests would.
  return [...new Set(keys)].filter((key) => /\/[0-9a-f]{32}\/symlink\.txt$/.test(key)).toSorted();
};
